"""Where the face of a head is, measured on painted pictures of it from the front."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regression.datasets.face_axes import (
    in_camera_axes,
    middle_plane,
    millimetres_per_unit,
    symmetric_turn,
)
from regression.datasets.head_views import VisibleMesh
from regression.datasets.seen_face import SeenFace
from regression.datasets.view_pictures import (
    PAINTED_DISTANCE,
    PAINTED_PICTURES,
    detect_faces,
    render_painted,
)
from regression.datasets.workers import Workers
from rig.correspondence import Correspondence, correspond
from rig.face_regions import (
    FINE_EDGE,
    PAINTED_LANDMARKS,
    eye_shells,
    face_regions,
    iris_on_eyeball,
)
from rig.rig import FloatArray, IntegerArray, Rig, RigError
from rig.rig_settings import RigSettings
from rig.subdivision import subdivide
from vision.mesh_topology import MIRRORED
from vision.pose import head_rotation, pupil_midpoint

_FALL = 0.25  # decimetres that surface and detected depth differ; on MakeHuman's head 0.16 at most


@dataclass(frozen=True, eq=False)
class FacePlacement:
    """Where the face of a head is. v vertices of the file.

    rotation: (3, 3) float64 from the file's axes to x to the person's left, y up, z to the viewer.
    scale: decimetres per unit of the file.
    origin: (3,) float64, the point between the eyes in the file's coordinates; 0 when placed.
    inside_out: whether the file's triangles are counter-clockwise seen from inside.
    shells: (t,) bool, the file's triangles that lie over an eyeball and would hide it: corneas,
        shadows. They are best not drawn.
    landmarks: the 478 landmarks on the file's vertices.
    detected: (478, 3) float64, as the detector saw them on painted pictures of the face from the
        front, in pixels, x from the middle of the picture; mirror-symmetric.
    seen, of: in how many pictures the face was seen, of how many, when it was known where it is.
    """

    rotation: npt.NDArray[np.float64]
    scale: float
    origin: npt.NDArray[np.float64]
    inside_out: bool
    shells: npt.NDArray[np.bool_]
    landmarks: Correspondence
    detected: npt.NDArray[np.float64]
    seen: int
    of: int

    @property
    def millimetres_per_unit(self) -> float:
        """How long the file's unit is."""
        return 100 * self.scale

    @property
    def to_source(self) -> npt.NDArray[np.float64]:
        """(4, 4) float64 from placed coordinates to the file's."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation.T / self.scale
        matrix[:3, 3] = self.origin
        return matrix

    def place(self, points: npt.NDArray[Any], directions: bool = False) -> FloatArray:
        """The file's points (..., 3), or its directions and offsets, in placed coordinates."""
        if directions:
            return np.asarray(points @ (self.rotation.T * self.scale), np.float32)
        return np.asarray((points - self.origin) @ (self.rotation.T * self.scale), np.float32)

    def outwards(self, triangles: IntegerArray) -> IntegerArray:
        """The file's triangles (t, 3), counter-clockwise seen from outside."""
        return np.ascontiguousarray(triangles[:, ::-1]) if self.inside_out else triangles


