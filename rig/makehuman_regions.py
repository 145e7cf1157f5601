"""Which vertices of MakeHuman's head are lips, brows, iris and so on, as weights for painting.

MakeHuman paints with pictures; here colours lie on vertices. The regions come from the data
themselves where they can: lips are what the lip volume targets move; eyes and brows are measured
from the eyeballs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray

# The visible iris is 11.7 mm wide in everyone; MakeHuman's unit is the decimetre. MakeHuman's own
# eye picture has it 13.6 mm wide, which would make faces look smaller than they are.
IRIS_RADIUS = 0.0585
PUPIL_RADIUS = 0.022
_EDGE = 0.004  # half the width of the soft edge of iris and pupil

# The line of a brow, in eyeball radii from the eyeball's centre: outwards, up. Half thickness too.
_BROW_LINE = np.array([[-1.05, 1.12], [-0.5, 1.25], [0.3, 1.38], [1.0, 1.34], [1.7, 1.0]])
_BROW_HALF_THICKNESS = np.array([0.24, 0.24, 0.21, 0.17, 0.08])


def eyes(neutral: FloatArray, eye_triangles: npt.NDArray[np.int32]) -> dict[str, FloatArray]:
    """Weights "sclera", "iris", "pupil" (v,), which sum to 1 on the eyes and 0 elsewhere."""
    sclera, iris, pupil = (np.zeros(len(neutral), np.float32) for _ in range(3))
    for ball, centre, _ in _eyeballs(neutral, eye_triangles):
        from_axis = np.hypot(*(neutral[ball, :2] - centre[:2]).T)
        front = neutral[ball, 2] > centre[2]
        inside_iris = _inside(from_axis, IRIS_RADIUS, _EDGE) * front
        inside_pupil = _inside(from_axis, PUPIL_RADIUS, _EDGE) * front
        sclera[ball] = 1 - inside_iris
        iris[ball] = inside_iris - inside_pupil
        pupil[ball] = inside_pupil
    return {"sclera": sclera, "iris": np.maximum(iris, 0), "pupil": pupil}


def lips(moves: Sequence[FloatArray], skin_triangles: npt.NDArray[np.int32]) -> FloatArray:
    """Weights (v,) on the skin, from the offsets (v, 3) of targets that swell only the lips."""
    weights = np.zeros(len(moves[0]), np.float32)
    for offsets in moves:
        size = np.linalg.norm(offsets, axis=1)
        largest = float(size.max())
        if largest > 0:
            weights = np.maximum(weights, np.clip(size / largest / 0.35 - 0.15, 0, 1))
    on_skin = np.isin(np.arange(len(weights)), skin_triangles)
    return np.where(on_skin, weights, 0).astype(np.float32)


def mouth_inside(
    neutral: FloatArray,
    skin_triangles: npt.NDArray[np.int32],
    lip_weights: FloatArray,
    centre: npt.NDArray[np.float64] | None,
) -> FloatArray:
    """Weights (v,), 1 for the cavity behind the lips.

    centre: a point (3,) inside the mouth. The cavity is what the skin nearest to it reaches without
    coming forward as far as the lips; lips are its only way out.
    """
    weights = np.zeros(len(neutral), np.float32)
    on_lips = lip_weights > 0.3
    if centre is None or not on_lips.any():
        return weights
    front = float(neutral[on_lips, 2].min()) - 0.06
    skin = np.unique(skin_triangles)
    allowed = np.zeros(len(neutral), bool)
    allowed[skin] = neutral[skin, 2] < front
    if not allowed.any():
        return weights
    candidates = np.flatnonzero(allowed)
    seed = candidates[np.linalg.norm(neutral[candidates] - centre, axis=1).argmin()]
    inner = skin_triangles[allowed[skin_triangles].all(axis=1)]
    reached = np.zeros(len(neutral), bool)
    reached[seed] = True
    while True:
        touched = inner[reached[inner].any(axis=1)]
        before = int(reached.sum())
        reached[touched] = True
        if int(reached.sum()) == before:
            break
    if reached.sum() < len(skin) / 4:  # more means the flood found a way out: no cavity here
        weights[reached] = 1
    return weights


def brows(
    neutral: FloatArray,
    skin_triangles: npt.NDArray[np.int32],
    eye_triangles: npt.NDArray[np.int32],
) -> FloatArray:
    """Weights (v,) along an arch over each eye."""
    weights = np.zeros(len(neutral), np.float32)
    skin = np.unique(skin_triangles)
    for _, centre, radius in _eyeballs(neutral, eye_triangles):
        side = 1.0 if centre[0] > 0 else -1.0
        place = (neutral[skin] - centre) / radius
        outwards, up, forward = side * place[:, 0], place[:, 1], place[:, 2]
        line = np.interp(outwards, _BROW_LINE[:, 0], _BROW_LINE[:, 1])
        half = np.interp(outwards, _BROW_LINE[:, 0], _BROW_HALF_THICKNESS)
        across = _inside(np.abs(up - line), half, 0.5 * half)
        along = _inside(outwards, _BROW_LINE[-1, 0], 0.15) * _inside(
            -outwards, -_BROW_LINE[0, 0], 0.12
        )
        weights[skin] = np.maximum(weights[skin], across * along * (forward > 0))
    return weights


def _eyeballs(
    neutral: FloatArray, eye_triangles: npt.NDArray[np.int32]
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], float]]:
    """Per eye: its vertices, its centre (3,), and its radius across."""
    vertices = np.unique(eye_triangles).astype(np.int64)
    balls = []
    for on_side in (neutral[vertices, 0] < 0, neutral[vertices, 0] >= 0):
        ball = vertices[on_side]
        if len(ball):
            low, high = neutral[ball].min(axis=0), neutral[ball].max(axis=0)
            balls.append((ball, (low + high).astype(np.float64) / 2, float(high[0] - low[0]) / 2))
    return balls


def _inside(
    distance: npt.NDArray[np.floating[Any]],
    limit: float | npt.NDArray[np.floating[Any]],
    edge: float | npt.NDArray[np.floating[Any]],
) -> FloatArray:
    """1 where distance is below limit - edge, 0 above limit + edge, smooth between."""
    share = np.clip((limit + edge - distance) / (2 * np.asarray(edge)), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
