"""Which point of a rig's surface lies under each face-mesh landmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rig.camera import Camera, surface_points
from rig.rig import FloatArray, Rig, RigError


@dataclass(frozen=True, eq=False)
class Correspondence:
    """Landmarks as points of the rig's surface.

    vertices: (n, 3) int32, the corners of the triangle each landmark lies on.
    weights: (n, 3) float32 barycentric weights, each row sums to 1.
    """

    vertices: npt.NDArray[np.int32]
    weights: FloatArray

    def landmarks(self, mesh: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Landmarks (..., n, 3) of meshes (..., v, 3), in mesh units and mesh axes."""
        return np.einsum("...nkc,nk->...nc", mesh[..., self.vertices, :], self.weights)


def correspond(
    rig: Rig,
    landmarks: npt.NDArray[np.floating],
    mirrored: npt.NDArray[np.integer],
    camera: Camera,
    width: int,
    height: int,
) -> Correspondence:
    """The visible surface point of the neutral rig under each landmark seen in its picture.

    landmarks: (n, 2) or (n, 3), pixels of a frontal picture of the neutral rig.
    mirrored: (n,) each landmark's twin; landmarks are made mirror-symmetric first.
    camera, width, height: how that picture was taken.

    A landmark that falls off the head (face sides are drawn on the silhouette) is moved towards
    the middle of the landmarks until it meets the head.

    Raises RigError when landmarks do not meet the head at all.
    """
    pixels = np.array(landmarks[:, :2], dtype=np.float64)
    twins = pixels[mirrored]
    twins[:, 0] = width - twins[:, 0]
    pixels = (pixels + twins) / 2
    middle = pixels.mean(axis=0)
    triangle = np.full(len(pixels), -1)
    weights = np.zeros((len(pixels), 3))
    for inward in np.linspace(0, 0.08, 9):
        missing = triangle < 0
        if not missing.any():
            break
        moved = pixels[missing] + inward * (middle - pixels[missing])
        triangle[missing], weights[missing] = surface_points(
            rig.neutral, rig.triangles, moved, camera, width, height
        )
    if (triangle < 0).any():
        raise RigError(
            f"{int((triangle < 0).sum())} of {len(pixels)} landmarks lie beside rig {rig.name}. "
            "Expected all of them on the head. Check that the picture shows it from the front."
        )
    return Correspondence(rig.triangles[triangle], weights.astype(np.float32))
