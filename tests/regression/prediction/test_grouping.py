"""Faces come back as the people they were made of, and people as the mean of their faces."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from regression.models.intervals import SliderIntervals
from regression.prediction.grouping import (
    FLAGGED_WEIGHT,
    GROUPS,
    combine,
    group_by_folder,
    group_by_person,
    group_predictions,
)
from regression.prediction.prediction import Prediction
from tests.regression.predictions import SLIDERS, TOLD, make_prediction

INTERVALS = SliderIntervals(
    np.array([0.05, 0.1, 0.2, 0.3, 1.0, 1.0]), np.array([0.0, 0.3, 0.6, 1.0, 0.5, 0.0]), people=92
)


def encodings_of_people(random, people, photos, distance=0.4):
    """(people, photos, 128): strangers 0.8 apart, photos of one person `distance`."""

    def directions(*shape):
        vectors = random.normal(size=(*shape, 128))
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    strangers = 0.8 / np.sqrt(2) * directions(people, 1)
    return (strangers + distance / np.sqrt(2) * directions(people, photos)).astype(np.float32)


def random_face(random, photo: str = "a.jpg", **changes) -> Prediction:
    values = random.uniform(0, 1, SLIDERS).astype(np.float32)
    values[~TOLD] = 0.5
    return make_prediction(photo, values=values, **changes)


def as_sets(predictions, groups):
    return {
        frozenset((predictions[i].photo, predictions[i].face_number) for i in group)
        for group in groups
    }


@pytest.mark.parametrize("seed", range(5))
def test_planted_people_come_back_in_any_order_of_photos(seed):
    random = np.random.default_rng(seed)
    faces = [
        make_prediction(f"{person}_{photo}.jpg", encoding=encoding)
        for person, encodings in enumerate(encodings_of_people(random, 12, 5))
        for photo, encoding in enumerate(encodings[: random.integers(1, 6)])
    ]
    people = {one.photo.name.split("_")[0] for one in faces}
    for _ in range(3):
        random.shuffle(faces)
        groups = group_by_person(faces)
        assert len(groups) == len(people)
        for group in groups:
            assert len({faces[i].photo.name.split("_")[0] for i in group}) == 1
            assert group == sorted(group)
        firsts = [group[0] for group in groups]
        assert firsts == sorted(firsts)
        assert sorted(i for group in groups for i in group) == list(range(len(faces)))


def test_unclear_people_are_grouped_alike_in_any_order_of_photos():
    random = np.random.default_rng(0)
    encodings = encodings_of_people(random, 30, 4, distance=0.55).reshape(-1, 128)
    faces = [make_prediction(f"{n}.jpg", encoding=one) for n, one in enumerate(encodings)]
    expected = as_sets(faces, group_by_person(faces))
    assert 30 < len(expected) < 120
    random.shuffle(faces)
    assert as_sets(faces, group_by_person(faces)) == expected


def test_a_larger_threshold_never_gives_more_people():
    random = np.random.default_rng(1)
    encodings = encodings_of_people(random, 10, 4).reshape(-1, 128)
    faces = [make_prediction(f"{n}.jpg", encoding=one) for n, one in enumerate(encodings)]
    counts = [len(group_by_person(faces, threshold)) for threshold in np.arange(0.1, 1.2, 0.1)]
    assert all(more >= fewer for more, fewer in pairwise(counts))
    assert (counts[0], counts[-1]) == (40, 1)


def test_two_faces_of_one_photo_are_never_one_person():
    """Twins on three photos, beside photos of one of them."""
    encoding = np.full(128, 0.1, np.float32)
    faces = [
        make_prediction(f"together {photo}.jpg", number, encoding=encoding)
        for photo in range(3)
        for number in (1, 2)
    ]
    faces += [make_prediction(f"alone {photo}.jpg", encoding=encoding) for photo in range(20)]
    groups = group_by_person(faces)
    assert len(groups) == 2
    for group in groups:
        photos = [faces[i].photo for i in group]
        assert len(set(photos)) == len(photos)
    other = [make_prediction("./x/../alone 0.jpg", 2, encoding=encoding), faces[6]]
    assert group_by_person(other) == [[0], [1]]


def test_faces_without_encodings_are_refused_and_no_faces_are_nobody():
    with pytest.raises(ValueError, match="with_encodings"):
        group_by_person([make_prediction("a.jpg"), make_prediction("b.jpg")])
    assert group_by_person([]) == group_by_folder([]) == []
    assert group_by_person([make_prediction("a.jpg", encoding=np.zeros(128))]) == [[0]]


def test_the_largest_faces_of_a_folder_are_one_person():
    faces = [
        make_prediction("anna/1.jpg"),
        make_prediction("bob/1.jpg"),
        make_prediction("anna/2.jpg"),
        make_prediction("anna/2.jpg", 2),
        make_prediction("bob/../anna/3.jpg"),
        make_prediction("anna/2020/1.jpg"),
        make_prediction("anna/3.jpg", 2),
    ]
    assert group_by_folder(faces) == [[0, 2, 4], [1], [3], [5], [6]]


def test_every_way_of_grouping_is_known():
    random = np.random.default_rng(3)
    encodings = encodings_of_people(random, 1, 2)[0]
    faces = [make_prediction(f"{n}/1.jpg", encoding=one) for n, one in enumerate(encodings)]
    found = {how: group_predictions(faces, how) for how in GROUPS}
    assert found == {"none": [], "folder": [[0], [1]], "person": [[0, 1]]}
    assert group_predictions(faces, "person", 0.1) == [[0], [1]]
    with pytest.raises(ValueError, match="colour"):
        group_predictions(faces, "colour")


@pytest.mark.parametrize("quality", [(), ("blurred", "too_small")])
def test_one_photo_gives_its_own_prediction(quality):
    random = np.random.default_rng(4)
    for _ in range(50):
        face = random_face(random, quality=quality)
        lower, upper = INTERVALS.bounds(face.values)
        lower[~TOLD], upper[~TOLD] = 0, 1
        person = combine([face], INTERVALS, "anna")
        np.testing.assert_array_equal(person.values, face.values)
        np.testing.assert_array_equal(person.lower, lower.astype(np.float32))
        np.testing.assert_array_equal(person.upper, upper.astype(np.float32))
        assert person.members == ((face.photo, 1),)


@pytest.mark.parametrize("seed", range(10))
def test_order_does_not_matter_and_the_interval_is_never_wider_than_of_one_photo(seed):
    random = np.random.default_rng(seed)
    flags = [(), ("blurred",), ("too_small", "cut_by_frame")]
    faces = [
        random_face(random, f"{n}.jpg", quality=flags[random.integers(3)])
        for n in range(random.integers(2, 9))
    ]
    person = combine(faces, INTERVALS, "anna")
    shuffled = combine([faces[i] for i in random.permutation(len(faces))], INTERVALS, "anna")
    for name in ("values", "lower", "upper"):
        one = getattr(person, name)
        assert one.dtype == np.float32
        np.testing.assert_allclose(getattr(shuffled, name), one, atol=1e-6)
    assert set(shuffled.members) == set(person.members)
    values = np.array([face.values for face in faces])
    assert (values.min(axis=0) <= person.values).all()
    assert (person.values <= values.max(axis=0)).all()
    assert (person.lower <= person.values).all()
    assert (person.values <= person.upper).all()
    lower, upper = INTERVALS.bounds(person.values)
    assert (person.lower >= lower - 1e-6)[TOLD].all()
    assert (person.upper <= upper + 1e-6)[TOLD].all()
    # The fourth slider's error is all shared, the fifth's unknown: no number of photos helps.
    np.testing.assert_allclose(person.upper[3:5], upper[3:5], atol=1e-6)
    assert (person.values[~TOLD], person.lower[~TOLD], person.upper[~TOLD]) == (0.5, 0, 1)


def test_flagged_photos_weigh_less_and_narrow_less():
    clean = make_prediction("a.jpg", values=np.full(SLIDERS, 0.4, np.float32))
    other = make_prediction("b.jpg", values=np.full(SLIDERS, 0.6, np.float32))
    flagged = replace(other, quality=("strongly_turned",))
    alone = combine([clean], INTERVALS, "x")
    with_flagged = combine([clean, flagged], INTERVALS, "x")
    with_clean = combine([clean, other], INTERVALS, "x")
    weight = FLAGGED_WEIGHT / (1 + FLAGGED_WEIGHT)
    np.testing.assert_allclose(with_flagged.values, 0.4 + 0.2 * weight, atol=1e-6)
    np.testing.assert_allclose(with_clean.values, 0.5, atol=1e-6)
    width = [float((one.upper - one.lower)[0]) for one in (with_clean, with_flagged, alone)]
    assert width == sorted(width)
    assert width[0] < width[1] < width[2]
    # Photos that all are flagged weigh the same.
    both = combine([replace(clean, quality=("blurred",)), flagged], INTERVALS, "x")
    np.testing.assert_allclose(both.values, with_clean.values, atol=1e-6)
    np.testing.assert_allclose(both.upper, with_clean.upper, atol=1e-6)


def test_predictions_of_two_models_and_of_nobody_are_not_combined():
    faces = [make_prediction("a.jpg"), make_prediction("b.jpg", model="landmarks")]
    with pytest.raises(ValueError, match="2 models"):
        combine(faces, INTERVALS, "anna")
    with pytest.raises(ValueError, match="0 models"):
        combine([], INTERVALS, "anna")


def test_neutral_and_smiling_photos_of_real_people_are_grouped(shared_photos: Path) -> None:
    from regression import Predictor

    neutral = sorted((shared_photos / "london" / "neutral").glob("*.jpg"))[:4]
    smiling = [shared_photos / "london" / "smiling" / f"{p.stem[:-3]}_08.jpg" for p in neutral]
    predictor = Predictor(model="landmarks", with_encodings=True)
    faces = [one for one in predictor.predict([*neutral, *smiling]) if isinstance(one, Prediction)]
    assert group_by_person(faces) == [[0, 4], [1, 5], [2, 6], [3, 7]]
