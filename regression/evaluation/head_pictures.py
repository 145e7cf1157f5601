"""Pictures of predicted heads: the face mesh drawn in numpy, or the whole head by the rig.

The face mesh needs neither OpenGL nor a rig on disk: its triangles are filled pixel by pixel, each
pixel with its own normal (Phong, "Illumination for Computer Generated Pictures", CACM 18, 1975),
and lips, brows and eyes are painted on the neutral face and move with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from regression.measures.surface import MESH_POINTS, rig_units
from rig.landmark_head import LandmarkHead
from vision.mesh_topology import LEFT_IRIS, RIGHT_IRIS

COLOUR_MAP = "YlOrRd"
"""matplotlib's name of the colours of errors: light where small, dark where large."""

# Landmarks around what is painted, in order; left and right are the picture's.
# fmt: off
_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)
_BETWEEN_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)
_BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (336, 296, 334, 293, 300, 276, 283, 282, 295, 285),
)
_EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)
# fmt: on
_UPPER_LID = 9  # the first points of each eye
_IRISES = (LEFT_IRIS, RIGHT_IRIS)
_CYLINDER = 1.3  # mesh units

# Red, green, blue, 0..1.
_SKIN = (0.83, 0.66, 0.57)
_LIP_COLOUR = (0.68, 0.38, 0.36)
_BROW_COLOUR = (0.36, 0.25, 0.19)
_SCLERA = (0.93, 0.92, 0.90)
_IRIS_COLOUR = (0.34, 0.24, 0.17)
_DARK = (0.12, 0.08, 0.07)
_UNMEASURED = (0.80, 0.79, 0.78)

_LIGHTS = (((-0.45, 0.55, 1.0), 0.62), ((0.8, 0.1, 0.5), 0.18))  # direction to it, strength
_AMBIENT = 0.4
_SHINE = 0.07

_FINER = 2  # drawn so many times as large, then averaged: smooth edges
_PAINT_SIDE = 700  # pixels of the painted face
_CAMERA_DISTANCE = 15.0  # from the rig's head, decimetres
_CLOSER = 0.9  # than a portrait: the head without the neck
_HEIGHTS = 1.2  # the picture's height over the neutral face's


def draw_heads(
    head: LandmarkHead,
    values: np.ndarray,
    size: int = 256,
    colours: np.ndarray | None = None,
    yaw: float = 0.0,
) -> np.ndarray:
    """Draws the face mesh of heads, on white, each in the middle, all at one scale.

    Args:
        values: (n, s) slider values, 0..1 over their ranges.
        size: side of each picture, pixels.
        colours: (n, 468) 0..1 by COLOUR_MAP instead of skin, with the face drawn faintly under
            them; None, and rows of nan, for skin.
        yaw: degrees; above 0 the face turns to the picture's right.

    Returns:
        (n, size, size, 3) uint8.

    Raises:
        ValueError: shapes that do not fit.
    """
    if colours is not None and colours.shape != (len(values), MESH_POINTS):
        raise ValueError(
            f"Colours of shape {colours.shape} came in for {len(values)} heads. ({len(values)}, "
            f"{MESH_POINTS}) was expected. Pass one per landmark of the skin."
        )
    face = _painted_face(head)
    points = head.landmarks(rig_units(head.sliders, values))[:, :MESH_POINTS]
    moved = points.mean(axis=1, keepdims=True) - head.neutral[:MESH_POINTS].mean(axis=0)
    turned = (points - moved - face.centre) * [1, -1, -1] @ _turn(yaw).T
    pictures = np.empty((len(values), size, size, 3), np.uint8)
    for number, head_points in enumerate(turned):
        row = None if colours is None else colours[number]
        pictures[number] = _draw(face, head_points, size, row)
    return pictures


@dataclass(frozen=True, eq=False)
class HeadSheet:
    """Heads to be drawn alike.

    Attributes:
        values: (n, s) slider values, 0..1 over their ranges.
        colours: (n, v) 0..1 by COLOUR_MAP for each point of a surface; rows of nan for skin.
        size: side of each picture, pixels.
        yaw: degrees; above 0 the face turns to the picture's right.
    """

    values: np.ndarray
    colours: np.ndarray
    size: int
    yaw: float = 0.0


