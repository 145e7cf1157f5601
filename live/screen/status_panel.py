"""What is known by now, in words and numbers, and what the person could do for more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live.screen.palette import BLUE, DIM, EDGE, MUTED, ROUTE_COLOURS, TEXT, Colour
from live.screen.text import draw_plate, draw_text
from live.state import LiveState
from regression.prediction.live_estimate import LiveEstimate

ENOUGH_LOOKS = 8
"""From so many looks of a face on, nobody is asked to move any more."""

_LITTLE_WEIGHT = 0.2

_CLOSER = "Come closer"
_BACK = "Turn back towards the camera"
_STILL = "Hold still, in more light if you can"

# By vision.quality's flags, the most hindering first, and by a frame's reason to weigh little.
_FLAG_ADVICE = (
    ("cut_by_frame", "Move into the middle of the picture"),
    ("too_small", _CLOSER),
    ("strongly_turned", _BACK),
    ("blurred", _STILL),
)
_REASON_ADVICE = {
    "turned": _BACK,
    "blurred": _STILL,
    "too small": _CLOSER,
    "moving fast": "Not so fast",
    "speaking or smiling": "Speaking and smiling count less than a calm face",
}


def advice(state: LiveState, waiting: bool) -> str:
    """One sentence: what the person before the camera does best now.

    waiting: whether a route that is shown has no estimate yet.
    """
    if state.face is None:
        return "No face in sight. Look into the camera"
    for flag, words in _FLAG_ADVICE:
        if flag in state.quality:
            return words
    if waiting:
        return "Hold still for a moment: the first look is being read"
    if state.weight < _LITTLE_WEIGHT:
        return _REASON_ADVICE.get(state.reason, "Look into the camera with a calm face")
    if max((one.looks for one in state.estimates.values()), default=0) < ENOUGH_LOOKS:
        return "Turn your head slowly, to both sides, up and down"
    return "Good. Press space to save the character"


def interval_width(estimate: LiveEstimate) -> float:
    """The mean width of the told sliders' intervals, 0..1 of their range; 1 if none is told."""
    widths = (estimate.upper - estimate.lower)[estimate.told]
    return float(widths.mean()) if widths.size else 1.0


def draw_status(
    picture: np.ndarray,
    area: tuple[int, int, int, int],
    state: LiveState | None,
    routes: Sequence[str],
    compared: bool,
) -> None:
    """Draw who is followed, and for each route how sure it is by now.

    area: left, top, width, height in the picture.
    routes: one, or two that are compared.
    """
    left, top, width, _ = area
    person = "Nobody yet" if state is None or state.person < 1 else f"Person {state.person}"
    draw_text(picture, person, left, top - 4, 26, TEXT)
    model = "compare" if compared else f"{state.model} model" if state is not None else ""
    draw_text(picture, model, left + width, top + 3, 19, DIM, "right")
    y = top + (36 if compared else 44)
    for route in routes:
        estimate = None if state is None else state.estimates.get(route)
        colour = ROUTE_COLOURS.get(route, BLUE) if compared else BLUE
        if compared:
            _draw_compared(picture, (left, y, width), route, estimate, colour)
            y += 72
        else:
            _draw_alone(picture, (left, y, width), estimate, colour)


def _draw_alone(
    picture: np.ndarray,
    place: tuple[int, int, int],
    estimate: LiveEstimate | None,
    colour: Colour,
) -> None:
    left, y, width = place
    unsure = 1.0 if estimate is None else interval_width(estimate)
    bright = MUTED if estimate is None else TEXT
    words = left + 16 + draw_text(picture, f"{100 * unsure:.0f} %", left - 2, y - 2, 44, bright)
    draw_text(picture, "of each slider's range", words, y + 4, 17, DIM)
    draw_text(picture, "is still uncertain", words, y + 25, 17, DIM)
    _draw_meter(picture, left, y + 64, width, unsure, MUTED if estimate is None else colour)
    draw_text(picture, _counts(estimate), left, y + 86, 19, bright)


def _draw_compared(
    picture: np.ndarray,
    place: tuple[int, int, int],
    route: str,
    estimate: LiveEstimate | None,
    colour: Colour,
) -> None:
    left, y, width = place
    unsure = 1.0 if estimate is None else interval_width(estimate)
    draw_text(picture, route, left, y, 19, colour)
    words = "" if estimate is None else f"{100 * unsure:.0f} % uncertain"
    draw_text(picture, words, left + width, y, 19, TEXT, "right")
    _draw_meter(picture, left, y + 28, width, unsure, MUTED if estimate is None else colour)
    draw_text(picture, _counts(estimate), left, y + 40, 17, DIM)


def _draw_meter(
    picture: np.ndarray, left: int, y: int, width: int, part: float, colour: Colour
) -> None:
    draw_plate(picture, left, y, width, 8, EDGE, radius=4)
    draw_plate(picture, left, y, max(8.0, width * min(1.0, part)), 8, colour, radius=4)


def _counts(estimate: LiveEstimate | None) -> str:
    if estimate is None:
        return "waiting for the first look"
    frames = f"{estimate.frames} frame" + "s" * (estimate.frames != 1)
    return f"{frames}, {estimate.looks} look" + "s" * (estimate.looks != 1)
