"""Planted knowledge comes back in words, and chance does not."""

from __future__ import annotations

import numpy as np
import pytest

from regression.evaluation.route_words import (
    difference_between,
    explained,
    families_of,
    route_words,
)

NAMES = ("nose/width", "nose/length", "mouth/width", "mouth/depth", "ears/flap|lobe")
PEOPLE = [f"head {number}" for number in range(400)]


@pytest.fixture(scope="module")
def planted() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Landmarks know the mouth's width, the encoding the nose, fused both, nobody the rest."""
    random = np.random.default_rng(3)
    true = random.uniform(0.2, 0.8, (len(PEOPLE), len(NAMES)))

    def predicted(*known: int) -> np.ndarray:
        values = np.full(true.shape, 0.5)
        for column in known:
            values[:, column] = true[:, column] + random.normal(0, 0.05, len(true))
        return values

    routes = {"landmarks": (2,), "encoding": (0, 1), "fused": (0, 1, 2)}
    return {route: predicted(*known) for route, known in routes.items()}, true


def test_each_route_is_said_to_know_what_it_knows(
    planted: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    text = route_words(*planted, NAMES, PEOPLE)
    assert "`landmarks` 1, `encoding` 2, `fused` 3." in text[0]
    assert text[1].startswith("`landmarks` knows 1 slider better than `encoding`, in mouth (1 of 2")
    assert text[2].startswith("`encoding` knows 2 sliders better than `landmarks`, in nose (2 of 2")
    assert "undecided are ears" in text[4]
    assert text[5].startswith("`fused` knows 2 sliders of 5 better than `landmarks` and 0 worse")
    assert text[-1].startswith("No route knows 2 sliders, in mouth (1 of 2) and ears (1 of 1)")
    assert "|" not in "".join(text)  # it would end a cell of a table


def test_differences_turn_their_sign_with_the_sides(
    planted: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    predictions, true = planted
    one, other = (
        difference_between(*sides, predictions, true, NAMES, PEOPLE)
        for sides in (("landmarks", "encoding"), ("encoding", "landmarks"))
    )
    assert np.allclose(one.sliders, -other.sliders[:, [0, 2, 1]])
    assert np.array_equal(one.better, other.worse)
    r2 = {route: explained(true, rows) for route, rows in predictions.items()}
    assert np.allclose(one.sliders[:, 0], r2["landmarks"] - r2["encoding"])


def test_copies_are_never_told_apart() -> None:
    random = np.random.default_rng(0)
    true = random.uniform(size=(200, 60))
    guess = true + random.normal(0, 0.1, true.shape)
    names = [f"face/{number}" for number in range(60)]
    same = difference_between("a", "b", {"a": guess, "b": guess}, true, names, list("ab" * 100))
    assert not (same.better | same.worse).any()


def test_chance_decides_few_comparisons() -> None:
    # Errors of the same size: about one in twenty intervals leaves out 0, by its definition.
    random = np.random.default_rng(1)
    true = random.uniform(size=(500, 200))
    guesses = {route: true + random.normal(0, 0.1, true.shape) for route in "ab"}
    names = [f"face/{number}" for number in range(200)]
    people = [str(row) for row in range(500)]
    found = difference_between("a", "b", guesses, true, names, people)
    assert 1 <= (found.better | found.worse).sum() <= 25


def test_a_useless_slider_is_not_known_better() -> None:
    true = np.random.default_rng(0).uniform(size=(300, 1))
    guesses = {"a": np.full_like(true, 0.9), "b": np.full_like(true, 1.5)}
    people = [str(row) for row in range(300)]
    found = difference_between("a", "b", guesses, true, ["nose/width"], people)
    assert found.sliders[0, 1] > 0  # its errors are smaller,
    assert not found.better.any()  # and still it knows nothing


def test_every_slider_has_one_family() -> None:
    families = families_of(NAMES)
    assert [*families] == ["nose", "mouth", "ears"]
    assert np.array_equal(sum(chosen.astype(int) for chosen in families.values()), np.ones(5))


def test_other_rows_are_refused() -> None:
    rows = {"a": np.zeros((3, 2)), "b": np.zeros((4, 2))}
    with pytest.raises(ValueError, match="Equal numbers"):
        difference_between("a", "b", rows, np.zeros((3, 2)), ["x", "y"], ["1", "2", "3"])
