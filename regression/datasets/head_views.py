"""What is drawn of a head whose axes nobody told, and from where it is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from rig.camera import Camera
from rig.eyeballs import pieces
from rig.portrait import Framing
from rig.rig import FloatArray, IntegerArray, RigError
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead

_DISTANCE = 5.0  # from the camera, in heights of the picture

_AXIS_NAMES = {name: np.array(axis) for name, axis in zip(
    ("x", "-x", "y", "-y", "z", "-z"),
    ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
    strict=True,
)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class VisibleMesh:
    """What is drawn of a head, in the file's axes and unit, around its middle. v vertices.

    vertices: (v, 3) float64. triangles: (t, 3), counter-clockwise seen from outside.
    colours: (v, 3) the file's own, or (0, 3).
    moved: (v,) float64, how much targets move each vertex; -1 for those that are not drawn.
    """

    name: str
    vertices: npt.NDArray[np.float64]
    triangles: IntegerArray
    colours: FloatArray
    moved: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """A way to look at a mesh.

    rotation: (3, 3) float64; its rows are right, up and towards the viewer in the mesh's axes.
    centre: (3,) float64, the middle of the picture in the mesh's axes.
    height: of the picture, in the mesh's unit.
    """

    rotation: npt.NDArray[np.float64]
    centre: npt.NDArray[np.float64]
    height: float

    @property
    def camera(self) -> Camera:
        """In the view's own axes: for vertices (v, 3) @ rotation.T."""
        x, y, z = self.rotation @ self.centre
        framing = Framing((float(x), float(y), float(z)), self.height)
        return framing.camera(_DISTANCE * self.height)


def visible_mesh(head: SourceHead) -> tuple[VisibleMesh, bool, npt.NDArray[np.float64]]:
    """The visible mesh, whether the file has it inside out, and the middle taken out of it.

    Raises RigError where nothing of the head is drawn.
    """
    triangles = head.triangles[~head.hidden]
    if not len(triangles):
        raise RigError(
            f"{head.path} has no triangles that are drawn: all materials are see-through. A skin "
            "was expected. Export the head with opaque materials."
        )
    used = np.unique(triangles)
    middle = head.vertices[used].astype(np.float64).mean(axis=0)
    vertices = head.vertices.astype(np.float64) - middle
    # How much all targets together move each vertex, each target by its own largest.
    moved = np.zeros(len(vertices))
    for offsets in head.offsets:
        size = np.linalg.norm(offsets, axis=1)
        if size.max() > 0:
            moved += size / size.max()
    shown = np.zeros(len(vertices), bool)
    shown[used] = True
    # The piece that targets move most is the skin of the head; bodies may be turned otherwise.
    piece = pieces(head.vertices, triangles)
    skin = np.bincount(piece, weights=moved * shown).argmax()
    own = triangles[piece[triangles[:, 0]] == skin]
    a, b, c = (vertices[own[:, corner]] - vertices[own].mean(axis=(0, 1)) for corner in range(3))
    inside_out = bool(np.einsum("tc,tc->", a, np.cross(b, c)) < 0)
    if inside_out:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    mesh = VisibleMesh(head.name, vertices, triangles, head.colours, np.where(shown, moved, -1.0))
    return mesh, inside_out, middle


def view_rotations(settings: RigSettings) -> list[npt.NDArray[np.float64]]:
    """The ways (3, 3) to look along an axis, upright along another, that the settings leave.

    Raises RigError where the settings leave none.
    """
    rotations = []
    for up, front in product(_AXIS_NAMES, repeat=2):
        y, z = _AXIS_NAMES[up], _AXIS_NAMES[front]
        if settings.up in (None, up) and settings.front in (None, front) and not y @ z:
            rotations.append(np.array([np.cross(y, z), y, z], np.float64))
    if not rotations:
        raise RigError(
            f"The settings name {settings.up} as `up` and {settings.front} as `front`. Two axes "
            "at right angles were expected. Correct the settings file."
        )
    return rotations


def framings(
    mesh: VisibleMesh, rotations: Sequence[npt.NDArray[np.float64]]
) -> Iterator[list[View]]:
    """Where to look, the likeliest first: where targets move most, at all they move, at the top.

    Each list has one view per rotation.
    """
    shown = mesh.vertices[mesh.moved >= 0]
    amounts = mesh.moved[mesh.moved >= 0]
    most = float(np.quantile(amounts, 0.98))
    for points in (shown[amounts > 0.02 * most], shown[amounts > 0.4 * most]):
        for wider in (1.3, 2.0):
            yield [_framed(points, rotation, wider) for rotation in rotations]
    tops = []
    for rotation in rotations:
        up = shown @ rotation[1]
        tops.append(_framed(shown[up > up.max() - np.ptp(up) / 7], rotation, 1.5))
    yield tops


def _framed(
    points: npt.NDArray[np.float64], rotation: npt.NDArray[np.float64], wider: float
) -> View:
    seen = points @ rotation.T
    low, high = np.quantile(seen, 0.01, axis=0), np.quantile(seen, 0.99, axis=0)
    size = float((high - low)[:2].max())
    return View(rotation, rotation.T @ ((low + high) / 2), wider * max(size, 1e-9))
