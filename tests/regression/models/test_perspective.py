"""Heads seen from near and far."""

from __future__ import annotations

import numpy as np
import pytest

from regression.models.perspective import (
    FARTHEST,
    NEAREST,
    PORTRAIT_DISTANCE,
    camera_distance,
    known_distance,
    seen_from,
)
from rig.landmark_head import LandmarkHead
from vision.mesh_topology import MIRRORED
from vision.pose import NormalisedFace, pupil_midpoint
from vision.ratios import RATIO_NAMES, measure


@pytest.fixture(scope="module")
def points(head: LandmarkHead) -> np.ndarray:
    low = [slider.minimum for slider in head.sliders]
    random = np.random.default_rng(0)
    values = np.clip(random.normal(0, 0.3, (5, len(low))), low, 1)
    return head.landmarks(values).astype(np.float64)


def height(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[..., 152, :2] - pupil_midpoint(points)[..., :2], axis=-1)


@pytest.mark.parametrize("distance", [2.6, 13.0])
def test_it_is_what_a_pinhole_camera_sees(points: np.ndarray, distance: float) -> None:
    """A camera on the axis through the middle of the face, its eyes that many heights away."""
    seen = seen_from(points, distance)
    away = distance * height(seen)
    for face, picture, z in zip(points, seen, away, strict=True):
        eyes = pupil_midpoint(face)
        centred = face - [*(eyes[:2] + face[152, :2]) / 2, eyes[2] - z]
        expected = z * centred[:, :2] / centred[:, 2:]
        shift = picture[:, :2] - expected
        np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=5e-3)


def test_far_away_nothing_changes_and_near_the_nose_grows(points: np.ndarray) -> None:
    np.testing.assert_allclose(seen_from(points, 1e7), points, atol=1e-5)
    nose, ears = RATIO_NAMES.index("nose_width"), RATIO_NAMES.index("face_width")
    ratios = np.array([measure(seen_from(points, distance)) for distance in (13, 5, 2.6)])
    assert (np.diff(ratios[..., nose], axis=0) > 0).all()
    assert (np.diff(ratios[..., ears], axis=0) < 0).all()
    mirrored = points[:, MIRRORED] * [-1, 1, 1]
    np.testing.assert_allclose(measure(seen_from(mirrored, 2.6)), ratios[2], atol=1e-4)


def test_the_distance_is_focal_length_by_height() -> None:
    face = NormalisedFace(np.zeros((478, 3)), 0, 0, 0, size_pixels=500.0, size_millimetres=110.0)
    assert camera_distance(face, 1500.0) == 3.0
    assert np.isnan(camera_distance(face, None))


def test_distances_to_reckon_with() -> None:
    assert known_distance(float("nan")) == known_distance(-1.0) == PORTRAIT_DISTANCE
    assert known_distance(0.01) == NEAREST
    assert known_distance(float("inf")) == FARTHEST
    assert known_distance(4.0) == 4.0


@pytest.mark.parametrize("distance", [0.0, -1.0, float("nan"), float("inf")])
def test_distances_without_sense_are_refused(points: np.ndarray, distance: float) -> None:
    with pytest.raises(ValueError, match="was expected"):
        seen_from(points, distance)
