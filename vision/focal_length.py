"""The focal length of the camera that took a photo, by the photo's EXIF data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_EXIF_TAGS = 0x8769  # the part of the EXIF data that holds the tags below
_FOCAL_LENGTH_TAG = 0xA405  # in 35 mm film, millimetres
_WIDTH_TAG, _HEIGHT_TAG = 0xA002, 0xA003
_FILM_DIAGONAL = math.hypot(36, 24)  # millimetres
_SAME_SHAPE = 0.02  # difference of side ratios: the rounding of reduced photos


def focal_length_pixels(image: Image.Image, width: int, height: int) -> float | None:
    """In pixels of the file, from FocalLengthIn35mmFilm (Exif 2.32, tag 0xA405).

    It means a picture with the diagonal of film (CIPA DCG-001). The picture's size when it was
    taken is in the EXIF data too: another shape now means that something was cut off.

    Args:
        image: the photo, its EXIF data still there.
        width, height: pixels of the file.

    Returns:
        None where the EXIF data is damaged, does not say, or the photo was cropped since.
    """
    try:
        tags = image.getexif().get_ifd(_EXIF_TAGS)
        millimetres = float(tags.get(_FOCAL_LENGTH_TAG, 0))
        shorter, longer = sorted(float(tags.get(tag, 0)) for tag in (_WIDTH_TAG, _HEIGHT_TAG))
    except Exception:  # damaged EXIF raises anything, from struct.error to SyntaxError
        return None
    if not 0 < millimetres < math.inf:
        return None
    if shorter > 0:
        before, now = shorter / longer, min(width, height) / max(width, height)
        if abs(now / before - 1) > _SAME_SHAPE:
            return None
    return millimetres / _FILM_DIAGONAL * math.hypot(width, height)
