"""Run a program on given cores, and measure its time and the memory of all its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runs.benchmark.machine import BenchmarkError

_PAUSE = 0.2
"""Seconds between two looks at the memory; a look takes some milliseconds."""

_LAST_LINES = 5


@dataclass(frozen=True)
class TimedProgram:
    """What a program took, all its processes together.

    Attributes:
        seconds: from its start to its end.
        cpu_seconds: of computing, in all cores; None where the system does not tell.
        peak_megabytes: the most memory at any look: each process's own pages, and its share of
            those that several have (PSS); None where the system does not tell.
        output: what it wrote to stdout.
    """

    seconds: float
    cpu_seconds: float | None
    peak_megabytes: float | None
    output: str


def our_program(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of this checkout or install, from any folder."""
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def run_timed(command: Sequence[str], cores: Sequence[int] = ()) -> TimedProgram:
    """Run a command to its end.

    cores: the only ones that it and its processes may use; any, where there are none.

    Raises BenchmarkError where it fails.
    """
    # The package's folder goes first, wherever the program runs.
    package_folder = str(Path(__file__).resolve().parents[2])
    search = os.pathsep.join(filter(None, (package_folder, os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": search}
    environment.pop("FPP_LANDMARKER", None)  # the networks that come with the program
    # Into a file: a pipe that nobody empties would stop a program that says much.
    with tempfile.TemporaryFile() as written, tempfile.TemporaryFile() as complaints:
        before = _children_cpu_seconds()
        begin = time.perf_counter()
        with _held_to(cores):
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=complaints,
                start_new_session=True,
            )
        memory = _MemoryWatch(process.pid)
        try:
            code = process.wait()
            seconds = time.perf_counter() - begin
        except BaseException:  # Ctrl-C: the program goes too, with all its processes
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            memory.stop()
        after = _children_cpu_seconds()
        output, problem = (_text(file) for file in (written, complaints))
    if code != 0:
        said = " ".join((problem or output).strip().splitlines()[-_LAST_LINES:]) or "nothing"
        raise BenchmarkError(
            f"`{' '.join(command[:8])} ...` ended with code {code}, saying: {said} A program that "
            "runs to its end was expected. Run it by itself to see what is wrong."
        )
    cpu_seconds = None if before is None or after is None else after - before
    return TimedProgram(seconds, cpu_seconds, memory.peak_megabytes, output)


def tree_megabytes(process: int) -> float | None:
    """Memory of a process and of all below it, in MB; None where the system does not tell."""
    total = 0
    known = False
    waiting = [process]
    while waiting:
        one = waiting.pop()
        memory = _bytes(one)
        if memory is not None:
            known, total = True, total + memory
        waiting += _children(one)
    return total / 1e6 if known else None


class _MemoryWatch:
    """Looks at the memory of a process and its children until it is stopped."""

    def __init__(self, process: int) -> None:
        self.peak_megabytes: float | None = None
        self._process = process
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(_PAUSE):
            now = tree_megabytes(self._process)
            if now is not None:
                self.peak_megabytes = max(now, self.peak_megabytes or 0.0)


@contextmanager
def _held_to(cores: Sequence[int]) -> Iterator[None]:
    """Hold this thread to cores for a moment: a program that it starts stays held to them."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _bytes(process: int) -> int | None:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended, or this is not Linux
        return None
    # "Pss:   123456 kB", by which it means 1024 bytes
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)


def _children(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def _children_cpu_seconds() -> float | None:
    """CPU seconds of all programs that this one waited for so far, and of those they waited for."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return file.read().decode("utf-8", errors="replace")  # type: ignore[attr-defined]
