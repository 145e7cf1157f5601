"""Named ratios: distances between landmarks of a pose-normalised face, by its height.

Left and right are averaged, so a mirrored photo has the same ratios. Everything is measured in
the image plane except the depths, because MediaPipe's z is its noisy axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from vision.mesh_topology import CHIN_BOTTOM, MIRRORED


@dataclass(frozen=True)
class Ratio:
    """One measure of a face.

    Attributes:
        name: what is measured.
        kind: "distance" in the image plane, "down" (signed, from a to b), "across" (signed, away
            from the middle line) or "depth" (signed, away from the viewer).
        a, b: landmark indices; several are averaged into one point.
    """

    name: str
    kind: str
    a: tuple[int, ...]
    b: tuple[int, ...]


_PUPIL = (33, 133)
_OTHER_PUPIL = (362, 263)
_PUPIL_MIDPOINT = (33, 133, 362, 263)
_INNER_CORNERS = (133, 362)

# The 14 proportions that hand-placed points are compared in (regression.measures.agreement).
PROPORTIONS = (
    Ratio("pupil_distance", "distance", _PUPIL, _OTHER_PUPIL),
    Ratio("nose_width", "distance", (129,), (358,)),
    Ratio("nose_length", "distance", _INNER_CORNERS, (2,)),
    Ratio("mouth_width", "distance", (61,), (291,)),
    Ratio("lip_height", "distance", (0,), (17,)),
    Ratio("eye_width", "distance", (33,), (133,)),
    Ratio("inner_corner_distance", "distance", (133,), (362,)),
    Ratio("brow_height", "distance", _PUPIL, (105,)),
    Ratio("face_width", "distance", (234,), (454,)),
    Ratio("jaw_width", "distance", (172,), (397,)),
    Ratio("chin_height", "distance", (17,), (152,)),
    Ratio("philtrum", "distance", (2,), (0,)),
    Ratio("chin_width", "distance", (148,), (377,)),
    Ratio("eye_opening", "distance", (159,), (145,)),
)

RATIOS = (
    *PROPORTIONS,
    Ratio("forehead_height", "down", (10,), _PUPIL_MIDPOINT),
    Ratio("forehead_width", "distance", (54,), (284,)),
    Ratio("temple_width", "distance", (21,), (251,)),
    Ratio("temple_width_at_brow", "distance", (162,), (389,)),
    Ratio("cheekbone_width", "distance", (93,), (323,)),
    Ratio("cheek_width", "distance", (132,), (361,)),
    Ratio("jaw_angle_width", "distance", (58,), (288,)),
    Ratio("lower_jaw_width", "distance", (136,), (365,)),
    Ratio("jaw_front_width", "distance", (150,), (379,)),
    Ratio("chin_side_width", "distance", (149,), (378,)),
    Ratio("chin_point_width", "distance", (176,), (400,)),
    Ratio("jaw_angle_height", "down", _PUPIL_MIDPOINT, (172,)),
    Ratio("jaw_side_height", "down", _PUPIL_MIDPOINT, (58,)),
    Ratio("jaw_front_height", "down", _PUPIL_MIDPOINT, (150,)),
    Ratio("chin_side_height", "down", _PUPIL_MIDPOINT, (148,)),
    Ratio("face_side_height", "down", _PUPIL_MIDPOINT, (234,)),
    Ratio("nose_bridge_width", "distance", (193,), (417,)),
    Ratio("nose_bridge_middle_width", "distance", (198,), (420,)),
    Ratio("nose_tip_width", "distance", (45,), (275,)),
    Ratio("nostril_width", "distance", (98,), (327,)),
    Ratio("nostril_gap", "distance", (97,), (326,)),
    Ratio("nose_wing_height", "down", (129,), (2,)),
    Ratio("nose_tip_height", "down", _INNER_CORNERS, (1,)),
    Ratio("nose_root_height", "down", (168,), _INNER_CORNERS),
    Ratio("eye_slant", "down", (33,), (133,)),
    Ratio("upper_lid_height", "down", (159,), _PUPIL),
    Ratio("lower_lid_height", "down", _PUPIL, (145,)),
    Ratio("eye_opening_outer", "distance", (160,), (144,)),
    Ratio("eye_opening_inner", "distance", (158,), (153,)),
    Ratio("eye_bag_height", "down", _PUPIL, (119,)),
    Ratio("brow_inner_height", "down", (55,), _PUPIL),
    Ratio("brow_outer_height", "down", (46,), _PUPIL),
    Ratio("brow_arch", "down", (105,), (55, 46)),
    Ratio("brow_gap", "distance", (55,), (285,)),
    Ratio("brow_length", "distance", (55,), (46,)),
    Ratio("brow_thickness", "distance", (105,), (52,)),
    Ratio("mouth_height", "down", _PUPIL_MIDPOINT, (13,)),
    Ratio("mouth_opening", "distance", (13,), (14,)),
    Ratio("upper_lip_height", "distance", (0,), (13,)),
    Ratio("lower_lip_height", "distance", (14,), (17,)),
    Ratio("mouth_corner_height", "down", (61,), (13, 14)),
    Ratio("cupid_bow_width", "distance", (37,), (267,)),
    Ratio("cupid_bow_depth", "down", (37,), (0,)),
    Ratio("upper_lip_side_height", "distance", (39,), (81,)),
    Ratio("lower_lip_side_height", "distance", (178,), (181,)),
    Ratio("lower_lip_width", "distance", (84,), (314,)),
    Ratio("chin_fold_height", "down", (17,), (18,)),
    Ratio("chin_prominence_height", "down", (17,), (199,)),
    Ratio("nose_tip_depth", "depth", (1,), _PUPIL_MIDPOINT),
    Ratio("nose_root_depth", "depth", (168,), _PUPIL_MIDPOINT),
    Ratio("nose_bridge_depth", "depth", (5,), _PUPIL_MIDPOINT),
    Ratio("nose_base_depth", "depth", (2,), _PUPIL_MIDPOINT),
    Ratio("nose_wing_depth", "depth", (129,), _PUPIL_MIDPOINT),
    Ratio("brow_depth", "depth", (105,), _PUPIL_MIDPOINT),
    Ratio("eye_corner_depth", "depth", (133,), (33,)),
    Ratio("forehead_depth", "depth", (10,), _PUPIL_MIDPOINT),
    Ratio("cheek_depth", "depth", (50,), _PUPIL_MIDPOINT),
    Ratio("face_side_depth", "depth", (1,), (234,)),
    Ratio("jaw_angle_depth", "depth", (152,), (172,)),
    Ratio("upper_lip_depth", "depth", (0,), (2,)),
    Ratio("lower_lip_depth", "depth", (17,), (2,)),
    Ratio("mouth_corner_depth", "depth", (13,), (61,)),
    Ratio("chin_depth", "depth", (152,), _PUPIL_MIDPOINT),
    Ratio("chin_prominence_depth", "depth", (199,), (17,)),
)

RATIO_NAMES = tuple(ratio.name for ratio in RATIOS)
PROPORTION_NAMES = tuple(ratio.name for ratio in PROPORTIONS)


def measure(points: np.ndarray, ratios: tuple[Ratio, ...] = RATIOS) -> np.ndarray:
    """Measures faces.

    Args:
        points: (..., 478, 3) or (..., 468, 3), x right, y down, z away, roll taken out; any unit.
        ratios: what to measure.

    Returns:
        (..., len(ratios)) float64, each measure divided by the distance from the midpoint of the
        eye corners to the chin bottom in the image plane.
    """
    points = np.asarray(points, dtype=np.float64)
    plan = _plan(ratios)
    # Both sides of every ratio at once, (..., sides, ratios), and the unit behind them.
    ends = plan.weights @ points[..., plan.used, :]
    unit = np.sqrt(np.square(ends[..., -1, :2]).sum(axis=-1))
    across, down, away = (
        ends[..., :-1, axis].reshape(*points.shape[:-2], 2, len(ratios)) for axis in range(3)
    )
    sides = away
    sides[..., plan.distance] = np.sqrt(
        np.square(across[..., plan.distance]) + np.square(down[..., plan.distance])
    )
    sides[..., plan.across] = _OUTWARD * across[..., plan.across]
    sides[..., plan.down] = down[..., plan.down]
    return np.asarray(sides.mean(axis=-2) / unit[..., None])


_OUTWARD = np.array([1.0, -1.0])[:, None]


class _Plan(NamedTuple):
    """What of points makes ratios.

    used: indices of the landmarks that they and their mirror images use.
    weights: (2 * ratios + 1, used), from these to the difference of each one's ends, and to that
        between the midpoint of the eye corners and the chin bottom.
    distance, across, down: indices of the ratios of these kinds.
    """

    used: np.ndarray
    weights: np.ndarray
    distance: np.ndarray
    across: np.ndarray
    down: np.ndarray


@cache
def _plan(ratios: tuple[Ratio, ...]) -> _Plan:
    pairs = [
        *((ratio.a, ratio.b) for ratio in ratios),
        *((_mirror(ratio.a), _mirror(ratio.b)) for ratio in ratios),
        (_PUPIL_MIDPOINT, (CHIN_BOTTOM,)),
    ]
    used = np.array(sorted({index for pair in pairs for end in pair for index in end}))
    weights = np.zeros((len(pairs), len(used)))
    for row, pair in enumerate(pairs):
        for sign, end in zip((-1, 1), pair, strict=True):
            for index in end:
                weights[row, np.searchsorted(used, index)] += sign / len(end)
    kinds = np.array([ratio.kind for ratio in ratios])
    chosen = (np.flatnonzero(kinds == kind) for kind in ("distance", "across", "down"))
    return _Plan(used, weights, *chosen)


def _mirror(indices: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(MIRRORED[index]) for index in indices)
