from __future__ import annotations

import numpy as np
import pytest

from rig.camera import Camera, project, surface_points
from rig.rig import Rig

POSES = [
    Camera((0, 7.1, 0.6), 12, 14),
    Camera((0.1, 7.0, 0.9), 5, 40, yaw=25, pitch=-12, roll=8),
    Camera((0, 7.2, 0.2), 30, 6, yaw=-60, pitch=20, roll=-35),
]


@pytest.mark.parametrize("camera", POSES)
def test_the_target_is_in_the_middle_at_its_distance(camera: Camera) -> None:
    np.testing.assert_allclose(
        project(camera.target, camera, 640, 480), [320, 240, camera.distance], atol=1e-9
    )


@pytest.mark.parametrize("camera", POSES)
def test_the_field_of_view_spans_the_height(camera: Camera) -> None:
    half = camera.distance * np.tan(np.radians(camera.field_of_view) / 2)
    up = np.array(camera.target) + camera.rotation.T @ [0, half, 0]
    right = np.array(camera.target) + camera.rotation.T @ [half, 0, 0]
    np.testing.assert_allclose(project(up, camera, 300, 200)[:2], [150, 0], atol=1e-9)
    np.testing.assert_allclose(project(right, camera, 300, 200)[:2], [250, 100], atol=1e-9)


def test_angles_turn_the_way_they_say() -> None:
    nose, crown = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])

    def shift(point: np.ndarray, **angles: float) -> np.ndarray:
        return project(point, Camera(distance=10, **angles), 100, 100)[:2] - 50

    assert shift(nose, yaw=20)[0] > 1  # to the right in the image
    assert shift(nose, pitch=20)[1] < -1  # up in the image
    assert shift(crown, roll=20)[0] < -1  # counter-clockwise: the crown goes left


def test_rotations_are_rotations() -> None:
    for camera in POSES:
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)


def test_many_meshes_project_at_once() -> None:
    points = np.random.default_rng(0).normal(size=(3, 4, 3))
    together = project(points, POSES[1], 64, 48)
    np.testing.assert_allclose(together[2], project(points[2], POSES[1], 64, 48))


@pytest.mark.parametrize("wrong", [{"distance": 0}, {"field_of_view": 0}, {"field_of_view": 180}])
def test_impossible_cameras_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Expected a distance"):
        Camera(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("camera", POSES)
def test_surface_points_project_back_to_their_pixels(rig: Rig, camera: Camera) -> None:
    pixels = np.random.default_rng(4).uniform([0, 0], [160, 120], (200, 2))
    triangle, weights = surface_points(rig.neutral, rig.triangles, pixels, camera, 160, 120)
    seen = triangle >= 0
    assert seen.any()
    assert (~seen).any()
    assert not weights[~seen].any()
    np.testing.assert_allclose(weights[seen].sum(axis=1), 1, atol=1e-9)
    assert weights.min() > -1e-6
    corners = rig.neutral[rig.triangles[triangle[seen]]].astype(float)
    points = np.einsum("nkc,nk->nc", corners, weights[seen])
    back = project(points, camera, 160, 120)
    np.testing.assert_allclose(back[:, :2], pixels[seen], atol=1e-4)


def test_the_nearer_of_two_surfaces_is_found() -> None:
    sheet = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], float)
    vertices = np.concatenate([sheet, sheet + [0, 0, 0.5]])
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        triangles = np.array(order)
        triangle, _ = surface_points(vertices, triangles, [[50, 50]], Camera(), 100, 100)
        assert triangles[triangle[0]].tolist() == [3, 4, 5]


def test_what_is_behind_the_camera_is_not_seen() -> None:
    behind = np.array([[-1, -1, 20], [1, -1, 20], [0, 1, 20]], float)
    triangle, weights = surface_points(
        behind, np.array([[0, 1, 2]]), [[50, 50]], Camera(), 100, 100
    )
    assert triangle.tolist() == [-1]
    assert not weights.any()
