"""A face that a detector sees in a view of a mesh: where to look next, and whether it is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regression.datasets.face_axes import CAMERA_AXES, in_camera_axes
from regression.datasets.head_views import View, VisibleMesh
from rig.camera import surface_points
from vision.faces import MESH_COUNT
from vision.pose import head_rotation, pupil_midpoint

_MOST_TURNED = 50.0  # degrees that a face may be turned away from a view to count for it
_PORTRAIT_CROP = 3.2  # height of a picture, in distances from the eyes to the chin
_CHIN = 152


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face in a view: its landmarks (478, 3) in pixels, and how much the mesh has its relief."""

    view: View
    landmarks: npt.NDArray[np.float64]
    relief: float


def is_near(face: npt.NDArray[np.float64]) -> bool:
    """Whether a face (478, 3) was seen, and not turned far away."""
    if not np.isfinite(face).all():
        return False
    return bool(np.degrees(head_rotation(face).magnitude()) < _MOST_TURNED)


def closer_view(mesh: VisibleMesh, view: View, faces: npt.NDArray[np.float64], side: int) -> View:
    """The view turned so that the detected faces (n, 478, 3) look into it, and framing them.

    side: of the pictures that they were detected in, in pixels.
    """
    face = np.median(faces, axis=0)
    turn = in_camera_axes(head_rotation(face))
    unit = view.height / side
    eyes = pupil_midpoint(face)
    chin = face[_CHIN] - eyes
    centre = _seen_points(mesh, view, eyes[None, :2], side)[0]
    if not np.isfinite(centre).all():
        aside = (eyes - [side / 2, side / 2, 0]) * unit * CAMERA_AXES * [1, 1, 0]
        centre = view.centre + view.rotation.T @ aside
    # Down from the eyes, and back into the head, about which it will be turned.
    size = float(np.linalg.norm(chin)) * unit
    rotation = turn.T @ view.rotation
    centre = centre - size * (0.35 * rotation[1] + 0.5 * rotation[2])
    return View(rotation, centre, _PORTRAIT_CROP * size)


def relief_likeness(
    mesh: VisibleMesh, view: View, seen: npt.NDArray[np.float64], side: int
) -> float:
    """How alike the mesh's relief is to the detected one: the correlation of their depths.

    What a ball has too is taken out: the square function of x and y that comes nearest. Detectors
    see faces in balls and knees, and upside down: it gives 0.0 for a ball, 0.5 for MakeHuman's head
    upside down, 0.9 for it upright, 0.6 when its pitch is 4 degrees off.

    Args:
        seen: (478, 3) in pixels of a picture of `side` pixels.
    """
    points = _seen_points(mesh, view, seen[:MESH_COUNT, :2], side) @ view.rotation.T
    there = np.isfinite(points).all(axis=1)
    if there.sum() < MESH_COUNT / 2:
        return 0.0
    x, y, _ = seen[:MESH_COUNT][there].T / side
    terms = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    depths = np.column_stack([points[there, 2], -seen[:MESH_COUNT][there, 2]])
    fit, *_ = np.linalg.lstsq(terms, depths, rcond=None)
    left = depths - terms @ fit
    # Points on the outline of the head that miss it, and lie far behind, are not its relief.
    off = np.abs(left[:, 0] - np.median(left[:, 0]))
    close = off <= max(6 * float(np.median(off)), 1e-12)
    return float(np.corrcoef(left[close].T)[0, 1])


def _seen_points(
    mesh: VisibleMesh, view: View, pixels: npt.NDArray[np.float64], side: int
) -> npt.NDArray[np.float64]:
    """(n, 3) points of the surface, in the file's axes, seen at pixels (n, 2); NaN for none."""
    hit, weights = surface_points(
        mesh.vertices @ view.rotation.T, mesh.triangles, pixels, view.camera, side, side
    )
    points = np.einsum("nk,nkc->nc", weights, mesh.vertices[mesh.triangles[hit]])
    return np.where(hit[:, None] >= 0, points, np.nan)
