"""A run: photos in, a folder of results out, and nothing done twice.

The folder is its own checkpoint, see runs.parts. Whatever ends a run, the same call goes on with
it: photos that are done are not predicted again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from exports import overlay
from exports.character_files import ENDINGS, check_kinds
from exports.names import face_name
from runs.lock import only_run
from runs.marks import PhotoMark, mark_of
from runs.merge import write_tables
from runs.naming import names_in_run
from runs.parts import PARTS, DonePhoto, begin_parts, done_photos
from runs.people import write_people_of_folders
from runs.photo_worker import PartResult, PhotoWorker
from runs.plan import RunPlan
from runs.pool import PART_PHOTOS, PHOTO_SECONDS, work_in_pool

PHOTOS_PER_PROCESS = 32
"""A further process is worth its start from so many photos on."""

GROUPS = ("none", "folder")
"""Groupings that a run knows; others need every photo in hand: `exports.batch.predict_into`."""

Report = Callable[[int, int, Sequence[str]], None]
"""Called as photos get done: their number, their faces, and why some have none."""

_PARTS_PER_PROCESS = 4


@dataclass(frozen=True)
class RunSummary:
    """What became of the photos.

    Attributes:
        photos: how many were asked for.
        before: how many of them had been done before.
        done: how many there are results of now; fewer than photos where the run was stopped.
        faces: how many were predicted, before and now.
        failures: photos without a face, before and now.
        people: how many there are; 0 without grouping.
        seconds: how long the new ones took, without loading the networks.
    """

    photos: int
    before: int
    done: int
    faces: int
    failures: int
    people: int
    seconds: float


class Run:
    """A run into a folder, as long as it is open the only one there. Use it as context manager."""

    def __init__(
        self,
        plan: RunPlan,
        processes: int | None = None,
        restart: bool = False,
        group: str = "none",
        complain: Callable[[str], None] = lambda sentence: None,
        photo_seconds: float = PHOTO_SECONDS,
    ) -> None:
        """Finds out what was done before.

        Args:
            plan: what to do.
            processes: how many to use; for None, as many as there are cores, and fewer for few
                photos. One works in this process.
            restart: forget what was done.
            group: one of GROUPS.
            complain: gets a sentence for whatever the user should know.
            photo_seconds: a photo that takes longer has failed; one process knows no limit.

        Raises:
            RunError: another run is at work in the folder.
            ModelError, RigError: the models cannot be used, or not for these kinds of files.
            OSError: the folder cannot be written.
            ValueError: no such group.
        """
        if group not in GROUPS:
            raise ValueError(
                f"A run grouped by {group!r} was asked for. One of {', '.join(GROUPS)} was "
                "expected. Use exports.batch.predict_into for others."
            )
        check_kinds(plan.kinds, plan.open_model().head.rig)
        self._plan = plan
        self._processes = processes
        self._group = group
        self._photo_seconds = photo_seconds
        self._worker: PhotoWorker | None = None
        self._folder = plan.out / PARTS
        self._folder.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._stack.enter_context(only_run(self._folder))
        try:
            if begin_parts(plan.out, plan.settings(), restart):
                complain(f"The results in {plan.out} are of other settings: beginning anew.")
            rows = done_photos(self._folder, complain)
        except BaseException:
            self._stack.close()
            raise
        self._done: dict[str, DonePhoto] = {photo.mark.path: photo for photo in rows}

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def is_done(self, mark: PhotoMark) -> bool:
        """Whether this version of the photo has its rows and its files."""
        done = self._done.get(mark.path)
        return done is not None and done.mark.version == mark.version and self._has_files(done)

    def predict(self, photos: Sequence[Path], report: Report) -> RunSummary:
        """Predict those photos that are not done, then write the tables of all of them.

        The tables are written also when it is stopped or fails before: of what was done.

        photos: files, each once.
        report: is called first with those that had been done before.
        """
        marks = self.marks(photos)
        waiting = [mark for mark in marks if not self.is_done(mark)]
        before = len(marks) - len(waiting)
        report(before, 0, ())
        seconds = 0.0
        try:
            seconds = self.work(waiting, report)
        finally:
            people = self.write_tables(marks)
        there = self._there(marks)
        return RunSummary(
            photos=len(marks),
            before=before,
            done=len(there),
            faces=sum(photo.faces for photo in there),
            failures=sum(photo.faces == 0 for photo in there),
            people=people,
            seconds=seconds,
        )

    def marks(self, photos: Sequence[Path]) -> list[PhotoMark]:
        """The marks of photos as they are on disk now, in their order."""
        kept = {path: done.mark.name for path, done in self._done.items()}
        return [mark_of(photo, name) for photo, name in names_in_run(photos, kept).items()]

    def work(self, marks: Sequence[PhotoMark], report: Report) -> float:
        """Predict these photos, and return how many seconds it took, without loading."""
        begin = time.monotonic()
        processes = self._process_count(len(marks))
        size = max(1, min(PART_PHOTOS, -(-len(marks) // (processes * _PARTS_PER_PROCESS))))
        if processes == 1:
            size = PART_PHOTOS
        parts = [marks[first : first + size] for first in range(0, len(marks), size)]
        ready: list[float] = []

        def keep(result: PartResult) -> None:
            self._done |= {photo.mark.path: photo for photo in result.done}
            if result.ready is not None:
                ready.append(result.ready)

        def keep_and_report(result: PartResult) -> None:
            keep(result)
            report(len(result.done), sum(one.faces for one in result.done), result.failures)

        if not parts:
            return 0.0
        if processes > 1:
            work_in_pool(self._plan, parts, processes, keep_and_report, self._photo_seconds)
        else:
            self._work_here(parts, keep, report)
        return time.monotonic() - max(begin, min(ready, default=begin))

    def _work_here(
        self,
        parts: Sequence[Sequence[PhotoMark]],
        keep: Callable[[PartResult], None],
        report: Report,
    ) -> None:
        if self._worker is None:
            self._worker = PhotoWorker(self._plan)

        def report_one(faces: int, reason: str | None) -> None:
            report(1, faces, [] if reason is None else [reason])

        for part in parts:
            self._worker.work(part, keep, report_one)

    def write_tables(self, marks: Sequence[PhotoMark]) -> int:
        """Write the tables of those photos that are done; returns the number of people."""
        there = self._there(marks)
        if not there:
            return 0
        if self._group == "none":
            write_tables(self._plan.out, there)
            return 0
        people, add_person = write_people_of_folders(self._plan, there)
        write_tables(self._plan.out, there, self._group, add_person)
        return people

    def _there(self, marks: Sequence[PhotoMark]) -> list[DonePhoto]:
        found = ((mark, self._done.get(mark.path)) for mark in marks)
        return [done for mark, done in found if done and done.mark.version == mark.version]

    def _process_count(self, photos: int) -> int:
        if self._processes is not None:
            return min(self._processes, max(1, photos))
        return max(1, min(available_cores(), photos // PHOTOS_PER_PROCESS))

    def _has_files(self, photo: DonePhoto) -> bool:
        """Whether the photo's own files are there; a power cut leaves empty ones."""
        names = [photo.mark.name + overlay.ENDING] if self._plan.overlay and photo.faces else []
        for number in range(1, photo.faces + 1):
            name = face_name(photo.mark.name, number)
            names += [name + ENDINGS[kind] for kind in self._plan.kinds]
        return all(map(_has_content, (self._plan.out / name for name in names)))


def available_cores() -> int:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _has_content(path: Path) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False
