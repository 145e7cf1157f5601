"""The curves of a face that a person would draw, through MediaPipe's landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Closed?, and indices of the face mesh (478 points). Left and right are the picture's.
# fmt: off
_CURVES: tuple[tuple[bool, tuple[int, ...]], ...] = (
    (True, (  # face
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    )),
    (False, (70, 63, 105, 66, 107)),  # left brow
    (False, (336, 296, 334, 293, 300)),  # right brow
    (True, (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)),
    (True, (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)),
    (False, (168, 6, 197, 195, 5, 4)),  # nose bridge
    (False, (129, 98, 97, 2, 326, 327, 358)),  # nose base
    (True, (  # lips outside
        61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
    )),
    (True, (  # lips inside
        78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
    )),
)
# fmt: on

# Each iris: its middle, and the points around it.
_IRISES = ((468, (469, 470, 471, 472)), (473, (474, 475, 476, 477)))

# OpenCV takes coordinates with this many bits behind the point.
_FRACTION_BITS = 4


def face_curves(points: np.ndarray) -> list[tuple[bool, np.ndarray]]:
    """(closed?, (n, 2) points) of each curve: outline, brows, eyes, nose, lips and irises.

    points: (478, 2) landmarks, in the units that the curves shall have.
    """
    curves = [(closed, points[list(indices)]) for closed, indices in _CURVES]
    return curves + [(True, _circle(points[middle], points[list(rim)])) for middle, rim in _IRISES]


def draw_curve(
    picture: Any, points: np.ndarray, closed: bool, colour: tuple[int, int, int], thickness: int
) -> None:
    """Draw a smooth line into a picture (height, width, 3) uint8.

    points: (n, 2), or (m, n, 2) for m lines at once; 0, 0 is the middle of the first pixel. They
        may lie outside of the picture.
    """
    draw_curves(picture, [points] if points.ndim == 2 else list(points), closed, colour, thickness)


def draw_curves(
    picture: Any,
    curves: Sequence[np.ndarray],
    closed: bool,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    """The same for several lines, each (n, 2) with an n of its own; one call is quicker."""
    import cv2

    # Coordinates far outside the picture overflow OpenCV's integers.
    limited = (np.clip(points, -10_000, 10_000) for points in curves)
    fixed = [np.rint(points * (1 << _FRACTION_BITS)).astype(np.int32) for points in limited]
    cv2.polylines(picture, fixed, closed, colour, thickness, cv2.LINE_AA, _FRACTION_BITS)


def _circle(middle: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """(24, 2) points of the circle around `middle` that passes by the rim's points on average."""
    radius = np.linalg.norm(rim - middle, axis=1).mean()
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.asarray(middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
