"""Worker processes for the photos of a run, of which one may die or hang."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runs.lock import RunError
from runs.marks import PhotoMark
from runs.photo_worker import (
    PartResult,
    begin_process,
    failed,
    work_in_process,
    write_results,
)
from runs.plan import RunPlan

if TYPE_CHECKING:
    from pebble import ProcessFuture, ProcessPool

PHOTO_SECONDS = 60.0
"""A photo that takes longer has failed."""

PART_PHOTOS = 32
"""Photos of one part: what a kill costs at most, in each process."""

# A part's photos together may take as long as so many of the slowest.
_SLOW_PHOTOS = 4

# Parts handed out per process: one to work on and one to go on with.
_AHEAD = 2

# Times in a row that all processes may end before their first photo.
_ATTEMPTS = 3

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_Part = Sequence[PhotoMark]


def work_in_pool(
    plan: RunPlan,
    parts: Sequence[Sequence[PhotoMark]],
    processes: int,
    report: Callable[[PartResult], None],
    photo_seconds: float = PHOTO_SECONDS,
) -> None:
    """Predict parts of photos in processes of their own; each writes its files itself.

    Where a process dies, or takes longer than four slow photos would, the part's photos are
    predicted one by one. The one that does it again has failed, and a row says so; so does one
    that takes longer than photo_seconds.

    report: is called in this process after each part, in the order in which they are done.

    Raises what PhotoWorker does, and RunError where no process comes to life. However it ends,
    its processes have ended before.
    """
    waiting: deque[_Part] = deque(parts)
    attempts = 0
    with _environment(_ONE_THREAD):
        while waiting:
            left = len(waiting)
            try:
                _work(plan, waiting, processes, report, photo_seconds)
            except BrokenProcessPool as error:
                attempts = 1 if len(waiting) < left else attempts + 1
                if attempts == _ATTEMPTS:
                    raise RunError(
                        f"The worker processes end before they begin ({error}). Enough memory for "
                        f"{processes} of them was expected, about 0.5 GB each. Free some, or ask "
                        "for fewer with --processes."
                    ) from error


def _work(
    plan: RunPlan,
    waiting: deque[_Part],
    processes: int,
    report: Callable[[PartResult], None],
    photo_seconds: float,
) -> None:
    """Work until nothing waits. Raises BrokenProcessPool; then what is not done waits again."""
    import multiprocessing

    from pebble import ProcessExpired, ProcessPool

    running: dict[ProcessFuture[PartResult], _Part] = {}
    # Forked, a process would have the parent's threads' locks without its threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPool(
        max_workers=min(processes, len(waiting)),
        initializer=begin_process,
        initargs=(plan,),
        context=context,
    )
    try:
        while waiting or running:
            while waiting and len(running) < processes * _AHEAD:
                part = waiting.popleft()
                running[_schedule(pool, part, photo_seconds)] = part
            wait(running, return_when=FIRST_COMPLETED)
            for future in [future for future in running if future.done()]:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    raise error
                part = running.pop(future)
                if error is None:
                    report(future.result())
                elif not isinstance(error, ProcessExpired | TimeoutError):
                    raise error
                elif len(part) > 1:
                    waiting.extend([mark] for mark in part)
                else:
                    report(_given_up(plan, part[0], error, photo_seconds))
    finally:
        waiting.extendleft(running.values())
        pool.stop()
        pool.join()


def _schedule(pool: ProcessPool, part: _Part, photo_seconds: float) -> ProcessFuture[PartResult]:
    seconds = photo_seconds * min(len(part), _SLOW_PHOTOS)
    return pool.schedule(work_in_process, args=(tuple(part),), timeout=seconds)


def _given_up(
    plan: RunPlan, mark: PhotoMark, error: BaseException, photo_seconds: float
) -> PartResult:
    """The row of a photo that no process survives."""
    if isinstance(error, TimeoutError):
        what = f"took longer than {photo_seconds:g} seconds twice"
    else:
        what = f"ended the program twice ({error})"
    reason = (
        f"{mark.path} {what}: expected a picture that is predicted in a second; save it anew, as a "
        "smaller JPEG."
    )
    result = failed(Path(mark.path), reason)
    head = plan.open_model().head
    done = write_results(plan, [result], [mark], head.slider_names, head.licence)
    return PartResult(done, (reason,), None)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables; processes started now or later inherit them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
