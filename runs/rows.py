"""Results as rows: one per face, and one per photo that has none.

Rows are kept packed: the many slider columns as one column of lists, which is ten times quicker to
write and to read. Unpacked, they have the columns of predictions.csv.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exports.tables import (
    FACE_COLUMNS,
    HIGH,
    LOW,
    face_columns,
    number_columns,
    photo_cell,
    text_cell,
)
from runs.marks import PhotoMark

if TYPE_CHECKING:
    import pyarrow

    from regression.prediction.prediction import PhotoPredictions

MARK_COLUMNS = ("mark_path", "mark_size", "mark_changed_ns", "mark_name")
"""What stands first in every row: the fields of the photo's PhotoMark, both texts as bytes."""

REASON = "reason"
"""Why the photo has no face; null in the rows of faces."""

NUMBERS = "sliders"
"""Of packed rows: a list of float32 for each, the cells of all slider columns; nan for null."""

_NAMES = b"slider_names"


def part_table(
    results: Sequence[PhotoPredictions],
    marks: Sequence[PhotoMark],
    slider_names: Sequence[str],
    rig_licence: str = "CC0-1.0",
) -> pyarrow.Table:
    """One row per face, and one per photo without any, in the photos' order.

    The columns are MARK_COLUMNS, REASON and those of predictions.csv. A row with a reason has
    null in all of the last but "photo".

    marks: one per result; the column "photo" is made of their paths.
    rig_licence: SPDX name of the licence of the rig's data.
    """
    return unpacked(packed_rows(results, marks, slider_names, rig_licence))


def packed_rows(
    results: Sequence[PhotoPredictions],
    marks: Sequence[PhotoMark],
    slider_names: Sequence[str],
    rig_licence: str = "CC0-1.0",
) -> pyarrow.Table:
    """The same, packed: NUMBERS in the place of the slider columns."""
    import pyarrow

    faces = [face for result in results for face in result.faces]
    rows: list[PhotoMark] = []
    reasons: list[str | None] = []
    positions: list[int | None] = []  # of each row's face
    count = 0
    for result, mark in zip(results, marks, strict=True):
        for _ in result.faces:
            rows.append(mark)
            reasons.append(None)
            positions.append(count)
            count += 1
        if result.failure is not None:
            rows.append(mark)
            reasons.append(text_cell(result.failure.reason))
            positions.append(None)
    columns = face_columns(faces, rig_licence)
    numbers = np.full((len(rows), 3 * len(slider_names)), np.nan, np.float32)
    with_face = [row for row, position in enumerate(positions) if position is not None]
    if faces:
        values, lower, upper = (
            np.array([getattr(face, name) for face in faces], np.float32)
            for name in ("values", "lower", "upper")
        )
        ends = np.stack([lower, upper], axis=2).reshape(len(faces), -1)
        numbers[with_face] = np.hstack([values, ends])
    if len(with_face) < len(rows):
        places = pyarrow.array(positions, pyarrow.int32())
        columns = {name: column.take(places) for name, column in columns.items()}
    columns["photo"] = pyarrow.array([photo_cell(row.path) for row in rows], pyarrow.string())
    flat = pyarrow.array(numbers.ravel())
    packed = {
        "mark_path": pyarrow.array([os.fsencode(row.path) for row in rows], pyarrow.binary()),
        "mark_size": pyarrow.array([row.size for row in rows], pyarrow.int64()),
        "mark_changed_ns": pyarrow.array([row.changed_ns for row in rows], pyarrow.int64()),
        "mark_name": pyarrow.array([os.fsencode(row.name) for row in rows], pyarrow.binary()),
        REASON: pyarrow.array(reasons, pyarrow.string()),
        **columns,
        NUMBERS: pyarrow.FixedSizeListArray.from_arrays(flat, numbers.shape[1]),
    }
    return pyarrow.table(packed).replace_schema_metadata({_NAMES: "\n".join(slider_names)})


def unpacked(table: pyarrow.Table) -> pyarrow.Table:
    """The slider columns in the place of NUMBERS; columns before it stay as they are."""
    import pyarrow

    names = slider_names_of(table)
    numbers = numbers_of(table)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del columns[NUMBERS]
    headings = [*names, *(name + end for name in names for end in (LOW, HIGH))]
    cells = number_columns(list(numbers), len(headings))
    return pyarrow.table(columns | dict(zip(headings, cells, strict=True)))


def numbers_of(table: pyarrow.Table) -> np.ndarray:
    """(rows, 3 s) float32 of packed rows: s values, then lower and upper end of each slider."""
    lists = table.column(NUMBERS).combine_chunks()
    return np.asarray(lists.flatten()).reshape(len(table), lists.type.list_size)


def slider_names_of(table: pyarrow.Table) -> tuple[str, ...]:
    """The sliders of packed rows."""
    return tuple((table.schema.metadata or {})[_NAMES].decode().split("\n"))


def split_table(table: pyarrow.Table) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Unpacked rows as predictions.parquet has the faces, and as failures.csv has the others."""
    import pyarrow.compute

    reasons = table.column(REASON)
    columns = table.column_names[len(MARK_COLUMNS) + 1 :]
    failures = table.select(["photo", REASON])
    if reasons.null_count == len(table):
        return table.select(columns), failures.slice(0, 0)
    failed = pyarrow.compute.is_valid(reasons)
    faces = table.select(columns).filter(pyarrow.compute.invert(failed))
    return faces, failures.filter(failed)


def is_packed(schema: pyarrow.Schema) -> bool:
    """Whether a file's columns are those of packed rows."""
    import pyarrow

    expected = [*MARK_COLUMNS, REASON, *FACE_COLUMNS, NUMBERS]
    if schema.names != expected or _NAMES not in (schema.metadata or {}):
        return False
    lists = schema.field(NUMBERS).type
    names = schema.metadata[_NAMES].decode("utf-8", "replace").split("\n")
    return bool(pyarrow.types.is_fixed_size_list(lists)) and lists.list_size == 3 * len(names)
