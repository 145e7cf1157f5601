"""Intervals hold as often as they promise, whatever the errors look like."""

from __future__ import annotations

import json

import numpy as np
import pytest

from regression.models.intervals import (
    MARGIN,
    SliderIntervals,
    coverage_report,
    half_widths,
    says_something,
    shared_error,
)

ERRORS = {
    "normal": lambda random, shape: random.normal(0, 0.05, shape),
    "biased": lambda random, shape: random.normal(0.1, 0.02, shape),
    "heavy tails": lambda random, shape: 0.02 * random.standard_t(2, shape),
    "one-sided": lambda random, shape: random.exponential(0.05, shape),
    "two humps": lambda random, shape: (
        random.choice([-0.2, 0.1], shape) + random.normal(0, 0.01, shape)
    ),
}


def names(count: int) -> list[str]:
    return [f"person {number}" for number in range(count)]


def errors_of_people(random, photos, shared, sliders):
    """Errors of variance 0.01, of which a part is common to all photos of a person."""
    people = np.repeat(np.arange(len(photos)), photos)
    common = random.normal(0, np.sqrt(0.01 * shared), (len(photos), sliders))
    return common[people] + random.normal(
        0, np.sqrt(0.01 * (1 - shared)), (len(people), sliders)
    ), [str(person) for person in people]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(("people", "coverage"), [(9, 0.9), (40, 0.9), (200, 0.9), (60, 0.5)])
def test_fresh_people_are_covered_as_often_as_promised(kind, people, coverage):
    """Over many sliders, which stand for many sets of people."""
    random = np.random.default_rng(people)
    sliders = 4000
    widths = half_widths(ERRORS[kind](random, (people, sliders)), names(people), coverage)
    fresh = ERRORS[kind](random, (50, sliders))
    covered = (np.abs(fresh) <= widths).mean(axis=0)
    # Split conformal: at least the coverage, and at most 1 / (people + 1) more.
    band = 4 * covered.std() / np.sqrt(sliders)
    assert coverage - band <= covered.mean() <= coverage + 1 / (people + 1) + band


def test_the_number_of_a_persons_photos_does_not_matter():
    random = np.random.default_rng(0)
    errors = random.normal(0, 0.1, (50, 20))
    expected = half_widths(errors, names(50))
    times = random.integers(1, 30, 50)
    order = random.permutation(times.sum())
    repeated = np.repeat(errors, times, axis=0)[order]
    people = np.repeat(names(50), times)[order].tolist()
    np.testing.assert_array_equal(half_widths(repeated, people), expected)


def test_many_photos_of_easy_people_do_not_narrow_the_interval_of_the_others():
    random = np.random.default_rng(1)
    sliders = 500
    scale = np.where(np.arange(100) < 50, 0.01, 0.1)  # half of the people are easy
    photos = np.where(np.arange(100) < 50, 20, 1)
    people = np.repeat(np.arange(100), photos)
    errors = random.normal(0, 1, (len(people), sliders)) * scale[people][:, None]
    widths = half_widths(errors, [str(person) for person in people])
    fresh = random.normal(0, 1, (1000, sliders)) * random.choice([0.01, 0.1], 1000)[:, None]
    assert 0.89 < (np.abs(fresh) <= widths).mean() < 0.93
    naive = np.quantile(np.abs(errors), 0.9, axis=0)
    assert (np.abs(fresh) <= naive).mean() < 0.75


def test_too_few_people_say_nothing_and_nothing_is_wider_than_the_range():
    errors = np.full((9, 2), 0.1)
    np.testing.assert_array_equal(half_widths(errors[:8], names(8)), 1.0)
    np.testing.assert_array_equal(half_widths(errors, names(9)), 0.1)
    np.testing.assert_array_equal(half_widths(30 * errors, names(9)), 1.0)


