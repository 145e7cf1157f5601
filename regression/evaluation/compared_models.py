"""Who is compared, and what each says of the held-out rows.

Networks are taken as they are: every slider by what the network gives, told or not. All that is
compared runs by LiteRT or numpy: this module loads no tensorflow, so that pictures may be drawn in
the same process.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.splitting import read_parts
from regression.datasets.tables import examples_from_table
from regression.models.fitted_model import FittedModel, load_fit
from regression.models.intervals import SliderIntervals, half_widths
from regression.models.model_files import ModelError, TrainedModel, load_model
from regression.models.rig_fit import RigFit
from rig.landmark_head import LandmarkHead
from vision.features import LANDMARK_FEATURES, ROUTES
from vision.ratios import PROPORTION_NAMES, RATIOS

if TYPE_CHECKING:
    import pandas as pd

MEAN = "mean"
FIT = "fit"

_REPEATS = 40  # of a prediction whose time is measured


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The rows that all are compared on. n rows, s sliders.

    Attributes:
        head: the rig's sliders and landmarks.
        features: by route of vision.features.ROUTES, (n, d) float32.
        sliders: (n, s) float32, 0..1 over each slider's range.
        people: (n,) str.
        training_rows: how many rows the averages come from.
        average: (s,) mean of the training rows' sliders.
        average_half_widths: (s,) of 90 % intervals about that mean, from the training rows.
        average_ratios: (78,) mean of the training rows' ratios.
    """

    head: LandmarkHead
    features: Mapping[str, np.ndarray]
    sliders: np.ndarray
    people: np.ndarray
    training_rows: int
    average: np.ndarray
    average_half_widths: np.ndarray
    average_ratios: np.ndarray

    @property
    def average_error(self) -> float:
        """Mean squared error of the training mean for every held-out row."""
        return float(np.square(self.sliders - self.average, dtype=np.float64).mean())


