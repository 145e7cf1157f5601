"""Find the face on any head mesh, whatever its axes and units: look from all sides, detect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from regression.datasets.workers import Workers, workers
from rig.camera import surface_points
from rig.correspondence import Correspondence, correspond
from rig.eyeballs import pieces
from rig.face_regions import PAINTED_LANDMARKS, eye_shells, face_regions, iris_on_eyeball
from rig.mesh_mirror import find_mirror
from rig.portrait import Framing, frame_head
from rig.rig import FloatArray, IntegerArray, Rig, RigError
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead
from rig.subdivision import subdivide
from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.mesh_topology import LEFT_EYE_CORNERS, MIRRORED, RIGHT_EYE_CORNERS
from vision.pose import head_rotation, pupil_midpoint

INTER_OCULAR_MILLIMETRES = 63.0
"""Between the middles of an adult's eyes (Dodgson, Proc. SPIE 5291, 2004: 63 mm on average)."""

FINE_EDGE = 0.02
"""Decimetres: edges of triangles at eyes, lips and brows should be no longer to take paint."""

_LOOK_SIDE, _SIDE = 256, 768
_DISTANCE = 5.0  # from the camera, in heights of the picture
_PORTRAIT_DISTANCE = 20.0  # decimetres, as in rig_mapping
_LIGHTS = 4
_PAINTED_PICTURES = 16
_ROUNDS = 3
_CANDIDATES = 4
_MOST_TURNED = 50.0  # degrees that a face may be turned away from a view to count for it
_SETTLED = 2.0  # degrees of turning after which there is no further round
_STRAIGHT = 10.0  # degrees within which the file's own axes are believed rather than the detector
_FALL = 0.25  # decimetres that surface and detected depth differ; on MakeHuman's head 0.16 at most
_RELIEF, _SURE = 0.3, 0.75  # see _relief; paint makes a face of anything
_NEARLY_ACROSS = 0.97  # cosine of the angle that a mirror plane may be off
_PORTRAIT_CROP = 3.2  # height of a picture, in distances from the eyes to the chin

# From the axes of landmarks (y down, z away) to those of cameras (y up, z to the viewer).
_AXES = np.array([1.0, -1.0, -1.0])
_AXIS_NAMES = {name: np.array(axis) for name, axis in zip(
    ("x", "-x", "y", "-y", "z", "-z"),
    ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
    strict=True,
)}  # fmt: skip


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


@dataclass(frozen=True, eq=False)
class _Mesh:
    """What is drawn of a head, in the file's coordinates, around its middle and in doubles."""

    name: str
    vertices: npt.NDArray[np.float64]
    triangles: IntegerArray
    colours: FloatArray
    moved: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _View:
    """A way to look at a mesh: rows of `rotation` are right, up and towards the viewer."""

    rotation: npt.NDArray[np.float64]
    centre: npt.NDArray[np.float64]
    height: float


@dataclass(frozen=True, eq=False)
class _Seen:
    """A face in a view: its landmarks (478, 3) in pixels, and how much the mesh has its relief."""

    view: _View
    landmarks: npt.NDArray[np.float64]
    relief: float


