"""Predicts some photos at a time, writes their files, and then their part of the checkpoint."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from exports.character_files import check_kinds, write_character_files
from exports.overlay import write_overlay
from regression.prediction.prediction import Failure, PhotoPredictions
from runs.lock import hold_workers_lock
from runs.marks import PhotoMark
from runs.parts import PARTS, DonePhoto, photos_of, write_part
from runs.plan import RunPlan
from runs.rows import packed_rows

ReportPhoto = Callable[[int, str | None], None]
"""Called after each photo with its number of faces, and with why it has none."""


@dataclass(frozen=True)
class PartResult:
    """What became of some photos; small, to be sent between processes.

    Attributes:
        done: where their rows are.
        failures: why, for each photo without a face.
        ready: when the networks were loaded, in seconds of time.monotonic; None where none were.
    """

    done: tuple[DonePhoto, ...]
    failures: tuple[str, ...]
    ready: float | None


class PhotoWorker:
    """Holds the networks."""

    def __init__(self, plan: RunPlan) -> None:
        """Loads them. Raises what Predictor and head_for_exports do."""
        import pyarrow.parquet  # noqa: F401  # with the rest, not with the first photo

        self._plan = plan
        self._predictor = plan.open_predictor()
        check_kinds(plan.kinds, self._predictor.head.rig)
        self._export_head = plan.open_export_head()
        self._ready = time.monotonic()

    def work(
        self,
        marks: Sequence[PhotoMark],
        keep: Callable[[PartResult], None],
        report: ReportPhoto | None = None,
    ) -> None:
        """Predict these photos and write everything of them.

        keep: is called once, at the end; where it is stopped or fails before, with the photos
            that were done until then.

        Raises OSError where something cannot be written. Whatever else a photo raises is its
        failure.
        """
        results: list[PhotoPredictions] = []
        try:
            for result in self._predict([Path(mark.path) for mark in marks]):
                self._write_files(result, marks[len(results)].name)
                results.append(replace(result, photo=None))  # lets go of the pixels
                if report is not None:
                    reason = result.failure.reason if result.failure is not None else None
                    report(len(result.faces), reason)
        finally:
            if results:
                done = self._write_part(results, marks[: len(results)])
                failures = (one.failure.reason for one in results if one.failure is not None)
                keep(PartResult(done, tuple(failures), self._ready))

    def _predict(self, photos: Sequence[Path]) -> Iterator[PhotoPredictions]:
        count = 0
        try:
            for result in self._predictor.predict_each(photos):
                yield result
                count += 1
            return
        except Exception:  # whatever it is: the photo that raises it is found below
            rest = photos[count:]
        for photo in rest:
            try:
                (result,) = self._predictor.predict_each([photo])
            except Exception as error:
                result = failed(
                    photo,
                    f"{photo} cannot be predicted ({type(error).__name__}: {error}): expected a "
                    "picture that every step takes; save it anew, as a JPEG, and report this.",
                )
            yield result

    def _write_files(self, result: PhotoPredictions, name: str) -> None:
        plan, head = self._plan, self._predictor.head
        for face in result.faces if plan.kinds else ():
            write_character_files(
                plan.out, face, head.sliders, plan.kinds, name, head.licence, self._export_head
            )
        if result.faces and plan.overlay and result.photo is not None:
            photo = result.photo
            write_overlay(plan.out, photo.pixels, result.faces, name, photo.scale)

    def _write_part(
        self, results: Sequence[PhotoPredictions], marks: Sequence[PhotoMark]
    ) -> tuple[DonePhoto, ...]:
        head = self._predictor.head
        return write_results(self._plan, results, marks, head.slider_names, head.licence)


def failed(photo: Path, reason: str) -> PhotoPredictions:
    """A photo without a face, for this reason."""
    return PhotoPredictions(photo, None, (), Failure(photo, reason))


def write_results(
    plan: RunPlan,
    results: Sequence[PhotoPredictions],
    marks: Sequence[PhotoMark],
    slider_names: Sequence[str],
    rig_licence: str,
) -> tuple[DonePhoto, ...]:
    """Write a part of these photos and say where their rows are."""
    table = packed_rows(results, marks, slider_names, rig_licence)
    return tuple(photos_of(table, write_part(plan.out / PARTS, table)))


class _Process:
    """What a worker process keeps: its worker, or why it has none."""

    worker: PhotoWorker | None = None
    error: Exception | None = None
    lock: IO[bytes] | None = None


def begin_process(plan: RunPlan) -> None:
    """Make this process a worker that ends when its parent does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Process.lock = hold_workers_lock(plan.out / PARTS)
    try:
        _Process.worker = PhotoWorker(plan)
    except Exception as error:  # told by the first task: here it would be lost
        _Process.error = error


def work_in_process(marks: Sequence[PhotoMark]) -> PartResult:
    """PhotoWorker.work in a process made by begin_process; raises also why that failed."""
    if _Process.worker is None:
        raise _Process.error or RuntimeError("begin_process was not called")
    results: list[PartResult] = []
    _Process.worker.work(marks, results.append)
    return results[0]


def _end_with_parent() -> None:
    """Wait for the parent's end, however it comes, and then end at once."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