@dataclass(frozen=True, eq=False)
class Run:
    """A model that was trained by a preset, and how that went.

    Attributes:
        folder: regression.training.training_run's.
        preset, route: what was trained.
        epochs: how many passes; `full_epochs` is the registered preset's number.
        history: a row per epoch.
        figures: of figures.json.
    """

    folder: Path
    preset: str
    route: str
    epochs: int
    history: pd.DataFrame
    figures: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class ComparedModel:
    """One of those who are compared.

    Attributes:
        name: unique, as in "fused" or "linear by fused".
        route: whose features it reads; "" for none.
        about: what it is, one sentence.
        told: (s,) bool, the sliders that the model itself counts as told by a rendered head.
        intervals: of rendered heads; None where nothing is known.
        kilobytes: of its file; 0 for none.
        predict_rows: features (n, d) -> (n, s) float32, 0..1, of rendered heads.
        model: for pictures; None for the mean.
        run: where it was trained by a preset.
    """

    name: str
    route: str
    about: str
    told: np.ndarray
    intervals: SliderIntervals | None
    kilobytes: float
    predict_rows: Callable[[np.ndarray], np.ndarray]
    model: TrainedModel | FittedModel | None = None
    run: Run | None = None

    def features_of(self, rows: HeldOut) -> np.ndarray:
        """The features that it reads of the held-out rows; the mean reads none, but counts them."""
        return rows.features[self.route or "landmarks"]

    def milliseconds(self, rows: HeldOut) -> float:
        """Median time of one prediction of one face from its features, ms."""
        features = self.features_of(rows)
        self.predict_rows(features[:1])  # what is made once is made
        times = []
        for number in range(_REPEATS):
            one = features[number % len(features)][None]
            started = time.perf_counter()
            self.predict_rows(one)
            times.append(time.perf_counter() - started)
        return 1000 * statistics.median(times)

    def of_pictures(
        self, features: np.ndarray, rendered: bool, distances: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, s) what a user gets for faces in pictures: of photographs, only told sliders.

        Args:
            features: (n, d) of its route.
            rendered: whether they show rendered heads; a model trained on tables alone takes
                photographs for such.
            distances: (n,) from the camera, for the fit.
        """
        if isinstance(self.model, TrainedModel):
            return self.model.predict(features, rendered or self.model.from_tables)
        if isinstance(self.model, FittedModel) and not rendered:
            return self.model.predict(features, distances=distances)
        return self.predict_rows(features)


def read_held_out(data: Path, head: LandmarkHead, limit: int | None = None) -> HeldOut:
    """Reads a folder of tables.

    Args:
        data: regression.datasets.splitting says what is in it.
        limit: only so many rows of the training and of the test table; None for all.

    Raises:
        TableError: the tables cannot be used, or lack sliders of the head.
    """
    parts = read_parts(data, None, head.slider_names)
    train, test = (parts[name].head(limit) if limit else parts[name] for name in ("train", "test"))
    known = examples_from_table(train, "landmarks", head.slider_names)
    examples = {route: examples_from_table(test, route, head.slider_names) for route in ROUTES}
    average = known.sliders.mean(axis=0, dtype=np.float64)
    return HeldOut(
        head,
        {route: rows.features for route, rows in examples.items()},
        examples["landmarks"].sliders,
        examples["landmarks"].people,
        len(known),
        average,
        half_widths(known.sliders - average, list(known.people)),
        known.features[:, : len(RATIOS)].mean(axis=0, dtype=np.float64),
    )


def mean_model(rows: HeldOut) -> ComparedModel:
    """The mean of the training rows for everybody."""
    average = rows.average.astype(np.float32)
    return ComparedModel(
        MEAN,
        "",
        "the average of the training heads for everybody, no photo needed",
        np.zeros(len(average), bool),
        SliderIntervals(rows.average_half_widths, np.ones(len(average)), rows.training_rows),
        0.0,
        lambda features: np.tile(average, (len(features), 1)),
    )


def shipped_routes(folder: Path, head: LandmarkHead) -> list[ComparedModel]:
    """The networks of a models folder, by their part for rendered heads.

    Raises:
        ModelError: a model is missing or cannot be used.
    """
    return [_network(load_model(folder, route), folder, route, head) for route in ROUTES]


def run_model(folder: Path, head: LandmarkHead) -> ComparedModel:
    """The model of a finished run folder (regression.training.run_folder).

    Raises:
        ModelError: the folder holds no finished run, or one on other sliders.
    """
    import pandas as pd

    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        plan: Mapping[str, Any] = record["plan"]
        if not record["finished"]:
            raise ValueError("the run is not finished")
        run = Run(
            folder,
            plan["preset"]["name"],
            plan["route"],
            int(plan["preset"]["epochs"]),
            pd.read_csv(folder / "history.csv"),
            json.loads((folder / "figures.json").read_text(encoding="utf-8")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The run folder {folder} cannot be used ({error}). A finished run of "
            "`fpp train --preset` was expected. Start that command again, or name another folder."
        ) from error
    model = load_model(folder, run.route)
    epochs = f"{len(run.history)} epochs" if run.preset != MEAN else "no epochs"
    about = f"preset `{run.preset}`, {epochs} on {run.figures['train_rows']:.0f} rendered heads"
    return replace(
        _network(model, folder, f"{run.preset} by {run.route}", head), about=about, run=run
    )


def fit_on_renders(folder: Path, rows: HeldOut) -> ComparedModel:
    """The rig fit with the average of the rendered heads in the place of the average person.

    Raises:
        ModelError: the folder has no fit, or one that cannot be used.
    """
    fitted = load_fit(folder)
    _check_sliders(fitted.head, rows.head, folder)
    fit = uncorrected_fit(fitted.fit, rows.average_ratios)
    return ComparedModel(
        FIT,
        "landmarks",
        "the rig fitted to the landmarks, no training on rendered heads",
        fitted.told,
        None,
        (folder / "fit.npz").stat().st_size / 1000,
        fit.values,
        fitted,
    )


def uncorrected_fit(fit: RigFit, average_ratios: np.ndarray) -> RigFit:
    """The fit's first step alone, about another average person.

    The correction is linear in the features and in the ratios of the fitted head at rest. Taking
    the 14 proportions of that head as they are leaves the sliders where the first step put them.

    Args:
        average_ratios: (78,) of the average person of the pictures.
    """
    count, width = len(PROPORTION_NAMES), len(fit.centre)
    at_rest = slice(len(LANDMARK_FEATURES), len(LANDMARK_FEATURES) + count)
    coefficients = np.zeros((width, count))
    coefficients[at_rest] = np.eye(count)
    plain = replace(
        fit,
        average=np.asarray(average_ratios, np.float64),
        centre=np.zeros(width),
        coefficients=coefficients,
    )
    features = np.zeros((1, len(LANDMARK_FEATURES)))
    features[0, : len(RATIOS)] = average_ratios
    # The average person gets the neutral head, as in the fit itself.
    neutral = plain.fitted_ratios(features)[0, :count]
    return replace(plain, offset=-neutral)


def _network(model: TrainedModel, folder: Path, name: str, head: LandmarkHead) -> ComparedModel:
    _check_sliders(model.head, head, folder)
    known = model.rendered_intervals.people > 0
    return ComparedModel(
        name,
        model.route,
        f"the network that ships, route `{model.route}`",
        model.rendered_told,
        model.rendered_intervals if known else None,
        (folder / f"{model.route}.tflite").stat().st_size / 1000,
        lambda features: model.predict(features, rendered=True),
        model,
    )


def _check_sliders(head: LandmarkHead, expected: LandmarkHead, folder: Path) -> None:
    if head.slider_names != expected.slider_names:
        raise ModelError(
            f"The models in {folder} have {len(head.sliders)} sliders, and not those of the other "
            f"models. The {len(expected.sliders)} sliders of {expected.rig} were expected. Name "
            "folders made for one rig."
        )


def unique_names(models: Sequence[ComparedModel]) -> list[ComparedModel]:
    """The models, a later one in the place of an earlier one of the same name."""
    return list({model.name: model for model in models}.values())
