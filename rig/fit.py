"""Fit a head's sliders to measures of its landmarks.

The measures are a function from landmarks to numbers, given by the caller; this module knows
nothing of where they were taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rig.landmark_head import LandmarkHead
from rig.rig import Slider

Array = npt.NDArray[np.float64]
Measure = Callable[[npt.NDArray[np.floating]], npt.NDArray[np.floating]]

SLIDER_SPREAD = 0.35
"""How far a slider of the range -1..1 strays from neutral before the fit needs evidence."""

_STEP = 0.05
_ITERATIONS = 6
_ROUNDS = 25
_BLOCK = 256  # faces at a time, for memory


def slider_spreads(sliders: Sequence[Slider]) -> Array:
    """(s,) SLIDER_SPREAD of each slider's longer side: rig units, for ranges of any length."""
    return np.array([SLIDER_SPREAD * max(-one.minimum, one.maximum) for one in sliders])


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

    @cached_property
    def slopes_at_neutral(self) -> tuple[Array, Array]:
        """Two (m, s): change of each measure per unit of each slider above and below neutral."""
        low, high = _ranges(self)
        steps = np.eye(len(low)) * _STEP
        neutral = self.measures(np.zeros(len(low)))
        upwards = (self.measures(steps) - neutral).T / _STEP
        downwards = (neutral - self.measures(-steps)).T / _STEP
        return np.where(high > 0, upwards, downwards), np.where(low < 0, downwards, upwards)


def fit_sliders(
    measured: MeasuredHead,
    targets: npt.NDArray[np.floating],
    tolerances: npt.NDArray[np.floating],
    spread: float | npt.NDArray[np.floating] = SLIDER_SPREAD,
    outlier: float | None = None,
) -> Array:
    """The most likely slider values for measures of several faces.

    Regularised least squares (Gauss-Newton from neutral, values kept inside their ranges): each
    measure may miss its target by its tolerance, each slider may leave neutral by `spread`. How
    far a slider moves the measures is taken at neutral, apart for its two directions.

    Args:
        measured: the head and how it is measured.
        targets: (faces, m) what the measures of each head should be.
        tolerances: (m,) positive, one standard deviation of each measure's error.
        spread: one standard deviation of every slider, or (s,) of each, rig units, positive.
        outlier: a measure that misses by this many tolerances counts half, one that misses by more
            less and less (Cauchy's weights, reweighted at each step); None: all count fully.

    Returns:
        (faces, s) float64 in rig units.

    Raises:
        ValueError: shapes do not fit together, targets are not finite, or tolerances, spread or
            outlier not positive.
    """
    targets = np.asarray(targets, dtype=np.float64)
    tolerances = np.asarray(tolerances, dtype=np.float64)
    count = len(measured.head.sliders)
    spreads = np.asarray(spread, dtype=np.float64)
    fits = targets.ndim == 2 and tolerances.shape == targets.shape[1:]
    fits = fits and spreads.shape in ((), (count,))
    positive = (tolerances > 0).all() and (spreads > 0).all() and (outlier is None or outlier > 0)
    if not (fits and positive and np.isfinite(targets).all()):
        raise ValueError(
            f"Targets of shape {targets.shape} came with tolerances of shape {tolerances.shape}, "
            f"spread of shape {spreads.shape} and outlier {outlier}. Finite targets (faces, m) "
            f"and positive tolerances (m,), spread (one or {count}) and outlier were expected. "
            "Correct the call."
        )
    fitted = np.zeros((len(targets), count))
    for start in range(0, len(targets), _BLOCK):
        block = slice(start, start + _BLOCK)
        fitted[block] = _fit_block(measured, targets[block], tolerances, spreads, outlier)
    return fitted


def _fit_block(
    measured: MeasuredHead,
    targets: Array,
    tolerances: Array,
    spreads: Array,
    outlier: float | None,
) -> Array:
    """(faces, s), see fit_sliders."""
    low, high = _ranges(measured)
    upwards, downwards = measured.slopes_at_neutral
    values = np.zeros((len(targets), len(low)))
    trial = values.copy()
    lowest = np.full(len(targets), np.inf)
    at_limit = np.zeros(values.shape, dtype=np.int8)
    prior = np.diag(np.broadcast_to(1 / spreads**2, low.shape))
    for _ in range(_ITERATIONS + 1):
        missed = (targets - measured.measures(trial)) / tolerances
        # The negative logarithm of the likelihood, by Cauchy's distribution where there is one.
        costs = missed**2 if outlier is None else outlier**2 * np.log1p((missed / outlier) ** 2)
        cost = costs.sum(axis=1) + np.square(trial / spreads).sum(axis=1)
        better = cost < lowest
        # A step too far, over a slider's neutral say, where its effect changes: go back half way.
        trial[~better] = (trial[~better] + values[~better]) / 2
        lowest[better], values[better] = cost[better], trial[better]
        if not better.any():
            continue
        now, off = values[better], missed[better]
        side = np.sign(now)[:, None, :]
        effects = (upwards * (1 + side) + downwards * (1 - side)) / 2 / tolerances[:, None]
        weights = np.ones_like(off) if outlier is None else 1 / (1 + (off / outlier) ** 2)
        weighted = np.swapaxes(effects * weights[:, :, None], 1, 2)
        wanted = off + np.einsum("fms,fs->fm", effects, now)
        right = np.einsum("fsm,fm->fs", weighted, wanted)
        held = at_limit[better]
        trial[better] = _least_squares_inside(weighted @ effects + prior, right, low, high, held)
        at_limit[better] = held
    return values


def _least_squares_inside(
    matrices: Array, rights: Array, low: Array, high: Array, at_limit: npt.NDArray[np.int8]
) -> Array:
    """x (faces, s) that minimise x M x / 2 - r x inside the ranges, by block principal pivoting.

    Judice and Pires, "A block principal pivoting algorithm for large-scale strictly monotone
    linear complementarity problems", 1994: solve with some sliders held at a limit, hold those
    that leave their range, release those that want back in, until nothing changes.

    Args:
        matrices: (faces, s, s) symmetric, positive definite.
        rights: (faces, s).
        at_limit: (faces, s), -1 or 1 where a slider is held at its low or high limit, else 0; to
            start from, and changed into where this ended.
    """
    found = np.zeros(rights.shape)
    todo = np.arange(len(rights))
    for _ in range(_ROUNDS):
        held = at_limit[todo]
        fixed = held != 0
        x = np.where(held < 0, low, np.where(held > 0, high, 0.0))
        matrix = matrices[todo]
        right = rights[todo] - np.einsum("fst,ft->fs", matrix, x)
        free = np.where(fixed[:, :, None] | fixed[:, None, :], 0.0, matrix)
        free += fixed[:, :, None] * np.eye(len(low))
        x += np.linalg.solve(free, np.where(fixed, 0.0, right)[..., None])[..., 0]
        pull = rights[todo] - np.einsum("fst,ft->fs", matrix, x)
        inside = np.where(x < low, -1, np.where(x > high, 1, 0))
        after = np.where(fixed, np.where(pull * held < 0, 0, held), inside)
        found[todo] = np.clip(x, low, high)
        at_limit[todo] = after
        todo = todo[(after != held).any(axis=1)]
        if not len(todo):
            break
    return found


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
