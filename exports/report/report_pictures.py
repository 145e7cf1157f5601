"""The part of a photo that shows one face, small, and the curves to be drawn over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exports.face_curves import face_curves
from regression.prediction.prediction import Prediction

MAXIMUM_HEIGHT = 600
"""Pictures of faces are reduced to this height in pixels; their width is at most 4/5 of it."""

SHOWN_HEIGHT = 1.75
"""What a picture shows, in heights of the face: as much as the picture of the head beside it."""

_SHAPE = 4 / 5  # width by height
_JPEG_QUALITY = 80


@dataclass(frozen=True, eq=False)
class FacePicture:
    """A part of a photo.

    Attributes:
        jpeg: the picture.
        width, height: of it, pixels.
        curves: (closed?, (n, 2) points) in the picture's pixels; they may lie beside it.
    """

    jpeg: bytes
    width: int
    height: int
    curves: tuple[tuple[bool, npt.NDArray[np.float64]], ...]


def face_picture(
    pixels: npt.NDArray[np.uint8], prediction: Prediction, scale: float = 1.0
) -> FacePicture:
    """A picture of one face with some of what is round it, as far as the photo goes.

    pixels: (height, width, 3) uint8 RGB, the upright photo.
    scale: photo pixels, which landmarks are in, per pixel of `pixels`, see
        `vision.photos.Photo.scale`.

    Raises OSError where it cannot be encoded.
    """
    import cv2

    left, top, right, bottom = _part(pixels.shape[0], pixels.shape[1], prediction, scale)
    part = pixels[top:bottom, left:right]
    zoom = min(1.0, MAXIMUM_HEIGHT / (bottom - top), MAXIMUM_HEIGHT * _SHAPE / (right - left))
    width, height = (max(1, round(side * zoom)) for side in (right - left, bottom - top))
    if zoom < 1:
        part = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA))
    encoded, content = cv2.imencode(
        ".jpg",
        cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
    )
    if not encoded:
        raise OSError(
            f"The picture of a face of {prediction.photo} could not be written. A photo with "
            "pixels was expected. Leave this photo out."
        )
    points = (prediction.landmarks[:, :2].astype(np.float64) / scale - (left, top)) * zoom
    return FacePicture(content.tobytes(), width, height, tuple(face_curves(points)))


def _part(
    height: int, width: int, prediction: Prediction, scale: float
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is shown; inside of the photo, at least one pixel."""
    x_low, y_low, x_high, y_high = (side / scale for side in prediction.box)
    face = max(y_high - y_low, (x_high - x_low) / _SHAPE, 1.0)
    high = min(height, max(1, round(SHOWN_HEIGHT * face)))
    wide = min(width, max(1, round(SHOWN_HEIGHT * face * _SHAPE)))
    left = int(np.clip(round((x_low + x_high - wide) / 2), 0, width - wide))
    # Foreheads are higher than landmarks go: the face is a little below the middle.
    top = int(np.clip(round((y_low + y_high - high) / 2 - 0.06 * face), 0, height - high))
    return left, top, left + wide, top + high
