"""Eyeballs that are pieces of their own in a head's mesh, and the shells that lie over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, IntegerArray

# All in decimetres of a head whose eyes stand 63 mm apart, or in radii.
_RADII = (0.07, 0.4)  # a person's is 0.12; drawn figures have larger ones
_ROUGHNESS = 0.15  # how far a ball's points may lie from its sphere
_DEPTH = 1.2  # front to back: a ball is more than a shell over one
_OFF = 0.8  # the ball's middle from the middle of the eye's outline, seen from the front
_OVER = (0.6, 1.35)  # shells over a ball, and what it has inside, lie at these distances


@dataclass(frozen=True, eq=False)
class Eyeball:
    """One eye. v vertices.

    centre: (3,) of the ball. radius: of the ball.
    ball: (v,) bool, its own vertices. all: (v,) bool, those of everything that lies on it too.
    """

    centre: npt.NDArray[np.float64]
    radius: float
    ball: npt.NDArray[np.bool_]
    all: npt.NDArray[np.bool_]


def pieces(vertices: FloatArray, triangles: IntegerArray) -> IntegerArray:
    """(v,) which connected piece of the mesh each vertex belongs to.

    Vertices at the same place are connected: files double them along the seams of textures.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    _, place = np.unique(vertices, axis=0, return_inverse=True)
    place = place.reshape(-1)
    corners = place[triangles]
    rows = np.concatenate([corners[:, 0], corners[:, 1]])
    columns = np.concatenate([corners[:, 1], corners[:, 2]])
    count = int(place.max()) + 1
    links = csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    _, piece = connected_components(links, directed=False)
    return np.asarray(piece[place], np.int32)


def find_eyeball(
    vertices: FloatArray, piece: IntegerArray, outline: npt.NDArray[np.floating[Any]]
) -> Eyeball | None:
    """The eyeball behind an eye's outline; None where the mesh has none of its own.

    vertices: (v, 3) placed: decimetres, z to the viewer, eyes 63 mm apart.
    piece: (v,) as `pieces` gives them.
    outline: (n, 3) points of the lids' edges.
    """
    middle = outline.mean(axis=0)
    best: tuple[float, npt.NDArray[np.float64], float, npt.NDArray[np.bool_]] | None = None
    near = np.abs(vertices - middle).max(axis=1) < _RADII[1]
    names, sizes = np.unique(piece, return_counts=True)
    around, inside = np.unique(piece[near], return_counts=True)
    for name, count in zip(around, inside, strict=True):
        # A ball lies near its eye as a whole, or mostly; the head's skin does not.
        if count < 12 or count < 0.5 * sizes[np.searchsorted(names, name)]:
            continue
        own = piece == name
        centre, radius, rough = _sphere(vertices[own])
        depth = float(np.ptp(vertices[own, 2])) / radius
        off = float(np.hypot(*(centre - middle)[:2])) / radius
        fits = _RADII[0] < radius < _RADII[1] and rough < _ROUGHNESS
        if fits and depth > _DEPTH and off < _OFF and (best is None or depth > best[0] + 0.05):
            best = depth, centre, radius, own
    if best is None:
        return None
    _, centre, radius, own = best
    away = np.linalg.norm(vertices - centre, axis=1) / radius
    on_ball = (away > _OVER[0]) & (away < _OVER[1])
    share = np.bincount(piece, weights=on_ball) / np.maximum(np.bincount(piece), 1)
    return Eyeball(centre, radius, own, own | (share > 0.9)[piece])


def _sphere(points: FloatArray) -> tuple[npt.NDArray[np.float64], float, float]:
    """Centre (3,), radius and roughness (in radii) of the sphere nearest to points (n, 3)."""
    places = points.astype(np.float64)
    middle = places.mean(axis=0)
    places = places - middle
    matrix = np.column_stack([2 * places, np.ones(len(places))])
    solution, *_ = np.linalg.lstsq(matrix, np.square(places).sum(axis=1), rcond=None)
    centre = solution[:3]
    radius = float(np.sqrt(max(solution[3] + centre @ centre, 1e-12)))
    away = np.linalg.norm(places - centre, axis=1)
    return centre + middle, radius, float(np.sqrt(np.square(away / radius - 1).mean()))
