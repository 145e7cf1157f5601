"""`fpp predict --ray`: what an earlier job did is kept, the rest is done, tables are written."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from runs.cluster.addresses import find_cluster_photos, is_address
from runs.cluster.errors import ClusterError
from runs.cluster.job import predicted_chunks
from runs.cluster.partitions import Partitions
from runs.cluster.photo_actor import Task
from runs.cluster.ray_session import LOCAL, check_installed, ray_session
from runs.lock import only_run
from runs.marks import PhotoMark
from runs.merge import write_tables
from runs.parts import PARTS, SETTINGS, done_photos, read_part
from runs.plan import RunPlan, Setting
from runs.rows import MARK_COLUMNS, REASON

PHOTO_SECONDS = 60.0

_READERS = 16

_Version = tuple[str, int, int]  # a photo's path, size and time of change


class _Part(NamedTuple):
    """What is in a partition."""

    photos: set[_Version]
    faces: int
    failures: int


Report = Callable[[int, int, Sequence[str]], None]
"""Called as photos get done: their number, their faces, and why some have none."""


@dataclass(frozen=True)
class ClusterSummary:
    """What became of the photos of a job.

    Attributes:
        photos: how many there are.
        before: how many of them an earlier job with this output had done.
        faces: how many were predicted, before and now.
        failures: photos without a face, before and now.
        partitions: where the Parquet partitions are.
        seconds: without starting Ray.
    """

    photos: int
    before: int
    faces: int
    failures: int
    partitions: str
    seconds: float


def run_on_cluster(
    plan: RunPlan,
    photos: Sequence[str],
    out: str,
    address: str | None = LOCAL,
    report: Report | None = None,
    restart: bool = False,
    photo_seconds: float = PHOTO_SECONDS,
) -> ClusterSummary:
    """Predict photos on a Ray cluster. The results are Parquet files in OUT/parts.

    A photo that cannot be read or predicted is a row with its reason. A process that dies or
    hangs, and a machine that is lost, only delay the job: their photos are done elsewhere, and a
    photo that ends its process again and again is given up, with a row. Photos that stand in the
    partitions of an earlier job with the same settings are not done again. Where `out` is a path,
    the tables of `fpp predict` are written there at the end.

    plan: without character files and overlays; its `out` is not used.
    photos: files, folders and addresses, see `runs.cluster.addresses`. Paths are opened on the
        machines of the cluster: they must mean the same there.
    out: a folder that all machines share, or an address.
    address: see `runs.cluster.ray_session`.
    report: is called first with those that had been done before.
    restart: forget what was done.
    photo_seconds: how long a photo may take to come; a process that works on one for twice as
        long is ended.

    Raises ClusterError where the job cannot run, RunError where another run is at work in the
    folder, ModelError where the models cannot be used.
    """
    check_installed()
    if plan.kinds or plan.overlay:
        raise ClusterError(
            "A run on a cluster writes tables only. No character files and no overlays were "
            "expected with --ray. Leave --export out, and predict the photos you need them of "
            "without --ray."
        )
    plan = _with_whole_paths(plan)
    marks = find_cluster_photos(photos)
    if not marks:
        raise ClusterError(
            f"No photos were found in {', '.join(photos)}. Photos, or folders and addresses of "
            "photos, were expected. Check the spelling."
        )
    place = out if is_address(out) else os.path.abspath(out)
    partitions = Partitions(f"{place.rstrip('/')}/{PARTS}")
    settings = plan.settings()
    partitions.make()
    begin = time.perf_counter()
    with ExitStack() as stack:
        if not is_address(out):
            stack.enter_context(only_run(Path(place) / PARTS))
        kept = _begin(partitions, settings, marks, restart)
        done_before = set().union(*(part.photos for part in kept.values()))
        left = [mark for mark in marks if _version(mark) not in done_before]
        before = len(marks) - len(left)
        if report is not None:
            report(before, 0, ())
        task = Task(
            plan, settings, partitions.place, not is_address(out), os.getcwd(), photo_seconds
        )
        try:
            if left:
                stack.enter_context(ray_session(address or LOCAL))
                begin = time.perf_counter()
                for chunk, result in predicted_chunks(task, left):
                    versions = {_version(mark) for mark in chunk.photos}
                    kept[result.part] = _Part(versions, result.faces, len(result.reasons))
                    if report is not None:
                        report(len(chunk.photos), result.faces, result.reasons)
        finally:
            # A process may die between writing a partition and telling of it: its photos were
            # done again, and stand in another one.
            partitions.remove([name for name in _tables(partitions) if name not in kept])
            if not is_address(out):
                _write_tables(Path(place), marks)
    return ClusterSummary(
        photos=len(marks),
        before=before,
        faces=sum(part.faces for part in kept.values()),
        failures=sum(part.failures for part in kept.values()),
        partitions=partitions.place,
        seconds=time.perf_counter() - begin,
    )


def _with_whole_paths(plan: RunPlan) -> RunPlan:
    """Processes elsewhere start in other folders."""
    whole = {
        name: getattr(plan, name).absolute()
        for name in ("models", "landmarker", "rig")
        if getattr(plan, name) is not None
    }
    return replace(plan, **whole)


def _tables(partitions: Partitions) -> list[str]:
    return [name for name in partitions.names() if name.endswith(".parquet")]


def _begin(
    partitions: Partitions,
    settings: dict[str, Setting],
    marks: Sequence[PhotoMark],
    restart: bool,
) -> dict[str, _Part]:
    """The partitions that hold, by name; the others are removed.

    A partition holds when it was made with the same settings, and each of its photos is asked
    for, not changed since, and in no other partition.
    """
    # Who reads all of a folder of Parquet files leaves out what begins so.
    settings_file = f"_{SETTINGS}" if is_address(partitions.place) else SETTINGS
    partitions.remove([name for name in partitions.names() if name.endswith(".partial")])
    there = _tables(partitions)
    same = partitions.read(settings_file) == _run_file(settings)
    wanted = {_version(mark) for mark in marks}
    kept: dict[str, _Part] = {}
    if same and not restart:
        with ThreadPoolExecutor(_READERS) as pool:
            parts = pool.map(lambda name: _part(partitions, name), there)
            for name, part in zip(there, parts, strict=True):
                if part is not None and part.photos <= wanted:
                    kept[name] = part
                    wanted -= part.photos
    partitions.remove([name for name in there if name not in kept])
    if not same:
        partitions.write(settings_file, _run_file(settings))
    return kept


def _write_tables(out: Path, marks: Sequence[PhotoMark]) -> None:
    """The tables of what is done, in the photos' order."""

    def complain(sentence: str) -> None:
        raise ClusterError(sentence)

    done = {photo.mark.path: photo for photo in done_photos(out / PARTS, complain)}
    photos = [done[mark.path] for mark in marks if mark.path in done]
    if photos:
        write_tables(out, photos)


def _run_file(settings: dict[str, Setting]) -> bytes:
    """As `runs.parts.begin_parts` writes it: a run without a cluster goes on with these parts."""
    return json.dumps(settings, indent=1, ensure_ascii=False).encode()


def _version(mark: PhotoMark) -> _Version:
    return mark.path, *mark.version


def _part(partitions: Partitions, name: str) -> _Part | None:
    """A partition; None for a file that is damaged or no partition."""
    try:
        columns = [*MARK_COLUMNS[:3], REASON]
        if is_address(partitions.place):
            table = partitions.read_table(name, columns)
        else:
            table = read_part(Path(partitions.place) / name).select(columns)
        paths, sizes, changes, reasons = (column.to_pylist() for column in table.columns)
    except Exception:  # the storage's errors, and pyarrow's of any damage
        return None
    photos = set(zip(map(os.fsdecode, paths), sizes, changes, strict=True))
    faces = reasons.count(None)
    return _Part(photos, faces, len(reasons) - faces)
