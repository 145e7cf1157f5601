"""The checkpoint of a run: a folder of small Parquet files, each whole or not there.

OUT/parts/run.json            the settings of the run whose parts these are
OUT/parts/SHA256.parquet      the rows of some photos, see runs.rows; called as its content is
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs.marks import PhotoMark
from runs.rows import REASON, is_packed

if TYPE_CHECKING:
    import pyarrow

PARTS = "parts"
"""The folder's name, in the folder of results."""

SETTINGS = "run.json"

# What this program writes; a user's own unfinished downloads are not touched.
_UNFINISHED = re.compile(
    r"\.(csv|parquet|jpg|json|mhm|glb|obj|html)\.partial$|\.partial\.(csv|parquet)$"
)


@dataclass(frozen=True, slots=True)
class DonePhoto:
    """Where the rows of a photo are.

    Attributes:
        mark: the version that was predicted.
        part: the file's name.
        first, rows: its rows there.
        faces: how many of them are faces.
    """

    mark: PhotoMark
    part: str
    first: int
    rows: int
    faces: int


def begin_parts(out: Path, settings: Mapping[str, Any], restart: bool = False) -> bool:
    """Make the folder ready for a run with these settings.

    Parts of other settings are deleted, and whatever a killed run has left unfinished. Returns
    whether parts were deleted that the caller did not ask to delete.
    """
    folder = out / PARTS
    folder.mkdir(parents=True, exist_ok=True)
    for place in (out, folder):
        for entry in os.scandir(place):
            if _UNFINISHED.search(entry.name) and entry.is_file(follow_symlinks=False):
                Path(entry).unlink(missing_ok=True)
    path = folder / SETTINGS
    wanted = json.dumps(dict(settings), indent=1, ensure_ascii=False)
    same = path.is_file() and path.read_text(encoding="utf-8", errors="replace") == wanted
    others = [] if same and not restart else list(folder.glob("*.parquet"))
    for part in others:
        part.unlink()
    if not same:
        partial = path.with_name(path.name + ".partial")
        partial.write_text(wanted, encoding="utf-8")
        os.replace(partial, path)
    return bool(others) and not restart


def write_part(folder: Path, table: pyarrow.Table) -> str:
    """Write packed rows as a new part and return its name. The rows of a photo stay together."""
    import pyarrow.parquet

    buffer = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(
        table, buffer, compression="none", use_dictionary=False, write_statistics=False
    )
    content = buffer.getvalue()
    name = _part_name(content)
    partial = folder / f"{name}.partial"
    with partial.open("wb") as file:
        file.write(content)
        # A power cut shall not leave the name without the content.
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, folder / name)
    return name


def read_part(path: Path) -> pyarrow.Table:
    """The packed rows of a part. Raises ValueError or OSError where it is damaged or no part."""
    import pyarrow.parquet

    content = path.read_bytes()
    if path.name != _part_name(content):
        raise ValueError("its content is not what its name tells")
    with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)) as file:
        if not is_packed(file.schema_arrow):
            raise ValueError("other columns than a part's")
        return file.read(use_threads=False)


def _part_name(content: bytes | pyarrow.Buffer) -> str:
    """By its SHA-256: Parquet alone would let most damage to a small file pass."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}.parquet"


def done_photos(folder: Path, complain: Callable[[str], None]) -> list[DonePhoto]:
    """Every photo of every part that can be read, the newest part last.

    complain: gets a sentence for each part that cannot.
    """
    paths = sorted(folder.glob("*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    done: list[DonePhoto] = []
    for path in paths:
        try:
            done += photos_of(read_part(path), path.name)
        except (ValueError, OSError) as error:  # pyarrow's errors are ValueErrors or OSErrors
            complain(
                f"{path} cannot be read ({str(error).splitlines()[0]}): expected a part of this "
                "run; its photos are predicted again."
            )
    return done


def photos_of(table: pyarrow.Table, part: str) -> list[DonePhoto]:
    """The photos of packed rows, in their order."""
    columns = table.column_names[: table.column_names.index(REASON) + 1]
    paths, sizes, changes, names, reasons = (table.column(name).to_pylist() for name in columns)
    done: list[DonePhoto] = []
    first = 0
    for row in range(1, len(paths) + 1):
        if row == len(paths) or paths[row] != paths[first]:
            path, name = os.fsdecode(paths[first]), os.fsdecode(names[first])
            mark = PhotoMark(path, sizes[first], changes[first], name)
            faces = sum(reason is None for reason in reasons[first:row])
            done.append(DonePhoto(mark, part, first, row - first, faces))
            first = row
    return done
