"""Text, plates and soft shapes, drawn into pictures (height, width, 3) uint8 RGB.

OpenCV's own letters are strokes and hard to read; these are Pillow's font, kept as bitmaps, so
that what is drawn again costs little. Sizes are pixels of the font's em; x and y are pixels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal
from unicodedata import category, normalize

import numpy as np

from live.screen.palette import Colour

Align = Literal["left", "centre", "right"]

_OPAQUE = 256
_FINER = 4  # shapes are drawn this much larger and reduced, which smooths their edges
_ELLIPSIS = "..."


def draw_text(
    picture: np.ndarray,
    text: str,
    x: float,
    y: float,
    size: int,
    colour: Colour,
    align: Align = "left",
) -> int:
    """Draw one line of text; what lies outside the picture is left out.

    x: of its left end, its middle or its right end, by `align`.
    y: of the line's top, above the capitals; the line is `line_height(size)` high.

    Returns its width.
    """
    mask = _text_mask(_shown(text), size)
    width = mask.shape[1]
    left = round(x) - {"left": 0, "centre": width // 2, "right": width}[align]
    _blend(picture, mask, left, round(y), colour)
    return width


def text_width(text: str, size: int) -> int:
    """How wide draw_text draws it."""
    return int(_text_mask(_shown(text), size).shape[1])


def line_height(size: int) -> int:
    """From the top of a line's highest letters to the bottom of its lowest."""
    return sum(_font(size).getmetrics())


@lru_cache(maxsize=512)
def shortened(text: str, size: int, width: float) -> str:
    """The text, cut off with "..." where it would be wider than `width`."""
    if text_width(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_width(text[:middle].rstrip() + _ELLIPSIS, size) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + _ELLIPSIS


@lru_cache(maxsize=64)
def wrapped(text: str, size: int, width: float, lines: int) -> tuple[str, ...]:
    """The text in at most so many lines, none wider than `width`; the last one is shortened."""
    done: list[str] = []
    words = text.split()
    while words and len(done) < lines - 1:
        fitting = 1
        while fitting < len(words) and text_width(" ".join(words[: fitting + 1]), size) <= width:
            fitting += 1
        done.append(shortened(" ".join(words[:fitting]), size, width))
        words = words[fitting:]
    return (*done, shortened(" ".join(words), size, width)) if words else tuple(done)


def draw_plate(
    picture: np.ndarray,
    left: float,
    top: float,
    width: float,
    height: float,
    colour: Colour,
    opacity: float = 1.0,
    radius: int = 6,
) -> None:
    """Draw a rectangle with round corners, through which the picture shines for opacity < 1."""
    if width < 1 or height < 1:
        return
    mask = _plate_mask(round(width), round(height), radius, round(opacity * _OPAQUE))
    _blend(picture, mask, round(left), round(top), colour)


def draw_pill(
    picture: np.ndarray,
    text: str,
    x: float,
    y: float,
    size: int,
    colour: Colour,
    plate: Colour,
    align: Align = "left",
    opacity: float = 0.78,
    margin: int = 10,
) -> None:
    """Draw text on a plate whose left end, middle or right end is x and whose top is y."""
    width = text_width(text, size) + 2 * margin
    left = round(x) - {"left": 0, "centre": width // 2, "right": width}[align]
    draw_plate(picture, left, y, width, pill_height(size), plate, opacity)
    draw_text(picture, text, left + margin, y + 4, size, colour)


def pill_height(size: int) -> int:
    """How high draw_pill's plate is."""
    return line_height(size) + 8


@lru_cache(maxsize=32)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


@lru_cache(maxsize=512)
def _text_mask(text: str, size: int) -> np.ndarray:
    """(height, width, 3) uint16, 0 clear to 256 opaque; thrice, because numpy is slow otherwise."""
    from PIL import Image, ImageDraw

    font = _font(size)
    image = Image.new("L", (max(1, round(font.getlength(text))), line_height(size)))
    ImageDraw.Draw(image).text((0, 0), text, font=font, fill=255)
    return _opacities(image, _OPAQUE)


@lru_cache(maxsize=256)
def _plate_mask(width: int, height: int, radius: int, opacity: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    image = Image.new("L", (width * _FINER, height * _FINER))
    corner = min(radius, width // 2, height // 2) * _FINER
    box = (0, 0, image.width - 1, image.height - 1)
    ImageDraw.Draw(image).rounded_rectangle(box, corner, fill=255)
    return _opacities(image.resize((width, height), Image.Resampling.BOX), opacity)


def _opacities(image: Any, opacity: int) -> np.ndarray:
    levels = np.asarray(image, np.uint32)
    # 255 becomes 256: opaque is opaque.
    mask = ((levels + (levels >> 7)) * opacity // _OPAQUE).astype(np.uint16)
    mask = np.repeat(mask[..., None], 3, axis=2)
    mask.setflags(write=False)
    return mask


@lru_cache(maxsize=1024)
def _shown(text: str) -> str:
    """The text on one line, with plain letters or a question mark for what the font lacks."""
    return "".join(_sign(one) for one in normalize("NFC", " ".join(text.split())))


@lru_cache(maxsize=4096)
def _sign(character: str) -> str:
    if category(character) == "Pd":
        return "-"
    for one in (character, normalize("NFKD", character)[:1]):
        if _has_sign(one):
            return one
    return "?"


def _has_sign(character: str) -> bool:
    font = _font(16)
    missing, mask = font.getmask("\uffff"), font.getmask(character)
    return mask.size != missing.size or bytes(mask) != bytes(missing)


def _blend(picture: np.ndarray, mask: np.ndarray, left: int, top: int, colour: Colour) -> None:
    """Lay a colour over the picture where the mask is, as far as they overlap."""
    height, width = picture.shape[:2]
    first_row, first_column = max(0, -top), max(0, -left)
    rows = min(mask.shape[0], height - top)
    columns = min(mask.shape[1], width - left)
    if rows <= first_row or columns <= first_column:
        return
    part = picture[top + first_row : top + rows, left + first_column : left + columns]
    over = mask[first_row:rows, first_column:columns]
    mixed = part * (_OPAQUE - over)
    mixed += over * _row_of(colour, columns - first_column)
    part[:] = mixed >> 8


@lru_cache(maxsize=1024)
def _row_of(colour: Colour, columns: int) -> np.ndarray:
    return np.tile(np.array(colour, np.uint16), (columns, 1))
