"""Fit a head's sliders to measures of its landmarks.

The measures are a function from landmarks to numbers, given by the caller; this module knows
nothing of where they were taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear

from rig.landmark_head import LandmarkHead

Array = npt.NDArray[np.float64]
Measure = Callable[[npt.NDArray[np.floating]], npt.NDArray[np.floating]]

SLIDER_SPREAD = 0.35
"""How far a slider strays from neutral before the fit needs evidence, rig units."""

_STEP = 0.05
_ITERATIONS = 3


@dataclass(frozen=True, eq=False)
class MeasuredHead:
    """A head with the measures it is fitted by.

    Attributes:
        head: sliders -> landmarks.
        measure: landmarks (..., n, 3) -> measures (..., m).
    """

    head: LandmarkHead
    measure: Measure

    def measures(self, values: npt.NDArray[np.floating]) -> Array:
        """Measures (..., m) of slider values (..., s) in rig units."""
        return np.asarray(self.measure(self.head.landmarks(values)), dtype=np.float64)


def fit_sliders(
    measured: MeasuredHead,
    targets: npt.NDArray[np.floating],
    tolerances: npt.NDArray[np.floating],
    spread: float = SLIDER_SPREAD,
) -> Array:
    """The most likely slider values for measures of several faces.

    Regularised least squares (Gauss-Newton from neutral, values kept inside their ranges): each
    measure may miss its target by its tolerance, each slider may leave neutral by `spread`.

    Args:
        measured: the head and how it is measured.
        targets: (faces, m) what the measures of each head should be.
        tolerances: (m,) positive, one standard deviation of each measure's error.
        spread: one standard deviation of a slider, rig units.

    Returns:
        (faces, s) float64 in rig units.

    Raises:
        ValueError: shapes do not fit together, targets are not finite or tolerances not positive.
    """
    targets = np.asarray(targets, dtype=np.float64)
    tolerances = np.asarray(tolerances, dtype=np.float64)
    fits = targets.ndim == 2 and tolerances.shape == targets.shape[1:]
    if not (fits and (tolerances > 0).all() and np.isfinite(targets).all()):
        raise ValueError(
            f"Targets of shape {targets.shape} came with tolerances of shape {tolerances.shape}. "
            "Finite targets (faces, m) and positive tolerances (m,) were expected. Correct the "
            "call."
        )
    sliders = measured.head.sliders
    low, high = _ranges(measured)
    fitted = np.zeros((len(targets), len(sliders)))
    start = measured.measures(np.zeros(len(sliders)))
    start_effects = slopes(measured, np.zeros(len(sliders)))
    for values, target in zip(fitted, targets, strict=True):
        now, effects = start, start_effects
        for iteration in range(_ITERATIONS):
            if iteration:
                now = measured.measures(values)
                effects = slopes(measured, values)
            matrix = np.vstack([effects / tolerances[:, None], np.eye(len(sliders)) / spread])
            wanted = (target - now + effects @ values) / tolerances
            right = np.concatenate([wanted, np.zeros(len(sliders))])
            solved = lsq_linear(matrix, right, (low, high), method="bvls").x
            values[:] = np.clip(solved, low, high)  # its rounding may step over a limit
    return fitted


def slopes(measured: MeasuredHead, values: Array) -> Array:
    """(m, s) change of each measure per unit of each slider, by differences inside the ranges.

    Args:
        values: (s,) rig units, where the slopes are taken.
    """
    low, high = _ranges(measured)
    up = np.minimum(values + _STEP, high)
    down = np.maximum(values - _STEP, low)
    count = len(values)
    raised = np.tile(values, (count, 1))
    lowered = raised.copy()
    np.fill_diagonal(raised, up)
    np.fill_diagonal(lowered, down)
    difference = measured.measures(raised) - measured.measures(lowered)
    return np.asarray(difference / (up - down)[:, None]).T


def _ranges(measured: MeasuredHead) -> tuple[Array, Array]:
    """(s,) lowest and highest value of each slider."""
    sliders = measured.head.sliders
    low = np.array([slider.minimum for slider in sliders])
    high = np.array([slider.maximum for slider in sliders])
    return low, high
