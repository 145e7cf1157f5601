"""Kills runs at random moments and compares what they end with: `python -m tests.runs.kills`.

A run is killed, begun again, killed again, until one comes to its end. Its folder then has to
equal that of a run that nobody killed. So it goes on until so many were killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
from PIL import Image

from tests.runs.run_photos import make_photos

ROOT = Path(__file__).parents[2]
OPTIONS = ("--rendered", "--model", "landmarks", "--quick", "--export", "mhm,json")

_SHORTEST = 0.2
_MADE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


@dataclass
class KillCounts:
    """What was done; differences are sentences, and should be none."""

    kills: int = 0
    runs_to_the_end: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def begin_run(photos: Path, out: Path, processes: int) -> subprocess.Popen[bytes]:
    """`fpp predict` in a process group of its own."""
    command = [sys.executable, "-m", "scripts.main", "predict", str(photos), "--out", str(out)]
    with (out.parent / f"{out.name}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, *OPTIONS, "--processes", str(processes)],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def whole_run(photos: Path, out: Path, processes: int = 1) -> float:
    """A run that nobody kills, and its seconds."""
    begin = time.monotonic()
    code = begin_run(photos, out, processes).wait()
    if code:
        log = out.parent / f"{out.name}.log"
        raise RuntimeError(f"The run ended with {code}:\n{log.read_text(errors='replace')}")
    return time.monotonic() - begin


def kill_runs(
    photos: Path,
    folder: Path,
    whole: Path,
    kills: int,
    longest: float,
    chance: random.Random,
    progress: bool = False,
) -> KillCounts:
    """Kill runs over these photos, each after at most `longest` seconds.

    folder: gets a folder for each run that comes to its end.
    whole: the folder of a run that nobody killed.
    """
    counts = KillCounts()
    while counts.kills < kills:
        out = folder / f"out{counts.runs_to_the_end}"
        checked = 0
        while True:
            processes = chance.choice((1, 2))
            process = begin_run(photos, out, processes)
            try:
                enough = counts.kills >= kills
                code = process.wait(None if enough else chance.uniform(_SHORTEST, longest))
            except subprocess.TimeoutExpired:
                kind = chance.choice(("group", "parent"))
                if kind == "group":
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
                process.wait()
                counts.kills += 1
                counts.kinds[f"{kind}, {processes} processes"] += 1
                now = time.time_ns()
                counts.differences += unreadable_files(out, checked)
                checked = now - 10**9
                continue
            if code:
                counts.differences.append(f"{out}: a run ended with {code}; see its log")
            break
        counts.runs_to_the_end += 1
        counts.differences += differences(out, whole)
        if progress:
            print(
                f"{counts.kills} kills, {counts.runs_to_the_end} runs to their end, "
                f"{len(counts.differences)} differences",
                flush=True,
            )
    return counts


def unreadable_files(out: Path, since_ns: int = 0) -> list[str]:
    """A sentence for each file in a folder of results, changed since, that cannot be read."""
    problems = []
    for path in sorted(out.rglob("*")) if out.is_dir() else ():
        try:
            if not path.is_file() or path.stat().st_mtime_ns < since_ns:
                continue
            if path.suffix == ".csv":
                pyarrow.csv.read_csv(path)
            elif path.suffix == ".parquet":
                pyarrow.parquet.read_table(path)
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".jpg":
                with Image.open(path) as image:
                    image.load()
            elif path.suffix == ".mhm" and not path.read_text(encoding="utf-8").endswith("\n"):
                raise ValueError("no line end")
        except FileNotFoundError:  # a worker without its parent was renaming it
            continue
        except (OSError, ValueError) as error:
            problems.append(f"{path} cannot be read: {error}")
    return problems


def differences(out: Path, whole: Path) -> list[str]:
    """A sentence for each file of two folders of results that is not the same but for its date."""
    files, expected = _result_files(out), _result_files(whole)
    problems = [f"{out / name} is missing" for name in sorted(expected - files)]
    problems += [f"{out / name} is left over" for name in sorted(files - expected)]
    problems += [f"{path} is left over" for path in out.rglob("*.partial")]
    for name in sorted(files & expected):
        if not _same(out / name, whole / name):
            problems.append(f"{out / name} differs from {whole / name}")
    return problems + unreadable_files(out)


def _result_files(out: Path) -> set[str]:
    return {path.name for path in out.iterdir() if path.is_file()}


def _same(path: Path, other: Path) -> bool:
    if path.suffix == ".parquet":
        tables = [pyarrow.parquet.read_table(one).drop_columns("made") for one in (path, other)]
        return bool(tables[0].equals(tables[1]))
    if path.suffix == ".jpg":
        return path.read_bytes() == other.read_bytes()
    texts = [_MADE.sub("", one.read_text(encoding="utf-8")) for one in (path, other)]
    return texts[0] == texts[1]


def main() -> int:
    """Kill, compare, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--longest", type=float, help="seconds before a kill; default: a run's")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = folder / "photos"
        make_photos(photos, arguments.photos)
        seconds = whole_run(photos, folder / "whole")
        longest = arguments.longest or seconds
        print(f"{arguments.photos} photos take {seconds:.1f} s in one process", flush=True)
        counts = kill_runs(
            photos,
            folder,
            folder / "whole",
            arguments.kills,
            longest,
            random.Random(arguments.seed),
            progress=True,
        )
        rows = pyarrow.parquet.read_table(folder / "whole" / "predictions.parquet").num_rows
    kinds = "; ".join(f"{kind}: {number}" for kind, number in sorted(counts.kinds.items()))
    print(f"Kills: {counts.kills} ({kinds}), after {_SHORTEST} to {longest:.1f} s")
    print(f"Runs that came to their end: {counts.runs_to_the_end}, of {rows} faces each")
    print(f"Differences from the run that nobody killed: {len(counts.differences)}")
    for sentence in counts.differences[:20]:
        print("  " + sentence)
    return 1 if counts.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
