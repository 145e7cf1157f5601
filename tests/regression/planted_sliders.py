"""Predictions of sliders whose figures are known."""

from __future__ import annotations

import numpy as np

from regression.evaluation.per_slider import PerSlider, Predictions, measure_predictions
from rig.landmark_head import LandmarkHead


def planted_predictions(head: LandmarkHead, heads: int = 200) -> tuple[np.ndarray, Predictions]:
    """True values, and predictions half-way between them and their mean.

    Every other slider is told; intervals reach 0.1 to both sides; the linear baseline is right.
    """
    random = np.random.default_rng(0)
    count = len(head.sliders)
    true = np.clip(random.normal(0.5, 0.12, (heads, count)), 0, 1)
    told = np.arange(count) % 2 == 0
    values = (true + true.mean(axis=0)) / 2
    low, high = (np.where(told, values + reach, np.nan) for reach in (-0.1, 0.1))
    return true, Predictions(told, values, low, high, true)


def planted_per_slider(head: LandmarkHead, heads: int = 200) -> PerSlider:
    """The routes landmarks and fused, both as planted; the camera is nearer where errors are."""
    true, one = planted_predictions(head, heads)
    strength = np.linspace(0, 1, heads)
    return measure_predictions(
        head,
        np.arange(heads).astype(str),
        true,
        true,
        {"landmarks": one, "fused": one},
        {"expression_strength": strength, "camera_distance_mm": 400 + 1000 * strength},
    )
