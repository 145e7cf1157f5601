"""How well each slider is predicted: errors, variance explained, order, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SliderFigures:
    """Figures of each slider over n faces; every array (s,) float64.

    Attributes:
        names: the sliders.
        mae: mean absolute error, 0..1 over the slider's range.
        rmse: square root of the mean square error, likewise.
        r2: part of the variance of the true values that is explained; 1 is perfect, 0 as good as
            their mean, below 0 worse; nan where they do not vary.
        rank_correlation: Spearman's, -1..1; nan where either side does not vary.
        coverage: part of the faces whose interval holds the true value; nan without intervals.
        mean_width: mean width of the intervals, 0..1 over the range; nan without intervals.
    """

    names: tuple[str, ...]
    mae: np.ndarray
    rmse: np.ndarray
    r2: np.ndarray
    rank_correlation: np.ndarray
    coverage: np.ndarray
    mean_width: np.ndarray


def slider_figures(
    names: Sequence[str],
    true: np.ndarray,
    predicted: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> SliderFigures:
    """Measures predictions against the truth, slider by slider.

    Args:
        names: (s,) of the columns.
        true, predicted: (n, s) 0..1 over each slider's range, at least one row, finite.
        low, high: (n, s) ends of each value's interval; columns with nan have none.

    Raises:
        ValueError: shapes that do not fit, no faces, values that are not finite, one end of the
            intervals without the other.
    """
    shapes = {array.shape for array in (true, predicted, low, high) if array is not None}
    if len(shapes) != 1 or true.ndim != 2 or len(true) == 0 or true.shape[1] != len(names):
        raise ValueError(
            f"Arrays of shapes {sorted(shapes)} came in for {len(names)} sliders. (faces, "
            "sliders), all the same, with one face or more, was expected. Correct the call."
        )
    if not (np.isfinite(true).all() and np.isfinite(predicted).all()):
        raise ValueError(
            "Slider values that are not finite came in. A number for every face and slider was "
            "expected. Leave faces without a known value out."
        )
    if (low is None) != (high is None):
        raise ValueError(
            "Only one end of the intervals came in. Both or none were expected. Correct the call."
        )
    exact = true.astype(np.float64)
    errors = predicted - exact
    square = np.square(errors).mean(axis=0)
    varies = exact.max(axis=0) > exact.min(axis=0)
    variance = np.where(varies, exact.var(axis=0), np.nan)
    unknown = np.full(len(names), np.nan)
    coverage, width = unknown, unknown
    if low is not None and high is not None:
        known = np.isfinite(low).all(axis=0) & np.isfinite(high).all(axis=0)
        held = (low <= true) & (true <= high)
        coverage = np.where(known, held.mean(axis=0), np.nan)
        width = np.where(known, (high.astype(np.float64) - low).mean(axis=0), np.nan)
    return SliderFigures(
        names=tuple(names),
        mae=np.abs(errors).mean(axis=0),
        rmse=np.sqrt(square),
        r2=1.0 - square / variance,
        rank_correlation=_rank_correlation(exact, predicted),
        coverage=coverage,
        mean_width=width,
    )


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(s,) Pearson's correlation of the ranks of the columns; equal values share their ranks."""
    from scipy.stats import rankdata

    ranks = [rankdata(side, axis=0) for side in (first, second)]
    centred = [side - side.mean(axis=0) for side in ranks]
    together = (centred[0] * centred[1]).sum(axis=0)
    sizes = np.sqrt(np.prod([np.square(side).sum(axis=0) for side in centred], axis=0))
    return np.asarray(np.divide(together, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0))
