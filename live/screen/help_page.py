"""The page of keys that lies over the screen when `h` is pressed."""

from __future__ import annotations

import numpy as np

from live.screen.keys import KEY_LIST
from live.screen.palette import BACKGROUND, DIM, EDGE, RAISED, TEXT
from live.screen.text import draw_plate, draw_text, line_height, text_width

_WIDTH = 760
_ROW = 38
_SIZE = 19
_KEY_COLUMN = 172

_NOTES = (
    "The estimate adds up all frames: it gets surer the more looks of you it sees.",
    "Files are never mirrored. Nothing leaves this computer.",
)


def draw_help(picture: np.ndarray) -> None:
    """Dim the picture (height, width, 3) and lay the page of keys over its middle."""
    picture[:] = picture // 4
    height = 84 + len(KEY_LIST) * _ROW + 28 + 26 * len(_NOTES)
    left, top = (picture.shape[1] - _WIDTH) // 2, (picture.shape[0] - height) // 2
    draw_plate(picture, left - 1, top - 1, _WIDTH + 2, height + 2, EDGE, radius=15)
    draw_plate(picture, left, top, _WIDTH, height, BACKGROUND, radius=14)
    draw_text(picture, "Keys", left + 40, top + 24, 28, TEXT)
    y = top + 76
    for key in KEY_LIST:
        x = left + 40
        for shown in key.shown:
            x = draw_key(picture, shown, x, y, _SIZE) + 6
        draw_text(picture, key.meaning, left + 40 + _KEY_COLUMN, y + 3, _SIZE, TEXT)
        y += _ROW
    y += 10
    for note in _NOTES:
        draw_text(picture, note, left + 40, y, 17, DIM)
        y += 26


def draw_key(picture: np.ndarray, shown: str, x: int, y: int, size: int) -> int:
    """Draw a key's cap with its left at x and its top at y; returns its right end."""
    height = line_height(size) + 6
    width = max(height, text_width(shown, size) + 16)
    draw_plate(picture, x, y, width, height, EDGE, radius=6)
    draw_plate(picture, x + 1, y + 1, width - 2, height - 2, RAISED, radius=5)
    draw_text(picture, shown, x + width / 2, y + 2, size, TEXT, "centre")
    return x + width
