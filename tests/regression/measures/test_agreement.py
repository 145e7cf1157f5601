"""Planted proportions: what was put in is what the statistics say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import (
    MEAN,
    STATISTICS,
    Agreement,
    agreement,
    agreements_of,
    compared_photos,
    gains_over,
    head_proportions,
)
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure


def proportions(people: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, (people, len(PROPORTIONS)))


def means(result: Agreement) -> list[float]:
    return [result.estimates[statistic][MEAN].value for statistic in STATISTICS]


def face(person: str, expressive: bool, by_hand: np.ndarray | None, name: str = "") -> RealFace:
    features = np.zeros(3, np.float32)
    hand_placed = np.full(14, np.nan) if by_hand is None else by_hand
    path = Path(f"{person}_{expressive}{name}.jpg")
    return RealFace(path, "studio", person, expressive, features, features, hand_placed)


def smiling_and_neutral(by_hand: np.ndarray) -> list[RealFace]:
    """The neutral photos of all people, then their smiling ones."""
    people = [(f"{number:03d}", row) for number, row in enumerate(by_hand)]
    return [face(name, False, row) for name, row in people] + [
        face(name, True, None) for name, _ in people
    ]


def test_perfect_predictions_have_r_1_slope_1_and_no_error() -> None:
    by_hand = proportions()
    result = agreement(by_hand, by_hand)
    assert result.people == 40
    assert tuple(result.correlations) == PROPORTION_NAMES
    assert tuple(result.estimates["slope"]) == (*PROPORTION_NAMES, MEAN)
    for statistic, expected in (("r", 1), ("slope", 1), ("error", 0)):
        for one in result.estimates[statistic].values():
            assert [one.value, one.low, one.high] == pytest.approx([expected] * 3, abs=1e-9)


def test_another_average_head_is_no_disagreement() -> None:
    by_hand = proportions()
    shifted = agreement(by_hand + np.linspace(-1, 1, 14), by_hand)
    assert means(shifted) == pytest.approx([1, 1, 0], abs=1e-9)


def test_predictions_pulled_halfway_to_the_average_have_half_the_slope_and_error() -> None:
    by_hand = proportions()
    average = by_hand.mean(axis=0)
    everyone_average = agreement(np.tile(average, (40, 1)), by_hand)
    assert means(everyone_average)[:2] == [0, 0]
    assert means(everyone_average)[2] == pytest.approx(100 * np.abs(by_hand - average).mean())
    halfway = agreement(average + 0.5 * (by_hand - average), by_hand)
    assert means(halfway) == pytest.approx([1, 0.5, means(everyone_average)[2] / 2])
    assert means(agreement(-by_hand, by_hand))[:2] == pytest.approx([-1, -1])


def test_each_proportion_is_compared_with_its_own() -> None:
    by_hand, other = proportions(), proportions(seed=1)
    before = agreement(other, by_hand).correlations
    for column, name in enumerate(PROPORTION_NAMES):
        mixed = other.copy()
        mixed[:, column] = by_hand[:, column]
        result = agreement(mixed, by_hand)
        assert result.correlations[name] == pytest.approx(1)
        assert {**result.correlations, name: before[name]} == pytest.approx(before)


def test_what_does_not_vary_agrees_with_nothing() -> None:
    by_hand = proportions()
    constant = by_hand.copy()
    constant[:, 2] = 0.4
    result = agreement(constant, by_hand)
    assert result.correlations[PROPORTION_NAMES[2]] == 0
    assert result.mean == pytest.approx(13 / 14)
    assert result.estimates["slope"][MEAN].value == pytest.approx(13 / 14)


def test_statistics_are_those_of_numpy() -> None:
    one, other = proportions(), proportions(seed=1)
    result = agreement(one, other)
    for column, name in enumerate(PROPORTION_NAMES):
        r = np.corrcoef(one[:, column], other[:, column])[0, 1]
        assert result.correlations[name] == pytest.approx(r)
        slope = np.polyfit(other[:, column], one[:, column], 1)[0]
        assert result.estimates["slope"][name].value == pytest.approx(slope)


def test_intervals_hold_the_planted_correlation() -> None:
    planted, trials = 0.7, 60
    random = np.random.default_rng(3)
    held = np.zeros(2)
    for _ in range(trials):
        by_hand = random.normal(size=(60, 14))
        noise = random.normal(size=(60, 14))
        result = agreement(planted * by_hand + np.sqrt(1 - planted**2) * noise, by_hand)
        for i, name in enumerate((MEAN, "nose_width")):
            one = result.estimates["r"][name]
            held[i] += one.low < planted < one.high
    # 95 % of 60 is 57; by chance fewer than 51 come once in a thousand times.
    assert held.min() >= 51
    assert held.min() < trials


def test_more_people_give_narrower_intervals() -> None:
    def width(people: int) -> float:
        by_hand = proportions(people)
        one = agreement(by_hand + 0.3 * proportions(people, 1), by_hand).estimates["r"][MEAN]
        return one.high - one.low

    assert width(400) < 0.7 * width(100)


def test_photos_of_one_person_are_not_more_people() -> None:
    by_hand = proportions(30)
    predicted = by_hand + 0.3 * proportions(30, 1)
    once = agreement(predicted, by_hand)
    names = [str(number) for number in range(30)]
    thrice = agreement(np.tile(predicted, (3, 1)), np.tile(by_hand, (3, 1)), names * 3)
    assert thrice.people == 30
    assert means(thrice) == pytest.approx(means(once))
    width_once, width_thrice = (
        one.estimates["r"][MEAN].high - one.estimates["r"][MEAN].low for one in (once, thrice)
    )
    assert width_thrice == pytest.approx(width_once, rel=0.1)


@pytest.mark.parametrize("shapes", [((2, 14), (2, 14)), ((5, 14), (6, 14)), ((5, 14), (5, 13))])
def test_shapes_that_cannot_be_compared_are_refused(
    shapes: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    with pytest.raises(ValueError, match="at least 3 people were expected"):
        agreement(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_smiling_photos_are_compared_with_the_neutral_ones_hand_placed_points() -> None:
    by_hand = proportions(20)
    predicted = np.concatenate([by_hand, proportions(20, 1)])
    found = agreements_of(predicted, smiling_and_neutral(by_hand))
    assert list(found) == ["neutral", "smiling"]
    assert found["neutral"].mean == pytest.approx(1)
    assert found["smiling"].mean == pytest.approx(agreement(predicted[20:], by_hand).mean)


def test_several_neutral_photos_of_a_person_share_the_mean_of_their_hand_placed_points() -> None:
    by_hand = proportions(12)
    faces = [
        face(f"{number:02d}", False, row + sign * 0.01, str(sign))
        for sign in (-1, 1)
        for number, row in enumerate(by_hand)
    ]
    photos = compared_photos(np.tile(by_hand, (2, 1)), faces)["neutral"]
    assert photos.people[:12] == photos.people[12:]
    np.testing.assert_allclose(photos.by_hand, np.tile(by_hand, (2, 1)))


def rows_of(found: dict[str, Agreement]) -> dict[str, int]:
    return {kind: one.people for kind, one in found.items()}


def test_who_cannot_be_compared_is_left_out() -> None:
    by_hand = proportions(20)
    faces = [*smiling_and_neutral(by_hand), face("stranger", False, None)]
    predicted = np.concatenate([by_hand, by_hand, by_hand[:1]])
    predicted[3] = np.nan
    assert rows_of(agreements_of(predicted, faces)) == {"neutral": 19, "smiling": 20}
    predicted[20:31] = np.nan
    assert rows_of(agreements_of(predicted, faces)) == {"neutral": 19}


def gain(one: Sequence[np.ndarray], by_hand: np.ndarray) -> tuple[float, float]:
    found = gains_over(one[0], one[1], smiling_and_neutral(by_hand)[: len(by_hand)])["neutral"]
    return found.low, found.high


def test_a_paired_comparison_tells_what_overlapping_intervals_do_not() -> None:
    by_hand = proportions(40)
    noise, more = 0.3 * proportions(40, 1), 0.1 * proportions(40, 2)
    better, worse = by_hand + noise, by_hand + noise + more
    one, other = (agreement(rows, by_hand).estimates["r"][MEAN] for rows in (better, worse))
    assert one.low < other.high
    assert gain((worse, better), by_hand)[0] > 0
    assert gain((better, worse), by_hand)[1] < 0
    assert gain((better, better), by_hand) == (0, 0)


def test_proportions_of_heads_are_those_of_their_landmarks(head: LandmarkHead) -> None:
    units = np.random.default_rng(0).uniform(0, 1, (4, len(head.sliders)))
    low = np.array([slider.minimum for slider in head.sliders])
    high = np.array([slider.maximum for slider in head.sliders])
    np.testing.assert_allclose(
        head_proportions(head, units),
        measure(head.landmarks(low + units * (high - low)), PROPORTIONS),
        atol=1e-5,
    )
