"""Figures of sliders: planted errors come back, and agree with what others compute."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from regression.measures.slider_figures import slider_figures

NAMES = ("one", "two", "three")


def table(seed: int = 0, faces: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.uniform(0, 1, (faces, 3)).astype(np.float32)
    return true, (true + random.normal(0, 0.1, true.shape)).astype(np.float32)


def test_planted_errors_come_back() -> None:
    true, _ = table()
    shift = np.array([0.0, 0.1, -0.25], np.float32)
    found = slider_figures(NAMES, true, true + shift)
    np.testing.assert_allclose(found.mae, np.abs(shift), atol=1e-6)
    np.testing.assert_allclose(found.rmse, np.abs(shift), atol=1e-6)
    np.testing.assert_allclose(found.r2, 1 - shift**2 / true.var(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.rank_correlation, 1, atol=1e-9)
    assert np.isnan(found.coverage).all()
    assert np.isnan(found.mean_width).all()


def test_figures_agree_with_their_definitions() -> None:
    true, predicted = table()
    true[:, 2], predicted[:, 2] = true[:, 2].round(1), predicted[:, 2].round(1)  # ties
    found = slider_figures(NAMES, true, predicted)
    for i in range(3):
        a, b = true[:, i].astype(float), predicted[:, i].astype(float)
        assert found.mae[i] == pytest.approx(sum(abs(b - a)) / len(a))
        assert found.rmse[i] ** 2 == pytest.approx(sum((b - a) ** 2) / len(a))
        expected = 1 - sum((b - a) ** 2) / sum((a - a.mean()) ** 2)
        assert found.r2[i] == pytest.approx(expected)
        assert found.rank_correlation[i] == pytest.approx(spearmanr(a, b).statistic)


def test_the_mean_explains_nothing_and_has_no_order() -> None:
    true, _ = table()
    found = slider_figures(NAMES, true, np.broadcast_to(true.mean(axis=0, dtype=float), true.shape))
    np.testing.assert_allclose(found.r2, 0, atol=1e-9)
    assert np.isnan(found.rank_correlation).all()


def test_order_alone_counts_for_the_rank_correlation() -> None:
    true, predicted = table()
    one = slider_figures(NAMES, true, predicted).rank_correlation
    np.testing.assert_allclose(slider_figures(NAMES, true, predicted**3).rank_correlation, one)
    np.testing.assert_allclose(slider_figures(NAMES, true, -predicted).rank_correlation, -one)


def test_a_slider_that_never_moves_has_no_r2() -> None:
    true, predicted = table()
    true[:, 1] = 0.3
    found = slider_figures(NAMES, true, predicted)
    assert np.isnan(found.r2[1])
    assert np.isfinite(found.r2[[0, 2]]).all()
    assert np.isfinite(found.mae).all()


def test_planted_intervals_hold_as_many_as_were_planted() -> None:
    true, _ = table(faces=1000)
    low, high = true - 0.1, true + 0.15
    low[:130, 0], high[:130, 0] = true[:130, 0] + 0.01, true[:130, 0] + 0.26
    low[:, 2], high[:, 2] = np.nan, np.nan
    found = slider_figures(NAMES, true, true, low, high)
    np.testing.assert_allclose(found.coverage[:2], [0.87, 1.0])
    np.testing.assert_allclose(found.mean_width[:2], 0.25, atol=1e-6)
    assert np.isnan([found.coverage[2], found.mean_width[2]]).all()


def test_wrong_calls_are_refused() -> None:
    true, predicted = table()
    for arguments in (
        (NAMES, true, predicted[:10]),
        (NAMES[:2], true, predicted),
        (NAMES, true[:0], predicted[:0]),
        (NAMES, true, np.where(predicted > 0.5, np.nan, predicted)),
        (NAMES, true, predicted, predicted),
    ):
        with pytest.raises(ValueError, match="expected"):
            slider_figures(*arguments)
