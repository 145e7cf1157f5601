"""Where on any head lips, brows, eyes and the inside of the mouth are, from its landmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rig.camera import Camera, surface_points
from rig.correspondence import Correspondence
from rig.eyeballs import find_eyeball, pieces
from rig.rig import FloatArray, IntegerArray

# Outlines in MediaPipe's face mesh with refined landmarks. "Left" is the picture's.
# fmt: off
_LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375,
               291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324,
               308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
_LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_LEFT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63)  # without 70 and 300: brows end in a point
_RIGHT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293)
# fmt: on
_LEFT_IRIS, _RIGHT_IRIS = 468, 473
_EYE_CORNERS = (33, 133, 362, 263)
_CHIN, _NOSE_TIP = 152, 1
_MOUTH_CORNERS = (61, 291)
_FRAMING = {"eyes_middle": _EYE_CORNERS, "chin": (_CHIN,)}

PAINTED_LANDMARKS = tuple(
    dict.fromkeys((*_LIPS_OUTER, *_LIPS_INNER, *_LEFT_EYE, *_RIGHT_EYE, *_LEFT_BROW, *_RIGHT_BROW))
) + tuple(range(468, 478))
"""The landmarks around which paint has edges: triangles should be small there."""

FINE_EDGE = 0.02
"""Decimetres: edges of triangles at eyes, lips and brows should be no longer to take paint."""

# Decimetres, of a head whose eyes stand 63 mm apart.
_IRIS, _PUPIL = 0.0585, 0.022
_IRIS_OF_BALL = 0.45  # in radii, where balls are larger than a person's
_SOFT = 0.008  # half the width of an edge
_LAYERS = 0.08  # what lies so near behind what is seen first is painted with it
_OVER_BALL = 0.9  # radii before the middle of the ball: what lies there lies over it
_BROW_WIDER = 0.01  # landmarks run inside the brow

_MOUTH_BOX = np.array([[-1.3, -0.55, -1.1], [1.3, 0.35, -0.03]])  # x in half widths of the mouth
_MOUTH_VIEWS = ((0, 0), (-30, 0), (30, 0), (0, -30), (0, 30))  # yaw and pitch, degrees
_VARIES, _UNLIKE = 0.03, 0.1  # of colours 0..1, that a region is told from plain skin by
_FAR = 1000.0  # a camera so far away draws without perspective


def face_regions(
    vertices: FloatArray,
    triangles: IntegerArray,
    landmarks: Correspondence,
    colours: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Weights (v,) float32 0..1 for `rig.paint` and, as in framing_regions, for `rig.portrait`.

    "lips", "brows", "sclera", "iris", "pupil" by the landmarks' outlines seen from the front, on
    everything within 8 mm behind what is seen first; "mouth_inside" is what lies behind the lips
    and is not seen from the front nor from 30 degrees beside it.

    Args:
        vertices: (v, 3) placed: decimetres, x to the person's left, y up, z to the viewer, eyes
            63 mm apart. triangles: (t, 3) of what is drawn. landmarks: of 478 points.
        colours: (v, 3) the head's own. Lips, brows and eyes that stand out by them are no regions,
            so that they are not painted over.
    """
    points = np.asarray(landmarks.landmarks(vertices), np.float64)
    regions: dict[str, npt.NDArray[Any]] = {**framing_regions(landmarks, len(vertices))}
    outer, inner = points[list(_LIPS_OUTER)], points[list(_LIPS_INNER)]
    lips = _inside(vertices, outer) * (1 - _inside(vertices, inner))
    brows = np.maximum(
        *(_inside(vertices, points[list(brow)], _BROW_WIDER) for brow in (_LEFT_BROW, _RIGHT_BROW))
    )
    seen = _near_front(vertices, triangles, (lips > 0) | (brows > 0))
    eyes = _eyes(vertices, triangles, points, landmarks)
    on_eye = np.sum([*eyes.values()], axis=0)
    regions |= {"lips": lips * seen, "brows": brows * seen * (1 - on_eye), **eyes}
    inside = _mouth_inside(vertices, triangles, points, regions["lips"])
    regions["mouth_inside"] = inside
    regions["lips"] = regions["lips"] * (1 - inside)
    drawn = np.zeros(len(vertices), bool)
    drawn[triangles] = True
    regions = {
        name: weights if name in _FRAMING else weights * drawn for name, weights in regions.items()
    }
    if colours is not None and len(colours):
        regions = _without_own_paint(regions, points, vertices, colours)
    return {name: np.clip(weights, 0, 1).astype(np.float32) for name, weights in regions.items()}


