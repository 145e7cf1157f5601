"""The face mesh to be looked at, with eyes, lips and brows: where no head is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from exports.face_mesh import POINTS, face_mesh_rig
from rig.landmark_head import LandmarkHead
from rig.portrait import Framing
from rig.rig import FloatArray, Rig

# Landmarks of MediaPipe's face mesh; "left" is the picture's. An eye or a brow lies between an
# upper and a lower line, point over point, from the temple to the nose.
# fmt: off
_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((263, 466, 388, 387, 386, 385, 384, 398, 362), (263, 249, 390, 373, 374, 380, 381, 382, 362)),
)
_BROWS = (
    ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)),
)
_IRISES = ((468, (469, 471)), (473, (474, 476)))  # the middle, and the rim beside it
_LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375,
               291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_LIPS_MIDDLE = (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 408, 304, 303, 302, 11, 72, 73,
                74, 184, 62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 407, 272, 271, 268, 12,
                38, 41, 42, 183)
_LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324,
               308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
# fmt: on
_EYE_CORNERS = (33, 133, 362, 263)
_CHIN = 152

# What paint covers of the skin at landmarks; it fades towards those beside them.
_PAINT: tuple[tuple[str, Sequence[int], float], ...] = (
    ("lips", _LIPS_OUTER, 0.45),
    ("lips", _LIPS_MIDDLE, 1.0),
    ("lips", _LIPS_INNER, 1.0),
    ("mouth_inside", _LIPS_INNER, 0.5),  # the line between the lips
    ("brows", tuple(point for upper, _ in _EYES for point in upper), 0.45),  # lashes
)
_LASHES = (0.55, 0.2)  # what they cover of the eye's first rows
_BROW_ROWS = (0.2, 0.75, 0.95, 0.95, 0.6, 0.0)  # what a brow covers, from above
_BROW_COLUMNS = (0.7, 1.0, 1.0, 1.0, 0.6)  # how much of that, from the temple
_EYE_ROWS, _EYE_STEPS = 9, 4  # rows of vertices from lid to lid, and steps from point to point
_PUPIL = 0.4  # of the iris's radius
_SOFT = 0.12  # of the iris's radius: half the width of an edge


@dataclass(frozen=True, eq=False)
class _Patch:
    """A grid of vertices between two lines of landmarks, which takes the place of the triangles
    there. Its columns run from the temple to the nose, its rows from above.

    shares: (rows * columns, 478) how much of each landmark each vertex is.
    vertices: (rows, columns) their numbers in the whole mesh.
    triangles: (t, 3), counter-clockwise from outside.
    inside: every landmark of the two lines.
    """

    shares: FloatArray
    vertices: npt.NDArray[np.int32]
    triangles: npt.NDArray[np.int32]
    inside: tuple[int, ...]


def painted_face(head: LandmarkHead) -> Rig:
    """A landmark head's face mesh with eyes, and the regions that paint and framing go by.

    The first 468 vertices are the landmarks; behind them stand those of eyes and brows.
    """
    plain = face_mesh_rig(head)
    axes = np.array([1, -1, -1], np.float32)
    patches: list[_Patch] = []
    first = POINTS
    for lines, rows, steps in (
        *((lines, _EYE_ROWS, _EYE_STEPS) for lines in _EYES),
        *((lines, len(_BROW_ROWS), 1) for lines in _BROWS),
    ):
        patches.append(_patch(*lines, rows, steps, first, len(patches) % 2 == 1))
        first += len(patches[-1].shares)
    shares = np.concatenate([patch.shares for patch in patches])

    def carried(own: FloatArray, landmarks: FloatArray) -> FloatArray:
        return np.concatenate([own, shares @ landmarks * axes], axis=-2)

    covered = [np.isin(plain.triangles, patch.inside).all(axis=1) for patch in patches]
    skin = plain.triangles[~np.any(covered, axis=0)]
    triangles = np.concatenate([skin, *(patch.triangles for patch in patches)])
    neutral = carried(plain.neutral, head.neutral)
    return replace(
        plain,
        neutral=neutral,
        triangles=triangles,
        negative=carried(plain.negative, head.negative),
        positive=carried(plain.positive, head.positive),
        parts=np.zeros(len(triangles), np.uint8),
        source_vertices=np.r_[np.arange(POINTS), np.full(len(shares), -1)],
        regions=_regions(neutral, head.neutral * axes, patches),
    )


def _patch(
    upper: Sequence[int], lower: Sequence[int], rows: int, steps: int, first: int, mirrored: bool
) -> _Patch:
    """The grid between two lines, whose vertices are numbered from `first`."""
    place = np.arange(steps * (len(upper) - 1) + 1) / steps
    start = np.minimum(place.astype(int), len(upper) - 2)
    along = np.zeros((len(place), len(upper)), np.float32)
    along[np.arange(len(place)), start] = 1 - (place - start)
    along[np.arange(len(place)), start + 1] = place - start
    shares = np.zeros((rows, len(place), 478), np.float32)
    for row, down in enumerate(np.linspace(0, 1, rows)):
        for line, share in ((upper, 1 - down), (lower, down)):
            shares[row][:, line] += share * along  # an eye's corners are in both lines
    vertices = np.arange(rows * len(place), dtype=np.int32).reshape(rows, -1) + first
    if steps == 1:  # the rim is the skin's own, so that light runs on over it
        vertices[0], vertices[-1] = upper, lower
    above, below = vertices[:-1], vertices[1:]
    corners = np.concatenate(
        [
            np.stack([above[:, :-1], below[:, :-1], below[:, 1:]], axis=-1).reshape(-1, 3),
            np.stack([above[:, :-1], below[:, 1:], above[:, 1:]], axis=-1).reshape(-1, 3),
        ]
    )
    return _Patch(
        shares.reshape(-1, 478),
        vertices,
        corners[:, ::-1] if mirrored else corners,
        (*upper, *lower),
    )


def _regions(
    vertices: FloatArray, landmarks: FloatArray, patches: Sequence[_Patch]
) -> dict[str, FloatArray]:
    """Weights (v,) 0..1 for rig.paint and rig.portrait. vertices (v, 3), landmarks (478, 3)."""
    names = ("lips", "brows", "mouth_inside", "sclera", "iris", "pupil", "eyes_middle", "chin")
    regions = {name: np.zeros(len(vertices), np.float32) for name in names}
    for name, points, share in _PAINT:
        regions[name][list(points)] = share
    regions["eyes_middle"][list(_EYE_CORNERS)] = 1
    regions["chin"][_CHIN] = 1
    for patch, (middle, rim) in zip(patches[:2], _IRISES, strict=True):
        radius = np.linalg.norm(np.ptp(landmarks[list(rim), :2], axis=0)) / 2
        places = vertices[patch.vertices][..., :2] - landmarks[middle, :2]
        away = np.linalg.norm(places, axis=-1) / radius
        iris, pupil = (np.clip((edge + _SOFT - away) / (2 * _SOFT), 0, 1) for edge in (1.0, _PUPIL))
        for row, share in enumerate(_LASHES):  # dark as a pupil
            pupil[row] = np.maximum(pupil[row], share)
        iris = np.maximum(iris, pupil)
        regions["pupil"][patch.vertices] = pupil
        regions["iris"][patch.vertices] = iris - pupil
        regions["sclera"][patch.vertices] = 1 - iris
    for patch in patches[2:]:
        regions["brows"][patch.vertices] = np.outer(_BROW_ROWS, _BROW_COLUMNS)
    return regions


def frame_face(rig: Rig) -> Framing:
    """Frames what `painted_face` gives: the whole of it, with room to turn."""
    low, high = rig.neutral.min(axis=0), rig.neutral.max(axis=0)
    across, up, deep = ((low + high) / 2).tolist()
    return Framing((across, up, deep), 1.4 * float(high[1] - low[1]))
