"""Distances between surfaces: zero for equal heads, known for planted ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.measures.surface import (
    ALIGNMENTS,
    MESH_POINTS,
    Surface,
    aligned,
    distances,
    landmark_surface,
    rig_surface,
    rig_units,
    surface_error_ratio,
    surface_errors,
)
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.makehuman import load_makehuman
from rig.rig import Rig, Slider

NEUTRAL = np.array([[0.5, 0.5, 0.5, 0.5]])


def random_values(head: LandmarkHead, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.2, 0.8, (count, len(head.sliders)))


@pytest.fixture(scope="module")
def planted(head: LandmarkHead) -> Surface:
    """The face mesh with sliders that move, scale, turn and dent it."""
    points = head.neutral[:MESH_POINTS].astype(np.float64)
    centred = points - points.mean(axis=0)
    quarter = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    dent = np.zeros_like(points)
    dent[7] = [0, 0, 1]
    offsets = np.array(
        [np.tile([0.3, 0.4, 0.0], (MESH_POINTS, 1)), centred, centred @ quarter - centred, dent]
    )
    names = ("move", "scale", "turn", "dent")
    surface = landmark_surface(head)
    sliders = tuple(Slider(name, -1, 1) for name in names)
    moved = replace(
        surface.head,
        sliders=sliders,
        neutral=points.astype(np.float32),
        positive=offsets.astype(np.float32),
        negative=-offsets.astype(np.float32),
    )
    return replace(surface, head=moved)


def test_equal_heads_have_no_distance(head: LandmarkHead) -> None:
    values = random_values(head, 5)
    for alignment in ALIGNMENTS:
        found = distances(landmark_surface(head), values, values, alignment)
        assert found.shape == (5, MESH_POINTS)
        assert found.dtype == np.float32
        assert found.max() < 1e-4


def test_a_planted_translation_is_known_and_aligned_away(planted: Surface) -> None:
    moved = NEUTRAL + [0.5, 0, 0, 0]  # to 1: by (0.3, 0.4), a length of 0.5
    expected = 100 * 0.5 / planted.inter_ocular_distance
    np.testing.assert_allclose(distances(planted, moved, NEUTRAL, "none"), expected, rtol=1e-4)
    for alignment in ("rigid", "similarity"):
        assert distances(planted, moved, NEUTRAL, alignment).max() < 1e-3


def test_a_planted_scale_is_known_and_only_a_similarity_takes_it_away(planted: Surface) -> None:
    larger = NEUTRAL + [0, 0.05, 0, 0]  # to 0.1: by a tenth
    points = planted.points(NEUTRAL)[0]
    radius = np.linalg.norm(points - points.mean(axis=0), axis=1)
    expected = 10 * radius / planted.inter_ocular_distance
    for alignment in ("none", "rigid"):
        found = distances(planted, larger, NEUTRAL, alignment)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert distances(planted, larger, NEUTRAL, "similarity").max() < 1e-3


def test_a_turn_is_aligned_away_but_seen_without(planted: Surface) -> None:
    turned = NEUTRAL + [0, 0, 0.5, 0]
    assert distances(planted, turned, NEUTRAL, "none").mean() > 10
    for alignment in ("rigid", "similarity"):
        assert distances(planted, turned, NEUTRAL, alignment).max() < 1e-2


def test_a_dent_is_found_where_it_is(planted: Surface) -> None:
    dented = NEUTRAL + [0, 0, 0, 0.05]
    found = distances(planted, dented, NEUTRAL, "none")[0]
    assert found[7] == pytest.approx(10 / planted.inter_ocular_distance, rel=1e-3)
    assert np.delete(found, 7).max() < 1e-6
    assert distances(planted, dented, NEUTRAL)[0].argmax() == 7


def test_no_similarity_of_the_prediction_changes_the_headline() -> None:
    random = np.random.default_rng(1)
    points, onto = random.normal(size=(2, 5, 40, 3))
    turns = np.linalg.qr(random.normal(size=(5, 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    moved = random.uniform(0.5, 2, (5, 1, 1)) * points @ turns + random.normal(size=(5, 1, 3))
    expected = aligned(points, onto, "similarity")
    np.testing.assert_allclose(aligned(moved, onto, "similarity"), expected, atol=1e-9)
    assert np.abs(aligned(moved, onto, "rigid") - expected).max() > 0.01


def test_the_alignment_is_the_best_one_and_never_mirrors() -> None:
    random = np.random.default_rng(0)
    points, onto = random.normal(size=(2, 4, 30, 3))

    def error(moved: np.ndarray) -> np.ndarray:
        return np.square(moved - onto).sum(axis=(1, 2))

    errors = {name: error(aligned(points, onto, name)) for name in ALIGNMENTS}
    assert (errors["similarity"] <= errors["rigid"]).all()
    assert (errors["rigid"] < errors["none"]).all()
    best = aligned(points, onto, "similarity")
    assert (error(best + 0.01) > errors["similarity"]).all()
    assert (error(1.01 * (best - best.mean(axis=1, keepdims=True))) > errors["similarity"]).all()
    mirrored = onto * [-1, 1, 1]
    assert (error(aligned(mirrored, onto, "similarity")) > 1).all()


def test_means_agree_with_the_distances_they_are_of(head: LandmarkHead) -> None:
    surface = landmark_surface(head)
    predicted, true = random_values(head, 300), random_values(head, 300, seed=1)
    found = surface_errors(surface, predicted, true)
    for alignment in ALIGNMENTS:
        expected = distances(surface, predicted, true, alignment)
        np.testing.assert_allclose(found.heads[alignment], expected.mean(axis=1), rtol=1e-4)
    by_point = distances(surface, predicted, true).mean(axis=0)
    np.testing.assert_allclose(found.points, by_point, rtol=1e-4)


def test_the_ratio_is_1_for_the_average_head_and_0_for_the_true_one(head: LandmarkHead) -> None:
    surface, true = landmark_surface(head), random_values(head, 20)
    average = true.mean(axis=0)
    everybody = np.broadcast_to(average, true.shape)
    assert surface_error_ratio(surface, everybody, true, average) == pytest.approx(1)
    assert surface_error_ratio(surface, true, true, average) < 1e-4
    half = (everybody + true) / 2
    assert 0.3 < surface_error_ratio(surface, half, true, average) < 0.7


def tiny_head(rig: Rig) -> LandmarkHead:
    """Landmarks on the front of a rig's skin, the eyes' corners at the eyes."""
    front = np.argsort(-rig.neutral[:, 2] - 0.001 * np.arange(len(rig.neutral)))[:MESH_POINTS]
    axes = np.array([1, -1, -1], np.float32)
    return LandmarkHead(
        rig.name,
        rig.licence,
        rig.sliders,
        rig.neutral[front] * axes,
        rig.negative[:, front] * axes,
        rig.positive[:, front] * axes,
    )


def check_rig_surface(rig: Rig, head: LandmarkHead) -> None:
    surface = rig_surface(rig, head)
    chosen = surface.vertices
    assert 0 < len(chosen) < len(rig.neutral)
    skin = np.unique(rig.triangles[rig.parts == rig.part_names.index("skin")])
    assert set(chosen) <= set(skin)
    assert rig.regions["mouth_inside"][chosen].max() < 0.5
    assert surface.triangles.max() < len(chosen)
    # The surface is the rig's, point by point, but for the axes.
    values = np.random.default_rng(0).uniform(0, 1, (3, len(rig.sliders)))
    expected = rig.vertices(rig_units(rig.sliders, values))[:, chosen] * [1, -1, -1]
    np.testing.assert_allclose(surface.points(values), expected, atol=1e-5)


def test_the_surface_of_a_tiny_rig(tiny_rig_folder: Path) -> None:
    rig = load_makehuman(tiny_rig_folder)
    check_rig_surface(rig, tiny_head(rig))


def test_the_surface_of_makehuman_is_its_face(makehuman_folder: Path, models: Path) -> None:
    rig, head = load_makehuman(makehuman_folder), load_landmark_head(models / "head.npz")
    check_rig_surface(rig, head)
    surface = rig_surface(rig, head)
    points = surface.head.neutral
    # As wide and tall as the landmarks, and mirror-symmetric.
    mesh = head.neutral[:MESH_POINTS]
    np.testing.assert_allclose(points.min(axis=0)[:2], mesh.min(axis=0)[:2], atol=0.15)
    np.testing.assert_allclose(points.max(axis=0)[:2], mesh.max(axis=0)[:2], atol=0.15)
    assert abs(points[:, 0].mean()) < 0.01
    # Both surfaces see the same error.
    predicted, true = random_values(head, 20), random_values(head, 20, seed=1)
    both = [
        surface_errors(one, predicted, true).heads["similarity"]
        for one in (landmark_surface(head), surface)
    ]
    assert np.corrcoef(both)[0, 1] > 0.8


def test_a_head_of_another_rig_is_refused(tiny_rig_folder: Path, head: LandmarkHead) -> None:
    with pytest.raises(ValueError, match="fpp rig map"):
        rig_surface(load_makehuman(tiny_rig_folder), head)


def test_wrong_calls_are_refused(head: LandmarkHead) -> None:
    surface, values = landmark_surface(head), random_values(head, 2)
    with pytest.raises(ValueError, match="alignment"):
        distances(surface, values, values, "about")
    with pytest.raises(ValueError, match="same shape"):
        distances(surface, values, values[:1])
    with pytest.raises(ValueError, match="one value per slider"):
        surface.points(values[:, :-1])
    with pytest.raises(ValueError, match="No heads"):
        surface_errors(surface, values[:0], values[:0])


def test_sliders_without_a_head_move_nothing(head: LandmarkHead) -> None:
    assert landmark_surface(head).moves
    still = np.zeros_like(head.negative)
    assert not landmark_surface(replace(head, negative=still, positive=still)).moves
