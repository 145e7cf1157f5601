from __future__ import annotations

import numpy as np
import pytest

from vision.faces import EXPRESSION_NAMES
from vision.features import (
    ALL_FEATURES,
    ENCODING_FEATURES,
    EXPRESSION_FEATURES,
    LANDMARK_FEATURES,
    ROUTES,
    SECOND_FEATURES,
    expression_features,
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


def test_the_second_landmarker_adds_to_the_landmark_routes_only() -> None:
    for route in ROUTES:
        more = feature_names(route, "face_landmarker")[len(feature_names(route)) :]
        assert more == (() if route == "encoding" else SECOND_FEATURES)
    assert feature_names("fused", "face_landmarker") == ALL_FEATURES
    assert len(set(ALL_FEATURES)) == len(ALL_FEATURES)
    with pytest.raises(ValueError, match="face_mesh, face_landmarker"):
        feature_names("fused", "dlib")


def test_expressions_are_the_mean_of_both_sides() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, len(EXPRESSION_NAMES))
    by_name = dict(zip(EXPRESSION_NAMES, scores, strict=True))
    values = dict(zip(EXPRESSION_FEATURES, expression_features(scores), strict=True))
    assert len(values) == len(EXPRESSION_FEATURES)
    smile = (by_name["mouthSmileLeft"] + by_name["mouthSmileRight"]) / 2
    assert values["expression_mouthSmile"] == pytest.approx(smile)
    assert values["expression_jawOpen"] == pytest.approx(by_name["jawOpen"])
    swapped = [
        by_name[name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")]
        for name in EXPRESSION_NAMES
    ]
    np.testing.assert_allclose(expression_features(np.array(swapped)), [*values.values()])
