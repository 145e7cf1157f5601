"""What is measured, in which order: each measurement a program of its own, held to its cores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from runs.benchmark.forgotten_files import forget_files, program_folders
from runs.benchmark.loop import LOOKS, read_times
from runs.benchmark.machine import BenchmarkError, cores_for
from runs.benchmark.measurements import (
    BOUND,
    COLD,
    COMMAND_LINE,
    FROM_DISK,
    GROWTH,
    LOOP,
    OURS,
    PLAIN,
    STAGE,
    Measurement,
)
from runs.benchmark.photo_copies import evenly, fill_folder
from runs.benchmark.timed_program import TimedProgram, our_program, run_timed
from runs.pool import PART_PHOTOS
from vision.features import ROUTES

# The fastest way to predict, and the usual one.
EXTREMES = (("landmarks", 1), ("fused", 2))


@dataclass(frozen=True)
class BenchmarkPlan:
    """What to measure.

    Attributes:
        photos: files; every program gets the same ones.
        out: where everything is written.
        processes: numbers of processes, ascending.
        copies: how many photos ours get, made of links to `photos`: they are too fast for few.
            An even number of parts, else one of two processes waits for the other's last part.
        starting: how many of them a run of one process gets to measure what starting takes.
        plain: how many of `photos` face_recognition gets; it takes about a second for each.
        loop: how many of `photos` are measured stage by stage.
        growth: numbers of photos, ascending.
        cold: how many cold starts of each kind.
        rounds: how often ours, the bound and the stages are measured.
        command_line: whether face_recognition's own command is measured too.
    """

    photos: tuple[Path, ...]
    out: Path
    processes: tuple[int, ...] = (1, 2)
    copies: int = 448
    starting: int = PART_PHOTOS
    plain: int = 32
    loop: int = 104
    growth: tuple[int, ...] = (100, 1000, 10_000)
    cold: int = 3
    rounds: int = 2
    command_line: bool = True

    def fast(self) -> BenchmarkPlan:
        """The same in three minutes, to try it: figures are rough."""
        return replace(
            self,
            copies=min(self.copies, 3 * PART_PHOTOS),
            plain=min(self.plain, 6),
            loop=min(self.loop, 16),
            starting=min(self.starting, PART_PHOTOS // 2),
            growth=tuple(count for count in self.growth if count <= 100),
            cold=1,
            rounds=1,
        )


Step = tuple[str, Callable[[], list[Measurement]]]
"""What is measured, in words, and the call that measures it."""


def steps(plan: BenchmarkPlan) -> list[Step]:
    """All measurements of a plan, in their order.

    Ours, the bound and face_recognition follow on each other in every round, so that none of them
    has the computer to itself at a better time.
    """
    listed: list[Step] = [*_once(plan)]
    for number in range(1, plan.rounds + 1):
        listed += _round(plan, number)
    most = plan.processes[-1]
    for count in plan.growth:
        for route, looks in EXTREMES:
            words = f"{count} photos, {looks_words(route, looks)}"
            listed.append((words, partial(_growth, plan, route, looks, most, count)))
    return listed


def clear_away(plan: BenchmarkPlan) -> None:
    """Remove the links and results of measured programs; the measurements stay."""
    shutil.rmtree(plan.out / "measured", ignore_errors=True)


def _once(plan: BenchmarkPlan) -> Iterator[Step]:
    yield "help", _help
    for number in range(1, plan.cold + 1):
        for route, looks in EXTREMES:
            words = f"one photo from a cold start, {looks_words(route, looks)}"
            yield words, partial(_cold_start, plan, route, looks, number)
            yield f"{words}, from disk", partial(_from_disk, plan, route, looks, number)


def _round(plan: BenchmarkPlan, number: int) -> Iterator[Step]:
    yield "stages and bound, in one loop", partial(_loop, plan, number)
    for processes in plan.processes:
        on = "1 process" if processes == 1 else f"{processes} processes"
        if number == 1:
            yield f"face_recognition, {on}", partial(_plain, plan, processes)
            if plan.command_line:
                yield f"face_recognition's command, {on}", partial(_command_line, plan, processes)
        for route in ROUTES:
            for looks in LOOKS:
                once = processes == number == 1 and (route, looks) in EXTREMES
                overlays = (True, False) if once else (True,)
                for overlay in overlays:
                    yield (
                        f"{looks_words(route, looks)}, {on}",
                        partial(_ours, plan, route, looks, processes, overlay, number),
                    )


def looks_words(route: str, looks: int) -> str:
    """A way to predict, in words."""
    return f"{route}, {'one look' if looks == 1 else 'two looks'}"


def _ours(
    plan: BenchmarkPlan, route: str, looks: int, processes: int, overlay: bool, number: int
) -> list[Measurement]:
    """`fpp predict` on few photos and on all: the difference is what starting does not take."""
    few = min(plan.starting * processes, plan.copies // 2)
    first = _predict(plan, route, looks, few, processes, overlay)
    whole = _predict(plan, route, looks, plan.copies, processes, overlay)
    each = max(0.0, whole.seconds - first.seconds) / (plan.copies - few)
    return [
        Measurement(
            OURS,
            route,
            looks,
            overlay,
            processes,
            plan.copies,
            number,
            seconds=whole.seconds,
            starting_seconds=max(0.0, whole.seconds - each * plan.copies),
            cpu_seconds=whole.cpu_seconds,
            peak_megabytes=whole.peak_megabytes,
        )
    ]


def _growth(
    plan: BenchmarkPlan, route: str, looks: int, processes: int, count: int
) -> list[Measurement]:
    whole = _predict(plan, route, looks, count, processes)
    return [
        Measurement(
            GROWTH,
            route,
            looks,
            True,
            processes,
            count,
            seconds=whole.seconds,
            cpu_seconds=whole.cpu_seconds,
            peak_megabytes=whole.peak_megabytes,
        )
    ]


def _cold_start(plan: BenchmarkPlan, route: str, looks: int, number: int) -> list[Measurement]:
    whole = _predict(plan, route, looks, 1, 1)
    return [
        Measurement(
            COLD,
            route,
            looks,
            True,
            round=number,
            seconds=whole.seconds,
            cpu_seconds=whole.cpu_seconds,
            peak_megabytes=whole.peak_megabytes,
        )
    ]


def _from_disk(plan: BenchmarkPlan, route: str, looks: int, number: int) -> list[Measurement]:
    """The same, when the computer was just started: none of the program's files in its memory."""
    if not forget_files(program_folders()):
        return []
    return [replace(one, what=FROM_DISK) for one in _cold_start(plan, route, looks, number)]


