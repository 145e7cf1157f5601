"""Planted people through the whole evaluation, with models fitted anew in each fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.datasets.tables import TableError
from regression.evaluation.evaluate import (
    AVERAGE,
    BASELINES,
    MEASURED,
    NO_SPLIT,
    Evaluation,
    evaluate,
    with_landmarker,
)
from regression.measures.agreement import head_proportions
from regression.models.fitted_model import load_fit
from regression.models.model_files import load_model
from regression.training.recipe import feature_columns
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
    assert set(evaluation.gains) == set(ROUTES)  # the face mesh is no gain over itself
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
    assert found.several_photos["landmarks"].people == 20
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
    assert not models_of["collections"].calibrations
    assert not models_of["collections"].several_photos
    assert r["people"] > 0.6
    assert r["collections"] < 0.3


def test_everyone_calibrates_and_is_tested(evaluation: Evaluation) -> None:
    assert set(evaluation.calibrations) == set(ROUTES)
    landmarks, noise = (evaluation.calibrations[name] for name in ROUTES)
    assert landmarks.told.sum() > noise.told.sum()
    assert not (landmarks.told & ~evaluation.labelled).any()
    assert landmarks.coverage.people == 30
    # 30 people: the narrowest interval that promises 90 % promises 92 %.
    assert 0.85 < landmarks.coverage.mean < 0.98
    for rows in evaluation.proportions.values():
        assert np.isfinite(rows).all()


def test_the_second_landmarker_is_measured_beside_the_first(
    head: LandmarkHead, models: Path
) -> None:
    faces = planted_faces(head, seen_by_both=True)
    found = evaluate(faces, models, ROUTES, folds=3)
    second = with_landmarker("landmarks", "face_landmarker")
    measured = with_landmarker(MEASURED, "face_landmarker")
    # An encoding reads nothing of landmarks, so it is measured once.
    assert found.models == (*ROUTES, second, MEASURED, measured, AVERAGE)
    assert second in found.calibrations
    assert found.agreements[measured]["smiling"].mean > 0.999
    for kind in ("neutral", "smiling"):
        assert found.agreements[second][kind].mean > found.agreements["landmarks"][kind].mean


def test_the_fit_is_evaluated_like_a_route(faces: list[RealFace], models: Path) -> None:
    found = evaluate(faces, models, ("fit",), folds=2)
    assert found.models == ("fit", *BASELINES)
    assert found.agreements["fit"]["neutral"].mean > 0.5
    assert "fit" in found.several_photos
    assert not found.calibrations


def test_too_few_people_are_refused(faces: list[RealFace], models: Path) -> None:
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces[:6], models, ("landmarks",), folds=2)
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces, models, ("landmarks",), split="collections")
    with pytest.raises(ValueError, match="split 'magic' is not known"):
        evaluate(faces, models, ("landmarks",), split="magic")


def test_models_as_they_are_are_those_of_the_folder(
    faces: list[RealFace], models: Path, head: LandmarkHead
) -> None:
    found = evaluate(faces, models, ("landmarks", "fit"), split=NO_SPLIT)
    columns = feature_columns("landmarks")
    features = np.array([face.mean_features[columns] for face in faces], np.float32)
    shipped = {"landmarks": load_model(models, "landmarks"), "fit": load_fit(models)}
    for name, model in shipped.items():
        np.testing.assert_allclose(
            found.proportions[name], head_proportions(head, model.predict(features)), atol=1e-6
        )
        np.testing.assert_array_equal(found.calibrations[name].told, model.told)
        assert 0 <= found.calibrations[name].coverage.mean <= 1
    assert not found.nested
