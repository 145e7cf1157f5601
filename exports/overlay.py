"""A picture of what was seen: the photo with each face's outline, box, number and flags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exports.face_curves import draw_curves, face_curves
from regression.prediction.prediction import Prediction

ENDING = "_overlay.jpg"
"""What is added to a photo's name."""

MAXIMUM_SIDE = 1600
"""Larger photos are drawn reduced to this longest side, in pixels."""

# A face on a thumbnail gets thick lines for its size; enlarging first keeps them readable.
_MINIMUM_SIDE = 480

_JPEG_QUALITY = 90

# RGB; readable on light and dark, and to people who cannot tell red from green.
_GOOD = (0, 220, 255)
_FLAGGED = (255, 170, 0)
_SHADE = (0, 0, 0)

# Faces of fewer pixels from forehead to chin get no dark edges.
_SHADED_HEIGHT = 120


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
    path = folder / f"{name}{ENDING}"
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
    if zoom == 1:
        picture = pixels.copy()
    else:
        method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        picture = np.asarray(cv2.resize(pixels, size, interpolation=method))
    for prediction in predictions:
        # OpenCV counts from the middle of the first pixel, landmarks from its corner.
        points = prediction.landmarks[:, :2] * (zoom / scale) - 0.5
        left, top, right, bottom = (side * zoom / scale - 0.5 for side in prediction.box)
        box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        lines = {True: [box], False: []}
        for closed, curve in face_curves(points):
            lines[closed].append(curve)
        colour = _FLAGGED if prediction.quality else _GOOD
        # Dark first, under all curves: it sets them off from the photo, not from each other. A
        # face of a few dozen pixels would be nothing but dark.
        face_height = bottom - top
        thickness = int(np.clip(round(face_height / 250), 1, 4))
        if face_height > _SHADED_HEIGHT:
            for closed, curves in lines.items():
                draw_curves(picture, curves, closed, _SHADE, thickness + 2)
        for closed, curves in lines.items():
            draw_curves(picture, curves, closed, colour, thickness)
        flags = ", ".join(flag.replace("_", " ") for flag in prediction.quality)
        text = f"{prediction.face_number} {flags}".rstrip()
        _draw_label(picture, text, left, top, face_height, colour)
    return np.asarray(picture, np.uint8)


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
