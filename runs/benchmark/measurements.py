"""What was measured: one record each, kept in a CSV file as they come."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

OURS = "fpp predict"
PLAIN = "face_recognition"
COMMAND_LINE = "face_recognition command"
BOUND = "bound"
LOOP = "in one loop"
STAGE = "stage"
GROWTH = "growth"
COLD = "cold start"
FROM_DISK = "cold start from disk"


@dataclass(frozen=True)
class Measurement:
    """One measurement. None where something does not apply or is not known.

    Attributes:
        what: OURS, PLAIN, COMMAND_LINE, BOUND, LOOP, STAGE, GROWTH, COLD or FROM_DISK.
        name: the model route; or the stage; or what else was run.
        looks: how often each photo is looked at: 2 by default, 1 with --quick.
        overlay: whether pictures of what was seen were written.
        processes: of the program, each on a core of its own.
        photos: how many.
        round: all is measured several times, so that each meets the computer in all its moods.
        seconds: from start to end.
        starting_seconds: what of that the start took, before the first photo was begun.
        cpu_seconds: of computing, all processes together.
        milliseconds: per photo; of a stage or of the bound.
        peak_megabytes: the most memory, all processes together.
    """

    what: str
    name: str
    looks: int | None = None
    overlay: bool | None = None
    processes: int = 1
    photos: int = 1
    round: int = 1
    seconds: float | None = None
    starting_seconds: float | None = None
    cpu_seconds: float | None = None
    milliseconds: float | None = None
    peak_megabytes: float | None = None

    @property
    def photos_per_second(self) -> float | None:
        """Once it runs: without what the start took."""
        if self.milliseconds is not None:
            return 1000 / self.milliseconds if self.milliseconds > 0 else None
        if self.seconds is None or self.starting_seconds is None:
            return None
        running = self.seconds - self.starting_seconds
        return self.photos / running if running > 0 else None

    @property
    def photos_per_second_with_start(self) -> float | None:
        """With the start, as a user with this number of photos has it."""
        return self.photos / self.seconds if self.seconds else None


_FIELDS = tuple(field.name for field in fields(Measurement))
_RATES = ("photos_per_second", "photos_per_second_with_start")


def write_measurements(path: Path, measurements: Sequence[Measurement]) -> None:
    """A row per measurement, with its rates; the file is replaced whole."""
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*_FIELDS, *_RATES))
        for one in measurements:
            cells = (*astuple(one), *(getattr(one, rate) for rate in _RATES))
            writer.writerow([_cell(cell) for cell in cells])
    os.replace(partial, path)


def chosen(measurements: Iterable[Measurement], what: str, **wanted: object) -> list[Measurement]:
    """The measurements of one kind whose fields have the wanted values."""
    return [
        one
        for one in measurements
        if one.what == what and all(getattr(one, key) == value for key, value in wanted.items())
    ]


def middle(
    measurements: Iterable[Measurement], figure: Callable[[Measurement], float | None]
) -> float | None:
    """The median of a figure over measurements that have it; None where none has."""
    known = [value for one in measurements if (value := figure(one)) is not None]
    return median(known) if known else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
