"""The whole picture of the window: video and head above, what they say below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from live.screen.help_page import draw_help, draw_key
from live.screen.keys import KEY_LIST
from live.screen.palette import (
    BACKGROUND,
    BLUE,
    DIM,
    EDGE,
    MUTED,
    ORANGE,
    RAISED,
    RED,
    ROUTE_COLOURS,
    TEXT,
    Colour,
)
from live.screen.slider_bars import BarSet, draw_bars, draw_legend
from live.screen.status_panel import advice, draw_status
from live.screen.text import (
    draw_pill,
    draw_plate,
    draw_text,
    line_height,
    pill_height,
    shortened,
    text_width,
    wrapped,
)
from live.screen.video_panel import draw_video, place_frame
from live.state import COMPARED_ROUTES, LiveState

WIDTH, HEIGHT = 1280, 720
"""Of the screen, in pixels."""

PANEL_WIDTH, PANEL_HEIGHT = 640, 480
"""Of the video on the left and the head on the right."""

BAR_COUNT = 10
"""So many sliders have room."""

_MARGIN = 28
_STATUS_WIDTH = 332
_BARS_LEFT = _MARGIN + _STATUS_WIDTH + 48
_TOP = PANEL_HEIGHT + 17
_FOOTER = HEIGHT - 36
_SMALL = 17
_NOTE_LINES = 5  # an error has three sentences


@dataclass(frozen=True)
class ScreenSettings:
    """How the screen is to look, and what is told beside the state.

    Attributes:
        mirrored: whether the video is shown as in a mirror.
        compare: whether both routes are shown side by side.
        help: whether the page of keys lies over all.
        recording: whether a recording runs.
        message: what has just happened, such as what was saved; "" for nothing.
        frames_per_second: as measured; 0 where not known yet.
        source: the source's name as people know it.
    """

    mirrored: bool = True
    compare: bool = False
    help: bool = False
    recording: bool = False
    message: str = ""
    frames_per_second: float = 0.0
    source: str = ""


def draw_screen(
    state: LiveState | None,
    settings: ScreenSettings,
    average: np.ndarray,
    head_picture: np.ndarray | None,
    head_note: str,
    shown: Sequence[int],
) -> np.ndarray:
    """The window's picture, (720, 1280, 3) uint8 RGB, a new array.

    Args:
        state: what is known; None before the first frame.
        average: (s,) 0..1, the average person's slider values.
        head_picture: (h, w, 3) uint8 RGB, the predicted head, two side by side in compare; None
            where none was drawn yet.
        head_note: a sentence about how the head is drawn; "" for none.
        shown: indices of the sliders that have bars, at most BAR_COUNT; see `choose_sliders`.
    """
    screen = _empty_screen().copy()
    routes = COMPARED_ROUTES if settings.compare or state is None else (state.model,)
    if not settings.compare:
        routes = routes[:1]
    _draw_video_panel(screen[:PANEL_HEIGHT, :PANEL_WIDTH], state, settings, routes)
    _draw_head_panel(screen[:PANEL_HEIGHT, PANEL_WIDTH:], head_picture, head_note, settings, state)
    status_area = (_MARGIN, _TOP, _STATUS_WIDTH, _FOOTER - _TOP)
    draw_status(screen, status_area, state, routes, settings.compare)
    _draw_bar_area(screen, state, settings, average, routes, shown)
    _draw_footer(screen, settings)
    if settings.help:
        draw_help(screen)
    return screen


def video_point(
    x: float, y: float, state: LiveState | None, settings: ScreenSettings
) -> tuple[float, float] | None:
    """The place on the frame, in its pixels, of a pixel of the screen; None beside the video."""
    if state is None or settings.help or not (0 <= x < PANEL_WIDTH and 0 <= y < PANEL_HEIGHT):
        return None
    pixels = state.frame.pixels
    return place_frame(pixels, PANEL_WIDTH, PANEL_HEIGHT, settings.mirrored).to_frame(x, y)


@lru_cache(maxsize=1)
def _empty_screen() -> np.ndarray:
    """What never changes: the ground and the keys."""
    screen = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    screen[:PANEL_HEIGHT] = RAISED
    screen[PANEL_HEIGHT : PANEL_HEIGHT + 1] = EDGE
    x = _MARGIN
    for key in KEY_LIST:
        if key.short:
            x = draw_key(screen, key.shown[0], x, _FOOTER, _SMALL) + 8
            x += draw_text(screen, key.short, x, _FOOTER + 2, _SMALL, DIM) + 20
    return screen


def _draw_video_panel(
    panel: np.ndarray, state: LiveState | None, settings: ScreenSettings, routes: Sequence[str]
) -> None:
    middle = PANEL_WIDTH // 2
    if state is None:
        _draw_empty(panel, "Waiting for the first picture", settings.source)
        panel[:, -1] = EDGE
    else:
        draw_video(panel, state, settings.mirrored)
        waiting = not all(route in state.estimates for route in routes)
        words = advice(state, waiting)
        colour = ORANGE if state.quality or state.face is None else TEXT
        y = PANEL_HEIGHT - pill_height(20) - 14
        draw_pill(panel, words, middle, y, 20, colour, BACKGROUND, "centre", margin=16)
    if settings.recording:
        _draw_recording_sign(panel, 14, 14)


def _draw_recording_sign(panel: np.ndarray, left: int, top: int) -> None:
    import cv2

    height = pill_height(_SMALL)
    draw_plate(panel, left, top, text_width("REC", _SMALL) + 44, height, BACKGROUND, 0.78)
    cv2.circle(panel, (left + 18, top + height // 2), 6, RED, -1, cv2.LINE_AA)
    draw_text(panel, "REC", left + 32, top + 4, _SMALL, TEXT)


def _draw_head_panel(
    panel: np.ndarray,
    head_picture: np.ndarray | None,
    note: str,
    settings: ScreenSettings,
    state: LiveState | None,
) -> None:
    import cv2

    if head_picture is None:
        waiting = "Your character appears here"
        _draw_empty(panel, waiting, "" if state is None else "as soon as a face has been read")
    elif head_picture.shape == panel.shape:
        panel[:] = head_picture
    else:
        panel[:] = cv2.resize(head_picture, (PANEL_WIDTH, PANEL_HEIGHT))
    if settings.compare:
        for number, route in enumerate(COMPARED_ROUTES):
            x = PANEL_WIDTH * (2 * number + 1) // 4
            draw_pill(
                panel, route, x, 14, 19, ROUTE_COLOURS[route], BACKGROUND, "centre", margin=14
            )
        panel[:, PANEL_WIDTH // 2] = EDGE
    bottom = PANEL_HEIGHT - 14
    for text, colour in ((settings.message, TEXT), (note, DIM)):
        if text:
            bottom = _draw_note(panel, text, bottom, colour) - 8


def _draw_note(panel: np.ndarray, text: str, bottom: int, colour: Colour) -> int:
    """Sentences on a plate in the middle that ends at `bottom`; returns where it begins."""
    lines = wrapped(text, _SMALL, PANEL_WIDTH - 72, _NOTE_LINES)
    width = max(text_width(line, _SMALL) for line in lines) + 32
    height = line_height(_SMALL) * len(lines) + 12
    left, top = (PANEL_WIDTH - width) // 2, bottom - height
    draw_plate(panel, left, top, width, height, BACKGROUND, 0.82)
    for number, line in enumerate(lines):
        draw_text(panel, line, left + 16, top + 6 + number * line_height(_SMALL), _SMALL, colour)
    return top


def _draw_empty(panel: np.ndarray, text: str, further: str) -> None:
    """What a panel says that has nothing to show."""
    middle, y = panel.shape[1] // 2, panel.shape[0] // 2 - 30
    draw_text(panel, text, middle, y, 24, DIM, "centre")
    further = shortened(further, 19, panel.shape[1] - 60)
    draw_text(panel, further, middle, y + 38, 19, MUTED, "centre")


def _draw_bar_area(
    screen: np.ndarray,
    state: LiveState | None,
    settings: ScreenSettings,
    average: np.ndarray,
    routes: Sequence[str],
    shown: Sequence[int],
) -> None:
    width = WIDTH - _MARGIN - _BARS_LEFT
    sets = []
    for route in routes:
        if state is not None and (estimate := state.estimates.get(route)) is not None:
            colour = ROUTE_COLOURS.get(route, BLUE) if settings.compare else BLUE
            values = state.values if route == state.model and not settings.compare else None
            sets.append(BarSet(estimate, colour, values, route == "landmarks" and settings.compare))
    top = _TOP + 34
    has_bars = bool(sets) and len(shown) > 0
    title_colour = TEXT if has_bars else MUTED
    draw_text(screen, "Farthest from average", _BARS_LEFT, _TOP, 19, title_colour)
    if has_bars:
        draw_legend(screen, WIDTH - _MARGIN, _TOP + 1, _SMALL, sets)
        area = (_BARS_LEFT, top, width, _FOOTER - 8 - top)
        draw_bars(screen, area, sets, average, list(shown[:BAR_COUNT]))
    else:
        words = "The sliders in which a face differs most are shown here"
        draw_text(screen, words, _BARS_LEFT, top + 10, _SMALL, MUTED)


def _draw_footer(screen: np.ndarray, settings: ScreenSettings) -> None:
    right = WIDTH - _MARGIN
    if settings.frames_per_second > 0:
        rate = f"{settings.frames_per_second:.0f} frames/s"
        right -= draw_text(screen, rate, right, _FOOTER + 2, _SMALL, DIM, "right") + 18
    source = shortened(settings.source, _SMALL, 260)
    draw_text(screen, source, right, _FOOTER + 2, _SMALL, MUTED, "right")
