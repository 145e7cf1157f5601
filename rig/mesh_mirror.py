"""The other side of a face: where the mirror image of a vertex lies on the same mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray

_NEIGHBOURS = 4
_EXACT = 1e-3  # of the inter-ocular distance: nearer counts as the same place
_TURNS = 8


@dataclass(frozen=True, eq=False)
class MeshMirror:
    """Carries offsets of a mesh to the other side.

    points: (n,) the vertices whose mirror images are known.
    neighbours, weights: (n, 4) the vertices round each mirror image; weights sum to 1.
    reflection: (3, 3) what the mirror does to directions.
    """

    points: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]
    weights: FloatArray
    reflection: FloatArray

    def mirrored(self, offsets: FloatArray) -> FloatArray:
        """Offsets (v, 3) as they look in the mirror, at the points: (n, 3)."""
        across = np.einsum("nk,nkc->nc", self.weights, offsets[self.neighbours])
        return np.asarray(across @ self.reflection.T, np.float32)


def find_mirror(
    vertices: FloatArray, points: npt.NDArray[np.int64], inter_ocular_distance: float
) -> MeshMirror:
    """The mirror of a mesh (v, 3) whose middle is about x = 0, at some of its vertices (n,).

    The plane is moved and turned until the mesh lies best on its own mirror image (iterative
    closest points). The two sides need not have the same vertices.
    """
    from scipy.spatial import KDTree

    tree = KDTree(vertices)
    start = vertices[points].astype(np.float64)
    linear, shift = np.diag([-1.0, 1.0, 1.0]), np.zeros(3)
    for _ in range(_TURNS):
        image = start @ linear.T + shift
        distance, nearest = tree.query(image)
        near = distance <= max(2 * np.median(distance), _EXACT * inter_ocular_distance)
        turn, move = _rigid(image[near], vertices[nearest[near]].astype(np.float64))
        linear, shift = turn @ linear, turn @ shift + move
        if np.abs(start @ linear.T + shift - image).max() < 0.1 * _EXACT * inter_ocular_distance:
            break
    count = min(_NEIGHBOURS, len(vertices))
    distance, neighbours = tree.query(start @ linear.T + shift, k=range(1, count + 1))
    weights = 1 / (distance**2 + (_EXACT * inter_ocular_distance) ** 2)
    weights[distance[:, 0] < _EXACT * inter_ocular_distance, 1:] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return MeshMirror(points, neighbours, weights.astype(np.float32), linear.astype(np.float32))


def _rigid(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The rotation and shift that bring points nearest to others (Kabsch 1976)."""
    middles = source.mean(axis=0), target.mean(axis=0)
    left, _, right = np.linalg.svd((target - middles[1]).T @ (source - middles[0]))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ flip @ right
    return rotation, middles[1] - rotation @ middles[0]
