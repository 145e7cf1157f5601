"""`fpp evaluate --per-slider`: every slider and the surface, on held-out rendered heads.

Rendered heads are the only faces whose slider values are known exactly. Beside each route stand
`mean`, the mean of the training sliders for everybody, and `linear`, least squares from the same
features, solved exactly; both learn from the training table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.tables import TableError, examples_from_table
from regression.measures.bootstrap import Estimate, estimate, people_weights
from regression.measures.slider_figures import SliderFigures, slider_figures
from regression.measures.surface import (
    Surface,
    SurfaceErrors,
    landmark_surface,
    rig_surface,
    surface_errors,
)
from regression.models.model_files import ModelError, TrainedModel, load_model
from rig.landmark_head import LandmarkHead
from rig.rig import Rig
from vision.features import ROUTES

if TYPE_CHECKING:
    import pandas as pd

MEAN = "mean"
LINEAR = "linear"

CONDITIONS = ("expression_strength", "camera_distance_mm")
"""Columns of a table that say how a head was rendered; shown with the worst cases."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one route says of n heads. s sliders.

    Attributes:
        told: (s,) bool.
        values: (n, s) what it gives for every slider, told or not.
        low, high: (n, s) ends of the intervals; nan where there are none.
        linear: (n, s) what least squares gives from the same features.
    """

    told: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    linear: np.ndarray


@dataclass(frozen=True, eq=False)
class RouteFigures:
    """Figures of one route, and of `linear` from the same features."""

    values: SliderFigures
    linear: SliderFigures


@dataclass(frozen=True, eq=False)
class SurfaceFigures:
    """Errors on one surface, by who predicts: MEAN, the routes, and `linear_name` of the routes.

    Attributes:
        errors: of each head and each point.
        estimates: by who predicts and alignment, the mean error, % of the inter-ocular distance,
            and its ratio to MEAN's, with intervals over people.
    """

    surface: Surface
    errors: Mapping[str, SurfaceErrors]
    estimates: Mapping[tuple[str, str], tuple[Estimate, Estimate]]


@dataclass(frozen=True, eq=False)
class PerSlider:
    """What was measured. n held-out heads, s sliders.

    Attributes:
        head: the rig's sliders and landmarks.
        people: (n,) whose head each is.
        training_faces: how many faces MEAN and LINEAR learned from.
        true: (n, s) slider values, 0..1.
        average: (s,) the mean of the training sliders.
        mean: figures of `average` for everybody.
        predictions, routes: by route.
        surfaces: the face mesh, then the rig's head where there is a rig; none where the sliders
            move no head.
        conditions: (n,) by those of CONDITIONS that the table has.
    """

    head: LandmarkHead
    people: np.ndarray
    training_faces: int
    true: np.ndarray
    average: np.ndarray
    mean: SliderFigures
    predictions: Mapping[str, Predictions]
    routes: Mapping[str, RouteFigures]
    surfaces: Sequence[SurfaceFigures]
    conditions: Mapping[str, np.ndarray]

    @property
    def main_route(self) -> str:
        """The route that pictures show: fused, or the last one."""
        return "fused" if "fused" in self.routes else list(self.routes)[-1]


def linear_name(route: str) -> str:
    """What the linear baseline of a route's features is called; "linear, fused"."""
    return f"{LINEAR}, {route}"


def load_models(folder: Path, routes: Sequence[str] = ROUTES) -> dict[str, TrainedModel]:
    """Those of the routes that a models folder, or a run's folder, has a model for.

    Raises:
        ModelError: it has none of them, or one that cannot be read.
    """
    found = [route for route in routes if (folder / f"{route}.tflite").is_file()]
    if not found:
        raise ModelError(
            f"The models folder {folder} has no model for {' or '.join(routes)}. A folder written "
            "by `fpp train` was expected. Name such a folder with --models."
        )
    return {route: load_model(folder, route) for route in found}


