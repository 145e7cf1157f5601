from __future__ import annotations

import numpy as np
import pytest

from rig.rig import FloatArray, IntegerArray
from rig.subdivision import Subdivision, subdivide


def sheet(side: int = 9) -> tuple[FloatArray, IntegerArray]:
    """A bumpy square of 1 by 1 with two triangles a field, some with long edges."""
    random = np.random.default_rng(0)
    across, up = np.meshgrid(np.linspace(0, 1, side) ** 1.5, np.linspace(0, 1, side))
    points = np.stack([across, up, 0.1 * random.random(across.shape)], axis=-1).reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + side + 1], axis=1)
    upper = np.stack([corner, corner + side + 1, corner + side], axis=1)
    return points.astype(np.float32), np.concatenate([lower, upper]).astype(np.int32)


def areas(points: FloatArray, triangles: IntegerArray) -> np.ndarray:
    """(t, 3) normals as long as twice the area."""
    a, b, c = (points[triangles[:, corner]].astype(np.float64) for corner in range(3))
    return np.asarray(np.cross(b - a, c - a))


NEAR = np.array([[0.3, 0.4, 0.05], [0.8, 0.8, 0.05]])


@pytest.fixture(params=[0.2, 0.1, 0.02])
def finer(request: pytest.FixtureRequest) -> tuple[FloatArray, IntegerArray, Subdivision, float]:
    points, triangles = sheet()
    parts = (np.arange(len(triangles)) % 3).astype(np.uint8)
    longest = float(request.param)
    return points, triangles, subdivide(points, triangles, parts, NEAR, longest), longest


def test_the_surface_is_the_same(
    finer: tuple[FloatArray, IntegerArray, Subdivision, float],
) -> None:
    points, triangles, found, _ = finer
    after = found.carry(points)
    np.testing.assert_array_equal(after[: len(points)], points)
    for part in range(3):
        was = triangles[np.arange(len(triangles)) % 3 == part]
        now = found.triangles[found.parts == part]
        # The sum of the normals keeps direction, so no piece has been turned over.
        np.testing.assert_allclose(
            areas(after, now).sum(axis=0), areas(points, was).sum(axis=0), atol=1e-6
        )
        assert np.linalg.norm(areas(after, now), axis=1).sum() == pytest.approx(
            np.linalg.norm(areas(points, was), axis=1).sum(), rel=1e-5
        )
    np.testing.assert_array_equal(found.source_vertices[: len(points)], np.arange(len(points)))
    assert (found.source_vertices[len(points) :] == -1).all()


def test_edges_near_the_points_are_short_and_others_stay(
    finer: tuple[FloatArray, IntegerArray, Subdivision, float],
) -> None:
    points, triangles, found, longest = finer
    after = found.carry(points)
    corners = after[found.triangles]
    lengths = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    away = np.linalg.norm(corners.mean(axis=1)[:, None] - NEAR, axis=2).min(axis=1)
    assert (lengths[away < 0.05] <= longest).all()
    far = np.linalg.norm(points[triangles] - NEAR[:, None, None], axis=3).min(axis=(0, 2)) > 0.4
    old = {tuple(row) for row in found.triangles.tolist()}
    assert far.any()
    assert all(tuple(row) in old for row in triangles[far].tolist())


def test_no_cracks_open(finer: tuple[FloatArray, IntegerArray, Subdivision, float]) -> None:
    points, triangles, found, _ = finer

    def border(corners: IntegerArray) -> set[tuple[int, int]]:
        edges = [(int(row[k]), int(row[(k + 1) % 3])) for row in corners for k in range(3)]
        assert len(set(edges)) == len(edges)  # no edge is gone twice the same way
        return {edge for edge in edges if edge[::-1] not in set(edges)}

    after = found.carry(points)
    # A vertex in the middle of an edge (a T) would leave that edge without its other side.
    for first, second in border(found.triangles):
        ends = after[[first, second], :2]
        assert any((ends[:, axis] == value).all() for axis in (0, 1) for value in (0, 1))
    assert border(triangles)


def test_linear_functions_are_carried_exactly(
    finer: tuple[FloatArray, IntegerArray, Subdivision, float],
) -> None:
    points, _, found, _ = finer
    matrix = np.random.default_rng(1).normal(size=(3, 3))
    offsets = np.stack([points @ matrix.astype(np.float32), 2 * points])
    carried = found.carry(offsets)
    after = found.carry(points)
    assert carried.dtype == np.float32
    np.testing.assert_allclose(carried[0], after @ matrix, atol=1e-6)
    np.testing.assert_allclose(carried[1], 2 * after, atol=1e-6)
    assert found.triangles.max() == len(after) - 1


def test_both_sides_of_a_seam_split_alike() -> None:
    """Doubled vertices, as texture seams have them: the points asked for lie on one side only."""
    points, triangles = sheet(5)
    seam = np.concatenate([points[triangles[:16]].reshape(-1, 3), points])
    corners = np.concatenate([np.arange(48).reshape(16, 3), triangles[16:] + 48])
    found = subdivide(seam, corners.astype(np.int32), np.zeros(32, np.uint8), NEAR[:1], 0.1, 0.0)
    places = found.carry(seam)[found.triangles]
    edges = {
        (tuple(row[k].tolist()), tuple(row[(k + 1) % 3].tolist()))
        for row in places
        for k in (0, 1, 2)
    }
    for first, second in edges:
        if (second, first) not in edges:
            assert any(first[k] == second[k] == value for k in (0, 1) for value in (0.0, 1.0))


def test_short_edges_and_no_points_change_nothing() -> None:
    points, triangles = sheet()
    parts = np.zeros(len(triangles), np.uint8)
    for near, longest in ((NEAR, 5.0), (np.zeros((0, 3)), 0.01)):
        found = subdivide(points, triangles, parts, near, longest)
        np.testing.assert_array_equal(found.triangles, triangles)
        assert found.carry(points) is not None
        np.testing.assert_array_equal(found.carry(points), points)


def test_a_length_of_nothing_is_refused() -> None:
    points, triangles = sheet()
    with pytest.raises(ValueError, match="above 0"):
        subdivide(points, triangles, np.zeros(len(triangles), np.uint8), NEAR, 0.0)
