"""What is in a table of faces: figures per column, what is missing, outliers, duplicates,
correlations. `fpp data describe` prints it into columns.csv, description.md and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.duplicates import near_duplicates, spreads
from regression.datasets.schema import TableSchema
from regression.datasets.splitting import feature_columns

if TYPE_CHECKING:
    import pandas as pd

OUTLIER_LIMIT = 8.0
"""A feature further from its median than this many of its spreads is an outlier."""

DISTANCE_LIMIT = 6.0
"""A row is an outlier whose Mahalanobis distance is this many spreads of everybody's beyond their
median."""

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Description:
    """A described table. n rows, d features, s sliders.

    Attributes:
        table: in the project's columns, all tables one below the other.
        schema: what its columns were called.
        columns: a row per column: name, role, missing, distinct, mean, spread and so on.
        outliers: row (1 is the first), face, person, column or "all features", value, and `beyond`,
            how many spreads it is from the median.
        duplicates: group, row, face, person; rows of a group have nearly the same features.
        feature_sliders: (d, s) Pearson's r over rows without gaps; nan for constant columns.
        slider_sliders: (s, s) the same.
    """

    table: pd.DataFrame
    schema: TableSchema
    columns: pd.DataFrame
    outliers: pd.DataFrame
    duplicates: pd.DataFrame
    feature_sliders: np.ndarray
    slider_sliders: np.ndarray

    @property
    def duplicate_people(self) -> int:
        """How many groups of nearly the same features have more than one person's name."""
        return int((self.duplicates.groupby("group")["person"].nunique() > 1).sum())


