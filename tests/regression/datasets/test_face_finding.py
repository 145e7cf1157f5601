"""A face is found on heads whose axes, units, winding and colours nobody told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from regression.datasets.face_finding import FacePlacement, find_face
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman
from rig.rig import Rig, RigError
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead
from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.mesh_topology import LEFT_EYE_CORNERS, MIRRORED, RIGHT_EYE_CORNERS

Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float64)
X_UP = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float64)


@dataclass(frozen=True)
class Disguise:
    """How a file may have MakeHuman's head: one grey material, in other axes and units."""

    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    scale: float = 1.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mirrored: bool = False
    body: bool = False

    def hide(self, points: np.ndarray) -> np.ndarray:
        sides = np.array([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
        return np.asarray((points * sides) @ self.rotation.T * self.scale + self.shift)

    def head(self, rig: Rig) -> SourceHead:
        vertices, triangles = rig.neutral, rig.triangles
        offsets = rig.positive[::8]
        if self.body:
            low = vertices.min(axis=0)
            box = np.array(np.meshgrid((-2.2, 2.2), (-13.0, -0.1), (-1.0, 1.0))).reshape(3, -1).T
            box = (box + [0, low[1], 0]).astype(np.float32)
            sides = [
                (0, 1, 3, 2),
                (4, 6, 7, 5),
                (0, 4, 5, 1),
                (2, 3, 7, 6),
                (0, 2, 6, 4),
                (1, 5, 7, 3),
            ]
            faces = [corners for a, b, c, d in sides for corners in ((a, b, c), (a, c, d))]
            triangles = np.concatenate([triangles, np.array(faces, np.int32) + len(vertices)])
            vertices = np.concatenate([vertices, box])
            offsets = np.pad(offsets, ((0, 0), (0, 8), (0, 0)))
        hidden = self.hide(vertices)
        return SourceHead(
            name="stranger",
            path=Path("stranger.glb"),
            licence="test only",
            vertices=hidden,
            triangles=triangles,
            parts=np.zeros(len(triangles), np.uint8),
            part_names=("grey",),
            targets=tuple(f"mode{number:03d}" for number in range(len(offsets))),
            offsets=self.hide(offsets) - self.hide(np.zeros(3)),
            weights=np.zeros(len(offsets), np.float32),
        )


DISGUISES = {
    "metres, z up": Disguise(Z_UP, 0.1),
    "inches, x up, mirrored": Disguise(X_UP, 3.937, (100.0, 20.0, -50.0), mirrored=True),
    "oblique, with a body": Disguise(
        Rotation.from_euler("xyz", [20, -25, 14], degrees=True).as_matrix(), 10.0, body=True
    ),
}


@cache
def found(folder: Path, name: str) -> tuple[SourceHead, FacePlacement]:
    head = DISGUISES[name].head(load_makehuman(folder))
    return head, find_face(head)


@pytest.fixture(scope="module", params=[*DISGUISES])
def case(
    request: pytest.FixtureRequest, rendering: None, makehuman_folder: Path
) -> tuple[Disguise, SourceHead, FacePlacement]:
    return DISGUISES[request.param], *found(makehuman_folder, request.param)


Case = tuple[Disguise, SourceHead, FacePlacement]


def test_landmarks_lie_where_they_lie_on_the_known_head(case: Case, head: LandmarkHead) -> None:
    disguise, source, placement = case
    assert placement.seen >= 0.75 * placement.of
    known = head.neutral * [1, -1, -1]
    between = np.linalg.norm(
        known[list(LEFT_EYE_CORNERS)].mean(axis=0) - known[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    )
    wanted = disguise.hide(known[MIRRORED] if disguise.mirrored else known)
    ours = placement.landmarks.landmarks(source.vertices)
    away = np.linalg.norm(ours - wanted, axis=1) / (between * disguise.scale)
    # No paint: brows and forehead are where the detector guesses them on grey.
    assert away[:MESH_COUNT].mean() < 0.06
    assert np.quantile(away[:MESH_COUNT], 0.9) < 0.12
    assert away[MESH_COUNT:].max() < 0.08


def test_axes_and_scale_are_found(case: Case) -> None:
    disguise, source, placement = case
    turned = Rotation.from_matrix(placement.rotation @ disguise.rotation).magnitude()
    straight = disguise.rotation.round() == disguise.rotation
    assert np.degrees(turned) < (1e-3 if straight.all() else 6)
    # MakeHuman's unit is the decimetre, and its eyes are 57 mm apart.
    assert placement.millimetres_per_unit * disguise.scale == pytest.approx(
        100 * 63 / 57.1, rel=0.03
    )
    assert placement.inside_out == disguise.mirrored
    placed = placement.place(source.vertices)
    points = placed[placement.landmarks.vertices[:MESH_COUNT]]
    outwards = placement.outwards(placement.landmarks.vertices[:MESH_COUNT])
    assert (
        outwards[:, 0] == placement.landmarks.vertices[:MESH_COUNT, 2 * disguise.mirrored]
    ).all()
    a, b, c = (points[:, corner] for corner in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).mean() > 0.9  # the face's triangles face us


def test_the_placed_face_looks_at_us_from_the_origin(case: Case) -> None:
    _, source, placement = case
    points = placement.landmarks.landmarks(placement.place(source.vertices))
    eyes = [points[list(corners)].mean(axis=0) for corners in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS)]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(0.63, abs=1e-4)
    np.testing.assert_allclose((eyes[0] + eyes[1]) / 2, 0, atol=0.02)
    assert eyes[0][0] < 0 < eyes[1][0]  # the picture's left one first
    nose, chin, brow = points[1], points[152], points[9]
    assert nose[2] > max(chin[2], brow[2])
    assert chin[1] < nose[1] < 0 < brow[1]


def test_to_source_undoes_place(case: Case) -> None:
    _, source, placement = case
    placed = placement.place(source.vertices)
    matrix = placement.to_source
    back = placed @ matrix[:3, :3].T + matrix[:3, 3]
    size = np.ptp(source.vertices, axis=0).max()
    np.testing.assert_allclose(back, source.vertices, atol=1e-5 * size + 1e-5)
    np.testing.assert_allclose(
        placement.place(source.vertices[1:] - source.vertices[:-1], directions=True),
        np.diff(placed, axis=0),
        atol=1e-4,
    )


def test_what_was_detected_is_symmetric(case: Case) -> None:
    detected = case[2].detected
    assert detected.shape == (LANDMARK_COUNT, 3)
    np.testing.assert_allclose(detected[MIRRORED] * [-1, 1, 1], detected, atol=1e-9)


def sphere(**changes: Any) -> SourceHead:
    """A ball that a target swells."""
    side = 24
    across, up = np.meshgrid(np.linspace(0, 2 * np.pi, side), np.linspace(-1.5, 1.5, side))
    points = np.stack(
        [np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)], axis=-1
    ).reshape(-1, 3)
    at = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    triangles = np.concatenate(
        [
            np.stack([at, at + 1, at + side + 1], axis=1),
            np.stack([at, at + side + 1, at + side], axis=1),
        ]
    )
    parts: dict[str, Any] = {
        "name": "ball",
        "path": Path("ball.glb"),
        "licence": "test only",
        "vertices": points,
        "triangles": triangles,
        "parts": np.zeros(len(triangles), np.uint8),
        "part_names": ("ball",),
        "targets": ("swell",),
        "offsets": points[None],
        "weights": np.zeros(1),
    }
    return SourceHead(**parts | changes)


def test_without_a_face_the_error_says_what_to_do(rendering: None) -> None:
    with pytest.raises(RigError, match="No face was found on ball.glb, in 120 views.*`up`"):
        find_face(sphere())


def test_axes_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(RigError, match="right angles"):
        find_face(sphere(), RigSettings(up="y", front="-y"))


def test_a_head_that_is_all_glass_is_refused() -> None:
    with pytest.raises(RigError, match="see-through"):
        find_face(sphere(hidden=np.ones(1058, bool)))


def test_settings_go_before_what_is_measured(rendering: None, makehuman_folder: Path) -> None:
    disguise = Disguise(Z_UP, 0.1)
    head = disguise.head(load_makehuman(makehuman_folder))
    placement = find_face(head, RigSettings(up="z", front="-y", millimetres_per_unit=1000.0))
    np.testing.assert_allclose(placement.rotation, Z_UP.T)
    assert placement.millimetres_per_unit == pytest.approx(1000.0)
    points = placement.landmarks.landmarks(placement.place(head.vertices))
    between = points[list(RIGHT_EYE_CORNERS)].mean(axis=0) - points[list(LEFT_EYE_CORNERS)].mean(
        axis=0
    )
    assert np.linalg.norm(between) == pytest.approx(0.571, rel=0.03)
