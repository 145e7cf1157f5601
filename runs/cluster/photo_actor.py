"""What one process of the cluster does: holds the models, takes chunks of photos, writes each."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runs.cluster.addresses import is_address
from runs.cluster.deadline import Deadline
from runs.cluster.errors import ClusterError
from runs.cluster.fetching import FetchError, fetch_ahead
from runs.cluster.partitions import Partitions
from runs.marks import PhotoMark
from runs.parts import write_part
from runs.plan import RunPlan, Setting
from runs.rows import packed_rows, part_table

if TYPE_CHECKING:
    from regression.prediction.prediction import PhotoPredictions
    from regression.prediction.predictor import Predictor


@dataclass(frozen=True)
class Task:
    """All that an actor needs to know of the job.

    Attributes:
        plan: how to predict.
        settings: the plan's, where the job was started; the models of every machine must fit.
        partitions: where to write, a path or an address.
        packed: whether to write as `runs.parts` does, for tables to be made of; else a partition
            holds the rows as the tables have them.
        folder: what relative paths of photos begin at.
        photo_seconds: how long a photo may take to come; a process that works on one for twice
            as long ends itself.
    """

    plan: RunPlan
    settings: Mapping[str, Setting]
    partitions: str
    packed: bool
    folder: str
    photo_seconds: float


@dataclass(frozen=True)
class Chunk:
    """Photos that are done together and stand in one partition.

    Attributes:
        name: unlike that of every other chunk; of a partition at an address, the file's name.
        photos: all of one kind, paths or addresses.
        reason: why they are given up, to be written instead of a try; "" for a try.
    """

    name: str
    photos: tuple[PhotoMark, ...]
    reason: str = ""


@dataclass(frozen=True)
class ChunkResult:
    """What became of a chunk.

    Attributes:
        name: the chunk's.
        part: the file that was written.
        faces: how many there were.
        reasons: why other photos have none.
        error: why nothing was written: a photo in it raised what no photo should.
        trouble: why the whole job cannot go on.
    """

    name: str
    part: str = ""
    faces: int = 0
    reasons: tuple[str, ...] = ()
    error: str = ""
    trouble: str = ""


class PhotoActor:
    """Called by Ray Data with one chunk at a time. Opens the models with the first one."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._predictor: Predictor | None = None
        self._partitions = Partitions(task.partitions)
        self._deadline = Deadline(2 * task.photo_seconds)

    def __call__(self, row: dict[str, bytes]) -> dict[str, bytes]:
        """row: a pickled Chunk as "chunk". Returns a pickled ChunkResult as "result".

        Pickled, as names of files may hold what Arrow's texts cannot.
        """
        chunk: Chunk = pickle.loads(row["chunk"])
        return {"result": pickle.dumps(self._done(chunk))}

    def _done(self, chunk: Chunk) -> ChunkResult:
        try:
            predictor = self._opened()
        except Exception as error:  # ModelError and whatever an incomplete install raises
            return ChunkResult(chunk.name, trouble=f"{error}")
        try:
            results = (
                [_given_up(mark, chunk.reason) for mark in chunk.photos]
                if chunk.reason
                else self._predicted(predictor, chunk.photos)
            )
            rows = packed_rows if self._task.packed else part_table
            head = predictor.head
            table = rows(results, chunk.photos, head.slider_names, head.licence)
        except Exception as error:  # a photo shall not end the job; alone, it gets a row
            return ChunkResult(chunk.name, error=f"{type(error).__name__}: {error}")
        try:
            if self._task.packed:
                part = write_part(Path(self._task.partitions), table)
            else:
                part = chunk.name
                self._partitions.write_table(part, table)
        except (ClusterError, OSError) as error:
            return ChunkResult(chunk.name, trouble=str(error))
        failures = [result.failure.reason for result in results if result.failure is not None]
        faces = sum(len(result.faces) for result in results)
        return ChunkResult(chunk.name, part, faces, tuple(failures))

    def _opened(self) -> Predictor:
        if self._predictor is None:
            task = self._task
            if task.plan.settings() != task.settings:
                raise ClusterError(
                    f"The machine {os.uname().nodename} has another version of the program or of "
                    "its models than the one that started the job. The same was expected on every "
                    "machine. Install the same version there, and copy --models to the same place."
                )
            with suppress(OSError):  # without the folder each photo gets a row that says so
                os.chdir(task.folder)
            self._predictor = task.plan.open_predictor()
        return self._predictor

    def _predicted(
        self, predictor: Predictor, photos: Sequence[PhotoMark]
    ) -> list[PhotoPredictions]:
        unfetched: dict[int, PhotoPredictions] = {}

        def fetched() -> Iterator[Path | tuple[Path, bytes]]:
            if not is_address(photos[0].path):
                for mark in photos:
                    self._deadline.alive()
                    yield Path(mark.path)
                return
            for index, (mark, content) in enumerate(fetch_ahead(photos, self._task.photo_seconds)):
                self._deadline.alive()
                if isinstance(content, FetchError):
                    unfetched[index] = _given_up(mark, str(content))
                else:
                    yield Path(mark.path), content

        done: list[PhotoPredictions] = []
        with self._deadline.working():
            for result in predictor.predict_each(fetched()):
                self._deadline.alive()
                done.append(replace(result, photo=None))  # its pixels would fill the memory
        results = iter(done)
        return [
            unfetched[index] if index in unfetched else _named(next(results), mark)
            for index, mark in enumerate(photos)
        ]


def _given_up(mark: PhotoMark, reason: str) -> PhotoPredictions:
    from regression.prediction.prediction import Failure, PhotoPredictions

    path = Path(mark.path)
    return PhotoPredictions(path, None, (), Failure(path, reason))


def _named(result: PhotoPredictions, mark: PhotoMark) -> PhotoPredictions:
    """With the address in the failure's words: a Path writes s3://bucket as s3:/bucket."""
    if result.failure is None or not is_address(mark.path):
        return result
    reason = result.failure.reason.replace(str(result.path), mark.path)
    return replace(result, failure=replace(result.failure, reason=reason))
