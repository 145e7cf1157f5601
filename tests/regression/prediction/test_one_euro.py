"""Smoothed numbers rest where the input rests, follow it where it moves, and never overshoot."""

from __future__ import annotations

import numpy as np
import pytest

from regression.prediction.one_euro import OneEuroFilter

RATE = 30.0


def _filtered(
    signal: np.ndarray, smooth: OneEuroFilter | None = None, rate: float = RATE
) -> np.ndarray:
    """(frames, n) of a signal of the same shape."""
    smooth = smooth or OneEuroFilter()
    return np.array([smooth(values, frame / rate) for frame, values in enumerate(signal)])


def _jitter(frames: int, size: float, count: int = 20) -> np.ndarray:
    return np.random.default_rng(0).normal(0.5, size, (frames, count))


def test_the_first_values_come_as_they_are_and_resting_ones_stay() -> None:
    values = np.array([0.0, 0.25, 1.0])
    result = _filtered(np.tile(values, (50, 1)))
    assert result.dtype == np.float32
    assert np.array_equal(result, np.tile(values, (50, 1)).astype(np.float32))


def test_jitter_is_calmed() -> None:
    """The standard deviation of what rests, to a third, and around the right value."""
    signal = _jitter(900, 0.01)
    result = _filtered(signal)[100:]
    assert result.std(axis=0).max() < 0.01 / 3
    assert np.abs(result.mean(axis=0) - 0.5).max() < 0.002


def test_a_jump_is_followed_without_overshoot() -> None:
    """Half of it is shown after 0.1 s, nine tenths after 0.3 s."""
    for start, end in ((0.5, 0.6), (0.3, 0.6), (0.9, 0.1)):
        signal = np.concatenate([np.full((30, 1), start), np.full((90, 1), end)])
        shown = (_filtered(signal)[30:, 0] - start) / (end - start)
        assert (np.diff(shown) >= -1e-6).all()
        assert shown[-1] == pytest.approx(1, abs=0.01)
        assert shown.max() <= 1 + 1e-6
        assert shown[round(0.1 * RATE)] > 0.5
        assert shown[round(0.3 * RATE)] > 0.9


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_the_faster_it_moves_the_less_it_lags(direction: float) -> None:
    """Seconds that a steadily moving number lags behind, at several speeds."""
    lags = []
    for speed in (0.02, 0.1, 0.5):
        truth = 0.5 + direction * speed * np.arange(600)[:, None] / RATE
        lags.append(float(np.abs(truth - _filtered(truth))[-1, 0]) / speed)
    assert lags[0] > lags[1] > lags[2]
    # A plain low-pass filter lags by 1 / (2 pi cutoff): 0.32 s with half a hertz.
    assert 0.2 < lags[0] < 0.25
    assert lags[2] < 0.08


def test_what_is_not_told_by_speed_is_a_plain_low_pass_filter() -> None:
    """Without the speed's part: the exponential approach of its one cutoff."""
    signal = np.concatenate([np.zeros((1, 1)), np.ones((3000, 1))])
    cutoff, rate = 0.5, 1000.0
    result = _filtered(signal, OneEuroFilter(cutoff, speed=0.0), rate)[:, 0]
    expected = 1 - np.exp(-2 * np.pi * cutoff * np.arange(3001) / rate)
    assert np.abs(result - expected).max() < 0.003


def test_numbers_do_not_touch_each_other() -> None:
    signal = np.random.default_rng(1).uniform(0, 1, (60, 5))
    together = _filtered(signal)
    for column in range(5):
        assert np.array_equal(_filtered(signal[:, [column]])[:, 0], together[:, column])


def test_results_stay_within_what_came_in() -> None:
    signal = np.random.default_rng(2).uniform(0, 1, (300, 8))
    seconds = np.random.default_rng(3).exponential(0.1, 300).cumsum()
    smooth = OneEuroFilter(speed=20.0)
    lowest, highest = signal[0], signal[0]
    for values, moment in zip(signal, seconds, strict=True):
        result = smooth(values, moment)
        lowest, highest = np.minimum(lowest, values), np.maximum(highest, values)
        assert (lowest - 1e-6 <= result).all()
        assert (result <= highest + 1e-6).all()


def test_time_that_stands_still_or_runs_back() -> None:
    smooth = OneEuroFilter()
    smooth(np.array([0.2]), 1.0)
    shown = smooth(np.array([0.4]), 1.1)
    assert 0.2 < shown[0] < 0.4
    assert np.array_equal(smooth(np.array([0.9]), 1.1), shown)
    assert smooth(np.array([0.9]), 0.5)[0] == np.float32(0.9)
    # It goes on from there, not from what was before.
    assert smooth(np.array([0.9]), 0.6)[0] == np.float32(0.9)


def test_after_a_long_pause_the_old_value_counts_little() -> None:
    smooth = OneEuroFilter()
    smooth(np.array([0.2]), 0.0)
    assert smooth(np.array([0.8]), 10.0)[0] == pytest.approx(0.8, abs=0.03)


def test_reset_forgets() -> None:
    smooth = OneEuroFilter()
    signal = _jitter(10, 0.1, 3)
    first = _filtered(signal, smooth)
    smooth.reset()
    assert np.array_equal(_filtered(signal, smooth), first)
    smooth.reset()
    assert smooth(np.zeros(7), 0.0).shape == (7,)


def test_the_callers_array_is_left_alone() -> None:
    smooth = OneEuroFilter()
    values = np.full(3, 0.5)
    result = smooth(values, 0.0)
    result[:] = 9
    values[:] = 9
    assert np.array_equal(smooth(np.full(3, 0.5), 0.1), np.full(3, 0.5, np.float32))


@pytest.mark.parametrize(
    "values", [np.zeros(2), np.zeros((3, 1)), [0.0, np.nan, 0.0], [np.inf] * 3]
)
def test_other_values_are_refused(values: np.ndarray) -> None:
    smooth = OneEuroFilter()
    smooth(np.zeros(3), 0.0)
    with pytest.raises(ValueError, match="expected"):
        smooth(values, 0.1)
    with pytest.raises(ValueError, match="expected"):
        smooth(np.zeros(3), np.nan)


@pytest.mark.parametrize(
    "settings",
    [
        {"minimum_cutoff": 0.0},
        {"minimum_cutoff": np.nan},
        {"speed": -1.0},
        {"speed": np.inf},
        {"derivative_cutoff": 0.0},
    ],
)
def test_other_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        OneEuroFilter(**settings)