def find_face(head: SourceHead, settings: RigSettings | None = None) -> FacePlacement:
    """Finds the face of a head and makes its axes and scale known.

    The head is drawn from the six directions of its axes and in four positions each, framed by
    what its targets move. The views that show an upright face are gone on with: turned by the
    pose that the detector sees, larger, and at last painted (lips, brows, eyes) and lit in 16 ways.

    Raises:
        RigError: no face is found.
        rig.render.RenderError: nothing can be rendered here.
    """
    settings = settings or RigSettings()
    mesh, inside_out, middle = _drawn_mesh(head)
    views = _view_rotations(settings)
    tried = 0
    with workers(1, 1) as (renderer, detector):
        for framed in _framings(mesh, views):
            tried += len(framed)
            faces: list[_Seen] = []
            for view in _candidates(renderer, detector, mesh, framed):
                refined = _refined(renderer, detector, mesh, view)
                if refined is not None and refined.relief > _RELIEF:
                    faces.append(refined)
                    if refined.relief > _SURE:
                        break
            for face in sorted(faces, key=lambda face: -face.relief):
                placement = _placed(renderer, detector, mesh, face, settings)
                if placement is not None:
                    shells = np.zeros(len(head.triangles), bool)
                    shells[~head.hidden] = placement.shells
                    return replace(
                        placement,
                        origin=placement.origin + middle,
                        inside_out=inside_out,
                        shells=shells,
                    )
    raise RigError(
        f"No face was found on {head.path}, in {tried} views of it from "
        f"{'all sides' if len(views) > 1 else 'the side that the settings name'}. A head with "
        "eyes, nose and mouth was expected. Export the head without body, hair and glasses, with "
        "its materials or textures, or say in a settings file beside it which axis is `up` and "
        "which is `front`."
    )


def _drawn_mesh(head: SourceHead) -> tuple[_Mesh, bool, npt.NDArray[np.float64]]:
    """The visible mesh, whether the file has it inside out, and the middle taken out of it."""
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
    mesh = _Mesh(head.name, vertices, triangles, head.colours, np.where(shown, moved, -1.0))
    return mesh, inside_out, middle


def _view_rotations(settings: RigSettings) -> list[npt.NDArray[np.float64]]:
    """The ways to look along an axis, upright along another, that the settings leave."""
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


def _framings(mesh: _Mesh, views: list[npt.NDArray[np.float64]]) -> Iterator[list[_View]]:
    """Where to look, the likeliest first: where targets move most, at all they move, at the top."""
    shown = mesh.vertices[mesh.moved >= 0]
    amounts = mesh.moved[mesh.moved >= 0]
    most = float(np.quantile(amounts, 0.98))
    for points in (shown[amounts > 0.02 * most], shown[amounts > 0.4 * most]):
        for wider in (1.3, 2.0):
            yield [_framed(points, rotation, wider) for rotation in views]
    tops = []
    for rotation in views:
        up = shown @ rotation[1]
        tops.append(_framed(shown[up > up.max() - np.ptp(up) / 7], rotation, 1.5))
    yield tops


def _framed(
    points: npt.NDArray[np.float64], rotation: npt.NDArray[np.float64], wider: float
) -> _View:
    seen = points @ rotation.T
    low, high = np.quantile(seen, 0.01, axis=0), np.quantile(seen, 0.99, axis=0)
    size = float((high - low)[:2].max())
    return _View(rotation, rotation.T @ ((low + high) / 2), wider * max(size, 1e-9))


def _candidates(
    renderer: Workers, detector: Workers, mesh: _Mesh, views: list[_View]
) -> list[_View]:
    """Views that show a face which is not turned far away, the best first."""
    pictures = renderer.submit(_render_views, mesh, views, _LOOK_SIDE, (0, 1)).result()
    found = detector.submit(_detect, pictures).result().reshape(len(views), -1, LANDMARK_COUNT, 3)
    scored: list[tuple[float, _View]] = []
    for view, faces in zip(views, found, strict=True):
        near = faces[[_is_near(face) for face in faces]]
        if len(near):
            relief = _relief(mesh, view, np.median(near, axis=0), _LOOK_SIDE)
            scored.append((-relief * len(near), _closer(mesh, view, near, _LOOK_SIDE)))
    scored.sort(key=lambda entry: entry[0])
    return [view for _, view in scored[:_CANDIDATES]]


def _is_near(face: npt.NDArray[np.float64]) -> bool:
    """Whether a face (478, 3) was seen, and not turned far away."""
    if not np.isfinite(face).all():
        return False
    return bool(np.degrees(head_rotation(face).magnitude()) < _MOST_TURNED)


