"""The folder of one training of a rig: what is in it, and whether a run may go on there.

run.json              what it is made of, and whether it is finished
rig/prepared.npz      the rig, made ready (rig.prepared_rig)
head.npz, ROUTE.*     a models folder (regression.models.model_files)
figures.json          how good the models are on rendered heads held out
report.md             the same for people to read
work/                 what a stopped run goes on from; can be deleted when it is finished
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regression.datasets.drawn_rig import is_prepared
from regression.datasets.report_files import checksum
from regression.datasets.synthesis import SynthesisPlan
from regression.measures.markdown import write_text
from regression.training.network_training import TrainingError
from rig.rig import RigError
from vision.photos import PhotoError

# What of a folder or beside a .gltf file belongs to a rig.
_RIG_SUFFIXES = (".bin", ".json", ".mhclo", ".mtl", ".obj", ".target", ".toml")


@dataclass(frozen=True)
class RigTrainingPlan:
    """What to train, of which rig.

    Attributes:
        rig: a file or folder of a rig (regression.datasets.rig_preparing), or the .npz file of one
            that is prepared.
        out: models folder to write.
        settings: file with what the user says of the rig (rig.rig_settings); None for the one
            beside it.
        photos: folder of real photos (regression.datasets.real_photos), or None.
        collections: the folders of `photos` to use; empty for all.
        task_file: MediaPipe's face_landmarker.task, or None.
        faces, test_faces: how many heads to render for training, and for figures.
        processes: that look at rendered faces, beside the one that renders them.
        seed: of the rendered heads.
        epochs: of the networks for rendered heads, instead of the recipe's; or None.
        folds: of the cross-validation over the photographed people.
    """

    rig: Path
    out: Path
    settings: Path | None = None
    photos: Path | None = None
    collections: tuple[str, ...] = ()
    task_file: Path | None = None
    faces: int = 12_000
    test_faces: int = 1_500
    processes: int = 2
    seed: int = 1
    epochs: int | None = None
    folds: int = 10

    @property
    def prepared(self) -> Path:
        """The prepared rig's file."""
        return self.out / "rig" / "prepared.npz"

    @property
    def work(self) -> Path:
        """The folder that a stopped run goes on from."""
        return self.out / "work"

    @property
    def data(self) -> Path:
        """The folder of the tables."""
        return self.work / "data"

    @property
    def prior(self) -> Path:
        """How real faces vary in this rig's sliders."""
        return self.work / "prior.npz"

    def synthesis(self, part: str) -> SynthesisPlan:
        """Of the heads for "train" or "test"; their seeds differ."""
        faces, seed = {
            "train": (self.faces, 2 * self.seed),
            "test": (self.test_faces, 2 * self.seed + 1),
        }[part]
        return SynthesisPlan(self.prepared, self.work / part, faces, seed, self.prior)

    def table(self, part: str) -> Path:
        """The finished table of "train" or "test"."""
        return self.data / part / "faces.parquet"


def open_rig_run(plan: RigTrainingPlan) -> bool:
    """Makes the folder, or takes up the one that is there; whether all is done already.

    What the rendered heads follow from may not change in a folder. Photos and epochs may: the
    networks and figures are then made anew from the heads that are there.

    Raises:
        TrainingError: the folder is of another rig or plan, or of something else.
        RigError: the rig is not there.
        PhotoError: the photos are not there; said now, not when the heads are rendered.
    """
    if plan.photos is not None:
        for name in plan.collections or ("",):
            _check_folder(plan.photos / name)
    heads, models = _heads(plan), _models(plan)
    path = plan.out / "run.json"
    if not path.is_file():
        _refuse_other_files(plan.out)
        plan.out.mkdir(parents=True, exist_ok=True)
        _write(path, {"heads": heads, "models": None})
        return False
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        known, made = dict(run["heads"]), run["models"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} cannot be read ({error!r}). A file written by `fpp rig train` was expected. "
            "Name another folder with --out."
        ) from error
    for name in heads:
        if known.get(name) != heads[name]:
            raise TrainingError(
                f"{plan.out} holds models made with other settings: {name} is "
                f"{known.get(name)} there and {heads[name]} here. The same rig, numbers of faces "
                "and seed were expected, to go on where the run was stopped. Name another folder "
                "with --out, or delete this one."
            )
    if made == models and (plan.out / "figures.json").is_file():
        return True
    _write(path, {"heads": heads, "models": None})
    return False


def finish_rig_run(plan: RigTrainingPlan) -> None:
    """Notes that the run is finished."""
    _write(plan.out / "run.json", {"heads": _heads(plan), "models": _models(plan)})


def _check_folder(photos: Path) -> None:
    if not photos.is_dir():
        raise PhotoError(
            f"There is no folder {photos}. A folder of photos was expected. Correct the path, or "
            "the names of its collections."
        )


def _refuse_other_files(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise TrainingError(
            f"{out} is there, but no run of `fpp rig train`. A new folder or that of an earlier "
            "run was expected. Name another with --out."
        )


def _heads(plan: RigTrainingPlan) -> dict[str, Any]:
    """What the rendered heads follow from, as JSON."""
    return {
        "the rig's checksum": _rig_checksum(plan.rig),
        "the settings' checksum": None if plan.settings is None else _checksum([plan.settings]),
        "the number of faces": plan.faces,
        "the number of test faces": plan.test_faces,
        "the seed": plan.seed,
    }


def _models(plan: RigTrainingPlan) -> dict[str, Any]:
    """What the models follow from beside the rendered heads, as JSON."""
    photos = None
    if plan.photos is not None:
        # Of names and sizes: enough to know that they are the same, and nothing of the faces.
        files = sorted(path for path in plan.photos.rglob("*") if path.is_file())
        listed = [(str(p.relative_to(plan.photos)), p.stat().st_size) for p in files]
        photos = hashlib.sha256(repr(listed).encode()).hexdigest()
    return {
        "photos": photos,
        "collections": list(plan.collections),
        "landmarker": None if plan.task_file is None else _checksum([plan.task_file]),
        "epochs": plan.epochs,
        "folds": plan.folds,
    }


def _rig_checksum(path: Path) -> str:
    """Of a rig's file and what belongs to it, or of a rig's folder."""
    if not path.exists():
        raise RigError(
            f"There is no rig at {path}. A .glb or .gltf file, a folder of .obj files, "
            "MakeHuman's data folder or a prepared rig's .npz file was expected. Correct the path."
        )
    if path.is_dir():
        files = [found for found in path.rglob("*") if found.suffix.lower() in _RIG_SUFFIXES]
        return _checksum(sorted(files))
    beside = [] if is_prepared(path) else [path.with_suffix(".toml")]
    if path.suffix.lower() == ".gltf":
        beside += sorted(path.parent.glob("*.bin"))
    return _checksum([path, *(found for found in beside if found.is_file())])


def _checksum(files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(bytes.fromhex(checksum(path)))
    return found.hexdigest()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")
