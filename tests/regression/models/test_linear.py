from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.linear import fit_linear, join_experts, linear_network, moments_of, solve


@pytest.fixture(scope="module")
def planted() -> tuple[Examples, np.ndarray]:
    """Rows of a noiseless linear relation, and its coefficients in raw units."""
    random = np.random.default_rng(0)
    features = random.normal(5, [1, 10, 0.1, 3], (400, 4)).astype(np.float32)
    coefficients = np.array([[0.1, -0.2], [0.02, 0.01], [1.0, 0.0], [0.0, 0.05]])
    sliders = (0.5 + (features - 5) @ coefficients).astype(np.float32)
    rows = Examples(features, sliders, np.arange(400).astype(str), np.ones(400, np.float32))
    return rows, coefficients


def slopes(model: object, width: int) -> np.ndarray:
    start = np.asarray(model(np.full((1, width), 5, np.float32)))  # type: ignore[operator]
    moved = np.asarray(model((5 + np.eye(width)).astype(np.float32)))  # type: ignore[operator]
    return moved - start


def test_a_planted_relation_comes_back(planted: tuple[Examples, np.ndarray]) -> None:
    rows, coefficients = planted
    model = fit_linear(rows, np.zeros(4))
    np.testing.assert_allclose(slopes(model, 4), coefficients, atol=1e-3)


def test_a_penalty_of_one_halves_the_coefficient_of_an_independent_feature(
    planted: tuple[Examples, np.ndarray],
) -> None:
    rows, coefficients = planted
    model = fit_linear(rows, np.array([1.0, 0, 0, 0]))
    np.testing.assert_allclose(slopes(model, 4)[0], coefficients[0] / 2, atol=0.01)


def test_a_row_of_weight_two_is_two_rows(planted: tuple[Examples, np.ndarray]) -> None:
    rows, _ = planted
    random = np.random.default_rng(1)
    noisy = replace(
        rows, sliders=rows.sliders + random.normal(0, 0.1, rows.sliders.shape).astype(np.float32)
    )
    weights = np.where(np.arange(400) < 100, 2, 1).astype(np.float32)
    weighted = fit_linear(replace(noisy, weights=weights), np.ones(4))
    doubled = fit_linear(noisy.rows(np.r_[np.arange(400), np.arange(100)]), np.ones(4))
    np.testing.assert_allclose(slopes(weighted, 4), slopes(doubled, 4), atol=1e-5)


def test_the_last_column_says_which_expert_speaks(planted: tuple[Examples, np.ndarray]) -> None:
    rows, _ = planted
    one = fit_linear(rows, np.zeros(4))
    other = fit_linear(replace(rows, sliders=1 - rows.sliders), np.zeros(4))
    joined = join_experts(one, other)
    for flag, expert in ((1.0, one), (0.0, other)):
        inputs = np.hstack([rows.features, np.full((400, 1), flag, np.float32)])
        np.testing.assert_allclose(
            np.asarray(joined(inputs)), np.asarray(expert(rows.features)), atol=1e-6
        )


@pytest.mark.parametrize("penalties", [np.zeros(3), np.array([0, 0, 0, -1.0])])
def test_penalties_that_make_no_sense_are_refused(
    planted: tuple[Examples, np.ndarray], penalties: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="features and targets"):
        fit_linear(planted[0], penalties)


def test_moments_of_two_sets_add_up_to_those_of_all(planted: tuple[Examples, np.ndarray]) -> None:
    rows, _ = planted
    weights = np.random.default_rng(2).uniform(0.1, 3, 400).astype(np.float32)
    people = np.array([f"person {row // 2}" for row in range(400)])
    rows = replace(rows, weights=weights, people=people)
    added = moments_of(rows.rows(np.arange(100))) + moments_of(rows.rows(np.arange(100, 400)))
    whole = moments_of(rows)
    for name, value in vars(whole).items():
        np.testing.assert_allclose(getattr(added, name), value, rtol=1e-6, atol=1e-9, err_msg=name)


def test_steadiness_takes_out_what_changes_within_people() -> None:
    """The first feature is the person's, the second the expression's; both follow the target."""
    random = np.random.default_rng(3)
    person = np.repeat(random.normal(size=300), 2)
    expression = random.normal(size=600)
    features = np.stack([person + 0.5 * expression, expression], axis=1)
    rows = Examples(
        features.astype(np.float32),
        person[:, None].astype(np.float32),
        np.repeat(np.arange(300), 2).astype(str),
        np.ones(600, np.float32),
    )
    moments = moments_of(rows)
    np.testing.assert_allclose(moments.change[1, 1], 2 * expression.var(), rtol=0.1)

    def change(steadiness: float) -> float:
        found = solve(moments, np.full((2, 1), 0.3), np.array([steadiness]))
        values = features @ found
        return float(np.square(values[::2] - values[1::2]).mean())

    assert change(10.0) < change(1.0) < change(0.0) / 2


def test_targets_are_penalised_each_in_its_own_way(planted: tuple[Examples, np.ndarray]) -> None:
    rows, coefficients = planted
    moments = moments_of(rows)
    penalties = np.zeros((4, 2))
    penalties[:, 1] = 1.0
    found = solve(moments, penalties, np.zeros(2))
    np.testing.assert_allclose(found[:, 0], coefficients[:, 0], atol=1e-3)
    np.testing.assert_allclose(found[:, 1], coefficients[:, 1] / 2, atol=0.05)
    network = linear_network(moments, found)
    np.testing.assert_allclose(
        np.asarray(network(rows.features)),
        moments.targets + (rows.features - moments.features) @ found,
        atol=1e-4,
    )


def test_what_the_expert_for_renders_does_not_give_is_zero(
    planted: tuple[Examples, np.ndarray],
) -> None:
    rows, _ = planted
    more = replace(rows, sliders=np.hstack([rows.sliders, rows.sliders]))
    joined = join_experts(fit_linear(more, np.zeros(4)), fit_linear(rows, np.zeros(4)))
    inputs = np.hstack([rows.features, np.zeros((400, 1), np.float32)])
    outputs = np.asarray(joined(inputs))
    np.testing.assert_allclose(outputs[:, :2], rows.sliders, atol=1e-3)
    np.testing.assert_array_equal(outputs[:, 2:], 0)
