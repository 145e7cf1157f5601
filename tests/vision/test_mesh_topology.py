from __future__ import annotations

import numpy as np

from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.landmarks import FaceLandmarker
from vision.mesh_topology import (
    CHIN_BOTTOM,
    LEFT_EYE_CORNERS,
    LEFT_IRIS,
    MIRRORED,
    RIGHT_EYE_CORNERS,
    RIGHT_IRIS,
)
from vision.photos import Photo
from vision.pose import canonical_face


def test_the_twin_of_the_twin_is_the_landmark_itself() -> None:
    assert MIRRORED.shape == (LANDMARK_COUNT,)
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(LANDMARK_COUNT))


def test_twins_lie_on_opposite_sides_and_only_the_middle_has_none() -> None:
    face = canonical_face()
    np.testing.assert_allclose(face[MIRRORED] * [-1, 1, 1], face, atol=1e-6)
    own_twin = np.arange(LANDMARK_COUNT) == MIRRORED
    np.testing.assert_array_equal(own_twin, np.abs(face[:, 0]) < 1e-6)


def test_named_points_are_named_by_the_side_of_the_picture() -> None:
    face = canonical_face()
    for left, right in ((LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS), (LEFT_IRIS, RIGHT_IRIS)):
        assert {int(MIRRORED[index]) for index in left} == set(right)
        assert face[list(left), 0].max() < 0 < face[list(right), 0].min()
    outer, inner = LEFT_EYE_CORNERS
    assert face[outer, 0] < face[inner, 0]
    assert face[:MESH_COUNT, 1].argmax() == CHIN_BOTTOM


def test_irises_lie_between_the_eye_corners() -> None:
    face = canonical_face()
    for corners, iris in ((LEFT_EYE_CORNERS, LEFT_IRIS), (RIGHT_EYE_CORNERS, RIGHT_IRIS)):
        low, high = sorted(face[list(corners), 0])
        assert low < face[list(iris), 0].min()
        assert face[list(iris), 0].max() < high


def test_a_mirrored_photo_shows_every_landmark_at_its_twin(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    for photo in portraits:
        (face,) = landmarker.detect(photo.pixels)[:1]
        (mirrored,) = landmarker.detect(np.ascontiguousarray(photo.pixels[:, ::-1]))[:1]
        back = mirrored.landmarks[MIRRORED] * [-1, 1, 1] + [face.photo_width, 0, 0]
        height = face.box[3] - face.box[1]
        away = np.linalg.norm(back - face.landmarks, axis=1)[:MESH_COUNT] / height
        unrelated = np.linalg.norm(back[MIRRORED] - face.landmarks, axis=1)[:MESH_COUNT] / height
        assert np.median(away) < 0.02
        assert np.median(away) < np.median(unrelated) / 5
