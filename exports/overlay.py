"""A picture of what was seen: the photo with each face's outline, box, number and flags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regression.prediction.prediction import Prediction

MAXIMUM_SIDE = 1600
"""Larger photos are drawn reduced to this longest side, in pixels."""

# A face on a thumbnail gets thick lines for its size; enlarging first keeps them readable.
_MINIMUM_SIDE = 480

_JPEG_QUALITY = 90

# Curves through the landmarks of MediaPipe's face mesh (478 points) that a person would draw:
# (closed?, indices). Left and right are the picture's.
_CURVES: tuple[tuple[bool, tuple[int, ...]], ...] = (
    # fmt: off
    (
        True,
        (
            10,
            338,
            297,
            332,
            284,
            251,
            389,
            356,
            454,
            323,
            361,
            288,
            397,
            365,
            379,
            378,
            400,
            377,
            152,
            148,
            176,
            149,
            150,
            136,
            172,
            58,
            132,
            93,
            234,
            127,
            162,
            21,
            54,
            103,
            67,
            109,
        ),
    ),  # face
    (False, (70, 63, 105, 66, 107)),  # left brow
    (False, (336, 296, 334, 293, 300)),  # right brow
    (True, (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)),
    (True, (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)),
    (False, (168, 6, 197, 195, 5, 4)),  # nose bridge
    (False, (129, 98, 97, 2, 326, 327, 358)),  # nose base
    (
        True,
        (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
    ),  # lips outside
    (
        True,
        (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
    ),  # lips inside
    # fmt: on
)

# Each iris: its middle, and the points around it.
_IRISES = ((468, (469, 470, 471, 472)), (473, (474, 475, 476, 477)))

# RGB; readable on light and dark, and to people who cannot tell red from green.
_GOOD = (0, 220, 255)
_FLAGGED = (255, 170, 0)
_SHADE = (0, 0, 0)

# Faces of fewer pixels from forehead to chin get no dark edges.
_SHADED_HEIGHT = 120

# OpenCV takes coordinates with this many bits behind the point.
_FRACTION_BITS = 4


def write_overlay(
    folder: Path,
    pixels: np.ndarray,
    predictions: Sequence[Prediction],
    photo_name: str | None = None,
    scale: float = 1.0,
) -> Path:
    """Write photo_name_overlay.jpg into an existing folder and return its path.

    pixels: (height, width, 3) uint8 RGB, the upright photo.
    predictions: the faces of this photo, at least one.
    photo_name: by default the photo's stem.
    scale: photo pixels, which landmarks and boxes are in, per pixel of `pixels`; above 1 where
        the photo was decoded reduced (`vision.photos.Photo.scale`).

    Raises ValueError without predictions.
    """
    if not predictions:
        raise ValueError(
            f"No prediction was passed for the overlay in {folder}. Expected at least one face. "
            "Skip photos without faces."
        )
    import cv2

    name = photo_name or predictions[0].photo.stem
    picture = draw_overlay(pixels, predictions, scale)
    encoded, content = cv2.imencode(
        ".jpg",
        cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
    )
    path = folder / f"{name}_overlay.jpg"
    if not encoded:
        raise OSError(f"{path} could not be encoded as JPEG.")
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content.tobytes())
    os.replace(partial, path)
    return path


def draw_overlay(
    pixels: np.ndarray, predictions: Sequence[Prediction], scale: float = 1.0
) -> np.ndarray:
    """The picture that write_overlay writes: (height, width, 3) uint8 RGB, a new array."""
    import cv2

    height, width = pixels.shape[:2]
    zoom = min(1.0, MAXIMUM_SIDE / max(height, width))
    zoom = max(zoom, min(_MINIMUM_SIDE, MAXIMUM_SIDE) / max(height, width))
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    smaller = zoom < 1
    picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    for prediction in predictions:
        # OpenCV counts from the middle of the first pixel, landmarks from its corner.
        points = prediction.landmarks[:, :2] * (zoom / scale) - 0.5
        left, top, right, bottom = (side * zoom / scale - 0.5 for side in prediction.box)
        box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        shapes = [(True, box)]
        shapes += [(closed, points[list(indices)]) for closed, indices in _CURVES]
        shapes += [(True, _circle(points[middle], points[list(rim)])) for middle, rim in _IRISES]
        colour = _FLAGGED if prediction.quality else _GOOD
        # Dark first, under all curves: it sets them off from the photo, not from each other. A
        # face of a few dozen pixels would be nothing but dark.
        face_height = bottom - top
        thickness = int(np.clip(round(face_height / 250), 1, 4))
        for closed, shape in shapes:
            if face_height > _SHADED_HEIGHT:
                _draw_curve(picture, shape, closed, _SHADE, thickness + 2)
        for closed, shape in shapes:
            _draw_curve(picture, shape, closed, colour, thickness)
        flags = ", ".join(flag.replace("_", " ") for flag in prediction.quality)
        text = f"{prediction.face_number} {flags}".rstrip()
        _draw_label(picture, text, left, top, face_height, colour)
    return np.asarray(picture, np.uint8)


def _circle(middle: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """(24, 2) points of the circle around `middle` that passes by the rim's points on average."""
    radius = np.linalg.norm(rim - middle, axis=1).mean()
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.asarray(middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _draw_curve(
    picture: Any, points: np.ndarray, closed: bool, colour: tuple[int, int, int], thickness: int
) -> None:
    import cv2

    # Coordinates far outside the picture overflow OpenCV's integers.
    limited = np.clip(points, -10_000, 10_000)
    curve = np.rint(limited * (1 << _FRACTION_BITS)).astype(np.int32)
    cv2.polylines(picture, [curve], closed, colour, thickness, cv2.LINE_AA, _FRACTION_BITS)


def _draw_label(
    picture: Any,
    text: str,
    left: float,
    top: float,
    face_height: float,
    colour: tuple[int, int, int],
) -> None:
    """Text on a dark plate above the box's corner, moved where it would leave the picture."""
    import cv2

    height, width = picture.shape[:2]
    font, font_scale = cv2.FONT_HERSHEY_SIMPLEX, float(np.clip(face_height / 400, 0.5, 1.2))
    font_thickness = 1 if font_scale < 0.8 else 2
    (text_width, text_height), below = cv2.getTextSize(text, font, font_scale, font_thickness)
    margin = 4
    plate_width, plate_height = text_width + 2 * margin, text_height + below + 2 * margin
    x = int(np.clip(left, 0, max(0, width - plate_width)))
    y = int(np.clip(top - plate_height, 0, max(0, height - plate_height)))
    cv2.rectangle(picture, (x, y), (x + plate_width, y + plate_height), _SHADE, cv2.FILLED)
    origin = (x + margin, y + margin + text_height)
    cv2.putText(picture, text, origin, font, font_scale, colour, font_thickness, cv2.LINE_AA)
