"""A face holds what was found, checked and unchangeable."""

from __future__ import annotations

import numpy as np
import pytest

from vision.faces import LANDMARK_COUNT, MESH_COUNT, Face


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
