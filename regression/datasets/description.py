"""What is in a table of faces: figures per column, what is missing, outliers, duplicates,
correlations. `fpp data describe` prints it into columns.csv, description.md and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.duplicates import NEAR, near_duplicates, spreads
from regression.datasets.report_files import checksum, escaped_table, shown, whole_folder
from regression.datasets.schema import TableSchema, read_project_tables
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


def describe_tables(
    paths: Sequence[Path],
    out: Path,
    given: Path | None = None,
    slider_names: Sequence[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> Description:
    """Describes tables of one kind together and writes columns.csv, outliers.csv, duplicates.csv,
    description.md, distributions.png and correlations.png.

    Args:
        given, slider_names: as for detect_schema.
        report: is told what is being done.

    Raises:
        TableError: a table cannot be used.
    """
    import pandas as pd

    from regression.datasets.description_plots import draw_correlations, draw_distributions

    report("Reading")
    schema, tables = read_project_tables(paths, given, slider_names)
    description = describe(pd.concat(tables.values(), ignore_index=True), schema, report)
    with whole_folder(out) as partial:
        for name in ("columns", "outliers", "duplicates"):
            getattr(description, name).to_csv(partial / f"{name}.csv", index=False)
        sources = [(path, len(tables[str(path)]), checksum(path)) for path in paths]
        text = description_markdown(description, sources)
        (partial / "description.md").write_text(text, encoding="utf-8")
        report("Drawing")
        draw_distributions(description, partial / "distributions.png")
        draw_correlations(description, partial / "correlations.png")
    return description


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


def description_markdown(description: Description, sources: Sequence[tuple[Path, int, str]]) -> str:
    """The report.

    Args:
        sources: path, rows and SHA-256 of each table.
    """
    table, schema, columns = description.table, description.schema, description.columns
    names = list(schema.slider_names)
    people = table["person"].value_counts()
    repeated = int((table["face"].value_counts() > 1).sum())
    missing = columns[columns["missing"] > 0].sort_values("missing", ascending=False)
    outliers, duplicates = description.outliers, description.duplicates
    outside = columns[columns["role"].eq("slider") & ((columns["min"] < 0) | (columns["max"] > 1))]
    constant = columns[columns["role"].ne("name") & columns["distinct"].le(1)]
    groups = duplicates["group"].nunique()
    sections = [
        "# What is in the table",
        escaped_table(
            ("table", "rows", "SHA-256"),
            [(path, rows, f"`{sum_}`") for path, rows, sum_ in sources],
        ),
        f"{len(table)} rows of {len(people)} people ({people.min()} to {people.max()} each); "
        f"{repeated} names of faces are there more than once. {len(schema.features)} features "
        f"({len(schema.encoding)} of an encoding, {len(schema.landmarks)} of landmarks) and "
        f"{len(names)} sliders. All figures per column: columns.csv; pictures: distributions.png, "
        "correlations.png.",
        "## Missing values",
        f"{int(columns['missing'].sum())} cells in {len(missing)} columns are empty or no finite "
        "number."
        + _listed(("column", "missing"), missing[["name", "missing"]].to_numpy().tolist()),
        "## Outliers",
        f"{len(outliers)} findings in {outliers['row'].nunique()} rows (outliers.csv). A feature "
        f"is an outlier more than {OUTLIER_LIMIT:g} robust standard deviations from its median; a "
        "row, when its Mahalanobis distance over all features is more than "
        f"{DISTANCE_LIMIT:g} of them beyond the median of all distances; a slider, outside 0 to 1."
        + _listed(
            ("row", "face", "column", "value", "beyond"),
            [
                (row, face, column, shown(value), shown(beyond))
                for row, face, _, column, value, beyond in outliers.sort_values(
                    "beyond", ascending=False
                ).to_numpy()
            ],
        ),
        f"Sliders with values outside 0 to 1: {len(outside)}"
        + (f" ({', '.join(f'`{name}`' for name in outside['name'])})" if len(outside) else "")
        + f". Columns that never vary: {len(constant)}"
        + (f" ({', '.join(f'`{name}`' for name in constant['name'])})" if len(constant) else "")
        + ".",
        "## Duplicate people",
        f"{groups} groups of rows have nearly the same features (a mean difference below "
        f"{NEAR:g} standard deviations); {description.duplicate_people} of them stand under names "
        "of different people. All are in duplicates.csv; `fpp data split` keeps such people "
        "together, `fpp data clean` drops rows with equal features."
        + _listed(
            ("group", "row", "face", "person"),
            duplicates[["group", "row", "face", "person"]].to_numpy().tolist(),
        ),
        "## Strongest correlations of a feature with a slider",
        _correlated(strongest(description.feature_sliders, schema.features, names)),
        "## Strongest correlations of two sliders",
        _correlated(strongest(description.slider_sliders, names, names)),
    ]
    return "\n\n".join(sections) + "\n"


def _correlated(found: Sequence[tuple[str, str, float]]) -> str:
    if not found:
        return "None: too few rows without gaps, or columns that never vary."
    return escaped_table(("one", "other", "r"), [(a, b, f"{r:+.3f}") for a, b, r in found])


def _listed(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The first rows as a table below, and how many more there are."""
    if not rows:
        return ""
    more = len(rows) - _SHOWN
    table = escaped_table(head, rows[:_SHOWN])
    return f"\n\n{table}" + (f"\n\nAnd {more} more." if more > 0 else "")


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
