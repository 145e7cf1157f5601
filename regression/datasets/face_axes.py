"""A face's own axes, middle and unit, by its landmarks and by the mesh's symmetry about them."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from rig.correspondence import Correspondence
from rig.mesh_mirror import find_mirror
from rig.rig import FloatArray
from vision.mesh_topology import MIRRORED
from vision.pose import inter_ocular_distance

INTER_OCULAR_MILLIMETRES = 63.0
"""Between the middles of an adult's eyes (Dodgson, Proc. SPIE 5291, 2004: 63 mm on average)."""

CAMERA_AXES = np.array([1.0, -1.0, -1.0])
"""From the axes of landmarks (y down, z away) to those of cameras (y up, z to the viewer)."""

_STRAIGHT = 10.0  # degrees within which the file's own axes are believed rather than the detector
_NEARLY_ACROSS = 0.97  # cosine of the angle that a mirror plane may be off


def in_camera_axes(rotation: Rotation) -> npt.NDArray[np.float64]:
    """(3, 3) a turn of landmarks as one in the axes of cameras."""
    return np.asarray(rotation.as_matrix() * CAMERA_AXES * CAMERA_AXES[:, None])


def straightened(rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
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


def symmetric_turn(vertices: FloatArray, landmarks: Correspondence) -> npt.NDArray[np.float64]:
    """(3, 3) the turn that brings the face's own mirror plane to x = 0, if it is near that.

    vertices: (v, 3) with eyes 0.63 apart.
    """
    from scipy.spatial import KDTree

    points = landmarks.landmarks(vertices)
    away, _ = KDTree(points).query(vertices, distance_upper_bound=0.2)
    near = np.flatnonzero(np.isfinite(away))
    reflection = find_mirror(vertices, near, INTER_OCULAR_MILLIMETRES / 100).reflection
    _, _, directions = np.linalg.svd(np.eye(3) - reflection)
    across = directions[0] * np.sign(directions[0, 0])
    turn, _ = Rotation.align_vectors([[1.0, 0.0, 0.0]], [across])
    return np.asarray(turn.as_matrix() if across[0] > _NEARLY_ACROSS else np.eye(3))


def middle_plane(vertices: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> float:
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


def millimetres_per_unit(points: npt.NDArray[np.float64]) -> float:
    """By landmarks (478, 3) in the file's unit, and what people measure."""
    return INTER_OCULAR_MILLIMETRES / max(inter_ocular_distance(points), 1e-12)
