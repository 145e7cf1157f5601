"""From a rig to trained models: prepare it, render heads, train, measure, report.

Every stage leaves a file that the next ones start from. A run that was stopped goes on there, the
rendering at the last whole chunk and the training at the last whole network.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from regression.datasets.drawn_rig import is_prepared
from regression.datasets.retargeted_prior import retarget_prior
from regression.datasets.synthesis import (
    collect,
    read_prior,
    save_prior,
    shipped_prior,
    synthesize,
)
from regression.datasets.tables import read_table, write_table
from regression.measures.markdown import write_text
from regression.models.model_files import shipped_models
from regression.training.model_making import MakingPlan, make_models
from regression.training.network_training import TrainingError
from regression.training.recipe import Recipe
from regression.training.rig_figures import measure_routes
from regression.training.rig_report import rig_report
from regression.training.rig_run import RigTrainingPlan, finish_rig_run, open_rig_run
from regression.training.time_left import TimeLeft, duration
from rig.landmark_head import load_landmark_head, save_landmark_head
from rig.prepared_rig import load_prepared, save_prepared
from rig.rig_settings import load_settings
from rig.source_head import SourceHead
from vision.features import ROUTES
from vision.photos import find_photos

__all__ = ["RigTrainingPlan", "train_rig"]

_SECONDS_BETWEEN_LINES = 20.0
_LEAST_SEEN = 0.25  # of the rendered heads; below, the rig is not understood

# First guesses of seconds, on two processors; what is measured on the way takes their place.
_PREPARING = 60.0
_PER_FACE = 0.08
_PER_ROW_AND_EPOCH = 8e-5
_PER_PHOTO = 0.2
_MEASURING = 40.0


Keep = Callable[[SourceHead, np.ndarray, Path], object]
"""Keeps a rig's file in a models folder: the head, PreparedRig.to_source, the folder."""


def train_rig(plan: RigTrainingPlan, keep: Keep | None = None) -> Iterator[str]:
    """Runs the plan, or what is left of it; yields lines of progress.

    Stopping it (by Ctrl-C, or by closing the iterator) loses no whole stage, chunk or network.

    Args:
        keep: called with a rig that was read from a file, before it is trained.

    Raises:
        RigError, RenderError: the rig or the renderer cannot be used.
        TrainingError: the folder is of another plan, or the rig's face is not seen.
        TableError, PhotoError, LandmarkerFileError: an input cannot be used.
    """
    if open_rig_run(plan):
        yield f"{plan.out} is finished already."
        return
    started = time.monotonic()
    clock = TimeLeft(_guesses(plan))
    yield from _prepare(plan, clock, keep)
    yield from _carry_prior(plan)
    for part in ("test", "train"):
        yield from _render(plan, part, clock)
    yield from _make(plan, clock)
    clock.start("measuring")
    yield f"The models are measured on the test heads; {clock}."
    yield from _measure(plan)
    finish_rig_run(plan)
    yield f"Finished after {duration(time.monotonic() - started)}: {plan.out / 'report.md'}"


def _guesses(plan: RigTrainingPlan) -> dict[str, float]:
    photos = 0
    if plan.photos is not None:
        names = plan.collections or ("",)
        photos = len(find_photos([plan.photos / name for name in names]))
    epochs = plan.epochs or Recipe().training.epochs
    return {
        "preparing": _PREPARING,
        "test": _PER_FACE * plan.test_faces,
        "train": _PER_FACE * plan.faces,
        "networks": len(ROUTES) * _PER_ROW_AND_EPOCH * plan.faces * epochs,
        "photos": _PER_PHOTO * photos,
        "measuring": _MEASURING,
    }


def _prepare(plan: RigTrainingPlan, clock: TimeLeft, keep: Keep | None) -> Iterator[str]:
    """Writes rig/prepared.npz and head.npz."""
    clock.start("preparing")
    if not plan.prepared.is_file():
        plan.prepared.parent.mkdir(parents=True, exist_ok=True)
        if is_prepared(plan.rig):
            load_prepared(plan.rig)  # whether it is one
            partial = plan.prepared.with_name(plan.prepared.name + ".partial")
            shutil.copyfile(plan.rig, partial)
            os.replace(partial, plan.prepared)
        else:
            from regression.datasets.rig_preparing import prepare_rig

            yield f"The face of {plan.rig.name} is looked for; {clock}."
            settings = load_settings(plan.settings) if plan.settings is not None else None
            preparation = prepare_rig(plan.rig, settings)
            yield from preparation.facts
            if keep is not None and preparation.source is not None:
                keep(preparation.source, preparation.prepared.to_source, plan.out)
            save_prepared(preparation.prepared, plan.prepared)
    prepared = load_prepared(plan.prepared)
    if not (plan.out / "head.npz").is_file():
        save_landmark_head(prepared.head, plan.out / "head.npz")
    yield (
        f"The rig {prepared.rig.name} is prepared: {len(prepared.rig.sliders)} sliders, "
        f"{len(prepared.expression_names)} expression units."
    )


