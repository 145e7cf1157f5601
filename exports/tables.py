"""Tables of predictions and failures, for spreadsheets (CSV) and programs (Parquet)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exports.names import path_text
from regression.prediction.grouping import PersonPrediction
from regression.prediction.prediction import Failure, Prediction

if TYPE_CHECKING:
    import pyarrow

MADE_COLUMNS = ("rig", "rig_licence", "made")
"""Of every row: the rig's name, the licence of its data, and when the row was made (UTC)."""

FACE_COLUMNS = (
    "photo",
    "face_number",
    "left",
    "top",
    "right",
    "bottom",
    "face_size_pixels",
    "face_size_millimetres",
    "yaw",
    "pitch",
    "roll",
    "quality",
    "model",
    *MADE_COLUMNS,
)
"""What stands before the sliders in every row, as in `regression.prediction.prediction`."""

LOW, HIGH = " [low]", " [high]"
"""What follows a slider's name in the columns of its 90 % interval."""

# What spreadsheets take for the start of a formula, and would run on opening the file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_predictions(
    folder: Path,
    predictions: Sequence[Prediction],
    failures: Sequence[Failure],
    people: Sequence[PersonPrediction] | None = None,
    rig_licence: str = "CC0-1.0",
) -> None:
    """Write predictions.csv, predictions.parquet and failures.csv into an existing folder.

    One row per face: FACE_COLUMNS; "person", where people are given; one 0..1 column per slider
    under its full name; then for each slider its name with LOW and with HIGH, the ends of its
    interval. Quality flags are joined by ";". CSV and Parquet hold the same columns and, to the
    last float32 digit, the same values; what is not known is an empty cell and a null. Each file
    appears whole or not at all, and is written even if it has a header only.

    people: everybody on the photos; every face is one of theirs.
    rig_licence: SPDX name of the licence of the rig's data.

    CSV is UTF-8 with every text quoted (RFC 4180, but with plain newlines at line ends). No cell
    starts a spreadsheet formula: a relative path that would begins with "./".

    Raises ValueError for predictions of different sliders, OSError where the folder cannot be
    written.
    """
    faces = _face_table(predictions, people, rig_licence)
    reasons = _failure_table(failures)
    write_table(folder / "predictions.parquet", faces)
    write_table(folder / "predictions.csv", faces)
    write_table(folder / "failures.csv", reasons)


def slider_columns(
    slider_names: Sequence[str],
    values: Sequence[np.ndarray],
    lower: Sequence[np.ndarray],
    upper: Sequence[np.ndarray],
) -> dict[str, pyarrow.Array]:
    """The columns of all sliders, then of the ends of their intervals, by column name.

    values, lower, upper: for each row (s,) float32, 0..1; nan where not known.
    """
    named = dict(zip(slider_names, number_columns(values, len(slider_names)), strict=True))
    lows, highs = (number_columns(rows, len(slider_names)) for rows in (lower, upper))
    for name, low, high in zip(slider_names, lows, highs, strict=True):
        named |= {name + LOW: low, name + HIGH: high}
    return named


def number_columns(rows: Sequence[np.ndarray], count: int) -> list[pyarrow.Array]:
    """`count` float32 columns of rows (count,); nan becomes null, an empty cell in the CSV."""
    import pyarrow

    array = np.array(rows, np.float32).reshape(len(rows), count)
    return [pyarrow.array(column, from_pandas=True) for column in array.T.copy()]


def photo_cell(photo: Path | str) -> str:
    """A photo's path as a table has it: valid UTF-8, and no spreadsheet's formula."""
    text = path_text(photo)
    return f"./{text}" if text.startswith(_FORMULA_STARTS) else text


def text_cell(text: str) -> str:
    """A text, which may name a photo, as a table has it: valid UTF-8, and no formula."""
    text = path_text(text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def made_columns(rigs: Sequence[str], rig_licence: str) -> list[pyarrow.Array]:
    """MADE_COLUMNS for rows of these rigs, written now."""
    import pyarrow

    made = datetime.now(UTC).isoformat(timespec="seconds")
    cells = ([text_cell(rig) for rig in rigs], *([one] * len(rigs) for one in (rig_licence, made)))
    return [pyarrow.array(column, pyarrow.string()) for column in cells]


def write_table(path: Path, table: pyarrow.Table) -> None:
    """Write a .csv or .parquet file beside its place, then put it there."""
    import pyarrow.csv
    import pyarrow.parquet

    write = pyarrow.csv.write_csv if path.suffix == ".csv" else pyarrow.parquet.write_table
    partial = path.with_name(path.name + ".partial")
    write(table, partial)
    os.replace(partial, path)


def face_columns(
    predictions: Sequence[Prediction], rig_licence: str = "CC0-1.0"
) -> dict[str, pyarrow.Array]:
    """FACE_COLUMNS of these faces, by column name.

    Raises ValueError for predictions of different sliders.
    """
    import pyarrow

    slider_names = predictions[0].slider_names if predictions else ()
    for prediction in predictions:
        if prediction.slider_names != slider_names:
            raise ValueError(
                f"{prediction.photo} was predicted with other sliders than {predictions[0].photo}. "
                "Expected one rig per table. Write a table for each rig."
            )

    def column(kind: pyarrow.DataType, cells: list[object]) -> pyarrow.Array:
        # from_pandas: nan becomes null, an empty cell in the CSV.
        return pyarrow.array(cells, kind, from_pandas=True)

    text, whole, number = pyarrow.string(), pyarrow.int32(), pyarrow.float32()
    boxes = [prediction.box for prediction in predictions]
    columns = [
        column(text, [photo_cell(one.photo) for one in predictions]),
        column(whole, [one.face_number for one in predictions]),
        *(column(number, [box[side] for box in boxes]) for side in range(4)),
        column(number, [one.face_size_pixels for one in predictions]),
        column(number, [one.face_size_millimetres for one in predictions]),
        column(number, [one.yaw for one in predictions]),
        column(number, [one.pitch for one in predictions]),
        column(number, [one.roll for one in predictions]),
        column(text, [";".join(one.quality) for one in predictions]),
        column(text, [one.model for one in predictions]),
        *made_columns([one.rig for one in predictions], rig_licence),
    ]
    return dict(zip(FACE_COLUMNS, columns, strict=True))


def _face_table(
    predictions: Sequence[Prediction],
    people: Sequence[PersonPrediction] | None,
    rig_licence: str,
) -> pyarrow.Table:
    import pyarrow

    named = face_columns(predictions, rig_licence)
    slider_names = predictions[0].slider_names if predictions else ()
    if people is not None:
        names = {face: text_cell(one.name) for one in people for face in one.members}
        cells = [names[one.photo, one.face_number] for one in predictions]
        named["person"] = pyarrow.array(cells, pyarrow.string())
    named |= slider_columns(
        slider_names,
        [one.values for one in predictions],
        [one.lower for one in predictions],
        [one.upper for one in predictions],
    )
    return pyarrow.table(named)


def _failure_table(failures: Sequence[Failure]) -> pyarrow.Table:
    import pyarrow

    photos = [photo_cell(failure.photo) for failure in failures]
    reasons = [text_cell(failure.reason) for failure in failures]
    text = pyarrow.string()
    return pyarrow.table(
        {"photo": pyarrow.array(photos, text), "reason": pyarrow.array(reasons, text)}
    )
