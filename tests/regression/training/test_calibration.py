"""Planted errors: intervals hold, and sliders that nothing is known of are not told."""

from __future__ import annotations

import numpy as np
import pytest

from regression.measures.agreement import head_proportions
from regression.training.calibration import Calibration, calibrate, unseen_coverage
from regression.training.cross_validation import (
    UnseenOutputs,
)
from rig.landmark_head import LandmarkHead

PEOPLE = 120


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.arange(len(head.sliders)) % 5 == 0


@pytest.fixture(scope="module")
def calibration(head: LandmarkHead, told: np.ndarray) -> Calibration:
    """Every other told slider is predicted well, the others are noise."""
    random = np.random.default_rng(0)
    count = len(head.sliders)
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    labels = np.clip(neutral + told * random.normal(0, 0.06, (2 * PEOPLE, count)), 0, 1)
    labels[PEOPLE:] = labels[:PEOPLE]  # two photos of everyone
    error = np.where(np.arange(count) % 10 == 0, 0.01, 0.2)
    values = labels + random.normal(0, 1, labels.shape) * error
    outputs = np.hstack([values, head_proportions(head, np.clip(values, 0, 1))])
    by_hand = np.tile(np.arange(PEOPLE) < 100, 2)
    people = [f"person {row % PEOPLE}" for row in range(2 * PEOPLE)]
    unseen = UnseenOutputs(outputs, np.full(labels.shape, 1e-3))
    return calibrate(unseen, labels, people, by_hand, head, told)


def test_only_sliders_whose_interval_says_something_are_told(
    calibration: Calibration, told: np.ndarray
) -> None:
    good = told & (np.arange(len(told)) % 10 == 0)
    np.testing.assert_array_equal(calibration.told, good)
    widths = calibration.intervals.half_widths[good]
    assert (widths < calibration.average_half_widths[good]).all()


def test_intervals_come_from_people_with_hand_placed_points(calibration: Calibration) -> None:
    assert calibration.intervals.people == calibration.coverage.people == 100
    assert calibration.coverage_of_others is not None
    assert calibration.coverage_of_others.people == 20


def test_intervals_hold_on_people_who_did_not_set_them(calibration: Calibration) -> None:
    assert 0.85 < calibration.coverage.mean < 0.95
    assert calibration.coverage_of_others is not None
    assert 0.8 < calibration.coverage_of_others.mean < 1.0


def test_coverage_of_exchangeable_errors_is_what_was_asked_for() -> None:
    random = np.random.default_rng(1)
    errors = random.normal(0, 0.1, (500, 40))
    people = np.arange(500).astype(str)
    coverage = unseen_coverage(errors, people, np.ones(40, dtype=bool))
    assert coverage.mean == pytest.approx(0.9, abs=0.015)
