"""Folders of results that are whole or not there, and what reports of tables are made of."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Gives a folder beside it to write into. At the end it becomes `folder`, or, where that
    holds files already, its own are moved in; after an error nothing has changed."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.is_dir() and any(folder.iterdir()):
            for path in sorted(path for path in partial.rglob("*") if path.is_file()):
                target = folder / path.relative_to(partial)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
        else:
            os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def checksum(path: Path) -> str:
    """SHA-256 in hexadecimal of a file, or of the Parquet files of a folder one after the other."""
    total = hashlib.sha256()
    for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def escaped_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Cells as a Markdown table; a | in them, as sliders' names have it, does not end the cell."""
    lines = [[str(cell).replace("|", "\\|") for cell in line] for line in (head, *rows)]
    lines.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(number: float) -> str:
    """Four figures, or a dash for what is not known."""
    return f"{number:.4g}" if number == number else "-"
