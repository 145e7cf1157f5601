"""Bars for the sliders that make a face differ from the average: value, interval, this frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from live.screen.palette import BACKGROUND, BLUE, DIM, EDGE, TEXT, Colour
from live.screen.text import draw_plate, draw_text, line_height, shortened
from regression.prediction.live_estimate import LiveEstimate
from rig.slider_words import slider_label

# A slider that is shown stays until another one differs by this much more: rows do not flicker.
_STAYS = 0.06

_ROW = 28
_TEXT_SIZE = 17
_GAP = 34  # between columns
_LABEL_SHARE = 0.59
_BAND = 0.38  # how much of its colour an interval has

_FRACTION_BITS = 4


@dataclass(frozen=True, eq=False)
class BarSet:
    """What is drawn for one estimate. s sliders.

    Attributes:
        estimate: its values and intervals.
        colour: of its dots and bands.
        values: (s,) 0..1 of this frame alone, a small arrow; None for none.
        diamond: whether the value is a diamond, not a dot: no set is told by its colour alone.
    """

    estimate: LiveEstimate
    colour: Colour = BLUE
    values: np.ndarray | None = None
    diamond: bool = False


def choose_sliders(
    estimates: LiveEstimate | Sequence[LiveEstimate],
    average: np.ndarray,
    count: int,
    before: Sequence[int] = (),
) -> list[int]:
    """The sliders to show: told ones, those whose values lie farthest from the average.

    Args:
        estimates: one, or several of the same sliders; the one that differs most counts.
        average: (s,) 0..1.
        count: how many at most.
        before: what was shown last. Those stay where they are unless clearly beaten.

    Returns:
        Indices of sliders: the first `count` places as they were, newcomers in the places that
        fell free.
    """
    several = [estimates] if isinstance(estimates, LiveEstimate) else list(estimates)
    differences = [np.where(one.told, abs(one.values - average), -1.0) for one in several]
    if not differences or count < 1:
        return []
    difference = np.max(differences, axis=0)
    old = [index for index in before if 0 <= index < len(difference) and difference[index] >= 0]
    score = difference.copy()
    score[old] += _STAYS
    best = [int(i) for i in np.argsort(-score, kind="stable")[:count] if difference[i] >= 0]
    newcomers = iter([index for index in best if index not in old])
    placed = [index if index in best else next(newcomers, None) for index in old[:count]]
    return [index for index in placed if index is not None] + list(newcomers)


def draw_bars(
    picture: np.ndarray,
    area: tuple[int, int, int, int],
    sets: Sequence[BarSet],
    average: np.ndarray,
    shown: Sequence[int],
    columns: int = 2,
) -> None:
    """Draw a row for each slider into an area (left, top, width, height) of the picture.

    Left of each row stands the slider's name, right of it its whole range: a tick where the
    average is, a band for the interval, a dot for the estimate, a small arrow for this frame. Two
    sets lie one above the other. Rows without room are left out.

    average: (s,) 0..1; shown: indices, down the columns.
    """
    left, top, width, height = area
    rows = max(1, height // _ROW)
    column_width = (width - _GAP * (columns - 1)) // columns
    label_width = round(column_width * _LABEL_SHARE)
    for place, index in enumerate(shown[: rows * columns]):
        column, row = divmod(place, rows)
        x = left + column * (column_width + _GAP)
        y = top + row * _ROW
        names = sets[0].estimate.slider_names if sets else ()
        label = slider_label(names[index]) if index < len(names) else ""
        text = shortened(label, _TEXT_SIZE, label_width - 12)
        draw_text(picture, text, x, y + (_ROW - line_height(_TEXT_SIZE)) // 2, _TEXT_SIZE, TEXT)
        track = (x + label_width, y + _ROW // 2, column_width - label_width)
        _draw_row(picture, track, sets, average, index)


def draw_legend(picture: np.ndarray, right: int, y: int, size: int, sets: Sequence[BarSet]) -> None:
    """Explain the signs of the rows, in a line that ends at `right`."""
    middle = y + line_height(size) // 2
    x = right

    def word(text: str) -> int:
        nonlocal x
        x -= draw_text(picture, text, x, y, size, DIM, "right") + 12
        return x

    if any(one.values is not None for one in sets):
        _draw_arrow(picture, word("this frame") - 2, middle + 5)
        x -= 28
    for one in reversed(sets):
        text = one.estimate.model if len(sets) > 1 else "estimate"
        _draw_dot(picture, word(text) - 3, middle, one.colour, one.diamond)
        x -= 30
    left = word("90 % interval") - 24
    draw_plate(picture, left, middle - 5, 30, 10, _faded(sets[0].colour), radius=5)
    x -= 50
    _draw_tick(picture, word("average"), middle, DIM, 8)


def _draw_row(
    picture: np.ndarray,
    track: tuple[int, int, int],
    sets: Sequence[BarSet],
    average: np.ndarray,
    index: int,
) -> None:
    """One slider's bar, without the sets that cannot tell it. track: left, middle line, width."""
    left, y, width = track
    draw_plate(picture, left, y - 2, width, 4, EDGE, radius=2)
    apart, half = (0, 5) if len(sets) < 2 else (5, 3)
    told = [
        (one, y + apart * (2 * number - 1))
        for number, one in enumerate(sets)
        if one.estimate.told[index]
    ]
    for one, middle in told:
        low = left + float(one.estimate.lower[index]) * width
        high = left + float(one.estimate.upper[index]) * width
        band = max(2 * half, high - low)
        draw_plate(picture, low, middle - half, band, 2 * half, _faded(one.colour), radius=half)
    # Above the bands: which side of the average a value is on is the message.
    _draw_tick(picture, left + float(average[index]) * width, y, DIM, 8)
    for one, middle in told:
        if one.values is not None:
            at = left + float(np.clip(one.values[index], 0, 1)) * width
            _draw_arrow(picture, at, middle - 4)
        at = left + float(one.estimate.values[index]) * width
        _draw_dot(picture, at, middle, one.colour, one.diamond)


