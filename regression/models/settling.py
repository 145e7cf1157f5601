"""Settle predicted sliders on predicted proportions.

A linear map cannot know that a head's proportions follow from its sliders in a crooked way: the
average of the sliders of two heads is not the head of average proportions. So the map predicts
both, and the sliders are moved by the least that gives the head the predicted proportions
(docs/experiments.md has what that is worth).
"""

from __future__ import annotations

import numpy as np

from rig.fit import MeasuredHead, slopes
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure

PROPORTION_COUNT = len(PROPORTION_NAMES)

_TOLERANCE = (
    0.01  # of a proportion, in units of the face's height; less moves single sliders too far
)
_STEPS = 2
_LEAST_SPREAD = 1e-3  # of a slider's range


class Settler:
    """From what a network gives to slider values, for one rig.

    Attributes:
        neutral: (s,) float32, the neutral values, 0..1.
    """

    def __init__(self, head: LandmarkHead, told: np.ndarray, spread: np.ndarray) -> None:
        """How to settle.

        Args:
            told: (s,) bool; the other sliders stay neutral.
            spread: (s,) how far each slider strays in people, 0..1 over its range: those that
                differ more between people are moved more.
        """
        self._told = told
        self.neutral = np.array([s.to_unit(s.neutral) for s in head.sliders], np.float32)
        self._measured = MeasuredHead(
            head.with_sliders(told), lambda points: measure(points, PROPORTIONS)
        )
        self._sliders = self._measured.head.sliders
        self._low = np.array([slider.minimum for slider in self._sliders])
        self._range = np.array([slider.maximum for slider in self._sliders]) - self._low
        effects = slopes(self._measured, np.zeros(len(self._sliders)))  # (14, told)
        # The most likely change of the sliders for a change of the proportions.
        likely = np.square(np.maximum(spread[told], _LEAST_SPREAD) * self._range)[:, None]
        certain = (likely.T * effects) @ effects.T + _TOLERANCE**2 * np.eye(PROPORTION_COUNT)
        self._moves = likely * effects.T @ np.linalg.inv(certain)

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Slider values (n, s) float32, 0..1, from a network's outputs.

        Args:
            outputs: (n, s) values, or (n, s + 14) values and proportions to settle them on.
        """
        count = len(self._told)
        values = np.where(self._told, np.clip(outputs[:, :count], 0.0, 1.0), self.neutral)
        if outputs.shape[1] == count:
            return values.astype(np.float32)
        return self.settle(values, outputs[:, count:])

    def settle(self, values: np.ndarray, proportions: np.ndarray) -> np.ndarray:
        """Slider values whose heads have the proportions, as far as the ranges allow.

        Args:
            values: (n, s) float, 0..1 over each slider's range.
            proportions: (n, 14), of vision.ratios.PROPORTIONS, of the rig's head.

        Returns:
            (n, s) float32, 0..1.
        """
        values = np.array(values, dtype=np.float32)
        if not len(values) or not len(self._sliders):
            return values
        low, high = self._low, self._low + self._range
        told = low + np.clip(values[:, self._told], 0.0, 1.0) * self._range
        for _ in range(_STEPS):
            lacking = proportions - self._measured.measures(told)
            told = np.clip(told + lacking @ self._moves.T, low, high)
        values[:, self._told] = np.clip((told - low) / self._range, 0.0, 1.0)
        return values
