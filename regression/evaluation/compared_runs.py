"""What `fpp compare` trains: in processes of its own, one run after the other, in OUT/runs.

A run that was stopped goes on, and a finished one of the same plan is used again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from regression.evaluation.compared_models import ComparedModel
from regression.training.network_training import TrainingError
from regression.training.presets import PRESETS
from regression.training.training_run import RunPlan

Report = Callable[[str], None]

STUDY_FACES = 3696
"""As many as the study had."""

STUDY_EPOCHS = 20
"""Of the study's 200; as many as leave the whole within a quarter of an hour on two processors."""

_SECONDS_BETWEEN_EPOCHS = 10.0  # lines of progress; train.log has all


@dataclass(frozen=True)
class ComparePlan:
    """What to compare.

    Attributes:
        data: folder of tables (regression.datasets.splitting).
        models: folder of models.
        out: where reports, pictures and runs go.
        samples: folder of rendered heads with their sliders (regression.datasets.samples).
        photos: real people, some with hand-placed points, or None.
        collections: only these folders of them; empty for all.
        task_file: MediaPipe's face_landmarker.task, to measure what it buys on the photos.
        study_epochs: how long the study's network is trained here, on STUDY_FACES.
        limit: only so many rows of the training and of the test table; None for all.
        rig_folder: MakeHuman's data, to measure the surface on the whole face; None for the points
            of the face mesh.
        runs: finished runs to compare too; one of the same preset and route stands instead of the
            one that would be trained here.
    """

    data: Path
    models: Path
    out: Path
    samples: Path
    photos: Path | None = None
    collections: tuple[str, ...] = ()
    task_file: Path | None = None
    study_epochs: int = STUDY_EPOCHS
    limit: int | None = None
    rig_folder: Path | None = None
    runs: tuple[Path, ...] = ()


def planned_runs(plan: ComparePlan) -> list[RunPlan]:
    """What is trained here: linear regression by each route, and the study's network."""
    wanted: list[tuple[str, str, int | None, int | None]]
    wanted = [("linear", route, None, plan.limit) for route in ("landmarks", "encoding", "fused")]
    faces = min(STUDY_FACES, plan.limit or STUDY_FACES)
    wanted.append(("study", "encoding", plan.study_epochs, faces))
    found = []
    for preset, route, epochs, limit in wanted:
        one = RunPlan(
            out=Path(),
            preset=PRESETS[preset],
            route=route,
            data=plan.data,
            epochs=epochs,
            head=plan.models / "head.npz",
            limit=limit,
        )
        # Another plan gets another folder, and an earlier one stays of use.
        record = hashlib.sha256(json.dumps(one.record(), sort_keys=True).encode()).hexdigest()
        folder = plan.out / "runs" / f"{preset}-{route}-{record[:8]}"
        found.append(RunPlan(**{**vars(one), "out": folder}))
    return found


def train_missing(plan: ComparePlan, given: Sequence[ComparedModel], say: Report) -> list[Path]:
    """The folders of the runs, all finished."""
    names = {(model.run.preset, model.run.route) for model in given if model.run}
    folders = []
    for run in planned_runs(plan):
        if (run.preset.name, run.route) in names:
            continue
        folders.append(run.out)
        if _is_finished(run.out):
            say(f"Trained before: {run.preset.name} by {run.route}, in {run.out}.")
        else:
            say(f"Training {run.preset.name} by {run.route} in {run.out}.")
            _train_apart(run, say)
    return folders


def _is_finished(folder: Path) -> bool:
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return bool(record["finished"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _train_apart(run: RunPlan, say: Report) -> None:
    """`fpp train` in a process of its own, since tensorflow suffers no OpenGL beside it."""
    command = [
        *(sys.executable, "-m", "scripts.main", "train", "--preset", run.preset.name),
        *("--route", run.route, "--data", str(run.data), "--out", str(run.out)),
        *("--head", str(run.head_path)),
    ]
    for option, value in (("--epochs", run.epochs), ("--limit", run.limit)):
        if value is not None:
            command += [option, str(value)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process:
            try:
                said = float("-inf")
                for line in process.stdout or ():
                    is_epoch = line.startswith("epoch ")
                    if not is_epoch or time.monotonic() - said >= _SECONDS_BETWEEN_EPOCHS:
                        say(f"  {line.rstrip()}")
                        said = time.monotonic() if is_epoch else said
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            complaints.seek(0)
            last = (complaints.read().strip().splitlines() or ["no message"])[-1]
            raise TrainingError(
                f"Training {run.preset.name} by {run.route} in {run.out} stopped with the code "
                f"{process.returncode}: {last.removeprefix('error: ')} A finished run was "
                "expected. Start the command again to go on, or remove that folder to begin anew."
            )
