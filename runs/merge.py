"""From the parts of a run to its tables, a few rows at a time."""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs.parts import PARTS, DonePhoto, read_part
from runs.rows import REASON, split_table, unpacked

if TYPE_CHECKING:
    import pyarrow

TABLES = ("predictions.parquet", "predictions.csv", "failures.csv")

MERGED = "merged.json"
"""In the folder of parts: what the tables were made of."""

# Rows in memory at a time, and rows that a reader of the Parquet file takes at a time.
_BATCH, _ROW_GROUP = 1024, 8192

# Parts kept open: photos that came later lie between those that were there.
_PARTS_KEPT = 64

AddColumn = Callable[["pyarrow.Table"], "pyarrow.Table"]
"""Takes packed rows of faces and adds columns."""


def packed_batches(out: Path, photos: Sequence[DonePhoto]) -> Iterator[pyarrow.Table]:
    """The packed rows of these photos, in their order, about a thousand at a time.

    Raises ValueError or OSError for a part that cannot be read any more.
    """
    import pyarrow

    kept: OrderedDict[str, pyarrow.Table] = OrderedDict()

    def part(name: str) -> pyarrow.Table:
        if name not in kept:
            kept[name] = read_part(out / PARTS / name)
            if len(kept) > _PARTS_KEPT:
                kept.popitem(last=False)
        kept.move_to_end(name)
        return kept[name]

    slices: list[pyarrow.Table] = []
    count = 0
    for name, first, rows in _row_ranges(photos):
        slices.append(part(name).slice(first, rows))
        count += rows
        if count >= _BATCH:
            yield pyarrow.concat_tables(slices).combine_chunks()
            slices, count = [], 0
    if slices:
        yield pyarrow.concat_tables(slices).combine_chunks()


def _row_ranges(photos: Sequence[DonePhoto]) -> Iterator[tuple[str, int, int]]:
    """Part, first row and number of rows; photos that follow each other there in one."""
    part, first, rows = "", 0, 0
    for photo in photos:
        if photo.part == part and photo.first == first + rows:
            rows += photo.rows
            continue
        if rows:
            yield part, first, rows
        part, first, rows = photo.part, photo.first, photo.rows
    if rows:
        yield part, first, rows


def write_tables(
    out: Path, photos: Sequence[DonePhoto], state: str = "", add_person: AddColumn | None = None
) -> None:
    """Write predictions.csv, predictions.parquet and failures.csv, as `exports.tables` has them.

    Nothing is written where they are made of the same already. Each file appears whole or not at
    all.

    photos: at least one.
    state: whatever else the tables depend on.
    add_person: adds the column "person".
    """
    made_of = _made_of(photos, state)
    note = out / PARTS / MERGED
    if _is_up_to_date(out, note, made_of):
        return
    note.unlink(missing_ok=True)
    _write(out, photos, add_person)
    partial = note.with_name(note.name + ".partial")
    partial.write_text(json.dumps({"made_of": made_of, "tables": _versions(out)}))
    os.replace(partial, note)


def _write(out: Path, photos: Sequence[DonePhoto], add_person: AddColumn | None) -> None:
    import pyarrow

    names = {name: out / f"{name}.partial" for name in TABLES}
    waiting: list[pyarrow.Table] = []
    with ExitStack() as stack:
        writers: dict[str, Any] = {}

        def write(name: str, table: pyarrow.Table) -> None:
            if name not in writers:
                writers[name] = stack.enter_context(_writer(names[name], name, table.schema))
            writers[name].write_table(table)

        def write_group() -> None:
            write(TABLES[0], pyarrow.concat_tables(waiting).combine_chunks())
            waiting.clear()

        for packed in packed_batches(out, photos):
            faces, failures = _split(packed, add_person)
            write(TABLES[1], faces)
            write(TABLES[2], failures)
            waiting.append(faces)
            if sum(map(len, waiting)) >= _ROW_GROUP:
                write_group()
        if waiting:
            write_group()
    for name, partial in names.items():
        os.replace(partial, out / name)


def _writer(path: Path, name: str, schema: pyarrow.Schema) -> Any:
    import pyarrow.csv
    import pyarrow.parquet

    if name.endswith(".csv"):
        return pyarrow.csv.CSVWriter(path, schema)
    return pyarrow.parquet.ParquetWriter(path, schema)


def _split(
    packed: pyarrow.Table, add_person: AddColumn | None
) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Faces and failures of packed rows."""
    import pyarrow.compute

    failed = pyarrow.compute.is_valid(packed.column(REASON))
    # Before they are unpacked: hundreds of columns take long to filter.
    faces = packed.filter(pyarrow.compute.invert(failed))
    if add_person is not None:
        faces = add_person(faces)
    faces, _ = split_table(unpacked(faces).replace_schema_metadata(None))
    return faces, packed.filter(failed).select(["photo", REASON])


def _made_of(photos: Sequence[DonePhoto], state: str) -> str:
    digest = hashlib.sha256(state.encode())
    for photo in photos:
        digest.update(f"\n{photo.part} {photo.first}".encode())
    return digest.hexdigest()


def _versions(out: Path) -> dict[str, list[int]]:
    found = {name: os.stat(out / name) for name in TABLES}
    return {name: [status.st_size, status.st_mtime_ns] for name, status in found.items()}


def _is_up_to_date(out: Path, note: Path, made_of: str) -> bool:
    try:
        return bool(json.loads(note.read_text()) == {"made_of": made_of, "tables": _versions(out)})
    except (OSError, ValueError):
        return False
