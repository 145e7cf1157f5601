"""Tables of predictions and failures, for spreadsheets (CSV) and programs (Parquet)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exports.names import path_text
from regression.prediction import Failure, Prediction

if TYPE_CHECKING:
    import pyarrow

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
)
"""What stands before the sliders in every row, see `regression.prediction.Prediction`."""

# What spreadsheets take for the start of a formula, and would run on opening the file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_predictions(
    folder: Path, predictions: Sequence[Prediction], failures: Sequence[Failure]
) -> None:
    """Write predictions.csv, predictions.parquet and failures.csv into an existing folder.

    One row per face: FACE_COLUMNS, then one 0..1 column per slider under its full name; quality
    flags are joined by ";". CSV and Parquet hold the same columns and, to the last float32 digit,
    the same values; what is not known is an empty cell and a null. Each file appears whole or not
    at all, and is written even if it has a header only.

    CSV is UTF-8 with every text quoted (RFC 4180, but with plain newlines at line ends). No cell
    starts a spreadsheet formula: a relative path that would begins with "./".

    Raises ValueError for predictions of different sliders, OSError where the folder cannot be
    written.
    """
    import pyarrow.csv
    import pyarrow.parquet

    faces = _face_table(predictions)
    reasons = _failure_table(failures)
    _write(folder / "predictions.parquet", lambda to: pyarrow.parquet.write_table(faces, to))
    _write(folder / "predictions.csv", lambda to: pyarrow.csv.write_csv(faces, to))
    _write(folder / "failures.csv", lambda to: pyarrow.csv.write_csv(reasons, to))


def _face_table(predictions: Sequence[Prediction]) -> pyarrow.Table:
    import pyarrow

    slider_names = predictions[0].slider_names if predictions else ()
    for prediction in predictions:
        if prediction.slider_names != slider_names:
            raise ValueError(
                f"{prediction.photo} was predicted with other sliders than {predictions[0].photo}. "
                "Expected one rig per table. Write a table for each rig."
            )
    values = np.array([prediction.values for prediction in predictions], np.float32)
    values = values.reshape(len(predictions), len(slider_names))

    def column(kind: pyarrow.DataType, cells: list[object]) -> pyarrow.Array:
        # from_pandas: nan becomes null, an empty cell in the CSV.
        return pyarrow.array(cells, kind, from_pandas=True)

    text, whole, number = pyarrow.string(), pyarrow.int32(), pyarrow.float32()
    boxes = [prediction.box for prediction in predictions]
    columns = [
        column(text, [_photo_cell(one.photo) for one in predictions]),
        column(whole, [one.face_number for one in predictions]),
        *(column(number, [box[side] for box in boxes]) for side in range(4)),
        column(number, [one.face_size_pixels for one in predictions]),
        column(number, [one.face_size_millimetres for one in predictions]),
        column(number, [one.yaw for one in predictions]),
        column(number, [one.pitch for one in predictions]),
        column(number, [one.roll for one in predictions]),
        column(text, [";".join(one.quality) for one in predictions]),
        column(text, [one.model for one in predictions]),
        *(pyarrow.array(values[:, index]) for index in range(len(slider_names))),
    ]
    return pyarrow.table(columns, names=[*FACE_COLUMNS, *slider_names])


def _failure_table(failures: Sequence[Failure]) -> pyarrow.Table:
    import pyarrow

    photos = [_photo_cell(failure.photo) for failure in failures]
    reasons = [_reason_cell(failure.reason) for failure in failures]
    text = pyarrow.string()
    return pyarrow.table(
        {"photo": pyarrow.array(photos, text), "reason": pyarrow.array(reasons, text)}
    )


def _photo_cell(photo: Path) -> str:
    text = path_text(photo)
    return f"./{text}" if text.startswith(_FORMULA_STARTS) else text


def _reason_cell(reason: str) -> str:
    text = path_text(reason)  # a reason names the photo
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a file beside `path`, then put it in its place."""
    partial = path.with_name(path.name + ".partial")
    write(partial)
    os.replace(partial, path)
