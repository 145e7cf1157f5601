from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from vision.faces import Face
from vision.features import landmark_features
from vision.frame_weight import LEAST_WEIGHT, FrameWeight, frame_weight, look_of
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, read_photo
from vision.pose import normalise


@pytest.fixture(scope="module")
def seen(portrait: Photo, landmarker: FaceLandmarker) -> tuple[np.ndarray, Face]:
    return portrait.pixels, landmarker.detect(portrait.pixels)[0]


def weigh(pixels: np.ndarray, face: Face, **pose: float) -> FrameWeight:
    normalised = replace(normalise(face.landmarks), **pose)
    return frame_weight(pixels, face, normalised, landmark_features(normalised))


def test_a_frontal_sharp_face_weighs_most(seen) -> None:
    pixels, face = seen
    frontal = weigh(pixels, face, yaw=0.0, pitch=0.0)
    assert frontal.weight > 0.5
    assert weigh(pixels, face, yaw=20.0, pitch=0.0).weight < frontal.weight


@pytest.mark.parametrize("angle", ["yaw", "pitch"])
def test_the_weight_falls_with_every_degree_and_alike_to_both_sides(seen, angle: str) -> None:
    pixels, face = seen
    other = {"pitch": "yaw", "yaw": "pitch"}[angle]
    weights = [weigh(pixels, face, **{angle: float(a), other: 0.0}).weight for a in range(0, 60, 5)]
    assert all(later <= earlier for earlier, later in zip(weights, weights[1:], strict=False))
    assert weights[-1] < LEAST_WEIGHT < weights[0]
    turned = weigh(pixels, face, **{angle: -30.0, other: 0.0})
    assert turned.weight == pytest.approx(weigh(pixels, face, **{angle: 30.0, other: 0.0}).weight)
    assert turned.reason == "turned"


def test_blur_weighs_less_and_says_so(seen, landmarker: FaceLandmarker) -> None:
    pixels, face = seen
    _, top, _, bottom = face.box
    blurred = cv2.GaussianBlur(pixels, (0, 0), 0.03 * (bottom - top))
    weight = weigh(blurred, face, yaw=0.0, pitch=0.0)
    assert weight.weight < 0.3 * weigh(pixels, face, yaw=0.0, pitch=0.0).weight
    assert weight.reason == "blurred"


def test_a_face_of_few_pixels_weighs_less(seen, landmarker: FaceLandmarker) -> None:
    pixels, face = seen
    _, top, _, bottom = face.box
    scale = 60 / (bottom - top)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    reduced = Face(face.landmarks * np.float32(scale), width, height)
    assert weigh(small, reduced).weight < 0.5 * weigh(pixels, face).weight


def test_an_open_mouth_weighs_less_and_is_another_look(seen) -> None:
    pixels, face = seen
    points = face.landmarks.copy()
    points[[14, 87, 317, 17], 1] += 0.12 * (face.box[3] - face.box[1])
    speaking = Face(points, face.photo_width, face.photo_height)
    assert LEAST_WEIGHT < weigh(pixels, speaking).weight < 0.3 * weigh(pixels, face).weight
    looks = []
    for one in (face, speaking):
        pose = normalise(one.landmarks)
        looks.append(look_of(pose, landmark_features(pose)))
    assert looks[0] != looks[1]


def test_smiles_of_real_people_weigh_less_than_their_neutral_faces(
    shared_photos, landmarker: FaceLandmarker
) -> None:
    lighter = []
    for smiling in sorted((shared_photos / "london" / "smiling").glob("*.jpg"))[:12]:
        person = smiling.name[:3]
        neutral = next((shared_photos / "london" / "neutral").glob(f"{person}_*.jpg"), None)
        if neutral is None:
            continue
        weights = []
        for path in (neutral, smiling):
            pixels = read_photo(path, maximum_side=900).pixels
            weights.append(weigh(pixels, landmarker.detect(pixels)[0]).weight)
        lighter.append(weights[1] < weights[0])
    assert np.mean(lighter) > 0.8
