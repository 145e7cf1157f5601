"""From states to pictures of the whole screen: keeps what the keys have switched."""

from __future__ import annotations

import time

import numpy as np

from live.head.head_drawer import HeadDrawer
from live.screen.screen import BAR_COUNT, ScreenSettings, draw_screen
from live.screen.slider_bars import choose_sliders
from live.state import COMPARED_ROUTES, LiveState
from rig.rig import Slider, from_units

_MESSAGE_SECONDS = 4.0
_CHOOSE_SECONDS = 1.0  # bars change places no more often
_RATE_SMOOTHING = 0.1


class Viewer:
    """Draws the screen. mirrored, compare, help, recording: as live.screen.screen has them."""

    def __init__(
        self,
        drawer: HeadDrawer,
        sliders: tuple[Slider, ...],
        average: np.ndarray,
        source: str,
        mirrored: bool,
    ) -> None:
        """What does not change.

        drawer: of the head; its owner closes it.
        sliders: of the rig, s.
        average: (s,) 0..1, the average person's.
        source: its name, to be shown.
        """
        self.mirrored, self.compare, self.help, self.recording = mirrored, False, False, False
        self._drawer, self._sliders, self._average = drawer, sliders, average
        self._source = source
        self._message, self._message_until = "", 0.0
        self._shown: tuple[int, ...] = ()
        self._choose_again = 0.0
        self._rate = 0.0
        self._last_number = 0
        self._last_time: float | None = None

    def tell(self, message: str) -> None:
        """Shows a sentence for a few seconds."""
        self._message = message
        self._message_until = time.perf_counter() + _MESSAGE_SECONDS

    def settings(self) -> ScreenSettings:
        """How the screen is drawn now."""
        current = time.perf_counter() < self._message_until
        return ScreenSettings(
            mirrored=self.mirrored,
            compare=self.compare,
            help=self.help,
            recording=self.recording,
            message=self._message if current else "",
            frames_per_second=self._rate,
            source=self._source,
        )

    def picture(self, state: LiveState | None) -> np.ndarray:
        """(720, 1280, 3) uint8 RGB; None for a state before the first frame."""
        if state is not None:
            self._measure_rate(state)
            self._ask_head(state)
            self._choose_bars(state)
        return draw_screen(
            state,
            self.settings(),
            self._average,
            self._drawer.picture,
            self._drawer.note,
            self._shown,
        )

    def _measure_rate(self, state: LiveState) -> None:
        if state.frame.number == self._last_number:
            return
        now = time.perf_counter()
        if self._last_time is not None:
            rate = 1 / max(now - self._last_time, 1e-6)
            share = _RATE_SMOOTHING if self._rate else 1.0
            self._rate += share * (rate - self._rate)
        self._last_number, self._last_time = state.frame.number, now

    def _ask_head(self, state: LiveState) -> None:
        routes = COMPARED_ROUTES if self.compare else (state.model,)
        known = [state.estimates[route] for route in routes if route in state.estimates]
        if not known:
            return
        neutral = np.array([slider.neutral for slider in self._sliders])
        heads = []
        for route in routes:
            one = state.estimates.get(route)
            heads.append(neutral if one is None else from_units(self._sliders, one.values))
        side = -1 if self.mirrored else 1
        pose = state.pose
        yaw, pitch, roll = (pose.yaw, pose.pitch, pose.roll) if pose else (0.0, 0.0, 0.0)
        self._drawer.ask(heads, side * yaw, pitch, side * roll)

    def _choose_bars(self, state: LiveState) -> None:
        now = time.perf_counter()
        if self._shown and now < self._choose_again:
            return
        routes = COMPARED_ROUTES if self.compare else (state.model,)
        estimates = [state.estimates[route] for route in routes if route in state.estimates]
        if estimates:
            self._shown = tuple(choose_sliders(estimates, self._average, BAR_COUNT, self._shown))
            self._choose_again = now + _CHOOSE_SECONDS
