"""People are made from known heads and measured; their labels must be those heads again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import agreement, head_proportions
from regression.training.teacher import label_people
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import PROPORTIONS, RATIOS, measure

PEOPLE = 24
NOTHING_BY_HAND = np.full(len(PROPORTIONS), np.nan)

MakeFace = Callable[..., RealFace]


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.arange(len(head.sliders)) % 2 == 0


@pytest.fixture(scope="module")
def planted(head: LandmarkHead, told: np.ndarray) -> np.ndarray:
    """(people, s) rig units of heads that differ in told sliders."""
    low = np.array([slider.minimum for slider in head.sliders])
    random = np.random.default_rng(0)
    return told * np.clip(random.normal(0, 0.3, (PEOPLE, len(low))), low, 1)


@pytest.fixture(scope="module")
def true_proportions(head: LandmarkHead, planted: np.ndarray) -> np.ndarray:
    return measure(head.landmarks(planted), PROPORTIONS)


@pytest.fixture(scope="module")
def face_of(head: LandmarkHead) -> MakeFace:
    """A photo's reading of a head, as RealFace.

    seen: added to its ratios: how camera and detector see every face of a collection.
    """

    def make(
        values: np.ndarray,
        person: str,
        collection: str = "studio",
        expressive: bool = False,
        seen: float | np.ndarray = 0.0,
        hand_placed: np.ndarray = NOTHING_BY_HAND,
    ) -> RealFace:
        features = np.zeros(len(ENCODING_FEATURES) + len(LANDMARK_FEATURES), np.float32)
        ratios = measure(head.landmarks(values)) + seen
        features[len(ENCODING_FEATURES) : len(ENCODING_FEATURES) + len(RATIOS)] = ratios
        name = f"{collection}/{person}"
        return RealFace(
            Path(f"{name}.jpg"), collection, name, expressive, features, features, hand_placed
        )

    return make


def reading(face: RealFace, features: np.ndarray) -> RealFace:
    """The face with other features, in the mirror too."""
    return replace(face, features=features, mirrored_features=features)


@pytest.fixture(scope="module")
def faces(face_of: MakeFace, planted: np.ndarray) -> list[RealFace]:
    return [face_of(values, f"{number:02d}") for number, values in enumerate(planted)]


@pytest.fixture(scope="module")
def labels(head: LandmarkHead, told: np.ndarray, faces: list[RealFace]) -> dict[str, np.ndarray]:
    return label_people(faces, head, told)


def stacked(labels: dict[str, np.ndarray], faces: list[RealFace]) -> np.ndarray:
    return np.array([labels[face.person] for face in faces])


def test_labels_have_the_proportions_of_the_people(
    head: LandmarkHead,
    labels: dict[str, np.ndarray],
    faces: list[RealFace],
    true_proportions: np.ndarray,
) -> None:
    assert set(labels) == {face.person for face in faces}
    values = stacked(labels, faces)
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert values.max() <= 1
    result = agreement(head_proportions(head, values), true_proportions)
    assert min(result.correlations.values()) > 0.9
    assert result.mean > 0.95


def test_labels_resemble_the_planted_sliders(
    head: LandmarkHead,
    told: np.ndarray,
    labels: dict[str, np.ndarray],
    faces: list[RealFace],
    planted: np.ndarray,
) -> None:
    values = stacked(labels, faces)
    found = np.stack(
        [s.from_unit(column) for s, column in zip(head.sliders, values.T, strict=True)], axis=1
    )
    assert np.corrcoef(found[:, told].ravel(), planted[:, told].ravel())[0, 1] > 0.5
    name = "mouth/mouth-scale-horiz-decr|incr"
    column = head.slider_names.index(name)
    assert told[column]
    assert np.corrcoef(found[:, column], planted[:, column])[0, 1] > 0.8


def test_sliders_that_no_photo_tells_stay_neutral(
    head: LandmarkHead, told: np.ndarray, labels: dict[str, np.ndarray], faces: list[RealFace]
) -> None:
    values = stacked(labels, faces)
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    np.testing.assert_array_equal(
        values[:, ~told], np.tile(neutral, (PEOPLE, 1)).astype(np.float32)[:, ~told]
    )
    assert (np.ptp(values[:, told], axis=0) > 0).mean() > 0.9


def test_the_average_person_gets_the_neutral_head_however_seen(
    head: LandmarkHead, told: np.ndarray, labels: dict[str, np.ndarray], faces: list[RealFace]
) -> None:
    """What the detector does to every face alike is no one's shape."""
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    bias = np.random.default_rng(1).normal(0, 0.05, len(RATIOS)).astype(np.float32)
    columns = slice(len(ENCODING_FEATURES), len(ENCODING_FEATURES) + len(RATIOS))
    shifted = []
    for face in faces:
        features = face.features.copy()
        features[columns] += bias
        shifted.append(reading(face, features))
    np.testing.assert_allclose(
        stacked(label_people(shifted, head, told), faces), stacked(labels, faces), atol=0.02
    )
    middle = np.mean([face.features for face in faces], axis=0)
    average = replace(reading(faces[0], middle), person="average")
    with_average = label_people([*faces, average], head, told)
    np.testing.assert_allclose(with_average["average"], neutral, atol=0.01)


