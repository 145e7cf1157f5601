"""Draws small meshes without OpenGL: triangles by OpenCV from back to front, shaded per pixel.

A stand-in for `rig.render` where OpenGL does not start. Its time goes with the triangles: 2,000
take about 15 ms, and a whole head of 10,000 would take too long for a video.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rig.camera import Camera, project
from rig.render import Light
from rig.rig import FloatArray

_FRACTION_BITS = 4  # OpenCV takes coordinates with so many bits behind the point
_SMALLEST = 0.05  # pixels: triangles of less area are seen from their edge
_FAR = 100_000.0  # pixels outside the picture that OpenCV's integers still hold


def paint_mesh(
    vertices: npt.NDArray[np.floating[Any]],
    triangles: npt.NDArray[np.integer[Any]],
    colours: npt.NDArray[np.floating[Any]],
    camera: Camera,
    width: int,
    height: int,
    light: Light | None = None,
    background: tuple[float, float, float] = (0.5, 0.5, 0.5),
) -> npt.NDArray[np.uint8]:
    """Draw one mesh as `rig.render.Renderer` would; returns (height, width, 3) uint8 RGB.

    Triangles seen from behind are left out, and of two that cut through each other the one whose
    middle is nearer lies over the other: enough for faces, which are all on one side.

    vertices (v, 3); triangles (t, 3), counter-clockwise from outside; colours (v, 3) 0..1;
    background: one colour 0..1. Raises ValueError for colours that are not one per vertex.
    """
    if colours.shape != (len(vertices), 3):
        raise ValueError(
            f"The colours have shape {colours.shape}. Expected ({len(vertices)}, 3): red, green "
            "and blue per vertex. Take them from rig.paint.vertex_colours."
        )
    shaded = _lit(vertices, triangles, colours, camera, light or Light())
    corners = project(vertices, camera, width, height)[triangles]  # (t, 3 corners, 3)
    first, second = (corners[:, k, :2] - corners[:, 0, :2] for k in (1, 2))
    # y goes down in pictures, which turns counter-clockwise to clockwise: negative areas.
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    with np.errstate(invalid="ignore"):
        seen = (corners[..., 2] > 0).all(axis=1) & (area < -_SMALLEST)
    corners, first, second, area = corners[seen], first[seen], second[seen], area[seen]
    owner = _owners(corners, width, height)

    rows, columns = np.nonzero(owner >= 0)
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = background
    values = shaded[triangles[seen]]  # (t, 3 corners, 3 colours)
    towards_first, towards_second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    across = towards_first * second[:, 1:] - towards_second * first[:, 1:]
    down = towards_second * first[:, :1] - towards_first * second[:, :1]
    across, down = across / area[:, None], down / area[:, None]
    start = values[:, 0] - across * corners[:, 0, :1] - down * corners[:, 0, 1:2]
    planes = np.stack([across, down, start, values.min(axis=1), values.max(axis=1)], axis=1)
    plane = planes.astype(np.float32)[owner[rows, columns]]  # (pixels, 5, 3 colours)
    x, y = ((part + 0.5).astype(np.float32)[:, None] for part in (columns, rows))
    # Pixels on an edge may lie a little outside their triangle: none gets another colour for it.
    picture[rows, columns] = np.clip(
        plane[:, 0] * x + plane[:, 1] * y + plane[:, 2], plane[:, 3], plane[:, 4]
    )
    return soften_outline(np.rint(picture * 255).astype(np.uint8), owner >= 0)


def _owners(corners: npt.NDArray[np.float64], width: int, height: int) -> npt.NDArray[np.int32]:
    """(height, width) which triangle (t, 3 corners, x y depth) each pixel shows; -1 for none."""
    import cv2

    owner = np.full((height, width), -1, np.int32)
    # OpenCV counts from the middle of the first pixel.
    places = np.clip(corners[..., :2] - 0.5, -_FAR, _FAR) * (1 << _FRACTION_BITS)
    outlines = np.rint(places).astype(np.int32)
    order = np.argsort(-corners[..., 2].mean(axis=1), kind="stable")
    for number, outline in zip(order.tolist(), outlines[order], strict=True):
        cv2.fillConvexPoly(owner, outline, number, cv2.LINE_8, _FRACTION_BITS)
    return owner


def _lit(
    vertices: npt.NDArray[np.floating[Any]],
    triangles: npt.NDArray[np.integer[Any]],
    colours: npt.NDArray[np.floating[Any]],
    camera: Camera,
    light: Light,
) -> FloatArray:
    """The vertices' colours (v, 3) 0..1 in that light, by the formula of rig.render's shader."""
    points = camera.to_camera(vertices)
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    normals = _unit(normals)
    towards = _unit(np.asarray(light.direction, np.float64))
    facing = np.maximum(normals @ towards, 0)[:, None]
    halfway = _unit(towards - _unit(points))
    shine = np.maximum(np.sum(normals * halfway, axis=1), 0)[:, None] ** light.shininess
    shine = np.where(facing > 0, light.specular * shine, 0)
    colour, ambient = np.asarray(light.colour), np.asarray(light.ambient)
    lit = colours * (ambient + colour * facing) + colour * shine
    return np.clip(lit, 0, 1).astype(np.float32)


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))


def soften_outline(
    picture: npt.NDArray[np.uint8], covered: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """Changes the picture (height, width, 3) uint8: a mesh's outline is blended with what is beside
    it. Cheaper than OpenGL's several samples per pixel. covered: (height, width), the mesh."""
    import cv2

    outline = cv2.morphologyEx(
        covered.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)
    )
    cv2.copyTo(cv2.GaussianBlur(picture, (3, 3), 0), outline, picture)
    return picture
