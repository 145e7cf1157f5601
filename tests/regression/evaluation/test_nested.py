"""Choices made inside a fold: by its training people, from what matters to the route."""

from __future__ import annotations

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.evaluation.nested import GRID, INNER_FOLDS, InnerMoments, fields, nested_outputs
from regression.models.linear import moments_of
from regression.training.cross_validation import (
    folds_over_people,
)
from regression.training.recipe import (
    Recipe,
    label_faces,
    real_examples,
)
from rig.landmark_head import LandmarkHead
from tests.regression.evaluated import planted_faces
from vision.features import LANDMARKERS, ROUTES


@pytest.fixture(scope="module")
def faces(head: LandmarkHead) -> list[RealFace]:
    found = planted_faces(head, 40, ("studio", "street"))
    for face in found:
        if face.collection == "street":
            face.hand_placed[:] = np.nan
    return found


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.arange(len(head.sliders)) % 3 == 0


def test_what_can_be_chosen_are_numbers_of_the_recipe() -> None:
    for field, numbers in GRID.items():
        assert len(set(numbers)) == len(numbers) > 1
        assert getattr(Recipe(), field) in numbers
    for route in ROUTES:
        for landmarker in LANDMARKERS:
            assert set(fields(route, landmarker)) <= set(GRID)
    assert "encoding_penalty" not in fields("landmarks")
    assert "expression_penalty" in fields("fused", "face_landmarker")


def test_parts_add_up_to_what_the_recipe_fits(
    faces: list[RealFace], head: LandmarkHead, told: np.ndarray
) -> None:
    labels = label_faces(faces, head, told)
    recipe = Recipe(unmeasured_weight=0.3)
    whole = moments_of(real_examples("landmarks", faces, labels, recipe))
    parts = InnerMoments("landmarks", faces, labels, "face_mesh")
    added = parts.together(range(INNER_FOLDS), {"unmeasured_weight": 0.3})
    for name, values in vars(whole).items():
        np.testing.assert_allclose(getattr(added, name), values, atol=1e-6, err_msg=name)


def test_a_person_has_no_part_in_what_is_chosen_for_them(
    faces: list[RealFace], head: LandmarkHead, told: np.ndarray
) -> None:
    """Whatever tested people were measured to be, their outputs stay what they were."""
    fold = folds_over_people(faces, 2)
    before = nested_outputs(("landmarks",), faces, head, told, fold)["landmarks"]
    assert np.isfinite(before.unseen.outputs).all()
    assert len(before.chosen) == 2
    changed = [
        RealFace(
            face.photo,
            face.collection,
            face.person,
            face.expressive,
            face.features,
            face.mirrored_features,
            face.hand_placed[::-1].copy() if fold[face.person] == 0 else face.hand_placed,
        )
        for face in faces
    ]
    after = nested_outputs(("landmarks",), changed, head, told, fold)["landmarks"]
    tested = np.array([fold[face.person] == 0 for face in faces])
    np.testing.assert_array_equal(after.unseen.outputs[tested], before.unseen.outputs[tested])
    assert after.chosen[0] == before.chosen[0]
    assert np.abs(after.unseen.outputs[~tested] - before.unseen.outputs[~tested]).max() > 1e-3


def test_noise_is_punished(head: LandmarkHead, told: np.ndarray) -> None:
    """Encodings of nothing but noise get the greatest penalty there is."""
    faces = planted_faces(head, 80)
    fold = folds_over_people(faces, 2)
    (found,) = nested_outputs(("fused",), faces, head, told, fold).values()
    for choice in found.chosen:
        assert choice["encoding_penalty"] == max(GRID["encoding_penalty"])
