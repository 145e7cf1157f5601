"""Bootstrap over people: weights, and intervals that hold what is true."""

from __future__ import annotations

import numpy as np
import pytest

from regression.measures.bootstrap import DRAWS, Estimate, estimate, people_weights


def test_draws_are_of_as_many_people_and_the_first_row_is_all_once() -> None:
    weights = people_weights([str(number) for number in range(30)])
    assert weights.shape == (DRAWS + 1, 30)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 30).all()
    assert weights[1:].var() == pytest.approx(1, abs=0.1)


def test_photos_of_a_person_are_drawn_together() -> None:
    people = ["b", "a", "b", "c", "a", "b"]
    weights = people_weights(people)
    assert (weights[:, [0, 0]] == weights[:, [2, 5]]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, 0] != weights[:, 1]).any()
    np.testing.assert_array_equal(weights, people_weights(people))
    assert (weights != people_weights(people, seed=1)).any()


def test_intervals_of_a_mean_are_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(0).normal(0, 1, 400)
    weights = people_weights([str(number) for number in range(400)])
    found = estimate(weights @ values / 400)
    assert found.value == pytest.approx(values.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_text_of_an_estimate() -> None:
    assert Estimate(0.8234, 0.7812, 0.8551).text() == "0.82 [0.78, 0.86]"
    assert Estimate(0.0194, -0.0040, 0.0371).text(3, sign=True) == "+0.019 [-0.004, +0.037]"
    assert Estimate(0.5, np.nan, np.nan).text() == "0.50"
    assert Estimate(1, 1, 1).text(0) == "1"


def test_without_any_finite_draw_there_is_no_interval() -> None:
    found = estimate(np.array([2.0, np.nan, np.nan]))
    assert found.value == 2
    assert np.isnan([found.low, found.high]).all()
