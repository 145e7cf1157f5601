"""Normals of a mesh."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def vertex_normals(
    vertices: npt.NDArray[np.floating[Any]],
    triangles: npt.NDArray[np.integer[Any]],
    same: npt.NDArray[np.integer[Any]] | None = None,
) -> npt.NDArray[np.float64]:
    """(v, 3) unit normals: the sum of the triangles' about each vertex, by their area.

    vertices (v, 3); triangles (t, 3), counter-clockwise seen from outside.
    same: (v,) a number per vertex; vertices with the same one get one normal, as the two sides of
        a seam in the texture should.

    Vertices of no triangle, or of triangles without area, look to +z.
    """
    corners = vertices[triangles].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    number = np.arange(len(vertices)) if same is None else same
    count = int(number.max(initial=-1)) + 1
    summed = np.stack(
        [
            np.bincount(number[triangles].reshape(-1), np.repeat(across[:, axis], 3), count)
            for axis in range(3)
        ],
        axis=1,
    )[number]
    return unit(summed)


def unit(vectors: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(n, 3) vectors of length 1; +z for those without length."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float64)
    ahead = np.array([0.0, 0.0, 1.0])
    return np.where(length > 1e-20, vectors / np.maximum(length, 1e-20), ahead)