def _help() -> list[Measurement]:
    done = run_timed(our_program("scripts.main", "--help"), cores_for(1))
    return [Measurement(COLD, "--help", seconds=done.seconds, cpu_seconds=done.cpu_seconds)]


def _predict(
    plan: BenchmarkPlan,
    route: str,
    looks: int,
    count: int,
    processes: int,
    overlay: bool = True,
) -> TimedProgram:
    """`fpp predict` on `count` photos, into a folder that is not there yet."""
    results = plan.out / "measured" / "results"
    shutil.rmtree(results, ignore_errors=True)
    options = ["--out", results, "--model", route, "--processes", processes]
    options += ["--quick"] if looks == 1 else []
    options += [] if overlay else ["--no-overlay"]
    try:
        command = our_program("scripts.main", "predict", _folder(plan, count), *options)
        return run_timed(command, cores_for(processes))
    finally:
        shutil.rmtree(results, ignore_errors=True)


def _loop(plan: BenchmarkPlan, number: int) -> list[Measurement]:
    photos = evenly(plan.photos, plan.loop)
    done = run_timed(our_program("runs.benchmark.loop", *photos), cores_for(1))
    times = read_times(done.output)
    if not times.photos:
        raise BenchmarkError(
            f"No face was found in {len(photos)} photos. Photos with a face each were expected. "
            "Give other photos."
        )
    figures: list[tuple[str, str, int | None, float]] = [
        (STAGE, name, None, each) for name, each in times.stages.items()
    ]
    for what, ways in ((BOUND, times.bound), (LOOP, times.whole)):
        figures += [(what, route, looks, each) for (route, looks), each in ways.items()]
    return [
        Measurement(what, name, looks, photos=times.photos, round=number, milliseconds=each)
        for what, name, looks, each in figures
    ]


def _plain(plan: BenchmarkPlan, processes: int) -> list[Measurement]:
    folder, count = _plain_folder(plan)
    table = plan.out / "measured" / "plain.csv"
    command = our_program("runs.benchmark.plain_face_recognition", folder, table, processes)
    done = run_timed(command, cores_for(processes))
    running = float(json.loads(done.output.splitlines()[-1])["seconds"])
    return [
        Measurement(
            PLAIN,
            "encoding",
            1,
            False,
            processes,
            count,
            seconds=done.seconds,
            starting_seconds=done.seconds - running,
            cpu_seconds=done.cpu_seconds,
            peak_megabytes=done.peak_megabytes,
        )
    ]


def _command_line(plan: BenchmarkPlan, processes: int) -> list[Measurement]:
    """The package's own command, which says whom each photo shows; with no photo, it starts."""
    folder, count = _plain_folder(plan)
    known = fill_folder(plan.out / "measured" / "known", plan.photos, 1)
    nobody = plan.out / "measured" / "nobody"
    nobody.mkdir(exist_ok=True)
    program = our_program("face_recognition.face_recognition_cli", "--cpus", processes)
    cores = cores_for(processes)
    start = run_timed([*program, str(known), str(nobody)], cores)
    done = run_timed([*program, str(known), str(folder)], cores)
    return [
        Measurement(
            COMMAND_LINE,
            "names of people",
            1,
            False,
            processes,
            count,
            seconds=done.seconds,
            starting_seconds=min(start.seconds, done.seconds),
            cpu_seconds=done.cpu_seconds,
            peak_megabytes=done.peak_megabytes,
        )
    ]


def _plain_folder(plan: BenchmarkPlan) -> tuple[Path, int]:
    photos = evenly(plan.photos, plan.plain)
    return fill_folder(plan.out / "measured" / "plain", photos, len(photos)), len(photos)


def _folder(plan: BenchmarkPlan, count: int) -> Path:
    """A folder of `count` photos, made when it is first asked for."""
    folder = plan.out / "measured" / f"photos_{count}"
    if not folder.is_dir():
        fill_folder(folder, evenly(plan.photos, count), count)
    return folder
