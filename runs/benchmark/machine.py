"""The computer in words, and the cores of it that a measured program may use."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from runs.run import available_cores


class BenchmarkError(Exception):
    """Nothing can be measured. The message says what happened, what was expected, what to do."""


def machine_words() -> str:
    """Processor, cores, memory, system and Python; no name of the computer or its user."""
    cores = available_cores()
    parts = [
        _processor(),
        "1 core" if cores == 1 else f"{cores} cores",
        *([f"{memory:.0f} GB of memory"] if (memory := _memory_gigabytes()) else []),
        f"{platform.system()} ({platform.machine()})",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(parts)


def usable_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may use; none where the system cannot say."""
    if not hasattr(os, "sched_getaffinity"):
        return ()
    return tuple(sorted(os.sched_getaffinity(0)))


def cores_for(processes: int) -> tuple[int, ...]:
    """As many cores as processes, the last ones: the system and this program prefer the first.

    None where the system cannot hold a program to cores.
    Raises BenchmarkError where there are fewer cores.
    """
    cores = usable_cores()
    if cores and len(cores) < processes:
        raise BenchmarkError(
            f"{processes} processes were to be measured on {len(cores)} cores. A core for each "
            f"process was expected. Give --processes with at most {len(cores)}."
        )
    return cores[-processes:]


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or "unknown processor"


def _memory_gigabytes() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None
