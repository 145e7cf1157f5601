"""Cross-validation of planted people: features that follow from slider values, plus noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import agreements_of, head_proportions
from regression.training.cross_validation import (
    FIT,
    cross_validated_sliders,
    folds_over_people,
)
from regression.training.recipe import (
    Recipe,
)
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import RATIOS, measure

WIDE = "mouth/mouth-scale-horiz-decr|incr"
LONG = "chin/chin-height-decr|incr"


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.array([name in (WIDE, LONG) for name in head.slider_names])


@pytest.fixture(scope="module")
def faces(head: LandmarkHead, told: np.ndarray) -> list[RealFace]:
    """40 people, two photos each, whose encodings say nothing and whose landmarks say all."""
    random = np.random.default_rng(0)
    made = []
    for number in range(40):
        values = np.where(told, random.normal(0, 0.4, len(told)), 0)
        ratios = measure(head.landmarks(values))
        for photo, expressive in (("03", False), ("08", True)):
            features = np.zeros(len(ENCODING_FEATURES) + len(LANDMARK_FEATURES), np.float32)
            features[:128] = random.normal(size=128)
            features[128 : 128 + len(RATIOS)] = ratios + random.normal(0, 1e-4, len(RATIOS))
            by_hand = np.full(14, np.nan) if expressive else ratios[:14]
            path = Path(f"studio/{number:03d}_{photo}.jpg")
            made.append(
                RealFace(
                    path, "studio", f"studio/{number}", expressive, features, features, by_hand
                )
            )
    return made


def test_unseen_people_get_their_proportions_from_landmarks_and_none_from_noise(
    head: LandmarkHead, told: np.ndarray, faces: list[RealFace]
) -> None:
    fold = folds_over_people(faces, 5)
    values = cross_validated_sliders(("landmarks", "encoding"), faces, head, told, Recipe(), fold)
    width = head.slider_names.index(WIDE)
    column = [ratio.name for ratio in RATIOS].index("mouth_width")
    by_hand = np.repeat([f.hand_placed[column] for f in faces if f.measured_by_hand], 2)
    landmarks = np.corrcoef(values["landmarks"][:, width], by_hand)[0, 1]
    assert landmarks > 0.85
    # With one person on both sides of a split, noise would be learned by heart and agree.
    assert abs(np.corrcoef(values["encoding"][:, width], by_hand)[0, 1]) < 0.5
    agreements = agreements_of(head_proportions(head, values["landmarks"]), faces)
    assert agreements["neutral"].people == agreements["smiling"].people == 40
    assert agreements["neutral"].correlations["mouth_width"] > 0.85


def test_the_rig_fit_stands_beside_the_routes(
    head: LandmarkHead, told: np.ndarray, faces: list[RealFace]
) -> None:
    fold = folds_over_people(faces, 2)
    fold = {person: number for person, number in fold.items() if person != "studio/0"}
    values = cross_validated_sliders((FIT, "landmarks"), faces, head, told, Recipe(), fold)
    assert set(values) == {FIT, "landmarks"}
    untested = np.array([face.person == "studio/0" for face in faces])
    assert np.isnan(values[FIT][untested]).all()
    found = agreements_of(head_proportions(head, values[FIT]), faces)
    for column in (WIDE, LONG):
        proportion = {WIDE: "mouth_width", LONG: "chin_height"}[column]
        assert found["neutral"].correlations[proportion] > 0.95


def test_what_is_not_told_stays_neutral(
    head: LandmarkHead, told: np.ndarray, faces: list[RealFace]
) -> None:
    fold = folds_over_people(faces, 2)
    values = cross_validated_sliders(("fused",), faces, head, told, Recipe(), fold)["fused"]
    neutral = [slider.to_unit(slider.neutral) for slider in head.sliders]
    np.testing.assert_allclose(values[:, ~told], np.tile(neutral, (len(faces), 1))[:, ~told])


def test_all_photos_of_a_person_fall_into_one_fold(faces: list[RealFace]) -> None:
    fold = folds_over_people(faces, 5)
    assert set(fold) == {face.person for face in faces}
    assert [list(fold.values()).count(number) for number in range(5)] == [8] * 5
    assert fold == folds_over_people(faces[::-1], 5)
    assert fold != folds_over_people(faces, 5, seed=1)
