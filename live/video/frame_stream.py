"""The frames of a source, read on a thread of its own: the newest one, or all of a file's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Self

import numpy as np

from live.video.frames import Frame
from live.video.source_reading import Reading
from live.video.sources import Source, SourceSettings, check_file, refusal

# A camera or stream that was lost is tried again this often, in seconds.
_RETRY_EVERY = 1.0

# A thread that hangs in a driver is left to itself when this many seconds are over.
_CLOSING_SECONDS = 1.0

# Frames of a file that wait for a slow reader when none may be dropped.
_WAITING = 2


def open_stream(
    source: Source, settings: SourceSettings, say: Callable[[str], None]
) -> FrameStream:
    """Open a source and wait for its first frame.

    say: is told, from another thread, when a camera or stream is lost and when it is back.

    Raises SourceError when no frame comes.
    """
    return FrameStream(source, settings, say)


class FrameStream:
    """The frames of a source; see open_stream. Any thread may call it. A context manager."""

    def __init__(
        self, source: Source, settings: SourceSettings, say: Callable[[str], None]
    ) -> None:
        if source.kind == "file":
            check_file(str(source.address))
        self.source = source
        self.passed_over = 0
        """Frames that nobody got: dropped for newer ones, or broken."""
        self.failure: str | None = None
        """Why the source was lost for good; None while it runs and after a file's normal end."""
        self.size: tuple[int, int] | None = None
        """(width, height) of the newest frame."""
        self._settings = settings
        self._say = say
        self._changed = threading.Condition()
        self._waiting: deque[Frame] = deque()
        self._number = 0
        self._began = 0.0
        self._closed = False
        self._finished = False
        self._reading = self._read_anew()
        self._keeper = threading.Thread(target=self._keep, name="source keeper", daemon=True)
        try:
            # Opening a file may take long, as on a slow network, but does not hang.
            patience = None if source.kind == "file" else settings.opening_seconds
            if not self._has_begun(self._reading, patience):
                raise refusal(source, self._reading.opened)
        except BaseException:
            self.close()
            raise
        self.rate = self._reading.rate
        """Frames per second, as the source says; None where it does not."""
        self.total = self._reading.total
        """How many frames a file has, as it says; None for cameras, and where it does not say."""
        self._keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        with self._changed:
            return self._closed or (self._finished and not self._waiting)

    def next(self, timeout: float) -> Frame | None:
        """The next frame; None where there is no new one within `timeout` seconds, or no more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._finished or self._closed, max(0.0, timeout)
            )
            if not self._waiting:
                return None
            frame = self._waiting.popleft()
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Stop reading and let the source go. Further calls do nothing."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._reading.abandon()
        for thread in (self._reading.thread, self._keeper):
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(_CLOSING_SECONDS)

    def _read_anew(self) -> Reading:
        """Begin to open and read the source; from now on only this reading's frames count."""
        with self._changed:
            self._reading = Reading(self.source, self._settings, self._take, self._changed)
            if not self._closed:
                self._reading.thread.start()
            return self._reading

    def _has_begun(self, reading: Reading, patience: float | None) -> bool:
        """Wait until a reading has its first frame, has failed or takes too long."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or reading.over or reading.heard is not None, patience
            )
            return reading.heard is not None

    def _take(self, reading: Reading, pixels: np.ndarray, step: int, seconds: float | None) -> None:
        """Pass a frame on; called by the reading's thread.

        step: 1, and one more for each frame that was not decoded before it.
        seconds: by the file's clock; None: by the clock on the wall.
        """
        captured = perf_counter()
        with self._changed:
            if self._closed or reading is not self._reading:
                return
            is_first = self._number == 0
            if is_first:
                self._began = captured
            self._number += step
            self.passed_over += step - 1
            self.size = (pixels.shape[1], pixels.shape[0])
            clock = captured - self._began if seconds is None else seconds
            if reading.is_whole:
                self._changed.wait_for(lambda: self._closed or len(self._waiting) < _WAITING)
                if self._closed:
                    return
            else:
                self.passed_over += len(self._waiting)
                self._waiting.clear()
            self._waiting.append(Frame(pixels, self._number, clock, captured))
            reading.heard = captured
            self._changed.notify_all()
            if is_first and reading.is_paced:
                # A film begins when someone looks.
                self._changed.wait_for(lambda: self._closed or not self._waiting)

    def _keep(self) -> None:
        """Watch over the reading, and look for the source when it is lost."""
        try:
            while True:
                reading = self._reading
                self._watch(reading)
                if self._closed or not reading.is_live or not self._find_again(reading):
                    return
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()

    def _watch(self, reading: Reading) -> None:
        """Return when a reading is over, or has been silent for too long, or at close()."""
        with self._changed:
            while not (self._closed or reading.over):
                patience = None
                if reading.is_live and reading.heard is not None:
                    patience = reading.heard + self._settings.quiet_seconds - perf_counter()
                    if patience <= 0:
                        return
                self._changed.wait(patience)

    def _find_again(self, lost: Reading) -> bool:
        """Open a lost source again and again until it is back; False where it stays away."""
        lost.abandon()
        limit = self._settings.retry_seconds
        end = perf_counter() + limit
        name = self.source.described
        self._say(f"{name} is lost; looking for it for {limit:.0f} s.")
        while not self._closed:
            left = end - perf_counter()
            if left <= 0:
                self.failure = (
                    f"{name} was lost and did not come back within {limit:.0f} s. A source that "
                    "stays connected was expected. Connect it again, and start anew."
                )
                return False
            with self._changed:
                self._changed.wait_for(lambda: self._closed, min(_RETRY_EVERY, left))
            reading = self._read_anew()
            patience = max(_RETRY_EVERY, end - perf_counter())
            if self._has_begun(reading, min(patience, self._settings.opening_seconds)):
                away = perf_counter() - (lost.heard or perf_counter())
                self._say(f"{name} is back after {max(1, round(away))} s.")
                return True
            reading.abandon()
        return False
