from __future__ import annotations

import numpy as np
import pytest

from regression.agreement import agreement, head_proportions
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure


def proportions(people: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, (people, len(PROPORTIONS)))


def test_what_agrees_up_to_scale_and_shift_agrees_fully() -> None:
    by_hand = proportions()
    result = agreement(by_hand * 0.3 + 7, by_hand)
    assert result.people == 40
    assert tuple(result.correlations) == PROPORTION_NAMES
    assert result.mean == pytest.approx(1)
    assert agreement(-by_hand, by_hand).mean == pytest.approx(-1)
    assert abs(agreement(proportions(seed=1), by_hand).mean) < 0.2


def test_each_proportion_is_compared_with_its_own() -> None:
    by_hand, other = proportions(), proportions(seed=1)
    for column, name in enumerate(PROPORTION_NAMES):
        mixed = other.copy()
        mixed[:, column] = by_hand[:, column]
        result = agreement(mixed, by_hand)
        assert result.correlations[name] == pytest.approx(1)
        before = agreement(other, by_hand).correlations
        assert {**result.correlations, name: before[name]} == pytest.approx(before)


def test_what_does_not_vary_agrees_with_nothing() -> None:
    by_hand = proportions()
    constant = by_hand.copy()
    constant[:, 2] = 0.4
    assert agreement(constant, by_hand).correlations[PROPORTION_NAMES[2]] == 0
    assert agreement(constant, by_hand).mean == pytest.approx(13 / 14)


@pytest.mark.parametrize("shapes", [((2, 14), (2, 14)), ((5, 14), (6, 14)), ((5, 14), (5, 13))])
def test_shapes_that_cannot_be_compared_are_refused(
    shapes: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    with pytest.raises(ValueError, match="at least 3 people were expected"):
        agreement(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_proportions_of_heads_are_those_of_their_landmarks(head: LandmarkHead) -> None:
    units = np.random.default_rng(0).uniform(0, 1, (4, len(head.sliders)))
    low = np.array([slider.minimum for slider in head.sliders])
    high = np.array([slider.maximum for slider in head.sliders])
    np.testing.assert_allclose(
        head_proportions(head, units),
        measure(head.landmarks(low + units * (high - low)), PROPORTIONS),
        atol=1e-5,
    )