def framing_regions(landmarks: Correspondence, count: int) -> dict[str, FloatArray]:
    """ "eyes_middle" and "chin", (count,) float32 0..1: vertices weighted by them give the point
    between the eyes' corners and the bottom of the chin."""
    regions = {}
    for name, chosen in _FRAMING.items():
        weights = np.zeros(count)
        np.add.at(weights, landmarks.vertices[list(chosen)], landmarks.weights[list(chosen)])
        regions[name] = np.clip(weights / weights.max(), 0, 1).astype(np.float32)
    return regions


def iris_on_eyeball(
    vertices: FloatArray, triangles: IntegerArray, landmarks: Correspondence
) -> Correspondence:
    """The landmarks with those of the irises on the eyeballs, where the mesh has eyeballs.

    Other things may lie over an eyeball (tear film, shadow), and the iris turns with the ball.
    """
    points = np.asarray(landmarks.landmarks(vertices), np.float64)
    piece = pieces(vertices, triangles)
    corners, weights = landmarks.vertices.copy(), landmarks.weights.copy()
    for outline, first in ((_LEFT_EYE, _LEFT_IRIS), (_RIGHT_EYE, _RIGHT_IRIS)):
        ball = find_eyeball(vertices, piece, points[list(outline)])
        if ball is None:
            continue
        own = triangles[ball.ball[triangles[:, 0]]]
        rows = np.arange(first, first + 5)
        hit, shares = _from_front(vertices, own, points[rows])
        corners[rows[hit >= 0]] = own[hit[hit >= 0]]
        weights[rows[hit >= 0]] = shares[hit >= 0]
    return Correspondence(corners, weights.astype(np.float32))


def eye_shells(
    vertices: FloatArray, triangles: IntegerArray, landmarks: Correspondence
) -> npt.NDArray[np.bool_]:
    """(t,) the triangles of pieces that cover an eyeball's front: corneas, shadows over the eye.

    They are glass, or darken the eye a little, in the programs they come from. Drawn as they are
    they hide the eye, and are best left out. vertices: (v, 3) placed, as in `face_regions`.
    """
    points = np.asarray(landmarks.landmarks(vertices), np.float64)
    piece = pieces(vertices, triangles)
    shells = np.zeros(len(triangles), bool)
    for outline in (_LEFT_EYE, _RIGHT_EYE):
        ball = find_eyeball(vertices, piece, points[list(outline)])
        if ball is None:
            continue
        over = piece[triangles[:, 0]]
        for name in np.unique(piece[ball.all & ~ball.ball]):
            own = over == name
            if not own.any():
                continue
            hit, shares = _from_front(vertices, triangles[own], ball.centre[None])
            front = shares[0] @ vertices[triangles[own][hit[0]], 2]
            if hit[0] >= 0 and front > ball.centre[2] + _OVER_BALL * ball.radius:
                shells |= own
    return shells


