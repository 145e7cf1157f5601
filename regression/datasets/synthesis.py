"""Make tables of rendered faces with known slider values: render, see, write, chunk by chunk.

Every chunk has its own seed and file, so a run that was stopped goes on where it was, and the
number of processes changes nothing in the result.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.drawn_rig import DrawnRig, fingerprint, is_prepared, load_drawn_rig
from regression.datasets.random_heads import (
    SliderPrior,
    one_moved_slider,
    random_camera,
    random_colours,
    random_expression,
    random_light,
)
from regression.datasets.tables import TableError, read_table, write_table
from regression.datasets.workers import workers
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES

if TYPE_CHECKING:
    import pandas as pd

    from rig.rig import Rig

PICTURE_SIDE = 256
CHUNK = 200
_WAITING_CHUNKS = 4  # rendered but not seen yet; bounds the disk a run needs (40 MB each)


@dataclass(frozen=True)
class SynthesisPlan:
    """What to make.

    Attributes:
        rig_folder: MakeHuman's data folder, or a prepared rig's .npz file.
        out: where the table's shards go.
        faces: how many faces to render; one without a detected face leaves no row.
        seed: another seed gives other faces; training and test use different ones.
        prior: a slider prior file, or None to move sliders independently only.
        one_slider: each head has one slider moved, all of them in turn, and no expression: to see
            whether a planted value is found again.
    """

    rig_folder: Path
    out: Path
    faces: int
    seed: int
    prior: Path | None
    one_slider: bool = False

    @property
    def chunks(self) -> int:
        """Number of shards; the last one may hold fewer faces."""
        return -(-self.faces // CHUNK)

    def shard(self, chunk: int) -> Path:
        """The table file of a chunk."""
        return self.out / f"faces_{chunk:05d}.parquet"

    def pictures(self, chunk: int) -> Path:
        """The temporary file between rendering and seeing."""
        return self.out / f"pictures_{chunk:05d}.npz"


def shipped_prior() -> Path:
    """The slider prior that comes with the program."""
    return Path(__file__).resolve().parents[2] / "data" / "slider_prior.npz"


def synthesize(plan: SynthesisPlan, processes: int = 2) -> Iterator[int]:
    """Runs the plan; yields the number of faces rendered so far.

    Stopping it (by Ctrl-C, or by closing the iterator) leaves the shards that are whole.

    Args:
        plan: what to make.
        processes: how many processes see faces; one more renders them.

    Raises:
        TableError: `out` holds the shards of another plan, or the prior is for another rig.
        rig.rig.RigError, rig.render.RenderError: the rig or the renderer cannot be used.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    _remember_plan(plan)
    todo = [chunk for chunk in range(plan.chunks) if not plan.shard(chunk).exists()]
    done = (plan.chunks - len(todo)) * CHUNK
    yield min(done, plan.faces)
    if not todo:
        return
    from vision.encodings import FaceEncoder

    FaceEncoder()  # converts the encoder where it is not yet: here once, not in every process
    try:
        with workers(1, min(processes, len(todo))) as (renderers, viewers):
            seeing: set[Future[int]] = set()
            for chunk in todo:
                renderers.submit(_render_chunk, plan, chunk).result()
                seeing.add(viewers.submit(_see_chunk, plan, chunk))
                while len(seeing) >= _WAITING_CHUNKS:
                    seeing.remove(_first_done(seeing))
                    done += CHUNK
                    yield min(done, plan.faces)
            for finished in as_completed(seeing):
                finished.result()
                done += CHUNK
                yield min(done, plan.faces)
    finally:
        for chunk in todo:
            for left_over in (plan.pictures(chunk), plan.pictures(chunk).with_suffix(".partial")):
                left_over.unlink(missing_ok=True)


def collect(plan: SynthesisPlan) -> pd.DataFrame:
    """All rows of a finished run, in order.

    Raises:
        TableError: a shard is missing or cannot be read.
    """
    import pandas as pd

    shards = [read_table(plan.shard(chunk)) for chunk in range(plan.chunks)]
    return pd.concat(shards, ignore_index=True)


def save_prior(prior: SliderPrior, path: Path) -> None:
    """Writes a slider prior as .npz."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file, mean=prior.mean.astype(np.float32), factor=prior.factor.astype(np.float32)
        )
    os.replace(partial, path)


def read_prior(path: Path) -> SliderPrior:
    """Reads what save_prior wrote.

    Raises:
        TableError: the file is missing, or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return SliderPrior(file["mean"].astype(float), file["factor"].astype(float))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TableError(
            f"{path} cannot be read as a slider prior ({error}). A .npz file with `mean` and "
            "`factor` was expected. Restore it from the repository, or pass --independent."
        ) from error


def load_prior(path: Path, rig: Rig) -> SliderPrior:
    """Reads a prior of a rig's sliders.

    Raises:
        TableError: the file is missing, is not such a file, or is for a rig of other sliders.
    """
    prior = read_prior(path)
    if prior.mean.shape != (len(rig.sliders),) or prior.factor.shape[1:] != prior.mean.shape:
        raise TableError(
            f"{path} is a slider prior of shape {prior.factor.shape} for other sliders than the "
            f"{len(rig.sliders)} of rig {rig.name}. One column per slider was expected. Pass "
            "--independent for this rig."
        )
    return prior


