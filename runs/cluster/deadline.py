"""Ends a process that hangs in one photo: what hangs in a decoder's C code can only be killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Deadline:
    """Ends this process when it shows no sign of life for too long while it works."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def alive(self) -> None:
        """The work goes on: the time begins anew."""
        self._until = time.monotonic() + self._seconds

    @contextmanager
    def working(self) -> Iterator[None]:
        """The time runs inside only."""
        self.alive()
        try:
            yield
        finally:
            self._until = None

    def _watch(self) -> None:
        while True:
            time.sleep(min(1.0, self._seconds / 4))
            until = self._until
            if until is not None and time.monotonic() > until:
                os._exit(1)
