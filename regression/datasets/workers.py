"""Worker processes that are gone when the work is over, also when it is stopped by Ctrl-C.

Rendering and seeing run in processes of their own, because OpenGL and MediaPipe do not always
survive each other in one. This module imports no numpy: what it sets must stand before numpy loads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


class Workers:
    """A pool of fresh Python processes; make one with `workers`."""

    def __init__(self, processes: int) -> None:
        self._pool = ProcessPoolExecutor(
            processes, mp_context=multiprocessing.get_context("spawn"), initializer=_use_one_thread
        )

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Call a function of a module in one of the processes."""
        # Ctrl-C reaches every process of the terminal. The workers take no notice (they inherit
        # the mask when they start, which they do here): the parent stops them without tracebacks.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(function, *arguments)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def close(self) -> None:
        """Wait for what runs, and end the processes."""
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def workers(*counts: int) -> Iterator[tuple[Workers, ...]]:
    """Pools of so many processes each, for the length of a `with` block.

    The block waits for all that was submitted when it is left normally. When it is left by an
    exception (Ctrl-C too) the processes are ended at once.
    """
    others = set(multiprocessing.active_children())
    pools = tuple(Workers(count) for count in counts)
    try:
        yield pools
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise
    finally:
        for pool in pools:
            pool.close()


def call_apart(function: Callable[..., Any], /, *arguments: Any) -> Any:
    """Call a function of a module in a process of its own and return its result."""
    with workers(1) as (pool,):
        return pool.submit(function, *arguments).result()


def _use_one_thread() -> None:
    # Linear algebra threads of several processes would only wait for each other.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