def _remember_plan(plan: SynthesisPlan) -> None:
    """Refuses to mix the shards of two plans in one folder."""
    settings = {key: str(value) for key, value in asdict(plan).items() if key != "out"}
    if is_prepared(plan.rig_folder):
        # Files are known by what is in them, so that the folder can be moved with them.
        files = {"rig_folder": plan.rig_folder, "prior": plan.prior}
        settings |= {key: f"sha256 {fingerprint(path)}" for key, path in files.items() if path}
    path = plan.out / "plan.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise TableError(
            f"{plan.out} holds faces made with other settings. The same settings were expected, to "
            "go on where the run was stopped. Name another folder, or delete this one."
        )
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    os.replace(partial, path)


def _first_done(futures: set[Future[int]]) -> Future[int]:
    finished = next(iter(as_completed(futures)))
    finished.result()
    return finished


_loaded: dict[str, Any] = {}
"""What a worker process loads once."""


def _render_chunk(plan: SynthesisPlan, chunk: int) -> None:
    """Renders a chunk's faces into a temporary file."""
    from rig.portrait import frame_head
    from rig.render import Renderer

    if "renderer" not in _loaded:
        _loaded["rig"] = load_drawn_rig(plan.rig_folder)
        _loaded["renderer"] = Renderer(PICTURE_SIDE, PICTURE_SIDE)
        _loaded["prior"] = load_prior(plan.prior, _loaded["rig"].rig) if plan.prior else None
    drawn: DrawnRig = _loaded["rig"]
    rig, units = drawn.rig, len(drawn.expressions)
    random = np.random.default_rng([plan.seed, chunk])
    pictures, sliders, expressions, cameras = [], [], [], []
    for number in range(chunk * CHUNK, min((chunk + 1) * CHUNK, plan.faces)):
        if plan.one_slider:
            values = one_moved_slider(rig.sliders, number % len(rig.sliders), random)
            expression = np.zeros(units)
        else:
            values = drawn.random_sliders(random, _loaded["prior"])
            expression = random_expression(units, random)
        mesh = drawn.mesh(values, expression)
        camera = random_camera(frame_head(rig, mesh), random)
        pictures.append(
            _loaded["renderer"].render(
                mesh,
                rig.triangles,
                random_colours(rig, random),
                camera,
                random_light(random),
                random.uniform(0, 1, 3),
            )
        )
        sliders.append([s.to_unit(v) for s, v in zip(rig.sliders, values, strict=True)])
        expressions.append(float(expression.sum()))
        cameras.append((camera.distance * 100, camera.yaw, camera.pitch, camera.roll))
    partial = plan.pictures(chunk).with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            pictures=np.array(pictures),
            sliders=np.array(sliders, dtype=np.float32),
            expressions=np.array(expressions, dtype=np.float32),
            cameras=np.array(cameras, dtype=np.float32),
            names=np.array(rig.slider_names),
            source=np.array(drawn.source),
        )
    os.replace(partial, plan.pictures(chunk))


def _see_chunk(plan: SynthesisPlan, chunk: int) -> int:
    """Reads the faces of a rendered chunk into its shard; returns how many were seen."""
    import pandas as pd

    from vision.encodings import FaceEncoder
    from vision.landmarks import FaceLandmarker
    from vision.reading import FaceReader

    if "reader" not in _loaded:
        # Read twice, once in the mirror, as `fpp predict` reads photos.
        _loaded["reader"] = FaceReader(FaceLandmarker(maximum_faces=1), FaceEncoder())
    with np.load(plan.pictures(chunk)) as rendered:
        names = [str(name) for name in rendered["names"]]
        rows, features = [], []
        for index, picture in enumerate(rendered["pictures"]):
            for reading in _loaded["reader"].read(picture)[:1]:
                rows.append(index)
                features.append(reading.features("fused"))
        columns = np.array(features, np.float32).reshape(
            len(rows), len(ENCODING_FEATURES) + len(LANDMARK_FEATURES)
        )
        # Half precision is finer than the features' noise, and its zeros compress well.
        columns = columns.astype(np.float16).astype(np.float32)
        faces = {
            "face": [f"render-{plan.seed}-{chunk * CHUNK + row:06d}" for row in rows],
            "source": str(rendered["source"]),
            "expression_strength": rendered["expressions"][rows],
        }
        for position, name in enumerate(("distance_mm", "yaw", "pitch", "roll")):
            faces[f"camera_{name}"] = rendered["cameras"][rows][:, position]
        table = pd.concat(
            [
                pd.DataFrame(faces, index=range(len(rows))),
                pd.DataFrame(columns, columns=[*ENCODING_FEATURES, *LANDMARK_FEATURES]),
                pd.DataFrame(np.round(rendered["sliders"][rows], 4), columns=names),
            ],
            axis=1,
        )
    write_table(table, plan.shard(chunk))
    plan.pictures(chunk).unlink()
    return len(rows)
