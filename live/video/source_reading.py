"""One opening of a source, and the thread that reads it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from live.video.sources import Source, SourceSettings, open_capture, to_rgb

if TYPE_CHECKING:
    import cv2

# So many broken frames in a row are taken for a file's end.
_BROKEN = 50

# A file that cannot be decoded at its own speed: so many frames in a row are passed over, and
# from so many seconds on it plays slower.
_PASSED_IN_A_ROW = 3
_LATEST = 1.0


class Reading:
    """A source opened once, and the thread that reads it until it ends or is abandoned.

    A read can hang in a driver for good. Then the thread is abandoned: it lets the source go when
    the read returns, and what it still reads counts no more.
    """

    def __init__(
        self,
        source: Source,
        settings: SourceSettings,
        take: Callable[[Reading, np.ndarray, int, float | None], None],
        changed: threading.Condition,
    ) -> None:
        self.opened = False
        self.over = False
        self.heard: float | None = None
        """When its newest frame came, in seconds of time.perf_counter()."""
        self.rate: float | None = None
        self.total: int | None = None
        self.is_live = source.kind != "file"
        self.thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._source = source
        self._settings = settings
        self._take = take
        self._changed = changed
        self._abandoned = threading.Event()

    @property
    def is_whole(self) -> bool:
        """Whether every frame is passed on."""
        return not self.is_live and self._settings.every_frame

    @property
    def is_paced(self) -> bool:
        """Whether frames come as fast as they are read and have to be held back."""
        return not self.is_live and not self._settings.every_frame

    def abandon(self) -> None:
        """Have the thread end as soon as it can, without waiting for it."""
        self._abandoned.set()

    def _run(self) -> None:
        import cv2

        capture = None
        try:
            capture = open_capture(self._source, self._settings)
            if capture is not None and not self._abandoned.is_set():
                self._read(capture)
        except cv2.error:
            pass  # lost, as if the read had failed
        finally:
            if capture is not None:
                capture.release()
            with self._changed:
                self.over = True
                self._changed.notify_all()

    def _read(self, capture: cv2.VideoCapture) -> None:
        import cv2

        self.rate = _sensible(capture.get(cv2.CAP_PROP_FPS), 1000)
        if self._source.kind != "camera":
            total = _sensible(capture.get(cv2.CAP_PROP_FRAME_COUNT), 1e9)
            self.total = None if total is None else round(total)
            # A file that a server sends has a length; what it films now has none.
            self.is_live = self.is_live and self.total is None
        self.opened = True
        clock = _FileClock(1 / (self.rate or 25.0))
        grabbed = step = broken = 0
        start: float | None = None  # when a paced file's second 0 was
        while not self._abandoned.is_set():
            if not capture.grab():
                broken += 1
                if self.total is None or grabbed + broken > self.total or broken > _BROKEN:
                    return
                continue
            grabbed += 1 + broken
            step += 1 + broken
            broken = 0
            seconds = None
            if not self.is_live:
                seconds = clock.seconds(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, step)
            if self.is_paced and start is not None and seconds is not None:
                early = start + seconds - perf_counter()
                if early > 0:
                    self._abandoned.wait(early)
                elif early < -_LATEST:
                    start -= early
                elif early < -clock.period and step <= _PASSED_IN_A_ROW:
                    continue
            decoded, picture = capture.retrieve()
            if not decoded or picture is None or not picture.size or self._abandoned.is_set():
                continue
            self._take(self, to_rgb(picture), step, seconds)
            step = 0
            if start is None:
                start = perf_counter() - (seconds or 0.0)


class _FileClock:
    """Seconds since a file's first frame, by its own time stamps; they always advance."""

    def __init__(self, period: float) -> None:
        """period: of a frame in seconds; used where the file has no time stamps."""
        self.period = period
        self._first: float | None = None
        self._last = 0.0

    def seconds(self, stamp: float, step: int) -> float:
        """Of a frame.

        stamp: its time stamp in seconds; step: 1, and one more for each broken one before it.
        """
        if self._first is None:
            self._first = stamp if math.isfinite(stamp) else 0.0
            return 0.0
        seconds = stamp - self._first
        if not self._last < seconds < float("inf"):
            seconds = self._last + step * self.period
        self._last = seconds
        return seconds


def _sensible(value: float, highest: float) -> float | None:
    """A property of OpenCV, or None where it says that it is not known."""
    return value if 0 < value <= highest else None