def _seen_points(
    mesh: _Mesh, view: _View, pixels: npt.NDArray[np.float64], side: int
) -> npt.NDArray[np.float64]:
    """(n, 3) points of the surface, in the file's axes, seen at pixels (n, 2); NaN for none."""
    hit, weights = surface_points(
        mesh.vertices @ view.rotation.T,
        mesh.triangles,
        pixels,
        _framing(view).camera(_DISTANCE * view.height),
        side,
        side,
    )
    points = np.einsum("nk,nkc->nc", weights, mesh.vertices[mesh.triangles[hit]])
    return np.where(hit[:, None] >= 0, points, np.nan)


def _closer(mesh: _Mesh, view: _View, faces: npt.NDArray[np.float64], side: int) -> _View:
    """The view turned so that the detected faces (n, 478, 3) look into it, and framing them."""
    face = np.median(faces, axis=0)
    turn = _in_camera_axes(head_rotation(face))
    unit = view.height / side
    eyes = pupil_midpoint(face)
    chin = face[152] - eyes
    centre = _seen_points(mesh, view, eyes[None, :2], side)[0]
    if not np.isfinite(centre).all():
        aside = (eyes - [side / 2, side / 2, 0]) * unit * _AXES * [1, 1, 0]
        centre = view.centre + view.rotation.T @ aside
    # Down from the eyes, and back into the head, about which it will be turned.
    size = float(np.linalg.norm(chin)) * unit
    rotation = turn.T @ view.rotation
    centre = centre - size * (0.35 * rotation[1] + 0.5 * rotation[2])
    return _View(rotation, centre, _PORTRAIT_CROP * size)


def _in_camera_axes(rotation: Rotation) -> npt.NDArray[np.float64]:
    return np.asarray(rotation.as_matrix() * _AXES * _AXES[:, None])


def _refined(renderer: Workers, detector: Workers, mesh: _Mesh, view: _View) -> _Seen | None:
    """The face straight from the front; None where there is none."""
    for _ in range(_ROUNDS):
        faces = _look(renderer, detector, mesh, view)
        if faces is None:
            return None
        before = view.rotation
        view = _closer(mesh, view, faces, _SIDE)
        turned = Rotation.from_matrix(view.rotation @ before.T).magnitude()
        if np.degrees(turned) < _SETTLED:
            break
    straight = _straightened(view.rotation)
    view = replace(view, rotation=straight)
    faces = _look(renderer, detector, mesh, view)
    if faces is None:
        return None
    seen = np.median(faces, axis=0)
    return _Seen(view, seen, _relief(mesh, view, seen, _SIDE))


def _look(
    renderer: Workers, detector: Workers, mesh: _Mesh, view: _View
) -> npt.NDArray[np.float64] | None:
    """The faces (n, 478, 3) seen in large pictures; None for few or ones turned away."""
    lights = tuple(range(_LIGHTS))
    pictures = renderer.submit(_render_views, mesh, [view], _SIDE, lights).result()
    faces = detector.submit(_detect, pictures).result()
    faces = faces[[_is_near(face) for face in faces]]
    return faces if len(faces) >= 2 else None