@pytest.mark.parametrize("shared", [0.0, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("most_photos", [2, 7])
def test_the_planted_shared_part_comes_back(shared, most_photos):
    random = np.random.default_rng(2)
    photos = random.integers(1, most_photos + 1, 3000)
    errors, people = errors_of_people(random, photos, shared, 5)
    np.testing.assert_allclose(shared_error(errors, people), shared, atol=0.07)
    # What is common to everybody is common to a person's photos: 0.01 of 0.02 in all.
    biased = shared_error(errors + 0.1, people)
    np.testing.assert_allclose(biased, (1 + shared) / 2, atol=0.07)


def test_without_people_of_several_photos_all_error_counts_as_shared():
    random = np.random.default_rng(3)
    errors, people = errors_of_people(random, np.array([1] * 100 + [2] * 9), 0.0, 3)
    np.testing.assert_array_equal(shared_error(errors, people), 1.0)
    errors, people = errors_of_people(random, np.array([1] * 100 + [2] * 10), 0.0, 3)
    assert (shared_error(errors, people) < 1).all()
    np.testing.assert_array_equal(shared_error(np.zeros_like(errors), people), 1.0)


def test_the_mean_of_several_photos_is_covered_too():
    random = np.random.default_rng(4)
    sliders = 300
    for shared in (0.0, 0.5, 1.0):
        errors, people = errors_of_people(random, np.full(300, 2), shared, sliders)
        intervals = SliderIntervals(
            half_widths(errors, people), shared_error(errors, people), people=300
        )
        for photos in (1, 2, 5):
            fresh, who = errors_of_people(random, np.full(400, photos), shared, sliders)
            means = fresh.reshape(400, photos, sliders).mean(axis=1)
            lower, upper = intervals.bounds(np.full((400, sliders), 0.5), photos)
            covered = (np.abs(means) <= (upper - lower) / 2).mean()
            assert 0.87 < covered < 0.93, (shared, photos)


@pytest.mark.parametrize("seed", range(20))
def test_more_photos_never_widen_an_interval_and_bounds_stay_around_the_value(seed):
    random = np.random.default_rng(seed)
    half = np.append(random.uniform(0, 1, 29), 1.0)
    intervals = SliderIntervals(half, random.uniform(0, 1, 30).round(1), people=50)
    values = random.uniform(0, 1, (10, 30)).astype(np.float32)
    width = np.full(30, 2.0)
    for photos in (1, 1.5, 2, 3, 10, 1000):
        lower, upper = intervals.bounds(values, photos)
        assert (lower >= 0).all()
        assert (upper <= 1).all()
        assert (lower <= values).all()
        assert (values <= upper).all()
        assert (upper - lower <= width + 1e-12).all()
        width = upper - lower
    np.testing.assert_array_equal(width[:, -1], 1.0)


def test_unknown_intervals_are_the_whole_range():
    lower, upper = SliderIntervals.unknown(3).bounds(np.array([0.0, 0.4, 1.0]), 9)
    np.testing.assert_array_equal(lower, 0)
    np.testing.assert_array_equal(upper, 1)


def test_a_card_gives_the_intervals_back_in_any_order_of_sliders():
    random = np.random.default_rng(5)
    intervals = SliderIntervals(random.uniform(0, 1, 7), random.uniform(0, 1, 7), people=92)
    card = json.loads(json.dumps(intervals.to_json(names(7)), allow_nan=False))
    again = SliderIntervals.from_json(card, names(7)[::-1])
    np.testing.assert_allclose(again.half_widths[::-1], intervals.half_widths, atol=5.1e-5)
    np.testing.assert_allclose(again.shared_error[::-1], intervals.shared_error, atol=5.1e-5)
    assert (again.people, again.coverage) == (92, 0.9)
    assert again.to_json(names(7)[::-1])["sliders"] == card["sliders"]


def test_a_damaged_card_is_refused():
    card = SliderIntervals.unknown(2).to_json(names(2))
    with pytest.raises(ValueError, match="half_width and shared_error were expected"):
        SliderIntervals.from_json(card, names(3))
    for damaged in (
        {},
        card | {"coverage": 2},
        card | {"people": -1},
        card | {"sliders": None},
        card | {"sliders": dict.fromkeys(names(2), {"half_width": 0.1})},
        card | {"sliders": dict.fromkeys(names(2), {"half_width": -1, "shared_error": 1})},
        card | {"sliders": dict.fromkeys(names(2), {"half_width": "wide", "shared_error": 1})},
        card
        | {"sliders": dict.fromkeys(names(2), {"half_width": float("nan"), "shared_error": 1})},
    ):
        with pytest.raises(ValueError, match="cannot be read"):
            SliderIntervals.from_json(damaged, names(2))


def test_an_interval_as_wide_as_the_average_faces_says_nothing():
    average = np.array([0.2, 0.2, 0.2, 0.2, 1.0])
    model = np.array([0.1, 0.2 * MARGIN * 0.999, 0.2 * MARGIN, 0.3, 1.0 * MARGIN])
    assert says_something(model, average).tolist() == [True, True, False, False, False]
    with pytest.raises(ValueError, match="same sliders"):
        says_something(model, average[:1])


def test_a_model_that_knows_nothing_says_nothing_and_one_that_knows_half_does():
    random = np.random.default_rng(6)
    truths = random.normal(0, 0.1, (2000, 40))
    average = half_widths(truths, names(2000))
    guesses = random.normal(0, 0.05, truths.shape)
    assert not says_something(half_widths(guesses - truths, names(2000)), average).any()
    assert says_something(half_widths(-truths / 2, names(2000)), average).all()


def test_coverage_counts_people_not_photos():
    values = np.full((4, 2), 0.5)
    lower, upper = values - 0.1, values + 0.3
    truths = np.array([[0.5, 0.7], [0.5, 0.7], [0.5, 0.7], [0.3, 0.8]])
    report = coverage_report(values, truths, lower, upper, ["a", "a", "a", "b"])
    np.testing.assert_allclose(report.coverage, [0.5, 1.0])
    np.testing.assert_allclose(report.width, 0.4)
    np.testing.assert_allclose(report.error, [0.1, 0.25])
    assert report.overall_coverage == pytest.approx(0.75)
    assert report.overall_width == pytest.approx(0.4)
    assert report.people == 2


def test_wrong_arrays_are_refused():
    errors = np.zeros((3, 2))
    for function in (half_widths, shared_error):
        for bad, people in (
            (errors, names(2)),
            (errors[0], names(2)),
            (errors[:0], []),
        ):
            with pytest.raises(ValueError, match="was expected"):
                function(bad, people)
        with pytest.raises(ValueError, match="not finite"):
            function(errors + np.nan, names(3))
    with pytest.raises(ValueError, match="coverage"):
        half_widths(errors, names(3), 1.0)
    with pytest.raises(ValueError, match="sliders"):
        SliderIntervals.unknown(3).bounds(errors)
    with pytest.raises(ValueError, match="one photo"):
        SliderIntervals.unknown(2).bounds(errors, 0.5)
    with pytest.raises(ValueError, match="Arrays of shapes"):
        coverage_report(errors, errors[:, :1], errors, errors, names(3))