def _eyes(
    vertices: FloatArray,
    triangles: IntegerArray,
    points: npt.NDArray[np.float64],
    landmarks: Correspondence,
) -> dict[str, npt.NDArray[Any]]:
    count = len(vertices)
    sclera, iris, pupil = np.zeros(count), np.zeros(count), np.zeros(count)
    piece = pieces(vertices, triangles)
    skin = piece[landmarks.vertices[_NOSE_TIP, 0]]
    for outline, centre_landmark in ((_LEFT_EYE, _LEFT_IRIS), (_RIGHT_EYE, _RIGHT_IRIS)):
        edge, centre = points[list(outline)], points[centre_landmark]
        eye = _inside(vertices, edge)
        ball = find_eyeball(vertices, piece, edge)
        radius = _IRIS
        if ball is None:
            eye *= _near_front(vertices, triangles, eye > 0)
        else:
            # Lids have their own edge, which no outline draws as well.
            eye *= _near_front(vertices, triangles, eye > 0) * (piece != skin)
            eye = np.where(ball.all, 1.0, eye)
            centre, radius = ball.centre, max(_IRIS, _IRIS_OF_BALL * ball.radius)
        away = np.hypot(*(vertices - centre)[:, :2].T)
        front = vertices[:, 2] > (centre[2] if ball is not None else -np.inf)
        in_iris = eye * front * _below(away, radius)
        in_pupil = eye * front * _below(away, radius * _PUPIL / _IRIS)
        sclera += eye - in_iris
        iris += in_iris - in_pupil
        pupil += in_pupil
    return {"sclera": sclera, "iris": iris, "pupil": pupil}


def _without_own_paint(
    regions: dict[str, npt.NDArray[Any]],
    points: npt.NDArray[np.float64],
    vertices: FloatArray,
    colours: FloatArray,
) -> dict[str, npt.NDArray[Any]]:
    """The regions less those that the head's own colours show already."""
    from scipy.spatial import KDTree

    distance, _ = KDTree(points).query(vertices, distance_upper_bound=0.1)
    skin = np.median(colours[np.isfinite(distance)], axis=0)
    shown: set[str] = set()
    for names in (("lips",), ("brows",), ("mouth_inside",), ("sclera", "iris", "pupil")):
        inside = colours[np.sum([regions[name] for name in names], axis=0) > 0.5]
        if not len(inside):
            continue
        varies = float(inside.std(axis=0).max()) > _VARIES
        # Plain white eyes still lack their iris.
        unlike = float(np.abs(np.median(inside, axis=0) - skin).max()) > _UNLIKE
        if varies or (unlike and "iris" not in names):
            shown |= set(names)
    return {name: weights for name, weights in regions.items() if name not in shown}


def _mouth_inside(
    vertices: FloatArray,
    triangles: IntegerArray,
    points: npt.NDArray[np.float64],
    lips: npt.NDArray[Any],
) -> npt.NDArray[np.float64]:
    """(v,) 1 for what the mouth hides."""
    left, right = points[list(_MOUTH_CORNERS)]
    middle = points[list(_LIPS_INNER)].mean(axis=0)
    size = np.array([abs(right[0] - left[0]) / 2, 1, 1])
    low, high = middle + _MOUTH_BOX * size
    box = np.flatnonzero(((vertices > low) & (vertices < high)).all(axis=1))
    inside = np.zeros(len(vertices))
    if not len(box):
        return inside
    around = np.abs(vertices[triangles] - middle).min(axis=1).max(axis=1) < 2.0
    near = triangles[around]
    hidden = np.ones(len(box), bool)
    for yaw, pitch in _MOUTH_VIEWS:
        rotation = Camera(yaw=yaw, pitch=pitch).rotation
        turned = vertices @ rotation.T
        candidates = box[hidden]
        behind = _depth_behind_front(turned, near, candidates)
        hidden[hidden] = behind > 0.01
    inside[box[hidden]] = 1
    # The lips' own rims, pressed onto each other, stay lips.
    rim = (lips > 0.5) & (vertices[:, 2] > middle[2] - _LAYERS)
    return np.asarray(np.where(rim, 0.0, inside))