def _straightened(rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The file's own axes where they are nearly those measured: a face's shape passes for pitch."""
    best, least = rotation, np.radians(_STRAIGHT)
    for order in permutations(range(3)):
        for signs in product((-1.0, 1.0), repeat=3):
            own = np.zeros((3, 3))
            own[range(3), order] = signs
            if np.linalg.det(own) > 0:
                away = Rotation.from_matrix(rotation @ own.T).magnitude()
                if away < least:
                    best, least = own, away
    return best


def _placed(
    renderer: Workers,
    detector: Workers,
    mesh: _Mesh,
    face: _Seen,
    settings: RigSettings,
) -> FacePlacement | None:
    """The placement by painted pictures; None where too few of them show a face."""
    view = face.view
    turned = ((mesh.vertices - view.centre) @ view.rotation.T).astype(np.float32)
    camera = Framing((0.0, 0.0, 0.0), view.height).camera(_DISTANCE * view.height)
    rotation, straight = view.rotation, bool((view.rotation == view.rotation.round()).all())
    try:
        landmarks = correspond(
            _light_rig(mesh, turned, {}), face.landmarks, MIRRORED, camera, _SIDE, _SIDE
        )
        shells = eye_shells(_as_drawn(mesh, rotation, landmarks), mesh.triangles, landmarks)
        mesh = replace(mesh, triangles=mesh.triangles[~shells])
        for last in (False, True) if straight else (False, False, True):
            drawn = _as_drawn(mesh, rotation, landmarks)
            if not straight:
                rotation = _symmetric_turn(drawn, landmarks) @ rotation
                drawn = _as_drawn(mesh, rotation, landmarks)
            rig = _painted_rig(mesh, drawn, landmarks)
            pictures, framing = renderer.submit(_render_painted, rig).result()
            faces = detector.submit(_detect, pictures).result()
            faces = faces[np.isfinite(faces).all(axis=(1, 2))]
            if len(faces) < _PAINTED_PICTURES / 2:
                return None
            seen = np.median(faces, axis=0)
            camera = framing.camera(_PORTRAIT_DISTANCE)
            landmarks = correspond(
                _light_rig(mesh, drawn, {}), seen, MIRRORED, camera, _SIDE, _SIDE
            )
            heights = -seen[:, 2] / _SIDE * framing.height
            landmarks = _without_falls(landmarks, drawn, mesh.triangles, heights)
            if not (straight or last):
                rotation = _in_camera_axes(head_rotation(seen)).T @ rotation
    except RigError:
        return None
    landmarks = iris_on_eyeball(drawn, mesh.triangles, landmarks)
    points = landmarks.landmarks(mesh.vertices)
    scale = (settings.millimetres_per_unit or _millimetres_per_unit(points)) / 100
    placed = (mesh.vertices - pupil_midpoint(points)) @ rotation.T * scale
    aside = _middle_plane(placed, landmarks.landmarks(placed))
    centre = pupil_midpoint(points) + rotation[0] * aside / scale
    detected = seen - [_SIDE / 2, 0.0, 0.0]
    detected = (detected + detected[MIRRORED] * [-1, 1, 1]) / 2
    return FacePlacement(
        rotation, scale, centre, False, shells, landmarks, detected, len(faces), _PAINTED_PICTURES
    )


def _as_drawn(
    mesh: _Mesh, rotation: npt.NDArray[np.float64], landmarks: Correspondence
) -> FloatArray:
    """The vertices (v, 3) about the point between the eyes, the eyes 0.63 apart."""
    # The unit may give the placed head other eyes; pictures and paint are made for these.
    points = landmarks.landmarks(mesh.vertices)
    drawn = (mesh.vertices - pupil_midpoint(points)) @ rotation.T
    drawn *= _millimetres_per_unit(points) / 100
    drawn[:, 0] -= _middle_plane(drawn, landmarks.landmarks(drawn))
    return np.asarray(drawn, np.float32)


def _relief(mesh: _Mesh, view: _View, seen: npt.NDArray[np.float64], side: int) -> float:
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


def _symmetric_turn(vertices: FloatArray, landmarks: Correspondence) -> npt.NDArray[np.float64]:
    """(3, 3) the turn that brings the face's own mirror plane to x = 0, if it is near that."""
    from scipy.spatial import KDTree

    points = landmarks.landmarks(vertices)
    away, _ = KDTree(points).query(vertices, distance_upper_bound=0.2)
    near = np.flatnonzero(np.isfinite(away))
    reflection = find_mirror(vertices, near, INTER_OCULAR_MILLIMETRES / 100).reflection
    _, _, directions = np.linalg.svd(np.eye(3) - reflection)
    across = directions[0] * np.sign(directions[0, 0])
    turn, _ = Rotation.align_vectors([[1.0, 0.0, 0.0]], [across])
    return np.asarray(turn.as_matrix() if across[0] > _NEARLY_ACROSS else np.eye(3))


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


def _millimetres_per_unit(points: npt.NDArray[np.float64]) -> float:
    """By landmarks (478, 3) in the file's unit."""
    left, right = (
        points[list(corners)].mean(axis=0) for corners in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS)
    )
    return INTER_OCULAR_MILLIMETRES / max(float(np.linalg.norm(left - right)), 1e-12)


