"""A pinhole camera looking at a rig, in pure numpy, exactly as the renderer draws it.

Pixels: x to the right, y down, (0, 0) is the outer corner of the top left pixel, so the centre of
the pixel in column c and row r lies at (c + 0.5, r + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

DoubleArray = npt.NDArray[np.float64]

_BLOCK = 64  # pixels looked up at once; bounds memory


@dataclass(frozen=True)
class Camera:
    """Where the camera stands, and how the head is turned before it.

    target: the point of the mesh (mesh units) that appears in the middle of the image and about
        which the head turns.
    distance: from the camera to the target, mesh units (decimetres for MakeHuman).
    field_of_view: vertical, degrees, between 0 and 180 exclusive.
    yaw, pitch, roll: degrees. Positive yaw turns the face to its own left (to the right in the
        image), positive pitch lifts the chin, positive roll tilts the head counter-clockwise in
        the image. The head is turned by yaw first, then pitch, then roll, about the image's axes.

    Raises ValueError for a distance or field of view that is out of range.
    """

    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    distance: float = 10.0
    field_of_view: float = 20.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.field_of_view < 180 and self.distance > 0):
            raise ValueError(
                f"A camera has the distance {self.distance} and the field of view "
                f"{self.field_of_view} degrees. Expected a distance above 0 and an angle between 0 "
                "and 180. Correct them."
            )

    @property
    def rotation(self) -> DoubleArray:
        """(3, 3) rotation from mesh axes to camera axes (x right, y up, z towards the viewer)."""
        yaw, pitch, roll = np.radians([self.yaw, -self.pitch, self.roll])
        about_y = np.array(
            [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
        )
        about_x = np.array(
            [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
        )
        about_z = np.array(
            [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
        )
        return np.asarray(about_z @ about_x @ about_y)

    def focal(self, height: int) -> float:
        """The focal length in pixels for an image of that height."""
        return float(height / 2 / np.tan(np.radians(self.field_of_view) / 2))

    def to_camera(self, vertices: npt.ArrayLike) -> DoubleArray:
        """Mesh points (..., 3) in camera axes: the camera at the origin, looking along -z."""
        centred = np.asarray(vertices, np.float64) - np.asarray(self.target)
        return np.asarray(centred @ self.rotation.T - np.array([0, 0, self.distance]))


def project(vertices: npt.ArrayLike, camera: Camera, width: int, height: int) -> DoubleArray:
    """Mesh points (..., 3) -> (..., 3): x and y in pixels, and depth along the optical axis.

    Depth is in mesh units, positive in front of the camera; points at or behind the camera get
    x and y that mean nothing.
    """
    points = camera.to_camera(vertices)
    depth = -points[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = camera.focal(height) / depth
        x = width / 2 + scale * points[..., 0]
        y = height / 2 - scale * points[..., 1]
    return np.stack([x, y, depth], axis=-1)


def surface_points(
    vertices: npt.ArrayLike,
    triangles: npt.NDArray[np.integer[Any]],
    pixels: npt.ArrayLike,
    camera: Camera,
    width: int,
    height: int,
) -> tuple[npt.NDArray[np.int64], DoubleArray]:
    """The points of the mesh that are seen at pixel positions.

    vertices (v, 3), triangles (t, 3), pixels (n, 2) x and y as `project` gives them.
    Returns the triangle (n,), -1 where the pixel shows none, and its barycentric weights (n, 3) on
    the mesh (perspective taken into account), zero where none.
    """
    image = project(vertices, camera, width, height)
    corners = image[triangles]  # (t, 3 corners, 3)
    area = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    usable = (corners[..., 2] > 0).all(axis=1) & np.isfinite(area) & (area != 0)
    names, corners, area = np.flatnonzero(usable), corners[usable], area[usable]
    top, bottom = corners[..., 1].min(axis=1), corners[..., 1].max(axis=1)

    positions = np.asarray(pixels, np.float64).reshape(-1, 2)
    found = np.full(len(positions), -1, np.int64)
    weights = np.zeros((len(positions), 3))
    by_height = np.argsort(positions[:, 1], kind="stable")
    for start in range(0, len(positions), _BLOCK):
        chosen = by_height[start : start + _BLOCK]
        block = positions[chosen, None, :]
        # Only triangles at the height of this block of pixels can be hit.
        near = (bottom >= block[..., 1].min()) & (top <= block[..., 1].max())
        if not near.any():
            continue
        a, b, c = (corners[near, corner, :2] for corner in range(3))
        # Screen weights of the three corners: the areas of the opposite sub-triangles.
        first, second = _cross(b - block, c - block), _cross(c - block, a - block)
        screen = np.stack([first, second], axis=-1) / area[near, None]
        screen = np.concatenate([screen, 1 - screen.sum(axis=-1, keepdims=True)], axis=-1)
        inside = (screen >= -1e-9).all(axis=-1)
        # 1/depth, not depth, is linear on the image.
        inverse = screen / corners[near, :, 2]
        closeness = np.where(inside, inverse.sum(axis=-1), 0.0)
        nearest = closeness.argmax(axis=1)
        rows = np.arange(len(chosen))
        seen = closeness[rows, nearest] > 0
        hit = nearest[seen]
        found[chosen[seen]] = names[near][hit]
        weights[chosen[seen]] = inverse[rows[seen], hit] / closeness[rows[seen], hit, None]
    return found, weights


def _cross(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """The z part of the cross product of vectors whose first two numbers are x and y."""
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
