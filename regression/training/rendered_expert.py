"""The network for rendered heads: trained, calibrated and tested on rendered faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import Examples
from regression.models.intervals import SliderIntervals, half_widths
from regression.training.network_training import predict_values
from regression.training.recipe import Recipe, told_sliders, train_on_renders
from rig.landmark_head import LandmarkHead

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class RenderedExpert:
    """One route's network for rendered heads.

    Attributes:
        network: (n, d) -> (n, s).
        held_out_r2: (s,) of the variance explained on rendered faces held out of its training.
        intervals: from those.
        test_errors: (m, s) on the test table.
        test_spread: (s,) variance of the test table's sliders.
    """

    network: keras.Model
    held_out_r2: np.ndarray
    intervals: SliderIntervals
    test_errors: np.ndarray
    test_spread: np.ndarray

    @property
    def r2(self) -> np.ndarray:
        """(s,) of the test table's variance explained."""
        return explained_variance(self.test_errors, self.test_spread)


def explained_variance(errors: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """R2 of each column of (n, s) errors, (s,) float64; 1 is perfect, 0 is the mean's.

    Args:
        variance: (s,) of the true values.
    """
    unexplained = np.square(errors.astype(np.float64)).mean(axis=0)
    return np.asarray(1.0 - unexplained / np.maximum(variance, 1e-12))


def make_rendered_expert(
    route: str,
    train: Examples,
    test: Examples,
    recipe: Recipe,
    lines: list[str],
    shape: np.ndarray | None = None,
) -> RenderedExpert:
    """Trains a route on rendered faces and measures it on the test table.

    Args:
        train, test: rows of the two tables.
        lines: gets a line of progress after each epoch.
        shape: (s, r) from regression.training.shape_loss, to count errors of the shape too.
    """
    network, errors = train_on_renders(route, train, recipe, lines.append, shape)
    people = [str(row) for row in range(len(errors))]
    widths = half_widths(errors, people)
    return RenderedExpert(
        network,
        explained_variance(errors, train.sliders.astype(np.float64).var(axis=0)),
        SliderIntervals(widths, np.ones(len(widths)), len(errors)),
        predict_values(network, test.features) - test.sliders,
        test.sliders.astype(np.float64).var(axis=0),
    )


def rendered_part(
    head: LandmarkHead,
    expert: RenderedExpert,
    rendered: Mapping[str, int],
    card: Mapping[str, Any],
) -> dict[str, Any]:
    """What a card says of rendered heads.

    Args:
        rendered: number of faces by table, "train" and "test".
        card: the card so far; its parts are taken over and added to.
    """
    told = told_sliders(expert.held_out_r2, head.slider_names)
    held = np.abs(expert.test_errors) <= expert.intervals.half_widths
    coverage = held.mean(axis=0)
    r2, errors = expert.r2, np.abs(expert.test_errors).mean(axis=0)
    return {
        "data": {**card["data"], "rendered_faces": rendered["train"]},
        "told_sliders_on_renders": [
            name for name, is_told in zip(head.slider_names, told, strict=True) if is_told
        ],
        "intervals": {
            **card["intervals"],
            "rendered": expert.intervals.to_json(head.slider_names),
        },
        "coverage": {
            **card["coverage"],
            "renders": {
                "heads": {
                    "people": rendered["test"],
                    "coverage": round(float(coverage[told].mean()), 4) if told.any() else None,
                }
            },
        },
        "held_out_renders": {
            "faces": rendered["test"],
            "mean_r2": round(float(r2[told].mean()), 4) if told.any() else 0.0,
            "sliders": {
                name: {
                    "r2": round(float(r2[i]), 3),
                    "mean_absolute_error": round(float(errors[i]), 4),
                    "coverage": round(float(coverage[i]), 3),
                }
                for i, name in enumerate(head.slider_names)
            },
        },
    }