def describe(
    table: pd.DataFrame, schema: TableSchema, report: Callable[[str], None] = lambda _: None
) -> Description:
    """Describes a table of the project's columns."""
    features = table[list(schema.features)].to_numpy(np.float64)
    sliders = table[list(schema.slider_names)].to_numpy(np.float64)
    report("Looking for outliers")
    columns = _column_figures(table, schema)
    outliers = _outliers(table, schema, features, sliders)
    report("Looking for duplicates")
    duplicates = _duplicates(table)
    report("Correlating")
    return Description(
        table,
        schema,
        columns,
        outliers,
        duplicates,
        correlations(features, sliders),
        correlations(sliders, sliders),
    )


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(a, b) Pearson's r between columns of (n, a) and (n, b), over the rows where all of both are
    finite; nan where a column does not vary."""
    whole = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)

    def standard(numbers: np.ndarray) -> np.ndarray:
        numbers = numbers[whole] - numbers[whole].mean(axis=0)
        lengths = np.linalg.norm(numbers, axis=0)
        # What is left of a constant after rounding is no variation.
        return np.asarray(numbers / np.where(lengths > 1e-9, lengths, np.nan))

    if whole.sum() < 3:
        return np.full((one.shape[1], other.shape[1]), np.nan)
    return np.clip(standard(one).T @ standard(other), -1, 1)


def mahalanobis(features: np.ndarray) -> np.ndarray:
    """(n,) distances of rows (n, d) from the middle, in spreads along each axis of their cloud.

    The cloud is that of the rows without outliers, shrunk a little to that of independent columns,
    so that few rows and copied columns do no harm. nan for rows that are not finite.
    """
    standard = (features - np.nanmedian(features, axis=0)) / spreads(features)
    finite = np.isfinite(standard).all(axis=1)
    calm = finite & (np.abs(np.where(finite[:, None], standard, 0)).max(axis=1) <= OUTLIER_LIMIT)
    found = np.full(len(features), np.nan)
    if calm.sum() < 3:
        return found
    centre = standard[calm].mean(axis=0)
    covariance = np.atleast_2d(np.cov(standard[calm].T, bias=True))
    width = len(covariance)
    shrink = max(0.01, min(1.0, width / calm.sum()))
    covariance = (1 - shrink) * covariance + shrink * np.eye(width)
    away = standard[finite] - centre
    found[finite] = np.sqrt(np.einsum("nd,nd->n", away @ np.linalg.inv(covariance), away))
    return found


def strongest(
    matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], count: int = _SHOWN
) -> list[tuple[str, str, float]]:
    """The names and values of the numbers furthest from 0; nan are left out. Of a table of columns
    with themselves (the same object twice), each pair once."""
    magnitude = np.nan_to_num(np.abs(matrix), nan=-1)
    if rows is columns:
        magnitude = np.where(np.triu(np.ones_like(magnitude), 1) > 0, magnitude, -1)
    order = np.argsort(-magnitude, axis=None, kind="stable")[:count]
    places = [divmod(int(place), matrix.shape[1]) for place in order]
    return [(rows[a], columns[b], float(matrix[a, b])) for a, b in places if magnitude[a, b] >= 0]


def _column_figures(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """A row per column; figures of numbers are over the finite ones."""
    import pandas as pd

    roles = {"face": "name", "person": "name"}
    roles |= dict.fromkeys(
        schema.features[len(schema.features) - len(schema.landmarks) :], "landmark"
    )
    roles |= dict.fromkeys(schema.slider_names, "slider")
    given = dict(zip(schema.slider_names, schema.sliders, strict=True))
    given |= dict(zip(schema.features, (*schema.encoding, *schema.landmarks), strict=True))
    given |= {"face": schema.face or "", "person": schema.person or ""}
    rows = []
    for name in table.columns:
        column, role = table[name], roles.get(name, "encoding")
        row: dict[str, Any] = {"name": name, "called": given[name], "role": role}
        if role == "name":
            filled = column.dropna()
            row |= {"missing": len(column) - len(filled), "distinct": filled.nunique()}
        else:
            numbers = column.to_numpy(np.float64)
            finite = numbers[np.isfinite(numbers)]
            row |= {"missing": len(numbers) - len(finite), "distinct": len(np.unique(finite))}
            if len(finite):
                low, q1, middle, q3, high = np.percentile(finite, [0, 25, 50, 75, 100])
                row |= {
                    "mean": finite.mean(),
                    "standard_deviation": finite.std(),
                    "robust_deviation": (q3 - q1) / 1.349,
                    "min": low,
                    "quarter": q1,
                    "median": middle,
                    "three_quarters": q3,
                    "max": high,
                }
        rows.append(row)
    figures = ["mean", "standard_deviation", "robust_deviation"]
    figures += ["min", "quarter", "median", "three_quarters", "max"]
    names = ["name", "called", "role", "missing", "distinct", *figures]
    return pd.DataFrame(rows, columns=names)


def _outliers(
    table: pd.DataFrame, schema: TableSchema, features: np.ndarray, sliders: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    with np.errstate(invalid="ignore"):
        beyond = np.abs(features - np.nanmedian(features, axis=0)) / spreads(features)
        rows, places = np.nonzero(beyond > OUTLIER_LIMIT)
        found = [
            (row, schema.features[place], features[row, place], beyond[row, place])
            for row, place in zip(rows, places, strict=True)
        ]
        outside = np.abs(sliders - 0.5) - 0.5
        found += [
            (row, schema.slider_names[place], sliders[row, place], outside[row, place])
            for row, place in np.argwhere(outside > 0)
        ]
    distances = mahalanobis(features)
    if np.isfinite(distances).any():
        middle, spread = np.nanmedian(distances), spreads(distances[:, None])[0]
        far = (distances - middle) / spread
        far_rows = np.flatnonzero(np.nan_to_num(far) > DISTANCE_LIMIT)
        found += [(row, "all features", distances[row], far[row]) for row in far_rows]
    found.sort(key=lambda one: int(one[0]))
    return pd.DataFrame(
        {
            "row": np.array([one[0] + 1 for one in found], int),
            "face": [table["face"].iloc[one[0]] for one in found],
            "person": [table["person"].iloc[one[0]] for one in found],
            "column": [one[1] for one in found],
            "value": np.array([one[2] for one in found], float),
            "beyond": np.array([one[3] for one in found], float),
        }
    )


def _duplicates(table: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    groups = near_duplicates(feature_columns(table))
    rows = np.concatenate([*groups, np.zeros(0, int)]).astype(int)
    number = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    found = table.iloc[rows][["face", "person"]].reset_index(drop=True)
    return pd.concat([pd.DataFrame({"group": number, "row": rows + 1}), found], axis=1)
