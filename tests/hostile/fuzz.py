"""Damaged files for every loader: `python -m tests.hostile.fuzz --inputs 10000 --seed 1`.

Each input is read in a process of its own kind, watched from outside: 10 seconds, 2 GB. Reading it,
or refusing it with the loader's own error, is all that may happen; everything else is a finding.
The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import multiprocessing
import os
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.hostile.mutations import mutated
from tests.hostile.targets import TARGETS, Target

SECONDS = 10.0
MOST_BYTES = 2 << 30
MOST_GROWTH = 200 << 20
"""Of a worker's memory, from a tenth of its inputs to the last."""

_START_SECONDS = 120.0  # for imports, tensorflow among them
_SHOWN = 5


@dataclass
class Outcome:
    """What became of one target's inputs. Bytes are a worker's resident memory."""

    target: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    known_crashes: int = 0
    slowest: float = 0.0
    most_bytes: int = 0
    settled_bytes: int = 0
    last_bytes: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """Bytes that a worker gained."""
        return max(0, self.last_bytes - self.settled_bytes)


@dataclass(frozen=True)
class Seeds:
    """The whole files of a target."""

    folder: Path
    names: tuple[str, ...]
    contents: tuple[bytes, ...]

    def damaged(self, target: str, seed: int, number: int) -> tuple[str, bytes]:
        """The name and the content of an input; always the same."""
        random = np.random.default_rng((seed, zlib.crc32(target.encode()), number))
        chosen = int(random.integers(len(self.names)))
        return self.names[chosen], mutated(self.contents[chosen], random, self.contents)


def fuzz(
    inputs: int, seed: int, targets: Sequence[Target] = TARGETS, keep: Path | None = None
) -> list[Outcome]:
    """Reads so many damaged files in all; keeps those of findings in a folder."""
    whole = sum(target.share for target in targets)
    outcomes = []
    for target in targets:
        count = max(1, round(inputs * target.share / whole))
        with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
            outcomes.append(_fuzz_one(target, count, seed, Path(folder), keep))
    return outcomes


def _fuzz_one(target: Target, count: int, seed: int, folder: Path, keep: Path | None) -> Outcome:
    outcome = Outcome(target.name)
    seeds = _seeds(target, folder)
    worker: _Worker | None = None
    for number in range(count):
        if worker is None:
            worker = _Worker(target, seed, seeds)
        name, said = worker.read(number)
        outcome.inputs += 1
        outcome.slowest = max(outcome.slowest, worker.seconds)
        outcome.most_bytes = max(outcome.most_bytes, worker.most_bytes)
        if number <= count // 10:
            outcome.settled_bytes = worker.bytes
        outcome.last_bytes = worker.bytes
        if said == "accepted":
            outcome.accepted += 1
        elif said == "refused":
            outcome.refused += 1
        elif target.may_crash and said.startswith("crash"):
            outcome.known_crashes += 1
        else:
            outcome.findings.append(f"input {number}, {name}: {said}")
            if keep is not None:
                _keep(keep, target.name, number, *seeds.damaged(target.name, seed, number))
        if not worker.is_alive:
            worker = None
    if worker is not None:
        worker.stop()
    if outcome.growth > MOST_GROWTH:
        outcome.findings.append(f"memory grew by {outcome.growth >> 20} MB")
    return outcome


def _seeds(target: Target, folder: Path) -> Seeds:
    names = tuple(target.make(folder))
    return Seeds(folder, names, tuple((folder / name).read_bytes() for name in names))


def _keep(folder: Path, target: str, number: int, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^a-zA-Z0-9.]+", "_", f"{target}_{number}_{name}")
    (folder / safe).write_bytes(content)