def test_a_smiling_photo_takes_the_label_of_the_neutral_one(
    head: LandmarkHead,
    told: np.ndarray,
    labels: dict[str, np.ndarray],
    faces: list[RealFace],
    face_of: MakeFace,
    planted: np.ndarray,
) -> None:
    smile = np.random.default_rng(2).normal(0, 0.1, len(RATIOS))
    smiling = [
        face_of(values, f"{number:02d}", expressive=True, seen=smile)
        for number, values in enumerate(planted)
    ]
    after = label_people([*smiling, *faces], head, told)
    assert set(after) == set(labels)
    for person, values in labels.items():
        np.testing.assert_array_equal(after[person], values)


def test_who_only_smiles_is_labelled_by_the_smile(
    head: LandmarkHead, told: np.ndarray, labels: dict[str, np.ndarray], faces: list[RealFace]
) -> None:
    smiling = [replace(face, expressive=True) for face in faces]
    np.testing.assert_array_equal(
        stacked(label_people(smiling, head, told), faces),
        stacked(labels, faces),
    )


def test_several_photos_of_a_person_are_averaged(
    head: LandmarkHead, told: np.ndarray, labels: dict[str, np.ndarray], faces: list[RealFace]
) -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, faces[0].features.shape).astype(np.float32)
    pairs = [reading(face, face.features + sign * noise) for face in faces for sign in (-1, 1)]
    np.testing.assert_allclose(
        stacked(label_people(pairs, head, told), faces),
        stacked(labels, faces),
        atol=1e-3,
    )


def test_proportions_placed_by_hand_overrule_the_detector(
    head: LandmarkHead, told: np.ndarray, faces: list[RealFace], true_proportions: np.ndarray
) -> None:
    """The detector takes everyone for the person before; the hand-placed points do not."""
    mistaken = [
        replace(reading(face, before.features), hand_placed=proportions)
        for face, before, proportions in zip(
            faces, [faces[-1], *faces[:-1]], true_proportions, strict=True
        )
    ]
    values = stacked(label_people(mistaken, head, told), faces)
    assert agreement(head_proportions(head, values), true_proportions).mean > 0.9
    by_detector = [replace(face, hand_placed=NOTHING_BY_HAND) for face in mistaken]
    values = stacked(label_people(by_detector, head, told), faces)
    assert agreement(head_proportions(head, values), true_proportions).mean < 0.3


def test_a_large_collection_has_an_average_person_of_its_own(
    head: LandmarkHead,
    told: np.ndarray,
    face_of: MakeFace,
    planted: np.ndarray,
    true_proportions: np.ndarray,
) -> None:
    """Press photos with other habits and cameras, beside a studio with hand-placed points."""
    habit = np.random.default_rng(4).normal(0, 0.1, len(RATIOS))
    studio = [
        face_of(values, f"{number:02d}", hand_placed=proportions)
        for number, (values, proportions) in enumerate(zip(planted, true_proportions, strict=True))
    ]
    press = [
        face_of(values, f"{number:02d}", collection="press", seen=habit)
        for number, values in enumerate(planted)
    ]
    labels = label_people([*studio, *press], head, told)
    for collection in (studio, press):
        values = stacked(labels, collection)
        result = agreement(head_proportions(head, values), true_proportions)
        assert result.mean > 0.9
        # No one is labelled by the habit: the collection's average is near the neutral head.
        assert abs(values[:, told].mean() - 0.5) < 0.1
    np.testing.assert_allclose(
        head_proportions(head, stacked(labels, press)).mean(axis=0),
        head_proportions(head, stacked(labels, studio)).mean(axis=0),
        atol=0.01,
    )


def test_the_order_of_photos_does_not_matter(
    head: LandmarkHead, told: np.ndarray, labels: dict[str, np.ndarray], faces: list[RealFace]
) -> None:
    np.testing.assert_allclose(
        stacked(label_people(faces[::-1], head, told), faces),
        stacked(labels, faces),
        atol=1e-4,
    )