def _draw_tick(picture: np.ndarray, x: float, y: int, colour: Colour, half: int) -> None:
    column = round(x)
    picture[max(0, y - half) : y + half + 1, max(0, column) : column + 2] = colour


def _draw_arrow(picture: np.ndarray, x: float, y: float) -> None:
    """A small arrow that points down at (x, y)."""
    import cv2

    corners = np.array([(x, y), (x - 4.5, y - 8), (x + 4.5, y - 8)])
    points = np.rint(corners * (1 << _FRACTION_BITS)).astype(np.int32)
    cv2.fillPoly(picture, [points], TEXT, cv2.LINE_AA, _FRACTION_BITS)


def _draw_dot(picture: np.ndarray, x: float, y: float, colour: Colour, diamond: bool) -> None:
    """A filled dot with a dark rim, at a fraction of a pixel."""
    import cv2

    scale = 1 << _FRACTION_BITS
    for radius, inside in ((7.0, BACKGROUND), (5.0, colour)):
        if diamond:
            corners = np.array([(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)])
            points = np.rint(corners * scale).astype(np.int32)
            cv2.fillPoly(picture, [points], inside, cv2.LINE_AA, _FRACTION_BITS)
        else:
            middle = (round(x * scale), round(y * scale))
            size = round((radius - 0.5) * scale)
            cv2.circle(picture, middle, size, inside, -1, cv2.LINE_AA, _FRACTION_BITS)


def _faded(colour: Colour) -> Colour:
    """The colour mixed with the background."""
    mixed = _BAND * np.array(colour) + (1 - _BAND) * np.array(BACKGROUND)
    red, green, blue = (round(float(one)) for one in mixed)
    return red, green, blue
