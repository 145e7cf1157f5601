"""Goes on with a run as photos come."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runs.marks import PhotoMark, mark_of
from runs.run import Run

# Looking around and writing the tables each take at most this part of the time.
_SHARE = 0.2


def watch(
    run: Run,
    find: Callable[[], Sequence[Path]],
    seconds: float,
    say: Callable[[str], None],
) -> None:
    """Predict photos that are new or changed, and keep the tables up to date, until Ctrl-C.

    A photo is taken when two looks in a row find it with the same size and time: one that is still
    being copied waits. Where there are so many photos that writing the tables takes long, they are
    written less often than photos are predicted; at the end they are up to date.

    find: lists the photos.
    seconds: between two looks; more where looking takes long.
    say: gets a line for each time that photos were predicted.

    Raises KeyboardInterrupt, and what Run.predict does.
    """
    versions: dict[str, tuple[int, int]] = {}
    marks: list[PhotoMark] = []
    tables_are_old, next_tables = False, 0.0
    try:
        while True:
            begin = time.monotonic()
            photos = find()
            found = [mark_of(photo, "") for photo in photos]
            wanted = {
                mark.path
                for mark in found
                if versions.get(mark.path) == mark.version and not run.is_done(mark)
            }
            versions = {mark.path: mark.version for mark in found}
            looked = time.monotonic() - begin
            if wanted or len(found) != len(marks):
                marks = run.marks(photos)
                tables_are_old = True
            if wanted:
                counts = _predict(run, [mark for mark in marks if mark.path in wanted])
                say(f"{counts}; {len(photos)} photos in all.")
            if tables_are_old and time.monotonic() >= next_tables:
                begin = time.monotonic()
                run.write_tables(marks)
                tables_are_old = False
                next_tables = time.monotonic() + (time.monotonic() - begin) / _SHARE
            time.sleep(max(seconds, looked / _SHARE))
    finally:
        if tables_are_old:
            run.write_tables(marks)


def _predict(run: Run, marks: Sequence[PhotoMark]) -> str:
    """Predict these photos and say in words what came of them."""
    faces = 0
    reasons: list[str] = []

    def count(photos: int, found: int, failures: Sequence[str]) -> None:
        nonlocal faces
        faces += found
        reasons.extend(failures)

    run.work(marks, count)
    words = f"Photos: {len(marks)}. Faces predicted: {faces}. Failures: {len(reasons)}"
    return words + "".join(f"\n  {reason}" for reason in reasons)
