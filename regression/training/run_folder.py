"""The folder of one training run: what is in it, and how it is written.

run.json              everything needed to repeat the run: preset, route, seed, checksums, versions
history.csv           a row per epoch
curves.png            the same, drawn
figures.json          the model's errors on training, validation and test rows, measured at the end
train.log             what was reported
tensorboard/          the history as TensorBoard scalars
checkpoints/          best.keras, and state.npz to go on from
head.npz, ROUTE.*     a models folder of one route (regression.models.model_files)
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import Examples
from regression.measures.markdown import write_text
from regression.models.intervals import SliderIntervals, half_widths
from regression.models.model_files import save_network
from regression.training.model_card import make_card, write_card
from regression.training.network_training import TrainingError, predict_values
from regression.training.recipe import Recipe, told_sliders
from regression.training.rendered_expert import (
    RenderedExpert,
    explained_variance,
    rendered_part,
)
from rig.landmark_head import LandmarkHead, save_landmark_head
from rig.rig import Slider

if TYPE_CHECKING:
    import keras

TABLE_SLIDERS = "sliders of a table"
"""The rig's name in the head.npz of a run on sliders that the head does not have."""

_LIMITS = (
    "Not for recognising or judging people. Trained on the rows of a table alone; faces that look "
    "different to the detector than those, as photographed ones do beside rendered ones, give "
    "values of unknown quality."
)
_ROWS_AT_ONCE = 4096
_LEAST_VARIANCE = 1e-8  # of a slider's test values; below, R2 is a quotient of noise