class _Worker:
    """A process that reads inputs one by one. After each: seconds, bytes and most_bytes."""

    def __init__(self, target: Target, seed: int, seeds: Seeds) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other, target, seed, seeds))
        self._process.start()
        other.close()
        self.seconds, self.bytes, self.most_bytes, self.is_alive = 0.0, 0, 0, True
        _, said = self._wait(_START_SECONDS)
        if said != "accepted":
            raise RuntimeError(f"{target.name}: the whole files were not read ({said})")

    def read(self, number: int) -> tuple[str, str]:
        """The file that was damaged, and what happened."""
        self._connection.send(number)
        return self._wait(SECONDS)

    def stop(self) -> None:
        """Ends the process."""
        self.is_alive = False
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _wait(self, seconds: float) -> tuple[str, str]:
        started = time.monotonic()
        problem = ""
        while not self._connection.poll(0.02):
            self.most_bytes = max(self.most_bytes, _resident(self._process.pid))
            if self.most_bytes > MOST_BYTES:
                problem = f"took more than {MOST_BYTES >> 20} MB"
            elif time.monotonic() - started > seconds:
                problem = f"hung for {seconds:.0f} s"
            if problem:
                break
        self.seconds = time.monotonic() - started
        if not problem:
            try:
                name, said, self.seconds, self.bytes = self._connection.recv()
            except (EOFError, OSError):
                self._process.join(5)
                problem = f"crashed with exit code {self._process.exitcode}"
            else:
                self.most_bytes = max(self.most_bytes, self.bytes)
                return name, said
        self.stop()
        return "?", f"crash: {problem}" if "crashed" in problem else problem


def _work(connection: Connection, target: Target, seed: int, seeds: Seeds) -> None:
    """The worker's process: damages a file, reads it, says what happened, and mends it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders complain there
    whole = dict(zip(seeds.names, seeds.contents, strict=True))
    # Whole files first: what is imported and kept for the first time is no growth.
    said = ", ".join({_read(target, seeds.folder, name) for name in seeds.names})
    connection.send(("", said, 0.0, _resident(os.getpid())))
    with contextlib.suppress(EOFError):
        while True:
            number = connection.recv()
            name, content = seeds.damaged(target.name, seed, number)
            (seeds.folder / name).write_bytes(content)
            started = time.monotonic()
            said = _read(target, seeds.folder, name)
            seconds = time.monotonic() - started
            for other in (name, *(n for n in whole if n.endswith(".json"))):
                (seeds.folder / other).write_bytes(whole[other])
            if number % 50 == 0:
                gc.collect()
            connection.send((name, said, seconds, _resident(os.getpid())))


def _read(target: Target, folder: Path, name: str) -> str:
    try:
        target.load(folder, name)
    except Exception as error:
        kind = type(error)
        if f"{kind.__module__}.{kind.__qualname__}" in target.errors:
            return "refused"
        return f"{kind.__module__}.{kind.__qualname__}: {str(error)[:200]}"
    return "accepted"


def _resident(process: int | None) -> int:
    """Bytes of memory; 0 for a process that is gone, and where there is no /proc."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes for people to read."""
    head = ("target", "inputs", "accepted", "refused", "findings", "known crashes")
    rows = [(*head, "slowest s", "peak MB", "growth MB")]
    for one in outcomes:
        numbers = (one.inputs, one.accepted, one.refused, len(one.findings), one.known_crashes)
        sizes = (f"{one.slowest:.2f}", f"{one.most_bytes >> 20}", f"{one.growth >> 20}")
        rows.append((one.target, *map(str, numbers), *sizes))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> int:
    """Exit code 1 where there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files of findings")
    parser.add_argument("--only", action="append", help="name of a target", metavar="NAME")
    arguments = parser.parse_args()
    chosen = [target for target in TARGETS if target.name in (arguments.only or [target.name])]
    outcomes = fuzz(arguments.inputs, arguments.seed, chosen, arguments.keep)
    print(table(outcomes))
    for one in outcomes:
        for finding in one.findings[:_SHOWN]:
            print(f"{one.target}, {finding}")
    total = sum(one.inputs for one in outcomes)
    findings = sum(len(one.findings) for one in outcomes)
    print(f"{total} inputs, {findings} findings.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