def _middle_plane(vertices: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> float:
    """The x about which the face is mirror-symmetric, by its vertices where they are symmetric.

    vertices (v, 3) and landmarks (478, 3) in axes in which x goes across the face.
    """
    from scipy.spatial import KDTree

    middle = float(np.median((points + points[MIRRORED])[:, 0]) / 2)
    size = float(np.ptp(points[:, 1]))
    near = vertices[KDTree(points).query(vertices, distance_upper_bound=size / 10)[0] < np.inf]
    if len(near) < 100:
        return middle
    tree = KDTree(near)
    for _ in range(10):
        away, twin = tree.query(near * [-1, 1, 1] + [2 * middle, 0, 0])
        close = away <= np.quantile(away, 0.7)
        middle = float(np.median((near + near[twin])[close, 0]) / 2)
    return middle


def _light_rig(mesh: _Mesh, vertices: FloatArray, regions: dict[str, FloatArray]) -> Rig:
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


def _painted_rig(mesh: _Mesh, vertices: FloatArray, landmarks: Correspondence) -> Rig:
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


def _framing(view: _View) -> Framing:
    """In the view's own axes."""
    x, y, z = view.rotation @ view.centre
    return Framing((float(x), float(y), float(z)), view.height)


def _render_views(
    mesh: _Mesh, views: list[_View], side: int, lights: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    """(views x colours x lights, side, side, 3); colours are the file's own too, if it has any."""
    from rig.render import Light, Renderer

    kinds = (
        Light((0.0, 0.3, 1.0)),
        Light((-0.4, 0.9, 0.8), ambient=(0.2, 0.2, 0.2)),
        Light((0.7, 0.5, 1.0)),
        Light((-0.7, 0.5, 1.0)),
    )
    skin = np.tile(np.array([0.8, 0.64, 0.56], np.float32), (len(mesh.vertices), 1))
    paints = [skin, mesh.colours] if len(mesh.colours) else [skin]
    pictures = []
    with Renderer(side, side) as renderer:
        for view in views:
            vertices = (mesh.vertices @ view.rotation.T).astype(np.float32)
            camera = _framing(view).camera(_DISTANCE * view.height)
            pictures += [
                renderer.render(vertices, mesh.triangles, paint, camera, kinds[light])
                for paint in paints
                for light in lights
            ]
    return np.stack(pictures)


def _render_painted(rig: Rig) -> tuple[npt.NDArray[np.uint8], Framing]:
    """(16, 768, 768, 3) of a placed head from the front, and how it is framed."""
    from regression.datasets.random_heads import random_colours, random_light
    from rig.render import Renderer

    framing = frame_head(rig)
    # The plane that mirrors the head goes through the middle of the picture.
    framing = Framing((0.0, *framing.centre[1:]), framing.height)
    camera = framing.camera(_PORTRAIT_DISTANCE)
    random = np.random.default_rng(0)
    with Renderer(_SIDE, _SIDE) as renderer:
        pictures = [
            renderer.render(
                rig.neutral,
                rig.triangles,
                random_colours(rig, random),
                camera,
                random_light(random),
            )
            for _ in range(_PAINTED_PICTURES)
        ]
    return np.stack(pictures), framing


def _detect(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(n, 478, 3) the largest face's landmarks in each picture, NaN where there is none."""
    from vision.landmarks import FaceLandmarker

    found = np.full((len(pictures), LANDMARK_COUNT, 3), np.nan)
    with FaceLandmarker(1) as landmarker:
        for picture, row in zip(pictures, found, strict=True):
            for face in landmarker.detect(picture):
                row[:] = face.landmarks
    return found
