"""The people of a run, from its parts: the largest faces of each folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exports.names import face_name
from exports.people import people_names, write_people
from exports.tables import FACE_COLUMNS, text_cell
from regression.prediction.grouping import combine, group_by_folder
from runs.merge import AddColumn, packed_batches
from runs.parts import DonePhoto
from runs.plan import RunPlan
from runs.rows import REASON, numbers_of

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True, eq=False, slots=True)
class KnownFace:
    """What grouping asks of a prediction, see `regression.prediction.prediction.Prediction`."""

    photo: Path
    face_number: int
    quality: tuple[str, ...]
    model: str
    rig: str
    slider_names: tuple[str, ...]
    values: np.ndarray
    told: np.ndarray


def write_people_of_folders(plan: RunPlan, photos: Sequence[DonePhoto]) -> tuple[int, AddColumn]:
    """Write people.csv, people.parquet and each person's character files.

    Holds every face's values in memory, half a kilobyte each.

    Returns the number of people, and what gives the table of faces its column "person".
    """
    model = plan.open_model()
    faces = list(_known_faces(plan, photos))
    names = {Path(photo.mark.path): photo.mark.name for photo in photos}
    groups = group_by_folder(faces)
    intervals = model.rendered_intervals if plan.rendered else model.intervals
    people = [
        combine([faces[index] for index in members], intervals, name)
        for members, name in zip(groups, people_names(faces, groups, "folder", names), strict=True)
    ]
    head = model.head
    write_people(plan.out, people, head.sliders, plan.kinds, head.licence, plan.open_export_head())
    cells = {
        face_name(names[photo], number): text_cell(person.name)
        for person in people
        for photo, number in person.members
    }

    def add_person(table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        own = zip(
            table.column("mark_name").to_pylist(),
            table.column("face_number").to_pylist(),
            strict=True,
        )
        column = [cells[face_name(os.fsdecode(name), number)] for name, number in own]
        place = table.column_names.index(FACE_COLUMNS[-1]) + 1
        return table.add_column(place, "person", pyarrow.array(column, pyarrow.string()))

    return len(people), add_person


def _known_faces(plan: RunPlan, photos: Sequence[DonePhoto]) -> Iterator[KnownFace]:
    model = plan.open_model()
    names, told = model.head.slider_names, model.told_on(plan.rendered)
    for table in packed_batches(plan.out, photos):
        columns = ("mark_path", "face_number", "quality", REASON)
        cells = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        for row, (path, number, quality, reason) in zip(numbers_of(table), cells, strict=True):
            if reason is None:
                yield KnownFace(
                    photo=Path(os.fsdecode(path)),
                    face_number=number,
                    quality=tuple(filter(None, quality.split(";"))),
                    model=plan.model,
                    rig=model.head.rig,
                    slider_names=names,
                    values=row[: len(names)].copy(),
                    told=told,
                )
