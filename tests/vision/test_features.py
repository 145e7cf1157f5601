from __future__ import annotations

import numpy as np
import pytest

from vision.features import (
    ENCODING_FEATURES,
    LANDMARK_FEATURES,
    ROUTES,
    feature_names,
    landmark_features,
)
from vision.landmarks import FaceLandmarker
from vision.mesh_topology import MIRRORED
from vision.photos import Photo
from vision.pose import canonical_face, normalise
from vision.ratios import RATIO_NAMES, measure


def test_every_route_reads_what_its_name_says() -> None:
    assert len(ENCODING_FEATURES) == 128
    assert feature_names("encoding") == ENCODING_FEATURES
    assert feature_names("landmarks") == LANDMARK_FEATURES
    assert feature_names("fused") == (*ENCODING_FEATURES, *LANDMARK_FEATURES)
    assert {route for route in ROUTES if feature_names(route)} == {"encoding", "landmarks", "fused"}
    assert len(set(feature_names("fused"))) == len(feature_names("fused"))


@pytest.mark.parametrize("route", ["", "Fused", "ratios"])
def test_other_routes_are_refused(route: str) -> None:
    with pytest.raises(ValueError, match="encoding, landmarks, fused"):
        feature_names(route)


def test_every_number_stands_under_its_name() -> None:
    pose = normalise(400 * canonical_face() + np.random.default_rng(0).normal(0, 9, (478, 3)))
    values = landmark_features(pose)
    assert values.shape == (len(LANDMARK_FEATURES),)
    assert values.dtype == np.float32
    by_name = dict(zip(LANDMARK_FEATURES, values, strict=True))
    for name, value in zip(RATIO_NAMES, measure(pose.points), strict=True):
        assert by_name[f"ratio_{name}"] == np.float32(value)
    assert by_name["face_size_millimetres"] == np.float32(pose.size_millimetres)
    assert by_name["pose_yaw_magnitude"] == np.float32(abs(pose.yaw)) > 0
    assert by_name["pose_pitch"] == np.float32(pose.pitch)


def test_mirrored_landmarks_have_the_same_features(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    for photo in portraits:
        landmarks = landmarker.detect(photo.pixels)[0].landmarks.astype(float)
        mirrored = landmarks[MIRRORED] * [-1, 1, 1] + [photo.pixels.shape[1], 0, 0]
        np.testing.assert_allclose(
            landmark_features(normalise(mirrored)),
            landmark_features(normalise(landmarks)),
            rtol=1e-4,
            atol=1e-4,
        )
