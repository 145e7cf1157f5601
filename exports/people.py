"""People of several photos: their names, their table and their character files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from exports.character_files import person_file_name, write_person_files
from exports.export_head import ExportHead
from exports.names import face_name, output_names
from exports.tables import (
    MADE_COLUMNS,
    made_columns,
    photo_cell,
    slider_columns,
    text_cell,
    write_table,
)
from regression.prediction.grouping import GroupedFace, PersonPrediction
from rig.rig import Slider

PERSON_COLUMNS = ("person", "photo_count", "photos", "model", *MADE_COLUMNS)
"""What stands before the sliders in every row of people.csv."""


def people_names(
    predictions: Sequence[GroupedFace],
    groups: Sequence[Sequence[int]],
    how: str,
    photo_names: Mapping[Path, str],
) -> list[str]:
    """A name for each group of predictions, such that no person's files take a photo's name.

    how: "folder": the folder's own name, with those above it where two are called the same; a face
        that is not its photo's largest is called as its files are. "person": person_001, ... in
        the order of the groups.
    photo_names: from `exports.names.output_names`, of all photos of the predictions.
    """
    taken = {face_name(photo_names[one.photo], one.face_number).casefold() for one in predictions}
    folders = _folder_names(one.photo for one in predictions)
    names = []
    for number, group in enumerate(groups, start=1):
        first = predictions[group[0]]
        if how == "person":
            name = f"person_{number:03d}"
        elif first.face_number == 1:
            name = folders[_folder(first.photo)]
        else:
            name = face_name(photo_names[first.photo], first.face_number)
        unique, uses = name, 1
        while person_file_name(unique).casefold() in taken:
            uses += 1
            unique = f"{name}_{uses}"
        taken.add(person_file_name(unique).casefold())
        names.append(unique)
    return names


def write_people(
    folder: Path,
    people: Sequence[PersonPrediction],
    sliders: Sequence[Slider],
    kinds: Collection[str] = (),
    rig_licence: str = "CC0-1.0",
    export_head: ExportHead | None = None,
) -> None:
    """Write people.csv and people.parquet, and each person's character files.

    One row per person: PERSON_COLUMNS, the photos' paths joined by ";" (a photo's second face as
    "PATH (face 2)"), then the sliders and their intervals as in predictions.csv.

    folder: an existing one.
    kinds, rig_licence, export_head: of character files, see
        `exports.character_files.write_person_files`.

    Raises ValueError for a kind that does not exist, OSError where the folder cannot be written.
    """
    import pyarrow

    text = pyarrow.string()
    cells = (
        pyarrow.array([text_cell(one.name) for one in people], text),
        pyarrow.array([len(one.members) for one in people], pyarrow.int32()),
        pyarrow.array([_photos_cell(one) for one in people], text),
        pyarrow.array([one.model for one in people], text),
        *made_columns([one.rig for one in people], rig_licence),
    )
    table = pyarrow.table(
        dict(zip(PERSON_COLUMNS, cells, strict=True))
        | slider_columns(
            people[0].slider_names if people else (),
            [one.values for one in people],
            [one.lower for one in people],
            [one.upper for one in people],
        )
    )
    write_table(folder / "people.parquet", table)
    write_table(folder / "people.csv", table)
    for person in people:
        write_person_files(folder, person, sliders, kinds, rig_licence, export_head)


def _photos_cell(person: PersonPrediction) -> str:
    return ";".join(
        photo_cell(photo) + (f" (face {face_number})" if face_number > 1 else "")
        for photo, face_number in person.members
    )


def _folder(photo: Path) -> Path:
    return Path(os.path.abspath(photo)).parent


def _folder_names(photos: Iterable[Path]) -> dict[Path, str]:
    """A name for each of the photos' folders, unique among them."""
    # An ending is added for output_names to take off: a folder's name may have dots of its own.
    marked = {Path(f"{folder}._"): folder for folder in map(_folder, photos)}
    return {marked[path]: name for path, name in output_names(marked).items()}
