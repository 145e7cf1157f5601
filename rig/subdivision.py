"""Finer triangles where a face is coarse, so that paint on its vertices has edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, IntegerArray

_ROUNDS = 5  # each halves the edges

# The edges of a triangle are numbered by their first corner: 0-1, 1-2, 2-0. For each set of split
# edges (bit e for edge e) the triangles that take its place; 3 + e is the middle of edge e. Two
# split edges leave a four-sided piece, which is cut along either of two diagonals.
_PATTERNS: dict[int, tuple[tuple[tuple[int, int, int], ...], ...]] = {
    0b001: (((0, 3, 2), (3, 1, 2)),),
    0b010: (((1, 4, 0), (4, 2, 0)),),
    0b100: (((2, 5, 1), (5, 0, 1)),),
    0b011: (((3, 1, 4), (0, 3, 4), (0, 4, 2)), ((3, 1, 4), (0, 3, 2), (3, 4, 2))),
    0b110: (((4, 2, 5), (1, 4, 5), (1, 5, 0)), ((4, 2, 5), (1, 4, 0), (4, 5, 0))),
    0b101: (((5, 0, 3), (2, 5, 3), (2, 3, 1)), ((5, 0, 3), (2, 5, 1), (5, 3, 1))),
    0b111: (((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),),
}


@dataclass(frozen=True, eq=False)
class Subdivision:
    """A finer mesh and where its vertices come from. v vertices before, w after, u triangles after.

    pairs: one (n, 2) int32 array per round: the vertices between which each new one lies, in the
        middle. The first v vertices are the old ones, then come the rounds' in turn.
    triangles: (u, 3) int32, turned as before.
    parts: (u,) as before.
    source_vertices: (w,) int32, the old vertex that each is; -1 for new ones.
    """

    pairs: tuple[IntegerArray, ...]
    triangles: IntegerArray
    parts: npt.NDArray[np.uint8]
    source_vertices: IntegerArray

    def carry(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Anything per old vertex (..., v, c), positions or offsets, per new vertex (..., w, c)."""
        for pairs in self.pairs:
            # In doubles, so that both sides of a seam get the same to the bit.
            middle = values[..., pairs, :].mean(axis=-2, dtype=np.float64).astype(values.dtype)
            values = np.concatenate([values, middle], axis=-2)
        return values


def subdivide(
    vertices: FloatArray,
    triangles: IntegerArray,
    parts: npt.NDArray[np.uint8],
    near: npt.NDArray[np.floating[Any]],
    longest: float,
    reach: float = 0.06,
) -> Subdivision:
    """Halves the edges of triangles near some points until they are short.

    Triangles that share an edge share its middle, also where the edge's vertices are doubled (as
    files do along seams of a texture), so that no cracks open.

    Args:
        vertices: (v, 3). triangles: (t, 3). parts: (t,), passed on to the pieces.
        near: (n, 3) points; triangles within `reach` of one of them are refined.
        longest: the length above which their edges are split, mesh units.

    Raises:
        ValueError: lengths that are not above 0.
    """
    from scipy.spatial import KDTree

    if not (longest > 0 and reach >= 0):
        raise ValueError(
            f"The longest edge {longest} and the reach {reach} came in. A length above 0 and one "
            "of 0 or more were expected. Correct the call."
        )
    count = len(vertices)
    points = np.asarray(vertices, np.float32)
    corners, names = np.asarray(triangles, np.int32), np.asarray(parts, np.uint8)
    if not len(near):
        return Subdivision((), corners, names, np.arange(count, dtype=np.int32))
    tree = KDTree(np.asarray(near, np.float64))
    rounds: list[IntegerArray] = []
    for _ in range(_ROUNDS):
        split = _split_edges(points, corners, tree, longest, reach)
        if not split.any():
            break
        pairs, middles = _middles(corners, split, len(points))
        rounds.append(pairs)
        points = np.concatenate(
            [points, points[pairs].mean(axis=1, dtype=np.float64).astype(np.float32)]
        )
        corners, names = _pieces(points, corners, names, split, middles)
    new = np.full(len(points) - count, -1, np.int32)
    return Subdivision(
        tuple(rounds), corners, names, np.concatenate([np.arange(count, dtype=np.int32), new])
    )


def _split_edges(
    points: FloatArray, corners: IntegerArray, tree: Any, longest: float, reach: float
) -> npt.NDArray[np.bool_]:
    """(t, 3) whether each edge of each triangle is split."""
    places = points[corners]
    lengths = np.linalg.norm(places - np.roll(places, -1, axis=1), axis=2)
    long = lengths > longest
    candidates = np.flatnonzero(long.any(axis=1))
    away, _ = tree.query(places[candidates].mean(axis=1))
    # No point of a triangle is farther from its centroid than two thirds of its longest edge.
    close = away <= reach + 2 / 3 * lengths[candidates].max(axis=1)
    wanted = np.zeros(len(corners), bool)
    wanted[candidates[close]] = True
    # One place, one number: so the triangles on both sides of a seam agree.
    _, place = np.unique(points, axis=0, return_inverse=True)
    edges = _edge_names(place.reshape(-1)[corners], len(points))
    return np.isin(edges, edges[wanted[:, None] & long])


def _edge_names(corners: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """(t, 3) one number per edge, whichever way it is gone."""
    first, second = corners.astype(np.int64), np.roll(corners, -1, axis=1).astype(np.int64)
    return np.asarray(np.minimum(first, second) * count + np.maximum(first, second))


def _middles(
    corners: IntegerArray, split: npt.NDArray[np.bool_], count: int
) -> tuple[IntegerArray, npt.NDArray[np.int64]]:
    """The new vertices' pairs (n, 2), and which vertex lies on each edge (t, 3), -1 for none."""
    chosen, number = np.unique(_edge_names(corners, count)[split], return_inverse=True)
    pairs = np.stack([chosen // count, chosen % count], axis=1).astype(np.int32)
    middles = np.full(corners.shape, -1, np.int64)
    middles[split] = count + number.reshape(-1)
    return pairs, middles


def _pieces(
    points: FloatArray,
    corners: IntegerArray,
    parts: npt.NDArray[np.uint8],
    split: npt.NDArray[np.bool_],
    middles: npt.NDArray[np.int64],
) -> tuple[IntegerArray, npt.NDArray[np.uint8]]:
    six = np.concatenate([corners, middles], axis=1)
    case = split @ np.array([1, 2, 4])
    pieces, names = [corners[case == 0]], [parts[case == 0]]
    for number, patterns in _PATTERNS.items():
        rows = np.flatnonzero(case == number)
        choice = np.zeros(len(rows), np.int64)
        if len(patterns) == 2:
            # The cuts run along the last corner's edges of the second pieces.
            first, second = (
                np.linalg.norm(points[six[rows, start]] - points[six[rows, end]], axis=1)
                for start, end in (patterns[0][1][::2], patterns[1][1][1:])
            )
            choice = (second < first).astype(np.int64)
        for index, pattern in enumerate(patterns):
            kept = rows[choice == index]
            for piece in pattern:
                pieces.append(six[kept][:, list(piece)].astype(np.int32))
                names.append(parts[kept])
    return np.concatenate(pieces), np.concatenate(names)