def _carry_prior(plan: RigTrainingPlan) -> Iterator[str]:
    """Writes work/prior.npz."""
    if plan.prior.is_file():
        return
    plan.work.mkdir(parents=True, exist_ok=True)
    source = load_landmark_head(shipped_models() / "head.npz")
    target = load_landmark_head(plan.out / "head.npz")
    save_prior(retarget_prior(read_prior(shipped_prior()), source, target), plan.prior)
    yield "How real faces vary was carried over to its sliders."


def _render(plan: RigTrainingPlan, part: str, clock: TimeLeft) -> Iterator[str]:
    """Writes a table; its chunks are kept until then."""
    clock.start(part)
    synthesis = plan.synthesis(part)
    if not plan.table(part).is_file():
        progress = synthesize(synthesis, plan.processes)
        at_start = done = next(progress)
        clock.start(part, done / synthesis.faces)
        yield f"{part} heads: {done} of {synthesis.faces}; {clock}."
        said = begun = time.monotonic()
        alike = {"train": plan.faces / plan.test_faces} if part == "test" else None
        for done in progress:
            clock.reach(part, done / synthesis.faces, alike)
            now = time.monotonic()
            if now - said > _SECONDS_BETWEEN_LINES or done == synthesis.faces:
                said = now
                rate = (done - at_start) / (now - begun)
                yield (f"{part} heads: {done} of {synthesis.faces}, {rate:.1f} a second; {clock}.")
        table = collect(synthesis)
        if len(table) < _LEAST_SEEN * synthesis.faces:
            raise TrainingError(
                f"A face was seen in only {len(table)} of {synthesis.faces} rendered heads of "
                f"{plan.rig}. A quarter of them or more was expected. Look at the pictures of "
                "`fpp rig inspect`: is it a face, and do the sliders leave it one?"
            )
        write_table(table, plan.table(part))
    shutil.rmtree(synthesis.out, ignore_errors=True)


def _make(plan: RigTrainingPlan, clock: TimeLeft) -> Iterator[str]:
    """Writes the models."""
    _remove_models(plan)
    clock.start("networks")
    yield f"The networks are trained; {clock}."
    making = MakingPlan(
        out=plan.out,
        routes=ROUTES,
        data=plan.data,
        photos=plan.photos,
        collections=plan.collections,
        task_file=plan.task_file,
        head=plan.out / "head.npz",
        folds=plan.folds,
        epochs=plan.epochs,
        experts=plan.work / "experts",
        by_shape=True,
        transfer=shipped_models(),
    )
    experts = 0
    for line in make_models(making):
        if experts < len(ROUTES) and line.startswith(tuple(f"{route}: " for route in ROUTES)):
            experts += 1
            clock.reach("networks", experts / len(ROUTES))
            line = f"{line.rstrip('.')}; {clock}."
            if experts == len(ROUTES):
                clock.start("photos")
        yield line


def _remove_models(plan: RigTrainingPlan) -> None:
    """What an earlier run in this folder made of other photos, and this one may not make."""
    shutil.rmtree(plan.out / "face_landmarker", ignore_errors=True)
    for pattern in ("fit.*", "*.moments.npz"):
        for path in plan.out.glob(pattern):
            path.unlink()


def _measure(plan: RigTrainingPlan) -> Iterator[str]:
    """Writes report.md and figures.json."""
    prepared = load_prepared(plan.prepared)
    train, test = (read_table(plan.table(part)) for part in ("train", "test"))
    seen = {"train": len(train), "test": len(test)}
    figures: dict[str, Any] = {
        "rig": {"name": prepared.rig.name, "licence": prepared.rig.licence},
        "heads": {
            part: {"rendered": plan.synthesis(part).faces, "seen": seen[part]} for part in seen
        },
        "routes": measure_routes(plan.out, ROUTES, prepared, train, test),
    }
    write_text(plan.out / "report.md", rig_report(prepared, figures, plan.out))
    write_text(plan.out / "figures.json", json.dumps(figures, indent=1) + "\n")
    for route in ROUTES:
        row = figures["routes"][route]
        surface = row["surface"]["head"]["similarity"]
        yield (
            f"{route}: surface error {surface['error']:.2f} % of the distance between the eyes, "
            f"{surface['ratio']:.3f} of the average face's; {row['told']} of {row['sliders']} "
            "sliders told."
        )
