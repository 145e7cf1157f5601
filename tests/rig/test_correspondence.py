"""Landmarks are put on known places of a head, and must be found there again."""

from __future__ import annotations

import numpy as np
import pytest

from rig.camera import Camera, project, surface_points
from rig.correspondence import Correspondence, correspond
from rig.portrait import frame_head
from rig.rig import Rig, RigError

WIDTH, HEIGHT = 400, 320
PAIRS = 30
# The first landmarks are on the left of the picture, then their twins, then some in the middle.
MIRRORED = np.array(
    [*range(PAIRS, 2 * PAIRS), *range(PAIRS), *range(2 * PAIRS, 2 * PAIRS + 5)], np.int64
)


@pytest.fixture(scope="module")
def camera(rig: Rig) -> Camera:
    return frame_head(rig).camera(20.0)


@pytest.fixture(scope="module")
def pixels(rig: Rig, camera: Camera) -> np.ndarray:
    """Symmetric pixels on the face: pairs, and some on the middle line."""
    eyes = project(rig.neutral[rig.regions["pupil"] > 0.5], camera, WIDTH, HEIGHT)
    apart = np.ptp(eyes[:, 0])
    random = np.random.default_rng(0)
    down = random.uniform(-0.1, 0.9, PAIRS + 5) * apart + eyes[:, 1].mean()
    across = random.uniform(0.05, 0.55, PAIRS) * apart
    middle = WIDTH / 2
    return np.concatenate(
        [
            np.stack([middle - across, down[:PAIRS]], axis=1),
            np.stack([middle + across, down[:PAIRS]], axis=1),
            np.stack([np.full(5, middle), down[PAIRS:]], axis=1),
        ]
    )


def seen(rig: Rig, camera: Camera, found: Correspondence) -> np.ndarray:
    """(n, 2) pixels at which the found points appear."""
    return project(found.landmarks(rig.neutral), camera, WIDTH, HEIGHT)[:, :2]


def test_points_appear_where_the_landmarks_are(
    rig: Rig, camera: Camera, pixels: np.ndarray
) -> None:
    depths = np.full((len(pixels), 1), 77.0)
    for landmarks in (pixels, np.concatenate([pixels, depths], axis=1)):
        found = correspond(rig, landmarks, MIRRORED, camera, WIDTH, HEIGHT)
        assert found.vertices.shape == found.weights.shape == (len(pixels), 3)
        np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(seen(rig, camera, found), pixels, atol=0.01)


def test_points_are_the_visible_ones(rig: Rig, camera: Camera, pixels: np.ndarray) -> None:
    found = correspond(rig, pixels, MIRRORED, camera, WIDTH, HEIGHT)
    triangle, weights = surface_points(rig.neutral, rig.triangles, pixels, camera, WIDTH, HEIGHT)
    visible = Correspondence(rig.triangles[triangle], weights.astype(np.float32))
    np.testing.assert_allclose(
        found.landmarks(rig.neutral), visible.landmarks(rig.neutral), atol=1e-3
    )


def test_lopsided_landmarks_are_made_symmetric(
    rig: Rig, camera: Camera, pixels: np.ndarray
) -> None:
    noise = np.random.default_rng(1).normal(0, 2, pixels.shape)
    found = correspond(rig, pixels + noise, MIRRORED, camera, WIDTH, HEIGHT)
    there = seen(rig, camera, found)
    twins = there[MIRRORED] * [-1, 1] + [WIDTH, 0]
    np.testing.assert_allclose(there, twins, atol=0.01)
    expected = pixels + (noise + noise[MIRRORED] * [-1, 1]) / 2
    np.testing.assert_allclose(there, expected, atol=0.01)


def test_points_move_with_the_mesh(rig: Rig, camera: Camera, pixels: np.ndarray) -> None:
    found = correspond(rig, pixels, MIRRORED, camera, WIDTH, HEIGHT)
    random = np.random.default_rng(2)
    low = [slider.minimum for slider in rig.sliders]
    high = [slider.maximum for slider in rig.sliders]
    meshes = rig.vertices(random.uniform(low, high, (2, len(low))))
    together = found.landmarks(meshes)
    assert together.shape == (2, len(pixels), 3)
    for mesh, landmarks in zip(meshes, together, strict=True):
        np.testing.assert_allclose(landmarks, found.landmarks(mesh), atol=1e-6)
        corners = mesh[found.vertices]
        assert (landmarks >= corners.min(axis=1) - 1e-4).all()
        assert (landmarks <= corners.max(axis=1) + 1e-4).all()


def test_a_landmark_beside_the_head_moves_in_to_its_edge(
    rig: Rig, camera: Camera, pixels: np.ndarray
) -> None:
    """Face sides are drawn on the silhouette, and may fall a few pixels off it."""
    columns = np.arange(WIDTH // 2) + 0.5
    row = pixels[0, 1]
    across = np.stack([columns, np.full_like(columns, row)], axis=1)
    triangle, _ = surface_points(rig.neutral, rig.triangles, across, camera, WIDTH, HEIGHT)
    edge = columns[triangle >= 0].min()
    outside = pixels.copy()
    outside[0] = [edge - 3, row]
    outside[MIRRORED[0]] = [WIDTH - edge + 3, row]
    found = seen(rig, camera, correspond(rig, outside, MIRRORED, camera, WIDTH, HEIGHT))
    assert edge - 1 <= found[0, 0] < edge + 10
    np.testing.assert_allclose(found[1:PAIRS], outside[1:PAIRS], atol=0.01)


def test_landmarks_far_from_the_head_are_refused(
    rig: Rig, camera: Camera, pixels: np.ndarray
) -> None:
    wrong = pixels.copy()
    wrong[[0, 1]] = [[2, 2], [2, HEIGHT - 2]]
    wrong[MIRRORED[[0, 1]]] = [[WIDTH - 2, 2], [WIDTH - 2, HEIGHT - 2]]
    with pytest.raises(RigError, match=f"of {len(pixels)} landmarks lie beside rig"):
        correspond(rig, wrong, MIRRORED, camera, WIDTH, HEIGHT)