def draw_sheet(head: LandmarkHead, sheet: HeadSheet) -> np.ndarray:
    """The face mesh of a sheet's heads, (n, size, size, 3) uint8, as `draw_heads` draws it."""
    return draw_heads(head, sheet.values, sheet.size, sheet.colours, sheet.yaw)


def draw_rig_sheets(
    rig_folder: Path, vertices: np.ndarray, sheets: Sequence[HeadSheet]
) -> list[np.ndarray]:
    """Draws whole heads by MakeHuman's mesh; to be called in a process of its own (OpenGL).

    Args:
        rig_folder: MakeHuman's data.
        vertices: (v,) those of the rig that the sheets' colours are for.

    Returns:
        (n, size, size, 3) uint8 for each sheet, on white, each head in the middle, all at one
        scale.

    Raises:
        RigError: no rig there.
        RenderError: nothing can be rendered here.
    """
    from rig.makehuman import load_makehuman
    from rig.paint import vertex_colours
    from rig.portrait import frame_head
    from rig.render import Light, Renderer

    rig = load_makehuman(rig_folder)
    framing = frame_head(rig)
    skin = vertex_colours(rig)
    bare = vertex_colours(rig, skin=_UNMEASURED, lips=_UNMEASURED)
    soft = Light(colour=(0.5, 0.5, 0.5), ambient=(0.55, 0.55, 0.55), specular=0.02)
    middle = rig.neutral[vertices].mean(axis=0)
    drawn = []
    for sheet in sheets:
        camera = framing.camera(_CAMERA_DISTANCE, sheet.yaw)
        camera = replace(camera, field_of_view=_CLOSER * camera.field_of_view)
        pictures = np.empty((len(sheet.values), sheet.size, sheet.size, 3), np.uint8)
        with Renderer(sheet.size, sheet.size) as renderer:
            for number, values in enumerate(rig_units(rig.sliders, sheet.values)):
                paint, light = skin, None
                if np.isfinite(sheet.colours[number]).all():
                    paint, light = bare.copy(), soft
                    paint[vertices] = mapped_colours(sheet.colours[number])
                shape = rig.vertices(values)
                pictures[number] = renderer.render(
                    shape - (shape[vertices].mean(axis=0) - middle),
                    rig.triangles,
                    paint,
                    camera,
                    light,
                    background=(1, 1, 1),
                )
        drawn.append(pictures)
    return drawn


def mapped_colours(amounts: np.ndarray) -> np.ndarray:
    """(..., 3) float64 red, green, blue of amounts 0..1, which are clipped, by COLOUR_MAP."""
    from matplotlib import colormaps

    return np.asarray(colormaps[COLOUR_MAP](np.clip(amounts, 0.0, 1.0)))[..., :3]


@dataclass(frozen=True, eq=False)
class _PaintedFace:
    """The neutral face of a head, painted. p pixels on a side.

    Attributes:
        centre: (3,) the middle of the pictures, in the axes of landmarks.
        height: that the pictures show, mesh units.
        triangles: (t, 3) those of the mesh that lie within the face.
        places: (468, 2) where each landmark is on the paint, in pixels.
        skin: (p, p, 3) red, green, blue, 0..1.
        lines: (p, p) 0..1, how light the face is, to be laid over other colours.
    """

    centre: np.ndarray
    height: float
    triangles: np.ndarray
    places: np.ndarray
    skin: np.ndarray
    lines: np.ndarray


@lru_cache(maxsize=4)
def _painted_face(head: LandmarkHead) -> _PaintedFace:
    neutral = head.neutral.astype(np.float64)
    low, high = neutral[:MESH_POINTS].min(axis=0), neutral[:MESH_POINTS].max(axis=0)
    extent = float((high - low)[:2].max())
    corner = (low + high)[:2] / 2 - extent / 2
    places = (neutral[:, :2] - corner) * (_PAINT_SIDE - 1) / extent
    triangles = _face_triangles(neutral)
    skin, lines = _paint(places)
    return _PaintedFace(
        (low + high) / 2, _HEIGHTS * extent, triangles, places[:MESH_POINTS], skin, lines
    )