def place_face(
    renderer: Workers,
    detector: Workers,
    mesh: VisibleMesh,
    face: SeenFace,
    side: int,
    settings: RigSettings,
) -> FacePlacement | None:
    """The placement by painted pictures; None where too few of them show a face.

    Its origin is in the mesh's coordinates, and its shells are among the mesh's triangles.

    Args:
        renderer, detector: pools of one process each.
        face: seen straight from the front.
        side: of the picture it was seen in, and of those that are painted, in pixels.
        settings: its millimetres per unit go before what is measured.
    """
    view = face.view
    turned = ((mesh.vertices - view.centre) @ view.rotation.T).astype(np.float32)
    camera = replace(view, centre=np.zeros(3)).camera
    rotation, straight = view.rotation, bool((view.rotation == view.rotation.round()).all())
    try:
        landmarks = correspond(
            _light_rig(mesh, turned, {}), face.landmarks, MIRRORED, camera, side, side
        )
        shells = eye_shells(_as_drawn(mesh, rotation, landmarks), mesh.triangles, landmarks)
        mesh = replace(mesh, triangles=mesh.triangles[~shells])
        for last in (False, True) if straight else (False, False, True):
            drawn = _as_drawn(mesh, rotation, landmarks)
            if not straight:
                rotation = symmetric_turn(drawn, landmarks) @ rotation
                drawn = _as_drawn(mesh, rotation, landmarks)
            rig = _painted_rig(mesh, drawn, landmarks)
            pictures, framing = renderer.submit(render_painted, rig, side).result()
            faces = detector.submit(detect_faces, pictures).result()
            faces = faces[np.isfinite(faces).all(axis=(1, 2))]
            if len(faces) < PAINTED_PICTURES / 2:
                return None
            seen = np.median(faces, axis=0)
            camera = framing.camera(PAINTED_DISTANCE)
            landmarks = correspond(_light_rig(mesh, drawn, {}), seen, MIRRORED, camera, side, side)
            heights = -seen[:, 2] / side * framing.height
            landmarks = _without_falls(landmarks, drawn, mesh.triangles, heights)
            if not (straight or last):
                rotation = in_camera_axes(head_rotation(seen)).T @ rotation
    except RigError:
        return None
    landmarks = iris_on_eyeball(drawn, mesh.triangles, landmarks)
    points = landmarks.landmarks(mesh.vertices)
    scale = (settings.millimetres_per_unit or millimetres_per_unit(points)) / 100
    placed = (mesh.vertices - pupil_midpoint(points)) @ rotation.T * scale
    aside = middle_plane(placed, landmarks.landmarks(placed))
    centre = pupil_midpoint(points) + rotation[0] * aside / scale
    detected = seen - [side / 2, 0.0, 0.0]
    detected = (detected + detected[MIRRORED] * [-1, 1, 1]) / 2
    return FacePlacement(
        rotation, scale, centre, False, shells, landmarks, detected, len(faces), PAINTED_PICTURES
    )


def _as_drawn(
    mesh: VisibleMesh, rotation: npt.NDArray[np.float64], landmarks: Correspondence
) -> FloatArray:
    """The vertices (v, 3) about the point between the eyes, the eyes 0.63 apart."""
    # The unit may give the placed head other eyes; pictures and paint are made for these.
    points = landmarks.landmarks(mesh.vertices)
    drawn = (mesh.vertices - pupil_midpoint(points)) @ rotation.T
    drawn *= millimetres_per_unit(points) / 100
    drawn[:, 0] -= middle_plane(drawn, landmarks.landmarks(drawn))
    return np.asarray(drawn, np.float32)


def _without_falls(
    landmarks: Correspondence,
    vertices: FloatArray,
    triangles: IntegerArray,
    heights: npt.NDArray[np.float64],
) -> Correspondence:
    """The landmarks without those that fell through a hole, to the back of the head or nearly.

    Eye sockets without eyes have such holes, and open mouths. They go to the vertex that is nearest
    to where the detector's depth has them.

    vertices: (v, 3) with eyes 0.63 apart. heights: (478,) the detected depths, towards the viewer.
    """
    from scipy.spatial import KDTree

    points = landmarks.landmarks(vertices.astype(np.float64))
    beside = points[:, 2] - heights
    beside -= np.median(beside)
    fallen = np.flatnonzero(np.abs(beside) > _FALL)
    if not len(fallen):
        return landmarks
    used = np.unique(triangles)
    wanted = points[fallen]
    wanted[:, 2] -= beside[fallen]
    corners, weights = landmarks.vertices.copy(), landmarks.weights.copy()
    corners[fallen] = used[KDTree(vertices[used]).query(wanted)[1]][:, None]
    weights[fallen] = [1, 0, 0]
    return Correspondence(corners, weights)


def _light_rig(mesh: VisibleMesh, vertices: FloatArray, regions: dict[str, FloatArray]) -> Rig:
    """The mesh as a rig without sliders."""
    none = np.zeros((0, len(vertices), 3), np.float32)
    return Rig(
        name=mesh.name,
        licence="",
        sliders=(),
        neutral=vertices,
        triangles=mesh.triangles,
        negative=none,
        positive=none,
        parts=np.zeros(len(mesh.triangles), np.uint8),
        regions=regions,
        colours=mesh.colours,
    )


def _painted_rig(mesh: VisibleMesh, vertices: FloatArray, landmarks: Correspondence) -> Rig:
    """The mesh with fine triangles where paint has edges, and regions to paint and frame."""
    points = landmarks.landmarks(vertices)
    parts = np.zeros(len(mesh.triangles), np.uint8)
    near = points[list(PAINTED_LANDMARKS)]
    finer = subdivide(vertices, mesh.triangles, parts, near, FINE_EDGE)
    colours = finer.carry(mesh.colours) if len(mesh.colours) else mesh.colours
    fine = finer.carry(vertices)
    refined = replace(mesh, triangles=finer.triangles, colours=colours)
    regions = face_regions(fine, finer.triangles, landmarks, colours)
    return _light_rig(refined, fine, regions)
