"""Pictures that carry a number which survives compression."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BITS = 12
SIZE = (192, 128)
"""(width, height) of the pictures."""


def numbered_pictures(count: int) -> Iterator[np.ndarray]:
    """(128, 192, 3) uint8 RGB each: the numbers 0, 1, ... as white bars on red."""
    for number in range(count):
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        picture[:, :, 0] = 200
        for bit in range(_BITS):
            if number >> bit & 1:
                picture[:64, bit * 16 : bit * 16 + 16] = 255
        yield picture


def number_of(pixels: np.ndarray) -> int:
    """The number in a picture of numbered_pictures; the pixels are RGB."""
    bars = pixels[8:56, :, 2].reshape(48, _BITS, 16).mean(axis=(0, 2)) > 128
    return int((bars << np.arange(_BITS)).sum())


def is_red(pixels: np.ndarray) -> bool:
    """Whether the lower half is red, not blue: whether the channels are in order."""
    red, _, blue = pixels[80:].reshape(-1, 3).mean(axis=0)
    return bool(red > 150 and blue < 60)
