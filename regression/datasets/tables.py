"""Tables of faces: features in named columns, slider values in columns named as the sliders.

One row is one face. Columns: `face` (what it is, unique), `source` (where it came from),
`encoding_000`..`encoding_127` and the landmark features (vision.features), one column per slider
with its value 0..1 over the slider's range, and any further columns, which are carried along.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vision.features import feature_names

if TYPE_CHECKING:
    import pandas as pd


class TableError(Exception):
    """A table that cannot be used. The message says what, why and what to do."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a model learns from or is tested on. n faces, d features, s sliders.

    Attributes:
        features: (n, d) float32.
        sliders: (n, s) float32, 0..1 over each slider's range.
        people: (n,) str; rows of one person are never divided between training and test.
        weights: (n,) float32, how much each row counts in training.
    """

    features: np.ndarray
    sliders: np.ndarray
    people: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.features)
        if not (len(self.sliders) == len(self.people) == len(self.weights) == count):
            raise ValueError(
                f"Examples have {count} rows of features, {len(self.sliders)} of sliders, "
                f"{len(self.people)} people and {len(self.weights)} weights. Equal numbers were "
                "expected. Pass one of each per face."
            )
        if not (np.isfinite(self.features).all() and np.isfinite(self.sliders).all()):
            raise ValueError(
                "Examples hold numbers that are not finite. Finite features and sliders were "
                "expected. Leave out rows with missing values."
            )

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, chosen: np.ndarray) -> Examples:
        """The rows of a boolean mask or an index array."""
        return Examples(
            self.features[chosen],
            self.sliders[chosen],
            self.people[chosen],
            self.weights[chosen],
        )


def join_examples(parts: list[Examples]) -> Examples:
    """All rows of several sets, one after the other."""
    return Examples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.sliders for part in parts]),
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def read_table(path: Path) -> pd.DataFrame:
    """Reads a Parquet or CSV file, or all Parquet files of a folder in the order of their names.

    Raises:
        TableError: nothing there, or it cannot be read.
    """
    import pandas as pd

    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise TableError(
            f"{path} holds no table. A Parquet or CSV file, or a folder of Parquet files, was "
            "expected. Name one, or make one with `fpp synthesize`."
        )
    tables = []
    for file in files:
        try:
            tables.append(pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file))
        except Exception as error:  # pandas and pyarrow raise nearly anything for damage
            raise TableError(
                f"{file} cannot be read as a table ({error}). A Parquet or CSV file was expected. "
                "Check the file, or make it again."
            ) from error
    return pd.concat(tables, ignore_index=True)


def examples_from_table(table: pd.DataFrame, route: str, slider_names: tuple[str, ...]) -> Examples:
    """Takes a route's features and the sliders from a table; each row is a person of its own
    unless the table has a column `person`.

    Raises:
        TableError: columns are missing, or hold something else than numbers; the message names the
            first of them.
    """
    features = feature_names(route)
    who = "person" if "person" in table.columns else "face"
    missing = [name for name in (who, *features, *slider_names) if name not in table.columns]
    if missing:
        raise TableError(
            f"The table lacks {len(missing)} columns, {missing[0]!r} first. The columns of the "
            f"route {route!r} and of every slider were expected. Use a table made by "
            "`fpp synthesize`, or rename the columns."
        )
    return Examples(
        _numbers(table, features),
        _numbers(table, slider_names),
        table[who].to_numpy(str),
        np.ones(len(table), dtype=np.float32),
    )


def _numbers(table: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """(n, len(names)) float32; raises TableError where a cell is empty or no finite number."""
    import pandas as pd

    columns = table[list(names)].apply(pd.to_numeric, errors="coerce")
    numbers = columns.to_numpy(np.float32, na_value=np.nan)
    rows, places = np.nonzero(~np.isfinite(numbers))
    if len(rows):
        raise TableError(
            f"Row {rows[0] + 1} of the table's column {names[places[0]]!r} holds "
            f"{table[names[places[0]]].iloc[rows[0]]!r}. A finite number was expected in each of "
            f"its rows. Correct it, or leave the row out ({len(set(rows))} rows are like that)."
        )
    return numbers


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes a Parquet file beside its place, then moves it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    table.to_parquet(partial, index=False, compression="zstd", compression_level=12)
    os.replace(partial, path)