def open_run(folder: Path, plan: Mapping[str, Any], command: str) -> bool:
    """Makes the run's folder, or takes up the one that is there; whether the run is finished.

    Args:
        plan: what the figures depend on, as JSON; it is kept in run.json.
        command: by which the run was started.

    Raises:
        TrainingError: the folder is of a run with another plan, or of something else.
    """
    path = folder / "run.json"
    if path.is_file():
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            known, finished = run["plan"], bool(run["finished"])
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(
                f"{path} cannot be read ({error!r}). A file written by `fpp train --preset` was "
                "expected. Name another folder with --out."
            ) from error
        if known != json.loads(json.dumps(plan)):
            raise TrainingError(
                f"{folder} holds a run with another plan; {_difference(known, plan)}. The same "
                "plan, to go on with it, or a new folder was expected. Name another folder with "
                "--out."
            )
        return finished
    if folder.is_dir() and any(there.suffix != ".partial" for there in folder.iterdir()):
        raise TrainingError(
            f"{folder} holds files, but no run.json. A new folder or that of an earlier run was "
            "expected. Name another folder with --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, {"plan": plan, "command": command, "versions": _versions(), "finished": False})
    return False


def finish_run(folder: Path, **facts: Any) -> None:
    """Notes in run.json that the run is finished, and the facts."""
    path = folder / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**run, **facts, "finished": True})


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes beside the path, then moves there."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def _difference(known: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """The first part in which two plans differ."""
    for name in {**known, **plan}:
        one, other = known.get(name), json.loads(json.dumps(plan.get(name)))
        if one != other:
            if isinstance(one, dict) and isinstance(other, dict):
                return f"{name}: {_difference(one, other)}"
            return f"{name} is {one!r} there and {other!r} here"
    return "nothing differs"


def _versions() -> dict[str, str]:
    import keras
    import tensorflow as tf

    versions = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
    }
    for name in ("numpy", "pandas", "pyarrow", "face-parameters-predictor"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # the project itself, run from a checkout
            continue
    return versions


def head_of_sliders(head: LandmarkHead, slider_names: Sequence[str]) -> LandmarkHead:
    """The head with exactly these sliders, in their order.

    Where the head does not know one of them, it stands still for all of them and is called
    TABLE_SLIDERS: predictions have names and values then, but no shape.

    Raises:
        RigError: names that cannot be a slider's.
    """
    if set(slider_names) <= set(head.slider_names):
        order = [head.slider_names.index(name) for name in slider_names]
        return replace(
            head,
            sliders=tuple(head.sliders[i] for i in order),
            negative=head.negative[order],
            positive=head.positive[order],
        )
    still = np.zeros((len(slider_names), *head.neutral.shape), np.float32)
    return replace(
        head,
        rig=TABLE_SLIDERS,
        sliders=tuple(Slider(name, 0.0, 1.0) for name in slider_names),
        negative=still,
        positive=still,
    )


def prediction_errors(model: keras.Model, rows: Examples) -> np.ndarray:
    """(n, s) float32: predicted minus true values; predictions clipped to 0..1, as users get them.

    Numbers that are not finite stay so.
    """
    parts = [
        predict_values(model, rows.features[start : start + _ROWS_AT_ONCE])
        for start in range(0, len(rows), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts) - rows.sliders


def mean_errors(errors: np.ndarray) -> tuple[float, float]:
    """Mean squared and mean absolute error of (n, s)."""
    return (
        float(np.square(errors, dtype=np.float64).mean()),
        float(np.abs(errors).mean(dtype=np.float64)),
    )


def write_model(
    folder: Path,
    route: str,
    model: keras.Model,
    head: LandmarkHead,
    parts: Mapping[str, Examples],
    recipe: Mapping[str, Any],
) -> dict[str, float]:
    """Measures the model, and writes its files, its card, the head and figures.json.

    A slider counts as told where it explains the validation rows by as much as
    regression.training.recipe.told_sliders asks for; intervals come from the validation rows, the
    figures of the card from the test rows.

    Args:
        parts: "train", "validation" and "test".
        recipe: what the card says of the training.

    Returns:
        the figures.
    """
    errors = {name: prediction_errors(model, rows) for name, rows in parts.items()}
    variance = {name: rows.sliders.astype(np.float64).var(axis=0) for name, rows in parts.items()}
    r2 = explained_variance(errors["validation"], variance["validation"])
    r2[variance["validation"] <= _LEAST_VARIANCE] = 0.0  # nothing to explain
    told = told_sliders(r2, head.slider_names)
    people = parts["validation"].people
    expert = RenderedExpert(
        model,
        r2,
        SliderIntervals(
            half_widths(errors["validation"], [str(person) for person in people]),
            np.ones(len(told)),
            len(set(people)),
        ),
        errors["test"],
        variance["test"],
    )
    save_network(model, folder, route)
    save_landmark_head(head, folder / "head.npz")
    _write_card(folder, route, head, parts, recipe, told, expert)

    figures: dict[str, float] = {}
    for name, part in (("train", "train"), ("validation", "validation"), ("held_out", "test")):
        figures[f"{name}_rows"] = len(parts[part])
        figures[f"{name}_mse"], figures[f"{name}_mae"] = mean_errors(errors[part])
        moving = variance[part] > _LEAST_VARIANCE
        all_r2 = explained_variance(errors[part], variance[part])
        figures[f"{name}_r2_mean"] = float(all_r2[moving].mean()) if moving.any() else 0.0
    figures["held_out_by_train_mse"] = figures["held_out_mse"] / max(figures["train_mse"], 1e-30)
    figures["told_sliders"] = int(told.sum())
    figures["held_out_told_r2_mean"] = float(expert.r2[told].mean()) if told.any() else 0.0
    figures["parameters"] = int(model.count_params())
    return figures


def _write_card(
    folder: Path,
    route: str,
    head: LandmarkHead,
    parts: Mapping[str, Examples],
    recipe: Mapping[str, Any],
    told: np.ndarray,
    expert: RenderedExpert,
) -> None:
    names = head.slider_names
    card = make_card(
        route, "face_mesh", head, told, told, np.zeros(len(told)), Recipe(), [], {}, None
    )
    rows = {name: len(part) for name, part in parts.items()}
    card |= rendered_part(head, expert, rows, card)
    card["coverage"]["renders"]["heads"]["people"] = len(set(parts["test"].people))
    card["data"]["tables"] = rows
    if head.rig == TABLE_SLIDERS:
        card["data"]["rendered_faces"] = 0  # the card would call them this project's own
    spread = parts["train"].sliders.std(axis=0)
    card |= {
        "trained_on": "tables",
        "limits": _LIMITS,
        "recipe": dict(recipe),
        "spread": {name: round(float(v), 5) for name, v in zip(names, spread, strict=True)},
    }
    write_card(card, folder)
