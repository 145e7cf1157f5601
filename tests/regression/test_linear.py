from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.linear import fit_linear, join_experts
from regression.tables import Examples


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
    with pytest.raises(ValueError, match="features was expected"):
        fit_linear(planted[0], penalties)
