"""One face as a network sees it, and which of a network's findings are taken for a face."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vision.faces import MESH_COUNT, Box, Face, overlap

SAME_FACE = 0.3
"""Above this intersection over union two boxes are one face."""

# A mesh lower than this many pixels was drawn, not seen.
_SMALLEST = 12


class Mesh(NamedTuple):
    """One face as a network sees it.

    landmarks: (478, 3) float64 in the picture's pixels, axes as in vision.faces.Face.
    expressions: (52,) float32, 0..1, in the order of EXPRESSION_NAMES; None from a network that
        does not tell them.
    """

    landmarks: np.ndarray
    expressions: np.ndarray | None

    @property
    def box(self) -> Box:
        """(left, top, right, bottom) in pixels; may reach beyond the picture."""
        points = self.landmarks[:MESH_COUNT, :2]
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def add_face(meshes: list[Mesh], mesh: Mesh, width: int, height: int) -> None:
    """Append a mesh unless it is implausible or a face already there.

    width, height: the picture's, in pixels.
    """
    if _is_plausible(mesh, width, height) and all(
        overlap(mesh.box, other.box) < SAME_FACE for other in meshes
    ):
        meshes.append(mesh)


def largest_faces(meshes: list[Mesh], width: int, height: int, maximum: int) -> list[Face]:
    """The meshes as faces of a picture, largest first, at most so many."""
    faces = [Face(mesh.landmarks, width, height, mesh.expressions) for mesh in meshes]
    faces.sort(key=_area, reverse=True)
    return faces[:maximum]


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _is_plausible(mesh: Mesh, width: int, height: int) -> bool:
    """Whether a mesh has a face's shape and lies at least half inside the picture."""
    left, top, right, bottom = mesh.box
    if bottom - top < _SMALLEST or not np.isfinite(mesh.landmarks).all():
        return False
    inside = (min(right, width) - max(left, 0)) * (min(bottom, height) - max(top, 0))
    if min(right, width) <= max(left, 0) or min(bottom, height) <= max(top, 0):
        return False
    aspect = (right - left) / (bottom - top)
    return inside >= 0.5 * (right - left) * (bottom - top) and 1 / 3 < aspect < 3
