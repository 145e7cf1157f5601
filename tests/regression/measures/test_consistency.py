"""Planted people: known spreads come back, identity is found where it is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.measures.consistency import Consistency, consistency_of, people_with_several_photos


def face(person: str, photo: str, expressive: bool = False) -> RealFace:
    features = np.zeros(3, np.float32)
    return RealFace(
        Path(f"studio/{person}_{photo}.jpg"),
        "studio",
        person,
        expressive,
        features,
        features,
        np.full(14, np.nan),
    )


def two_photos(people: int) -> list[RealFace]:
    """All neutral photos, then all smiling ones."""
    names = [f"{number:03d}" for number in range(people)]
    return [face(name, "03") for name in names] + [face(name, "08", True) for name in names]


def planted(
    people: int, within: float, shift: float = 0, sliders: int = 30, seed: int = 0
) -> np.ndarray:
    """Values of two_photos whose spread between people is 1 and within a person `within`."""
    random = np.random.default_rng(seed)
    true = random.normal(size=(people, sliders))
    photos = [true + within * random.normal(size=true.shape) for _ in range(2)]
    return np.concatenate([photos[0], photos[1] + shift])


def measured(values: np.ndarray, faces: list[RealFace]) -> Consistency:
    found = consistency_of(values, faces)
    assert found is not None
    return found


def test_planted_spreads_come_back() -> None:
    for within in (0.2, 0.6):
        found = measured(planted(200, within), two_photos(200))
        # The spread of two photos' means holds half of the variance within.
        expected = within / np.sqrt(1 + within**2 / 2)
        assert found.people == 200
        for one in (found.spread, found.median_spread, found.spread_without_shift):
            assert one.value == pytest.approx(expected, rel=0.05)
            assert one.low < expected < one.high


def test_what_a_smile_moves_in_everyone_counts_but_in_one_figure() -> None:
    still = measured(planted(100, 0.2), two_photos(100))
    moved = measured(planted(100, 0.2, shift=0.5), two_photos(100))
    # A shift d adds d^2 / 2 to the variance within.
    assert moved.spread.value == pytest.approx(
        np.sqrt(still.spread.value**2 + 0.125 / (1 + 0.02)), rel=0.05
    )
    assert moved.spread_without_shift.value == pytest.approx(still.spread_without_shift.value)


def test_the_pooled_spread_weighs_sliders_by_their_range_the_median_does_not() -> None:
    values = planted(60, 0.1)
    values[:, 0] = 100 * planted(60, 1.0, seed=1)[:, 0]
    found = measured(values, two_photos(60))
    assert found.spread.value > 0.7
    assert found.median_spread.value < 0.15


def test_the_same_values_in_all_photos_are_fully_consistent() -> None:
    found = measured(planted(20, 0), two_photos(20))
    assert found.spread.value == found.median_spread.value == 0
    assert found.recognised.value == found.recognised_plainly.value == 1


def test_identity_is_found_where_it_is_there_and_guessed_where_not() -> None:
    people = 100
    good = measured(planted(people, 0.2), two_photos(people))
    assert good.recognised.value == good.recognised_plainly.value == 1
    noise = np.random.default_rng(0).normal(size=(2 * people, 30))
    none = measured(noise, two_photos(people))
    for one in (none.recognised, none.recognised_plainly):
        assert one.value == pytest.approx(1 / people, abs=0.04)


def test_whitening_looks_past_what_varies_in_everyone() -> None:
    people = 60
    random = np.random.default_rng(1)
    values = planted(people, 0.1)
    smiles = random.normal(0, 3, (people, 1)) * random.normal(size=(1, 30))
    values[people:] += smiles
    found = measured(values, two_photos(people))
    assert found.recognised.value > 0.95
    assert found.recognised.value > found.recognised_plainly.value + 0.2


def test_photos_in_any_order_with_unknown_ones_among_them_give_the_same() -> None:
    faces, values = two_photos(20), planted(20, 0.3)
    expected = measured(values, faces)
    order = np.random.default_rng(0).permutation(40)
    shuffled = [faces[i] for i in order] + [face("000", "09"), face("alone", "03")]
    more = np.concatenate([values[order], np.full((1, 30), np.nan), np.ones((1, 30))])
    assert measured(more, shuffled) == expected


def test_several_photos_are_ordered_neutral_first_then_by_path() -> None:
    faces = [face("b", "08", True), face("a", "1"), face("b", "3"), face("b", "2"), face("c", "1")]
    assert people_with_several_photos(faces) == {"b": [3, 2, 0]}


def test_with_more_than_two_photos_the_variance_is_over_all_of_them() -> None:
    people, photos = 150, 4
    random = np.random.default_rng(0)
    true = random.normal(size=(people, 1, 20))
    values = (true + 0.5 * random.normal(size=(people, photos, 20))).reshape(-1, 20)
    faces = [face(f"{i:03d}", str(k)) for i in range(people) for k in range(photos)]
    expected = 0.5 / np.sqrt(1 + 0.25 / photos)
    assert measured(values, faces).spread.value == pytest.approx(expected, rel=0.05)


def test_few_people_or_values_that_are_everyones_have_no_consistency() -> None:
    assert consistency_of(np.ones((40, 30)), two_photos(20)) is None
    assert consistency_of(planted(9, 0.1), two_photos(9)) is None
    assert consistency_of(np.ones((30, 3)), two_photos(30)[:30]) is None