def _face_triangles(neutral: np.ndarray) -> np.ndarray:
    """(t, 3) triangles of the face mesh, counter-clockwise for the viewer, within its outline."""
    from matplotlib.path import Path as Outline
    from scipy.spatial import Delaunay

    # The sides of a face point to the side; unrolled from a cylinder they have their true width.
    x, y, z = neutral[:MESH_POINTS].T
    unrolled = np.stack([_CYLINDER * np.arctan2(x, z.min() + _CYLINDER - z), y], axis=1)
    triangles = Delaunay(unrolled).simplices.astype(np.int64)
    outline = Outline(unrolled[list(_OVAL)])
    triangles = triangles[outline.contains_points(unrolled[triangles].mean(axis=1))]
    a, b, c = (unrolled[triangles[:, corner]] for corner in range(3))
    # y points down here.
    return np.where((_cross(b - a, c - a) > 0)[:, None], triangles[:, ::-1], triangles)


def _paint(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The neutral face's skin (p, p, 3) and lines (p, p)."""
    from scipy.ndimage import gaussian_filter

    skin = np.empty((_PAINT_SIDE, _PAINT_SIDE, 3))
    skin[:] = _SKIN
    lines = np.ones((_PAINT_SIDE, _PAINT_SIDE))

    def lay(mask: np.ndarray, colour: Sequence[float], darkness: float) -> None:
        skin[:] = skin + mask[..., None] * (np.asarray(colour) - skin)
        lines[:] = lines * (1 - darkness * mask)

    lay(gaussian_filter(_filled([places[list(_LIPS)]]), 2.5), _LIP_COLOUR, 0.25)
    lay(gaussian_filter(_stroke(places[list(_BETWEEN_LIPS[:11])], 3), 1.5) * 0.8, _DARK, 0.6)
    brows = gaussian_filter(_filled([places[list(brow)] for brow in _BROWS]), 3.0)
    lay(0.85 * brows, _BROW_COLOUR, 0.4)
    opening = gaussian_filter(_filled([places[list(eye)] for eye in _EYES]), 1.0)
    lay(opening, _SCLERA, 0.0)
    for iris in _IRISES:
        middle = places[iris[0]]
        radius = np.linalg.norm(places[list(iris[1:])] - middle, axis=1).mean()
        lay(opening * _disc(middle, radius), _IRIS_COLOUR, 0.5)
        lay(opening * _disc(middle, 0.45 * radius), (0.03, 0.03, 0.03), 0.3)
        glint = middle + [-0.35 * radius, -0.35 * radius]
        lay(opening * _disc(glint, 0.18 * radius), (1, 1, 1), 0.0)
    for eye in _EYES:
        lay(gaussian_filter(_stroke(places[list(eye[:_UPPER_LID])], 4), 1.2) * 0.85, _DARK, 0.6)
        below = [eye[0], *eye[: _UPPER_LID - 2 : -1]]
        lay(gaussian_filter(_stroke(places[below], 2), 1.2) * 0.45, _DARK, 0.4)
    return skin, lines


def _filled(outlines: Sequence[np.ndarray]) -> np.ndarray:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (_PAINT_SIDE, _PAINT_SIDE))
    for outline in outlines:
        ImageDraw.Draw(picture).polygon([tuple(point) for point in outline], fill=255)
    return np.asarray(picture, np.float64) / 255


def _stroke(line: np.ndarray, width: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (_PAINT_SIDE, _PAINT_SIDE))
    ImageDraw.Draw(picture).line([tuple(point) for point in line], 255, width, "curve")
    return np.asarray(picture, np.float64) / 255


def _disc(middle: np.ndarray, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:_PAINT_SIDE, :_PAINT_SIDE]
    distance = np.hypot(columns - middle[0], rows - middle[1])
    return np.asarray(np.clip(radius - distance + 0.5, 0.0, 1.0))


def _turn(yaw: float) -> np.ndarray:
    """(3, 3) rotation about the vertical, in mesh axes, as rig.camera turns heads."""
    angle = np.radians(yaw)
    return np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )


def _draw(
    face: _PaintedFace, points: np.ndarray, size: int, colours: np.ndarray | None
) -> np.ndarray:
    """One picture of points (468, 3) in mesh axes about its middle."""
    side = size * _FINER
    scale = side / face.height
    screen = np.stack([side / 2 + scale * points[:, 0], side / 2 - scale * points[:, 1]], axis=1)
    pixels, triangle, weights = _covered(screen, points[:, 2], face.triangles, side)
    corners = face.triangles[triangle]
    heat = colours is not None and bool(np.isfinite(colours).all())
    amounts = colours[:, None] if colours is not None and heat else np.zeros((MESH_POINTS, 0))
    of_points = np.hstack([_normals(points, face.triangles), face.places, amounts])
    of_points = of_points.astype(np.float32)
    at_pixels = sum(weights[:, [k]] * of_points[corners[:, k]] for k in range(3))
    normals = at_pixels[:, :3] / np.maximum(_lengths(at_pixels[:, :3]), 1e-9)[:, None]
    columns, rows = np.rint(at_pixels[:, 3:5]).astype(np.int32).T
    light = _light(normals)
    if heat:
        paint = mapped_colours(at_pixels[:, 5])
        # The colour is what counts: softer light, and the face only as a hint.
        light = (0.5 + 0.5 * light) * (0.3 + 0.7 * face.lines[rows, columns])
    else:
        paint = face.skin[rows, columns]
    canvas = np.ones((side * side, 3), np.float32)
    canvas[pixels] = np.clip(paint * light[:, None] + _shine(normals)[:, None], 0, 1)
    blocks = canvas.reshape(size, _FINER, size, _FINER, 3).mean(axis=(1, 3))
    return np.asarray(np.rint(255 * blocks), np.uint8)


def _covered(
    screen: np.ndarray, nearness: np.ndarray, triangles: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which triangle is seen at each pixel that shows one.

    Args:
        screen: (v, 2) pixels; nearness: (v,) larger is nearer.

    Returns:
        pixels (p,) int, counted along rows; triangle (p,) int; weights (p, 3) of its corners.
    """
    # The nearest last: they are drawn over the others (painter's algorithm).
    drawn = np.argsort(nearness[triangles].mean(axis=1), kind="stable")
    corners = screen[triangles[drawn]]
    low = np.clip(np.ceil(corners.min(axis=1) - 0.5).astype(np.int32), 0, side)
    high = np.clip(np.floor(corners.max(axis=1) - 0.5).astype(np.int32) + 1, 0, side)
    width, height = np.maximum(high - low, 0).T
    a, b, c = (corners[:, corner] for corner in range(3))
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-9, np.nan, area)
    # Every pixel of every triangle's box, in one list.
    count = width * height
    place = np.arange(count.sum(), dtype=np.int32)
    place -= np.repeat(np.cumsum(count, dtype=np.int32) - count, count)
    row, column = np.divmod(place, np.repeat(width, count))

    def weight(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """That of the corner opposite to an edge: 1 there, 0 on the edge, linear between."""
        across, down = (start - end)[:, 1] / area, (end - start)[:, 0] / area
        at_low = _cross(start - low - 0.5, end - low - 0.5) / area
        parts = (np.repeat(part.astype(np.float32), count) for part in (across, down, at_low))
        by_column, by_row, first = parts
        return np.asarray(first + by_column * column + by_row * row)

    first, second = weight(b, c), weight(c, a)
    third = 1 - first - second
    inside = np.flatnonzero((first >= -1e-4) & (second >= -1e-4) & (third >= -1e-4))
    triangle = np.repeat(np.arange(len(drawn), dtype=np.int32), count)[inside]
    pixel = (row[inside] + low[triangle, 1]) * side + column[inside] + low[triangle, 0]
    seen = np.full(side * side, -1, np.int32)
    seen[pixel] = np.arange(len(inside), dtype=np.int32)
    pixels = np.flatnonzero(seen >= 0)
    last = seen[pixels]
    shown = inside[last]
    weights = np.stack([first[shown], second[shown], third[shown]], axis=1)
    return pixels, drawn[triangle[last]], weights


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(v, 3) of each vertex, of unit length: those of its triangles, by their size."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    flat = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], flat)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.einsum("nc,nc->n", vectors, vectors)))


def _light(normals: np.ndarray) -> np.ndarray:
    total = np.full(len(normals), _AMBIENT)
    for direction, strength in _LIGHTS:
        towards = np.asarray(direction) / np.linalg.norm(direction)
        total += strength * np.maximum(normals @ towards, 0)
    return total


def _shine(normals: np.ndarray) -> np.ndarray:
    direction = np.asarray(_LIGHTS[0][0]) / np.linalg.norm(_LIGHTS[0][0])
    halfway = direction + [0, 0, 1]
    return np.asarray(_SHINE * np.maximum(normals @ (halfway / np.linalg.norm(halfway)), 0) ** 20)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
