"""Heads are made with known sliders and measured; the fit must find what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rig.fit import MeasuredHead, fit_sliders
from rig.landmark_head import LandmarkHead, load_landmark_head
from vision.mesh_topology import MIRRORED
from vision.ratios import PROPORTIONS, RATIOS, measure

# Sliders that no others imitate.
TELLING = (
    "head/head-oval",
    "head/head-scale-horiz-decr|incr",
    "eyebrows/eyebrows-trans-down|up",
    "eyes/l-eye-trans-in|out",
    "eyes/l-eye-scale-decr|incr",
    "nose/nose-trans-down|up",
    "nose/nose-scale-horiz-decr|incr",
    "nose/nose-scale-depth-decr|incr",
    "mouth/mouth-scale-horiz-decr|incr",
    "mouth/mouth-trans-down|up",
    "chin/chin-width-decr|incr",
    "chin/chin-height-decr|incr",
)


@pytest.fixture(scope="module")
def head() -> LandmarkHead:
    return load_landmark_head(Path(__file__).parents[2] / "models" / "head.npz")


@pytest.fixture(scope="module")
def all_measures(head: LandmarkHead) -> MeasuredHead:
    return MeasuredHead(head, measure)


@pytest.fixture(scope="module")
def proportions(head: LandmarkHead) -> MeasuredHead:
    return MeasuredHead(head, lambda landmarks: measure(landmarks, PROPORTIONS))


def ranges(measured: MeasuredHead) -> tuple[np.ndarray, np.ndarray]:
    sliders = measured.head.sliders
    return np.array([s.minimum for s in sliders]), np.array([s.maximum for s in sliders])


def planted(measured: MeasuredHead, count: int, seed: int, spread: float = 0.3) -> np.ndarray:
    low, high = ranges(measured)
    return np.clip(np.random.default_rng(seed).normal(0, spread, (count, len(low))), low, high)


def spread_of(measured: MeasuredHead) -> np.ndarray:
    """How much each measure varies over random heads."""
    return measured.measures(planted(measured, 300, seed=99)).std(axis=0)


def test_sliders_that_measures_tell_are_recovered(head: LandmarkHead) -> None:
    chosen = np.array([name in TELLING for name in head.slider_names])
    assert chosen.sum() == len(TELLING)
    measured = MeasuredHead(head.with_sliders(chosen), measure)
    values = planted(measured, 10, seed=0)
    found = fit_sliders(measured, measured.measures(values), np.full(len(RATIOS), 1e-4))
    np.testing.assert_allclose(found, values, atol=0.01)


def test_measures_are_met_also_where_sliders_imitate_each_other(
    proportions: MeasuredHead,
) -> None:
    values = planted(proportions, 10, seed=1)
    targets, spread = proportions.measures(values), spread_of(proportions)
    found = fit_sliders(proportions, targets, 0.03 * spread)
    missed = np.abs(proportions.measures(found) - targets) / spread
    before = np.abs(proportions.measures(np.zeros(found.shape[1])) - targets) / spread
    assert missed.max() < 0.3 < before.max()
    assert missed.mean() < 0.03
    # Of the heads that fit, it is one nearer to neutral than the planted one.
    assert (np.linalg.norm(found, axis=1) < np.linalg.norm(values, axis=1)).all()


def test_the_neutral_head_fits_itself(all_measures: MeasuredHead) -> None:
    target = all_measures.measures(np.zeros(len(all_measures.head.sliders)))
    found = fit_sliders(all_measures, target[None], np.full(len(RATIOS), 0.01))
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_impossible_targets_stay_inside_the_ranges(all_measures: MeasuredHead) -> None:
    random = np.random.default_rng(2)
    targets = all_measures.measures(planted(all_measures, 4, seed=3))
    targets = targets * random.uniform(0.3, 3, targets.shape)
    found = fit_sliders(all_measures, targets, np.full(len(RATIOS), 0.01))
    low, high = ranges(all_measures)
    assert np.isfinite(found).all()
    assert ((found >= low) & (found <= high)).all()
    at_an_end = (found == low) | (found == high)
    assert at_an_end.any()


def test_each_face_is_fitted_on_its_own(all_measures: MeasuredHead) -> None:
    targets = all_measures.measures(planted(all_measures, 4, seed=4))
    tolerances = 0.2 * spread_of(all_measures)
    together = fit_sliders(all_measures, targets, tolerances)
    alone = [fit_sliders(all_measures, row[None], tolerances)[0] for row in targets]
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert fit_sliders(all_measures, targets[:0], tolerances).shape == (0, together.shape[1])


def test_looser_measures_leave_the_sliders_nearer_to_neutral(proportions: MeasuredHead) -> None:
    targets, spread = proportions.measures(planted(proportions, 6, seed=5)), spread_of(proportions)
    lengths = [
        np.linalg.norm(fit_sliders(proportions, targets, tolerance * spread), axis=1)
        for tolerance in (0.1, 0.5, 2.0, 10.0)
    ]
    assert (np.diff(lengths, axis=0) < 0).all()


def test_a_measure_with_a_wide_tolerance_hardly_counts(proportions: MeasuredHead) -> None:
    targets, spread = proportions.measures(planted(proportions, 3, seed=6)), spread_of(proportions)
    tolerances = 0.1 * spread
    tolerances[3] *= 1e6
    before = fit_sliders(proportions, targets, tolerances)
    targets[:, 3] += 5 * spread[3]
    np.testing.assert_allclose(fit_sliders(proportions, targets, tolerances), before, atol=1e-3)


def test_measures_of_a_mirrored_head_give_the_same_sliders(head: LandmarkHead) -> None:
    """Every slider moves both sides alike."""
    mirrored = MeasuredHead(head, lambda points: measure(points[..., MIRRORED, :] * [-1, 1, 1]))
    measured = MeasuredHead(head, measure)
    values = planted(measured, 3, seed=7)
    tolerances = 0.2 * spread_of(measured)
    np.testing.assert_allclose(
        fit_sliders(measured, mirrored.measures(values), tolerances),
        fit_sliders(measured, measured.measures(values), tolerances),
        atol=1e-3,
    )


def test_a_single_wrong_measure_does_not_drag_the_head_along(all_measures: MeasuredHead) -> None:
    values, tolerances = planted(all_measures, 6, seed=8), 0.2 * spread_of(all_measures)
    targets = all_measures.measures(values)
    wrong = targets.copy()
    wrong[np.arange(6), [3, 8, 9, 15, 20, 40]] += 6 * spread_of(all_measures)[[3, 8, 9, 15, 20, 40]]
    right = fit_sliders(all_measures, targets, tolerances)
    moved = [
        np.linalg.norm(fit_sliders(all_measures, wrong, tolerances, outlier=limit) - right, axis=1)
        for limit in (None, 2.0)
    ]
    assert (moved[1] < 0.5 * moved[0]).all()
    # Without a wrong measure all count nearly alike.
    again = fit_sliders(all_measures, targets, tolerances, outlier=2.0)
    assert np.abs(again - right).mean() < 0.02


def test_an_expression_fitted_beside_the_sliders_is_told_from_them(head: LandmarkHead) -> None:
    chosen = np.array([name in TELLING for name in head.slider_names])
    still = head.with_sliders(chosen)
    moving = MeasuredHead(still.with_expression_sliders(), measure)
    values = planted(MeasuredHead(still, measure), 8, seed=9)
    strengths = np.zeros((8, len(head.expression_names)))
    strengths[:, head.expression_names.index("mouth-corner-puller")] = 0.5
    strengths[:, head.expression_names.index("mouth-open")] = 0.5
    targets = np.asarray(measure(still.landmarks(values, strengths)), np.float64)
    tolerances = 0.05 * spread_of(MeasuredHead(still, measure))
    spreads = np.concatenate([np.full(chosen.sum(), 0.35), np.full(strengths.shape[1], 0.3)])
    with_expression = fit_sliders(moving, targets, tolerances, spreads)[:, : chosen.sum()]
    without = fit_sliders(MeasuredHead(still, measure), targets, tolerances)
    missed = [np.abs(found - values).mean() for found in (with_expression, without)]
    assert missed[0] < 0.2 * missed[1]


def test_a_slider_with_less_spread_moves_less(proportions: MeasuredHead) -> None:
    targets, tolerances = proportions.measures(planted(proportions, 6, 10)), 0.2
    tight = np.full(len(proportions.head.sliders), 0.35)
    tight[::2] = 0.01
    found = fit_sliders(proportions, targets, tolerances * spread_of(proportions), tight)
    assert np.abs(found[:, ::2]).mean() < 0.05 * np.abs(found[:, 1::2]).mean()


@pytest.mark.parametrize(
    ("spread", "outlier"), [(0.0, None), (np.ones(3), None), (0.3, 0.0), (0.3, -1.0)]
)
def test_spreads_and_limits_without_sense_are_refused(
    proportions: MeasuredHead, spread: float | np.ndarray, outlier: float | None
) -> None:
    with pytest.raises(ValueError, match="expected"):
        fit_sliders(proportions, np.zeros((2, 14)), np.ones(14), spread, outlier)


@pytest.mark.parametrize(
    ("targets", "tolerances"),
    [
        (np.zeros(14), np.ones(14)),
        (np.zeros((2, 14)), np.ones(13)),
        (np.zeros((2, 14)), np.zeros(14)),
        (np.zeros((2, 14)), np.full(14, -1.0)),
        (np.zeros((2, 14)), np.full(14, np.nan)),
        (np.full((2, 14), np.nan), np.ones(14)),
    ],
)
def test_what_does_not_fit_together_is_refused(
    proportions: MeasuredHead, targets: np.ndarray, tolerances: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="expected"):
        fit_sliders(proportions, targets, tolerances)
