"""Planted people through the whole evaluation, with models fitted anew in each fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.evaluation import AVERAGE, BASELINES, MEASURED, Evaluation, evaluate
from regression.real_photos import RealFace
from regression.tables import TableError
from rig.landmark_head import LandmarkHead
from tests.regression.evaluated import planted_faces

ROUTES = ("landmarks", "encoding")


@pytest.fixture(scope="module")
def faces(head: LandmarkHead) -> list[RealFace]:
    return planted_faces(head)


@pytest.fixture(scope="module")
def evaluation(faces: list[RealFace], models: Path) -> Evaluation:
    distance = {Path(face.photo).absolute(): 40.0 if face.expressive else 200.0 for face in faces}
    return evaluate(faces, models, ROUTES, folds=3, conditions={"distance_cm": distance})


def test_landmarks_agree_the_average_face_and_noise_do_not(evaluation: Evaluation) -> None:
    assert evaluation.models == (*ROUTES, *BASELINES)
    assert set(evaluation.agreements) == set(evaluation.proportions) == set(evaluation.models)
    for kind in ("neutral", "smiling"):
        found = {name: by_kind[kind] for name, by_kind in evaluation.agreements.items()}
        assert found[AVERAGE].mean == 0
        assert found[MEASURED].mean > 0.9
        assert found["landmarks"].mean > 0.5
        # These encodings are noise: a person on both sides of a split would make them agree.
        assert abs(found["encoding"].mean) < 0.3
        assert {one.people for one in found.values()} == {30}
        errors = {name: one.estimates["error"]["mean"].value for name, one in found.items()}
        assert errors[MEASURED] < errors["landmarks"] < errors[AVERAGE]


def test_gains_are_over_direct_measurement(evaluation: Evaluation) -> None:
    assert set(evaluation.gains) == set(ROUTES)
    for name in ROUTES:
        for kind, gain in evaluation.gains[name].items():
            one, other = (evaluation.agreements[m][kind].mean for m in (name, MEASURED))
            assert gain.value == pytest.approx(one - other)
    assert evaluation.gains["encoding"]["neutral"].high < -0.3


def test_landmarks_are_consistent_noise_is_not(evaluation: Evaluation) -> None:
    assert set(evaluation.consistency) == {*ROUTES, MEASURED}
    landmarks, noise = (evaluation.consistency[name] for name in ROUTES)
    assert landmarks.people == noise.people == 30
    assert landmarks.spread.value < 0.5 * noise.spread.value
    assert landmarks.recognised.value > 0.7
    assert noise.recognised.value < 0.3


def test_drift_is_that_of_the_smiling_photos(evaluation: Evaluation) -> None:
    landmarks, noise = (evaluation.drift[name] for name in ROUTES)
    for (one,) in (landmarks, noise):
        assert (one.low, one.high, one.reference, one.people) == (40, 40, 200, 30)
    assert landmarks[0].movement.value < 0.5 * noise[0].movement.value


def test_people_who_have_several_photos_and_no_points_are_tested_for_consistency(
    head: LandmarkHead, models: Path
) -> None:
    faces = planted_faces(head, 40, ("studio", "street"))
    for face in faces:
        if face.collection == "street":
            face.hand_placed[:] = np.nan
    found = evaluate(faces, models, ("landmarks",), folds=2)
    assert found.agreements["landmarks"]["neutral"].people == 20
    assert found.consistency["landmarks"].people == 40
    assert not found.drift


def test_a_collection_left_out_is_unseen(head: LandmarkHead, models: Path) -> None:
    """What only one collection shows cannot be learned from the others."""
    faces = planted_faces(head, 40, ("one", "other"))
    column = {"one": 0, "other": 1}
    for face in faces:
        code = face.features[:128]
        code[:] = 0
        code[column[face.collection]] = 50 * (face.features[128] - 0.5)
    models_of = {
        split: evaluate(faces, models, ("encoding",), folds=4, split=split)
        for split in ("people", "collections")
    }
    r = {
        split: found.agreements["encoding"]["neutral"].correlations["pupil_distance"]
        for split, found in models_of.items()
    }
    assert r["people"] > 0.6
    assert r["collections"] < 0.3


def test_too_few_people_are_refused(faces: list[RealFace], models: Path) -> None:
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces[:6], models, ("landmarks",), folds=2)
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces, models, ("landmarks",), split="collections")
    with pytest.raises(ValueError, match="split 'magic' is not known"):
        evaluate(faces, models, ("landmarks",), split="magic")
