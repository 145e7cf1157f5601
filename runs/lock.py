"""One run at a time in a folder: locks that the system holds, so that no killed run leaves one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LOCK, _WORKERS_LOCK = "lock", "lock.workers"


class RunError(Exception):
    """A run that cannot go on. The message says what, why and what to do."""


@contextmanager
def only_run(parts: Path) -> Iterator[None]:
    """Be the only run into a folder; waits for worker processes that a killed run has left.

    parts: an existing folder.

    Raises RunError where another run is at work.
    """
    with (parts / _LOCK).open("a+b") as file:
        if not _lock(file, wait=False):
            raise RunError(
                f"Another run is at work in {parts.parent}. One run at a time was expected there. "
                "Wait until it is done, or name another folder with --out."
            )
        with (parts / _WORKERS_LOCK).open("a+b") as workers:
            _lock(workers, wait=True)
        yield


def hold_workers_lock(parts: Path) -> IO[bytes]:
    """Show that a worker process is at work, until it ends. Keep what is returned."""
    file = (parts / _WORKERS_LOCK).open("a+b")
    _lock(file, wait=True, shared=True)
    return file


def _lock(file: IO[bytes], wait: bool, shared: bool = False) -> bool:
    """Lock a file for as long as it is open; False where somebody else has, and no wait."""
    if sys.platform == "win32":
        import msvcrt

        if shared or wait:  # Windows has no shared locks; there, workers end with their run
            return True
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
