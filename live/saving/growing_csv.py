"""A CSV file that grows by whole lines, so that it can be read whenever its writer was stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

# The pieces that a CSV file is read back in, and the rows of a Parquet file's groups: 90 MB of
# memory for a rig of 100 sliders, however long the file is. A line must fit into a piece.
_PIECE_BYTES = 1 << 20
_GROUP_ROWS = 8192


class GrowingCsv:
    """Appends rows to a new CSV file, in the form of `exports.tables` (every text quoted).

    What was appended is out of this process at once. Where an append fails, or is interrupted, the
    file is cut back to the lines before it.
    """

    def __init__(self, path: Path, schema: pyarrow.Schema) -> None:
        """Makes the file and writes its header.

        Raises FileExistsError for a path that is taken, OSError for one that cannot be written.
        """
        self._schema = schema
        self._size = 0
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115 - closed by close()
        try:
            self._write(_csv_bytes(schema.empty_table(), header=True))
        except BaseException:
            self._file.close()
            path.unlink()
            raise

    def append(self, table: pyarrow.Table) -> None:
        """Writes rows of the file's schema. Raises OSError where they do not fit on the disk."""
        self._write(_csv_bytes(table.cast(self._schema), header=False))

    def close(self) -> None:
        """Closes the file; further calls do nothing."""
        self._file.close()

    def _write(self, lines: bytes) -> None:
        written = 0
        try:
            while written < len(lines):
                written += self._file.write(memoryview(lines)[written:]) or 0
        except BaseException:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            raise
        self._size += len(lines)


def write_parquet(source: Path, target: Path, schema: pyarrow.Schema) -> None:
    """Makes a Parquet file of a CSV file of GrowingCsv, a piece at a time; whole or not at all.

    schema: of the Parquet file, with the CSV's columns; texts of a CSV may be times here.

    Raises OSError where it cannot be read or written, ArrowInvalid where somebody changed it.
    """
    import pyarrow
    import pyarrow.parquet

    partial = target.with_name(target.name + ".partial")
    waiting: list[pyarrow.RecordBatch] = []

    def write_group() -> None:
        writer.write_table(pyarrow.Table.from_batches(waiting, schema), row_group_size=_GROUP_ROWS)
        waiting.clear()

    # Numbers hardly repeat; and what is noted of each column of each group adds up in memory.
    texts = [field.name for field in schema if pyarrow.types.is_string(field.type)]
    options = {"use_dictionary": texts, "write_statistics": False}
    try:
        with pyarrow.parquet.ParquetWriter(partial, schema, **options) as writer:
            for batch in _pieces(source, schema):
                waiting.append(batch)
                if sum(len(one) for one in waiting) >= _GROUP_ROWS:
                    write_group()
            write_group()
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _pieces(source: Path, schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.csv

    with pyarrow.csv.open_csv(
        source,
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_PIECE_BYTES),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={field.name: field.type for field in schema},
            # Quoted, an empty text is a text; unquoted, it is what is not known.
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ) as reader:
        yield from reader


def _csv_bytes(table: pyarrow.Table, header: bool) -> bytes:
    import pyarrow
    import pyarrow.csv

    sink = pyarrow.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=header))
    return bytes(sink.getvalue())
