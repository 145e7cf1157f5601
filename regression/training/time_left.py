"""How long a run of several stages will still take, better known the longer it has run."""

from __future__ import annotations

import time
from collections.abc import Mapping


class TimeLeft:
    """Seconds of stages that follow each other: guessed at first, then measured."""

    def __init__(self, guesses: Mapping[str, float]) -> None:
        """Begin.

        Args:
            guesses: seconds of each stage, in their order.
        """
        self._expected = dict(guesses)
        self._started = time.monotonic()
        self._at_start = 0.0

    def start(self, stage: str, part: float = 0.0) -> None:
        """A stage begins, of which `part` (0..1) was done in an earlier run."""
        for name in list(self._expected):
            if name == stage:
                break
            del self._expected[name]
        self._started, self._at_start = time.monotonic(), part
        self._expected[stage] = self._expected.get(stage, 0.0) * (1 - part)

    def reach(self, stage: str, part: float, alike: Mapping[str, float] | None = None) -> None:
        """So much of the stage (0..1) is done.

        Args:
            alike: later stages that do the same work, with their size beside this stage's.
        """
        done = part - self._at_start
        if done <= 0:
            return
        whole = (time.monotonic() - self._started) / done
        self._expected[stage] = whole * (1 - part)
        for name, size in (alike or {}).items():
            if name in self._expected:
                self._expected[name] = whole * size

    @property
    def seconds(self) -> float:
        """Of this stage and all that follow."""
        return sum(self._expected.values())

    def __str__(self) -> str:
        return f"about {duration(self.seconds)} left"


def duration(seconds: float) -> str:
    """In words, as in `40 s`, `12 min` or `1.5 h`."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
