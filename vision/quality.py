"""Say what is wrong with a face's picture: too small, blurred, turned away or cut by the frame."""

from __future__ import annotations

import numpy as np

from vision.faces import Face

QUALITY_FLAGS: tuple[str, ...] = ("too_small", "blurred", "strongly_turned", "cut_by_frame")
"""Every flag there is, in the order in which quality_flags gives them."""

# 31 sharp photos reduced until the mesh was this high: encodings move by 0.15 (strangers differ
# by 0.8), proportions by a fifth of their spread over people. Twice as high halves both; at half
# the height they are 0.32 and 0.43.
SMALLEST_HEIGHT = 64.0

# 1,037 sharp photos from studios and press offices lie at 0.075 and above; blurred by a Gaussian
# of 1 % of the face's height, which moves encodings by 0.2, they lie at 0.051 and below.
SMALLEST_SHARPNESS = 0.05

LARGEST_YAW = 25.0
LARGEST_PITCH = 20.0

_FINE_SIDE = 96
_COARSE_SIDE = 24


def quality_flags(
    pixels: np.ndarray, face: Face, yaw_degrees: float, pitch_degrees: float
) -> tuple[str, ...]:
    """Name what makes predictions from a face less certain.

    pixels: (height, width, 3) uint8 RGB, the photo that the face was found in.
    yaw_degrees, pitch_degrees: the head's turn to a side and up or down; 0 faces the camera.

    Returns those of QUALITY_FLAGS that hold: too_small (mesh lower than SMALLEST_HEIGHT pixels),
    blurred (sharpness below SMALLEST_SHARPNESS), strongly_turned (yaw beyond 25 or pitch beyond
    20 degrees), cut_by_frame (the mesh reaches the photo's edge).
    Raises ValueError if the photo is not the size that the face was found in.
    """
    left, top, right, bottom = face.box
    holds = {
        "too_small": bottom - top < SMALLEST_HEIGHT,
        "blurred": sharpness(pixels, face) < SMALLEST_SHARPNESS,
        "strongly_turned": abs(yaw_degrees) > LARGEST_YAW or abs(pitch_degrees) > LARGEST_PITCH,
        "cut_by_frame": min(left, top) <= 0
        or right >= face.photo_width
        or bottom >= face.photo_height,
    }
    return tuple(flag for flag in QUALITY_FLAGS if holds[flag])


def sharpness(pixels: np.ndarray, face: Face) -> float:
    """How much fine detail a face shows for its coarse detail, whatever its contrast.

    The variance of the second derivative (as in the variance-of-Laplacian focus measure, Pech-
    Pacheco et al. 2000) of the grey face at 96 pixels, divided by that at 24 pixels; across and
    down apart, and the lesser of the two, so that motion along one direction counts.

    pixels: (height, width, 3) uint8 RGB, the photo that the face was found in.

    Returns 0.1-0.4 for sharp faces, 0.02 for blur that hides the eyelids, 0 for a flat grey.
    Raises ValueError if the photo is not the size that the face was found in.
    """
    import cv2

    crop = _face_square(pixels, face)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = _resized(grey, _FINE_SIDE)
    # The mean of means is the mean: the smaller picture takes less time.
    coarse = _resized(fine if max(grey.shape) > _FINE_SIDE else grey, _COARSE_SIDE)
    # A picture without any detail, even coarse, has none that is fine either.
    across, down = (_detail(fine, axis) / max(_detail(coarse, axis), 0.01) for axis in (1, 0))
    return min(across, down)


def _face_square(pixels: np.ndarray, face: Face) -> np.ndarray:
    """The square round the mesh's box, as far as the photo goes; at least one pixel."""
    height, width = pixels.shape[:2]
    if (face.photo_width, face.photo_height) != (width, height):
        raise ValueError(
            f"The face comes from a photo of {face.photo_width}x{face.photo_height} pixels and "
            f"this one has {width}x{height}; pass the photo that the face was found in."
        )
    left, top, right, bottom = face.box
    half = max(right - left, bottom - top) / 2
    x = int(np.clip(round((left + right) / 2 - half), 0, width - 1))
    y = int(np.clip(round((top + bottom) / 2 - half), 0, height - 1))
    end_x = max(x + 1, round((left + right) / 2 + half))
    end_y = max(y + 1, round((top + bottom) / 2 + half))
    return np.ascontiguousarray(pixels[y:end_y, x:end_x])


def _resized(grey: np.ndarray, side: int) -> np.ndarray:
    """The crop with its longer side at `side` pixels."""
    import cv2

    scale = side / max(grey.shape)
    size = (max(3, round(grey.shape[1] * scale)), max(3, round(grey.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=method)


def _detail(grey: np.ndarray, axis: int) -> float:
    return float(np.diff(grey, n=2, axis=axis).var())