def _near_front(
    vertices: FloatArray, triangles: IntegerArray, chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """(v,) whether each chosen vertex lies within the painted layers, seen from the front."""
    names = np.flatnonzero(chosen)
    seen = np.zeros(len(vertices), bool)
    if len(names):
        seen[names] = _depth_behind_front(vertices, triangles, names) < _LAYERS
    return seen


def _depth_behind_front(
    vertices: npt.NDArray[np.floating[Any]], triangles: IntegerArray, names: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """(n,) how far behind the first surface each named vertex lies, along z."""
    if not len(names):
        return np.zeros(0)
    hit, weights = _from_front(vertices, triangles, vertices[names])
    front = np.einsum("nk,nk->n", vertices[triangles[hit], 2], weights)
    return np.asarray(np.where(hit >= 0, front - vertices[names, 2], 0.0))


def _from_front(
    vertices: npt.NDArray[np.floating[Any]],
    triangles: IntegerArray,
    points: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Triangle (n,) and weights (n, 3) of what is seen first where points (n, 3) are."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    flat = vertices[triangles, :2]
    near = np.flatnonzero(((flat.max(axis=1) >= low) & (flat.min(axis=1) <= high)).all(axis=1))
    if not len(near):
        return np.full(len(points), -1), np.zeros((len(points), 3))
    side = 1.0 + float((high - low).max())
    middle = (float((low + high)[0] / 2), float((low + high)[1] / 2), 0.0)
    camera = Camera(middle, _FAR, float(2 * np.degrees(np.arctan(side / 2 / _FAR))))
    pixels = (points[:, :2] - middle[:2]) * [1, -1] / side * 1000 + 500
    # Perspective is taken out beforehand: what lies deeper is drawn a little smaller.
    spread = (vertices[:, 2:] - _FAR) / -_FAR
    straight = np.concatenate(
        [(vertices[:, :2] - middle[:2]) * spread + middle[:2], vertices[:, 2:]], axis=1
    )
    hit, weights = surface_points(straight, triangles[near], pixels, camera, 1000, 1000)
    return np.where(hit >= 0, near[hit], -1), weights


def _inside(
    vertices: FloatArray, outline: npt.NDArray[np.float64], wider: float = 0.0
) -> npt.NDArray[np.float64]:
    """(v,) 1 inside an outline (n, 3) seen from the front, 0 outside, with a soft edge."""
    low, high = outline[:, :2].min(axis=0), outline[:, :2].max(axis=0)
    margin = wider + _SOFT
    box = ((vertices[:, :2] > low - margin) & (vertices[:, :2] < high + margin)).all(axis=1)
    box &= vertices[:, 2] > outline[:, 2].min() - 1.0
    weights = np.zeros(len(vertices))
    places = vertices[box, None, :2].astype(np.float64)
    start = outline[:, :2]
    end = np.roll(start, -1, axis=0)
    along = end - start
    share = np.einsum("vnc,nc->vn", places - start, along)
    share = np.clip(share / np.maximum(np.square(along).sum(axis=1), 1e-12), 0, 1)
    away = np.linalg.norm(places - start - share[..., None] * along, axis=2).min(axis=1)
    # A line to the right crosses the outline an odd number of times from inside.
    crosses = (start[:, 1] > places[..., 1]) != (end[:, 1] > places[..., 1])
    rise = np.where(along[:, 1] == 0, 1e-12, along[:, 1])
    at = start[:, 0] + (places[..., 1] - start[:, 1]) * along[:, 0] / rise
    odd = (crosses & (places[..., 0] < at)).sum(axis=1) % 2 == 1
    weights[box] = _below(np.where(odd, -away, away), wider)
    return weights


def _below(distance: npt.NDArray[np.floating[Any]], limit: float) -> npt.NDArray[np.float64]:
    """1 where distance is below limit, 0 above, smooth between."""
    share = np.clip((limit + _SOFT - distance) / (2 * _SOFT), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float64)
