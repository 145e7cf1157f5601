"""A face holds what was found, checked and unchangeable."""

from __future__ import annotations

import numpy as np
import pytest

from vision.faces import EXPRESSION_NAMES, LANDMARK_COUNT, MESH_COUNT, Face


def _landmarks() -> np.ndarray:
    return np.random.default_rng(0).uniform(10, 90, (LANDMARK_COUNT, 3))


def test_the_box_holds_the_mesh_but_not_the_irises() -> None:
    landmarks = _landmarks()
    landmarks[MESH_COUNT:] = 1000
    landmarks[7] = (-5, 20, 0)
    left, top, right, bottom = Face(landmarks, 100, 100).box
    assert left == -5
    assert 10 <= top < bottom <= 90
    assert right <= 90


def test_the_landmarks_are_a_copy_that_cannot_be_changed() -> None:
    landmarks = _landmarks()
    face = Face(landmarks, 100, 100)
    landmarks[0] = 0
    assert face.landmarks[0].min() >= 10
    assert face.landmarks.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        face.landmarks[0] = 0


@pytest.mark.parametrize(
    ("landmarks", "width", "height"),
    [
        (np.zeros((468, 3)), 10, 10),
        (np.zeros((LANDMARK_COUNT, 2)), 10, 10),
        (np.full((LANDMARK_COUNT, 3), np.nan), 10, 10),
        (np.zeros((LANDMARK_COUNT, 3)), 0, 10),
        (np.zeros((LANDMARK_COUNT, 3)), 10, -1),
    ],
)
def test_nonsense_is_refused(landmarks: np.ndarray, width: int, height: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Face(landmarks, width, height)


def test_expressions_are_a_copy_that_cannot_be_changed() -> None:
    assert Face(_landmarks(), 100, 100).expressions is None
    scores = np.linspace(0, 1, len(EXPRESSION_NAMES))
    face = Face(_landmarks(), 100, 100, scores)
    scores[3] = 1
    assert face.expressions is not None
    assert face.expressions.dtype == np.float32
    np.testing.assert_allclose(face.expressions, np.linspace(0, 1, 52), atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        face.expressions[0] = 0


@pytest.mark.parametrize(
    "scores", [np.zeros(51), np.zeros((52, 1)), np.full(52, 1.01), np.full(52, -0.1), [np.nan] * 52]
)
def test_nonsense_expressions_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \(52,\)"):
        Face(_landmarks(), 100, 100, scores)


def test_every_expression_of_one_side_has_its_twin() -> None:
    assert len(set(EXPRESSION_NAMES)) == 52
    for name in EXPRESSION_NAMES:
        twin = name.replace("Left", "@").replace("Right", "Left").replace("@", "Right")
        assert twin in EXPRESSION_NAMES
