"""What is in a rig, for people: a table of its targets, and pictures."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from regression.datasets.rig_pictures import write_rig_pictures
from regression.datasets.rig_preparing import Preparation, prepare_rig
from rig.prepared_rig import save_prepared
from rig.rig_settings import load_settings
from rig.target_kinds import EXPRESSION, LEFT_OUT, SHAPE
from rig.target_sliders import TargetRow

PREPARED_FILE = "prepared.npz"
TABLE_FILE = "sliders.csv"

_WIDEST_NAME = 44


@dataclass(frozen=True)
class Inspection:
    """What was found and written.

    Attributes:
        preparation: the rig.
        files: what was written.
    """

    preparation: Preparation
    files: tuple[Path, ...]


def inspect_rig(
    path: Path,
    folder: Path,
    settings_file: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Inspection:
    """Prepares a rig and writes sliders.csv, prepared.npz and pictures of it into a folder.

    Args:
        path: see rig_preparing.prepare_rig.
        folder: is made where it does not exist.
        settings_file: what the user says of the rig; None for the file beside it.
        report: called with lines of progress.

    Raises:
        RigError: the rig or the settings cannot be used.
        rig.render.RenderError: nothing can be rendered here.
    """
    settings = load_settings(settings_file) if settings_file is not None else None
    preparation = prepare_rig(path, settings, report)
    folder.mkdir(parents=True, exist_ok=True)
    prepared_file = folder / PREPARED_FILE
    save_prepared(preparation.prepared, prepared_file)
    table = _write_table(preparation.rows, folder / TABLE_FILE)
    pictures = write_rig_pictures(prepared_file, folder)
    return Inspection(preparation, (table, *pictures, prepared_file))


def table_lines(rows: Sequence[TargetRow]) -> list[str]:
    """The table for the terminal: sliders first, then expressions, then what is left out."""
    lines: list[str] = []
    for kind, title in (
        (SHAPE, "Shape"),
        (EXPRESSION, "Expression"),
        (LEFT_OUT, "Left out"),
    ):
        part = [row for row in rows if _group(row) == kind]
        if part:
            lines += [*([""] if lines else []), f"{title} ({len(part)} targets)", *_lines(part)]
    return lines


def _group(row: TargetRow) -> str:
    """A target that became nothing is left out, whatever its kind."""
    return row.kind if row.slider else LEFT_OUT


def _lines(rows: Sequence[TargetRow]) -> list[str]:
    width = min(max(len(row.name) for row in rows), _WIDEST_NAME)
    lines = []
    for row in rows:
        name = row.name if len(row.name) <= width else row.name[: width - 3] + "..."
        words = [f"moves {row.moves_percent:5.1f} %"]
        if row.slider:
            words.append(f"{row.minimum:g} to {row.maximum:g}")
            if row.slider != row.name:
                words.append(f"as {row.slider}")
        elif row.kind != LEFT_OUT:
            words.append(row.kind)
        if row.why:
            words.append(row.why)
        lines.append(f"  {name:<{width}}  " + ", ".join(words))
    return lines


def _write_table(rows: Sequence[TargetRow], path: Path) -> Path:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(TargetRow)])
        for row in rows:
            writer.writerow(
                [f"{part:.3f}" if isinstance(part, float) else part for part in astuple(row)]
            )
    os.replace(partial, path)
    return path
