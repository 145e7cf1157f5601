"""The files of a description: report, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from regression.datasets.description import (
    DISTANCE_LIMIT,
    OUTLIER_LIMIT,
    Description,
    describe,
    strongest,
)
from regression.datasets.description_plots import draw_correlations, draw_distributions
from regression.datasets.duplicates import NEAR
from regression.datasets.report_files import checksum, escaped_table, shown, whole_folder
from regression.datasets.schema import read_project_tables

_SHOWN = 20


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
