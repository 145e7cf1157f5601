"""How good a rig's models are on rendered heads that they never saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import examples_from_table
from regression.measures.bootstrap import estimate, people_weights
from regression.measures.surface import Surface, landmark_surface, rig_surface, surface_errors
from regression.models.model_files import load_model
from regression.training.rendered_expert import explained_variance
from rig.prepared_rig import PreparedRig

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ALIGNMENTS = ("similarity", "rigid")
KNOWN_R2 = 0.2
_LEAST_VARIANCE = 1e-8  # of a slider's values; below, R2 is a quotient of noise


def measure_routes(
    models: Path,
    routes: Sequence[str],
    prepared: PreparedRig,
    train: pd.DataFrame,
    test: pd.DataFrame,
) -> dict[str, Any]:
    """Figures of every route, as JSON.

    Args:
        models: the folder of the trained models; they predict as users have them do.
        train: its mean is the average face.
        test: the rows to measure on.

    Returns:
        by "average face" and route, the surface's error in % of the inter-ocular distance by
        surface and alignment, of routes also its ratio to the average face's with a 95 % interval,
        how many sliders are told, and R2.
    """
    names = prepared.rig.slider_names
    true = test[list(names)].to_numpy(np.float32)
    average = train[list(names)].to_numpy(np.float32).mean(axis=0)
    surfaces = [rig_surface(prepared.rig, prepared.head), landmark_surface(prepared.head)]
    weights = people_weights([str(row) for row in range(len(true))])
    of_average = {
        surface.name: surface_errors(surface, np.tile(average, (len(true), 1)), true).heads
        for surface in surfaces
    }
    figures: dict[str, Any] = {
        "average face": {
            name: {way: _rounded(errors[way].mean()) for way in SHOWN_ALIGNMENTS}
            for name, errors in of_average.items()
        }
    }
    for route in routes:
        model = load_model(models, route)
        predicted = model.predict(examples_from_table(test, route, names).features, rendered=True)
        figures[route] = {
            **_slider_figures(predicted, true, model.rendered_told),
            "told on photographs": int(model.told.sum()),
            "surface": {
                surface.name: _ratios(surface, predicted, true, of_average, weights)
                for surface in surfaces
            },
        }
    return figures


def _slider_figures(predicted: np.ndarray, true: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    variance = true.astype(np.float64).var(axis=0)
    r2 = np.where(
        variance > _LEAST_VARIANCE, explained_variance(predicted - true, variance), np.nan
    )
    varies = np.isfinite(r2)
    return {
        "sliders": len(told),
        "told": int(told.sum()),
        "R2 of 0.2 or more": int((r2[varies] >= KNOWN_R2).sum()),
        "mean R2": _rounded(r2[varies].mean()) if varies.any() else 0.0,
        "mean R2 of told": _rounded(r2[told & varies].mean()) if (told & varies).any() else 0.0,
    }


def _ratios(
    surface: Surface,
    predicted: np.ndarray,
    true: np.ndarray,
    of_average: dict[str, dict[str, np.ndarray]],
    weights: np.ndarray,
) -> dict[str, Any]:
    """By alignment, the error, and its ratio to the average face's over draws of heads."""
    errors = surface_errors(surface, predicted, true).heads
    rows = {}
    for way in SHOWN_ALIGNMENTS:
        average = np.maximum(weights @ of_average[surface.name][way], 1e-12)
        ratio = estimate((weights @ errors[way]) / average)
        rows[way] = {
            "error": _rounded(errors[way].mean()),
            "ratio": _rounded(ratio.value),
            "low": _rounded(ratio.low),
            "high": _rounded(ratio.high),
        }
    return rows


def _rounded(value: float) -> float:
    return round(float(value), 4)