def evaluate_per_slider(
    models: Mapping[str, TrainedModel],
    parts: Mapping[str, pd.DataFrame],
    rig: Rig | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> PerSlider:
    """Measures models on the test table.

    Args:
        models: by route, one or more, all of one head.
        parts: the tables "train" and "test", and "validation" where there is one, which the
            baselines learn from too.
        rig: to measure the surface of its whole face as well.
        report: gets a line of progress after each step.

    Raises:
        TableError: a table lacks columns or rows, or people stand in both.
        ModelError: models of different heads, or one that serves photographs alone.
    """
    head = next(iter(models.values())).head
    names = head.slider_names
    for route, model in models.items():
        if model.head.slider_names != names:
            raise ModelError(
                f"The model {route!r} has other sliders than {next(iter(models))!r}. Models of one "
                "head were expected. Use the models of one folder together."
            )
    predictions = {}
    for route, model in models.items():
        test = examples_from_table(parts["test"], route, names)
        learned = [
            examples_from_table(parts[part], route, names)
            for part in ("train", "validation")
            if part in parts
        ]
        features = np.concatenate([part.features for part in learned])
        sliders = np.concatenate([part.sliders for part in learned])
        if not len(test) or not len(sliders):
            raise TableError(
                f"The tables have {len(sliders)} faces to learn from and {len(test)} to test on. "
                "At least one each was expected. Make tables with `fpp synthesize`."
            )
        linear = least_squares(features, sliders, test.features)
        predictions[route] = predictions_of(model, test.features, linear)
        report(f"{route}: predicted {len(test)} heads")
    conditions = {
        name: parts["test"][name].to_numpy(np.float64)
        for name in CONDITIONS
        if name in parts["test"].columns
    }
    return measure_predictions(
        head, test.people, test.sliders, sliders, predictions, conditions, rig, report
    )


def measure_predictions(
    head: LandmarkHead,
    people: np.ndarray,
    true: np.ndarray,
    training: np.ndarray,
    predictions: Mapping[str, Predictions],
    conditions: Mapping[str, np.ndarray] | None = None,
    rig: Rig | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> PerSlider:
    """Measures what was predicted, wherever it comes from.

    Args:
        people: (n,) whose head each row is.
        true: (n, s) slider values, 0..1.
        training: (m, s) those of the training table.
        predictions: by route, one or more.
        conditions: (n,) by name.
        rig, report: as for `evaluate_per_slider`.
    """
    names = head.slider_names
    average = training.mean(axis=0, dtype=np.float64)
    everybody = np.broadcast_to(average, true.shape)
    routes = {
        route: RouteFigures(
            slider_figures(names, true, one.values, one.low, one.high),
            slider_figures(names, true, one.linear),
        )
        for route, one in predictions.items()
    }
    surfaces = [landmark_surface(head), *([rig_surface(rig, head)] if rig is not None else [])]
    weights = people_weights(list(people))
    measured = []
    for surface in surfaces:
        if not surface.moves:
            continue
        errors = {MEAN: surface_errors(surface, everybody, true)}
        for route, one in predictions.items():
            errors[route] = surface_errors(surface, one.values, true)
            errors[linear_name(route)] = surface_errors(surface, one.linear, true)
        measured.append(SurfaceFigures(surface, errors, _estimates(errors, weights)))
        report(f"{surface.name}: measured the surface at {len(surface.vertices)} points")
    return PerSlider(
        head=head,
        people=people,
        training_faces=len(training),
        true=true,
        average=average,
        mean=slider_figures(names, true, everybody),
        predictions=predictions,
        routes=routes,
        surfaces=measured,
        conditions=conditions or {},
    )


def _estimates(
    errors: Mapping[str, SurfaceErrors], weights: np.ndarray
) -> dict[tuple[str, str], tuple[Estimate, Estimate]]:
    found = {}
    for who, one in errors.items():
        for alignment, heads in one.heads.items():
            ours, mean = weights @ heads, weights @ errors[MEAN].heads[alignment]
            ratio = estimate(ours / np.maximum(mean, 1e-12))
            found[who, alignment] = estimate(ours / weights.sum(axis=1)), ratio
    return found


def predictions_of(model: TrainedModel, features: np.ndarray, linear: np.ndarray) -> Predictions:
    """What a model says of rendered heads.

    Args:
        features: (n, d) float32, of its route.
        linear: (n, s) what least squares says.
    """
    told = model.told_on(rendered=True)
    values = model.predict(features, rendered=True)
    low, high = (np.where(told, end, np.nan) for end in model.bounds(values, rendered=True))
    return Predictions(told, values, low, high, linear)


def least_squares(features: np.ndarray, targets: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Multiple linear regression with an intercept, in closed form.

    Args:
        features: (m, d) to learn from; targets: (m, s), 0..1.
        new: (n, d).

    Returns:
        (n, s) float64, clipped to 0..1 as every slider is.
    """
    middle = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    spread[spread == 0] = 1
    constant = targets.mean(axis=0, dtype=np.float64)
    factors = np.linalg.lstsq((features - middle) / spread, targets - constant, rcond=None)[0]
    return np.asarray(np.clip((new - middle) / spread @ factors + constant, 0.0, 1.0))
