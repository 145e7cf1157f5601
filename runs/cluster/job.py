"""A run over photos as a Ray Data job: chunks of photos -> actors that hold the models -> files.

Nothing big goes through Ray's object store, so a lost machine takes only the chunks that were in
work there: an actor reads its photos itself, while it predicts, and writes the chunk's partition
itself. A chunk that is tried again writes the same rows, of which one file is kept in the end.
"""

from __future__ import annotations

import pickle
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, cast

from runs.cluster.addresses import is_address
from runs.cluster.errors import ClusterError
from runs.cluster.photo_actor import Chunk, ChunkResult, PhotoActor, Task
from runs.marks import PhotoMark

ACTOR_CPUS = 0.5
"""An actor keeps one core busy and asks for half of one: so those of lost machines find room on
the others, until half of the cluster is lost."""

_LARGEST_CHUNK = 256
_CHUNKS_PER_ACTOR = 8


def predicted_chunks(task: Task, marks: Sequence[PhotoMark]) -> Iterator[tuple[Chunk, ChunkResult]]:
    """Do photos on the cluster that this process is connected to; every photo ends in a partition.

    First in chunks. The photos of chunks that raised an error, or whose processes died twice, are
    done again one by one; and those that fail again get a row with the reason.

    Yields each chunk that was written, as they come. Raises ClusterError where no photo can be
    done: without models, without leave to write, or when every process dies.
    """
    actors = _actors()
    size = max(1, min(_LARGEST_CHUNK, len(marks) // (actors * _CHUNKS_PER_ACTOR)))
    # Names that no earlier job has used: its partitions may stay.
    prefix = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
    errors: dict[str, str] = {}
    for stage, chunk_size in (("all", size), ("one", 1), ("none", 1)):
        chunks = _chunks(marks, chunk_size, f"{prefix}-{stage}")
        if stage == "none":
            chunks = [replace(chunk, reason=_reason(chunk.photos[0], errors)) for chunk in chunks]
        left = {chunk.name: chunk for chunk in chunks}
        for result in _results(task, chunks, actors):
            if result.error:
                errors |= {mark.path: result.error for mark in left[result.name].photos}
            else:
                yield left.pop(result.name), result
        marks = [mark for chunk in left.values() for mark in chunk.photos]
        if not marks:
            return
    raise ClusterError(
        f"{len(marks)} photos could not be done, among them {marks[0].path}: every process that "
        "took them died. Machines that stay were expected. Look at `ray status`, and run the same "
        "again: it does what is left."
    )


def _results(task: Task, chunks: Sequence[Chunk], actors: int) -> Iterator[ChunkResult]:
    """Of the chunks that gave one, as they come."""
    import ray.data
    from ray.data import ActorPoolStrategy

    items = [{"chunk": pickle.dumps(chunk)} for chunk in chunks]
    dataset = ray.data.from_items(items, override_num_blocks=len(items))
    dataset.context.max_errored_blocks = -1  # what is missing is seen here and done again
    results = dataset.map(
        cast(Any, PhotoActor),  # a class: each process makes its own
        fn_constructor_args=(task,),
        compute=ActorPoolStrategy(size=min(actors, len(chunks)), max_tasks_in_flight_per_actor=2),
        num_cpus=ACTOR_CPUS,
        max_restarts=-1,
        max_task_retries=1,
        scheduling_strategy="SPREAD",
    )
    for row in results.iter_rows():
        result: ChunkResult = pickle.loads(row["result"])
        if result.trouble:
            raise ClusterError(result.trouble)
        yield result


def _actors() -> int:
    """One for each core of the cluster."""
    import ray

    cores = int(ray.cluster_resources().get("CPU", 0))
    if cores < 1:
        raise ClusterError(
            "The cluster has no machine with a processor to give. At least one was expected. Add "
            "one with `ray start --address=HOST:PORT`."
        )
    return cores


def _chunks(marks: Sequence[PhotoMark], size: int, prefix: str) -> list[Chunk]:
    """Photos in their order, at most `size` together, paths and addresses apart."""
    parts: list[tuple[PhotoMark, ...]] = []
    for _, group in groupby(marks, key=lambda mark: is_address(mark.path)):
        photos = tuple(group)
        parts += [photos[start : start + size] for start in range(0, len(photos), size)]
    return [Chunk(f"{prefix}-{number:06d}.parquet", photos) for number, photos in enumerate(parts)]


def _reason(mark: PhotoMark, errors: Mapping[str, str]) -> str:
    why = errors.get(mark.path, "the process that read it ended again and again")
    return (
        f"{mark.path} could not be predicted ({why}): expected a photo that can be decoded in "
        "time and memory; save it again as a JPEG picture, or leave it out."
    )
