"""Landmarks found on rendered heads are where the detector sees them, in every pose."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.rig_mapping import (
    RigMapping,
    canonical_landmarks,
    map_rig,
    save_canonical_face,
)
from regression.datasets.workers import call_apart
from rig.camera import project
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman
from rig.portrait import frame_head
from rig.rig import RigError
from tests.regression.apart import Pose, render_poses
from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.landmarks import FaceLandmarker
from vision.mesh_topology import MIRRORED
from vision.pose import canonical_face, normalise
from vision.ratios import RATIO_NAMES, measure

SIDE, DISTANCE = 768, 20.0  # of the pictures that map_rig takes
POSES: list[Pose] = [(0, 0, 0), (18, 0, 0), (-18, 0, 0), (0, 12, 0), (0, -12, 0), (0, 0, 15)]


@cache
def mapped(rig_folder: Path) -> RigMapping:
    return map_rig(rig_folder)


@pytest.fixture(scope="module")
def mapping(rendering: None, rig_folder: Path) -> RigMapping:
    return mapped(rig_folder)


def test_the_points_of_the_head_appear_where_landmarks_were_detected(
    rig_folder: Path, mapping: RigMapping
) -> None:
    camera = frame_head(load_makehuman(rig_folder)).camera(DISTANCE)
    seen = project(mapping.head.neutral * [1, -1, -1], camera, SIDE, SIDE)[:, :2] - [SIDE / 2, 0]
    away = np.linalg.norm(seen - mapping.detected[:, :2], axis=1)
    face = np.ptp(mapping.detected[:MESH_COUNT, 1])
    # Those that fell beside the head were moved in to its edge, by 8 % of the way at most.
    assert (away < 0.05).mean() > 0.95
    assert away.max() < 0.08 * face


def test_what_was_found_is_symmetric(mapping: RigMapping) -> None:
    for points in (mapping.detected, mapping.head.neutral):
        assert points.shape == (LANDMARK_COUNT, 3)
        np.testing.assert_allclose(points[MIRRORED] * [-1, 1, 1], points, atol=0.01)


def test_sliders_change_the_measures_they_are_named_after(mapping: RigMapping) -> None:
    head = mapping.head
    for slider, ratio in (
        ("head/head-scale-horiz-decr|incr", "face_width"),
        ("nose/nose-scale-depth-decr|incr", "nose_tip_depth"),
        ("chin/chin-width-decr|incr", "chin_width"),
    ):
        amounts = np.linspace(-1, 1, 5)
        values = np.zeros((5, len(head.sliders)))
        values[:, head.slider_names.index(slider)] = amounts
        grown = np.diff(measure(head.landmarks(values))[:, RATIO_NAMES.index(ratio)])
        assert (grown > 0).all(), slider


def test_the_detected_face_has_its_own_frame(mapping: RigMapping, tmp_path: Path) -> None:
    face = canonical_landmarks(mapping.detected)
    np.testing.assert_allclose(face[[33, 133, 362, 263]].mean(axis=0), 0, atol=1e-6)
    assert np.linalg.norm(face[152, :2]) == pytest.approx(1)
    np.testing.assert_allclose(
        canonical_landmarks(mapping.detected * 3 + [5, -9, 2]), face, atol=1e-5
    )
    save_canonical_face(mapping, tmp_path / "face.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "face.npy"), face)
    assert [path.name for path in tmp_path.iterdir()] == ["face.npy"]
    with pytest.raises(ValueError, match="was expected"):
        canonical_landmarks(mapping.detected[:MESH_COUNT])


def test_the_shipped_files_are_what_mapping_makehuman_gives(
    rendering: None, makehuman_folder: Path, head: LandmarkHead
) -> None:
    mapping = mapped(makehuman_folder)
    assert mapping.head.sliders == head.sliders
    np.testing.assert_allclose(head.neutral, mapping.head.neutral, atol=0.01)
    values = np.random.default_rng(0).uniform(0, 1, (5, len(head.sliders)))
    np.testing.assert_allclose(
        head.landmarks(values), mapping.head.landmarks(values), rtol=0, atol=0.02
    )
    np.testing.assert_allclose(canonical_face(), canonical_landmarks(mapping.detected), atol=0.01)


def test_rendered_poses_are_read_back(
    rendering: None, rig_folder: Path, landmarker: FaceLandmarker
) -> None:
    """The angles of rig.camera are those of vision.pose, through pixels."""
    pictures = call_apart(render_poses, rig_folder, POSES)
    seen = []
    for picture in pictures:
        (face,) = landmarker.detect(picture)
        pose = normalise(face.landmarks)
        seen.append((pose.yaw, pose.pitch, pose.roll))
    turned = np.array(seen) - seen[0]
    np.testing.assert_allclose(turned, POSES, atol=6)


def test_a_folder_without_a_rig_is_refused(tmp_path: Path, rendering: None) -> None:
    with pytest.raises(RigError, match=tmp_path.name):
        map_rig(tmp_path)
