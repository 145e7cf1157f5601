"""Tables for training, validation and test: by person, each in a file of its own.

A data folder holds train/faces.parquet, validation/faces.parquet and test/faces.parquet. Where one
has no validation table, a tenth of the people to train on takes its place. A `schema.toml` in it
says which columns are what (docs/tables.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.duplicates import near_duplicates
from regression.datasets.report_files import checksum, whole_folder
from regression.datasets.schema import (
    TableSchema,
    detect_schema,
    read_project_tables,
    to_project_table,
    write_schema,
)
from regression.datasets.tables import TableError, read_table, write_table
from vision.features import ALL_FEATURES, ENCODING_FEATURES, LANDMARK_FEATURES

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")
FRACTIONS = (0.8, 0.1, 0.1)
_VALIDATION_SHARE = 0.1
_SCHEMA_FILE = "schema.toml"


@dataclass(frozen=True, eq=False)
class Split:
    """Who goes where. n rows.

    Attributes:
        part: (n,) int, a place in PARTS.
        stratum: (n,) str, the kind of each row's person.
        look_alikes: people whose features are nearly the same, by group; they were kept together.
    """

    part: np.ndarray
    stratum: np.ndarray
    look_alikes: list[list[str]]


def check_no_shared_people(parts: Mapping[str, pd.DataFrame]) -> None:
    """Refuses tables that share a person. A person is known by the column `person`, else `face`;
    7 and "7" are one.

    Raises:
        TableError: names the person and both tables.
    """
    seen: dict[str, str] = {}
    for name, table in parts.items():
        for person in dict.fromkeys(_people(table)):
            if person in seen:
                raise TableError(
                    f"The person {person!r} is in {seen[person]} and in {name}. Each person in "
                    "one of them was expected: a model is tested on strangers. Divide one joined "
                    "table with `fpp data split`, or rename whom only the name is shared with."
                )
            seen[person] = name


def split_by_person(
    table: pd.DataFrame,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    stratify: str | None = None,
) -> dict[str, pd.DataFrame]:
    """Divides a table of the project's columns; see plan_split.

    Returns:
        By name in PARTS, the rows in their order. Parts with the fraction 0 have none.
    """
    split = plan_split(table, fractions, seed, stratify)
    return _parts(table, split)


def plan_split(
    table: pd.DataFrame,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    stratify: str | None = None,
    sliders: Sequence[str] | None = None,
) -> Split:
    """Draws who goes where. People with nearly the same features go to one side.

    Args:
        table: in the project's columns.
        fractions: the shares of PARTS, of rows; their sum is 1.
        stratify: a column whose values should be spread evenly; None: how far a person's sliders
            are from everybody's mean, in quarters.
        sliders: columns of sliders; None: all that are no features.

    Raises:
        TableError: fewer people than parts, or there is no column `stratify`.
        ValueError: fractions that are no shares.
    """
    shares = np.asarray(fractions, float)
    if shares.shape != (len(PARTS),) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"The fractions are {tuple(fractions)}. Three shares from 0 with the sum 1 were "
            "expected. Pass those of training, validation and test."
        )
    if stratify is not None and stratify not in table.columns:
        raise TableError(
            f"The table has no column {stratify!r} to stratify by. One of its columns was "
            f"expected, as in {', '.join(map(repr, table.columns[:3]))}. Name another."
        )
    people = _people(table)
    group, look_alikes = _groups(table, people)
    used = int((shares > 0).sum())
    if group.max(initial=-1) + 1 < used:
        raise TableError(
            f"The table shows {group.max(initial=-1) + 1} people who can be told apart. At least "
            f"{used} were expected, one for each part. Use a larger table."
        )
    strata = (
        _distance_quarters(table, group, sliders)
        if stratify is None
        else table[stratify].astype(str).to_numpy(str)
    )
    stratum = _most_common(strata, group)
    part = _deal(group, stratum, shares, np.random.default_rng(seed))
    return Split(part[group], stratum[group], look_alikes)


def split_tables(
    paths: Sequence[Path],
    out: Path,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    stratify: str | None = None,
    given: Path | None = None,
    slider_names: Sequence[str] = (),
) -> dict[str, Any]:
    """Divides one table, or several that share no person, into a data folder.

    The folder gets a table per part, in the project's columns and with all further ones, the schema
    file for them, and split.json with what this function returns. It is whole or not there.

    Raises:
        TableError: the folder is in use, a table cannot be used, or tables share a person.
    """
    import pandas as pd

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TableError(
            f"{out} is in use. A folder that is empty, or not there yet, was expected: a split is "
            "never mixed with another. Name another folder, or remove this one."
        )
    schema, tables = read_project_tables(paths, given, slider_names, further=True)
    check_no_shared_people(tables)
    table = pd.concat(tables.values(), ignore_index=True)
    split = plan_split(table, fractions, seed, stratify, schema.slider_names)
    parts = {name: part for name, part in _parts(table, split).items() if len(part)}
    check_no_shared_people(parts)
    strata = sorted(set(split.stratum))
    record = {
        "seed": seed,
        "fractions": dict(zip(PARTS, map(float, fractions), strict=True)),
        "stratified_by": stratify or "quarters of the sliders' distance from their mean",
        "inputs": [{"file": str(path), "sha256": checksum(path)} for path in paths],
        "rows": {name: len(part) for name, part in parts.items()},
        "people": {name: len(set(_people(part))) for name, part in parts.items()},
        "strata": {
            one: {
                name: int(((split.stratum == one) & (split.part == PARTS.index(name))).sum())
                for name in parts
            }
            for one in strata
        },
        "look_alikes_kept_together": split.look_alikes,
    }
    with whole_folder(out) as partial:
        for name, part in parts.items():
            write_table(storable(part), partial / name / "faces.parquet")
        write_schema(schema, partial / _SCHEMA_FILE)
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        (partial / "split.json").write_text(text, encoding="utf-8")
    return record


def read_parts(
    folder: Path, schema: Path | None = None, slider_names: Sequence[str] = ()
) -> dict[str, pd.DataFrame]:
    """The tables of a data folder by name in PARTS, in the project's columns.

    Args:
        schema: a schema file; None: the folder's own, else the columns are recognised from the
            table to train on.
        slider_names: those of the rig, as for detect_schema.

    Raises:
        TableError: no table to train on or to test with, or tables that share a person.
    """
    if schema is None and (folder / _SCHEMA_FILE).is_file():
        schema = folder / _SCHEMA_FILE
    found: TableSchema | None = None
    parts = {}
    for name in PARTS:
        path = folder / name / "faces.parquet"
        if name == "validation" and not path.is_file():
            continue
        table = read_table(path)
        try:
            # The first is the table to train on.
            found = found or detect_schema(table, slider_names, schema)
            parts[name] = to_project_table(table, found, name)
        except TableError as error:
            raise TableError(f"{path}: {error}") from error
    check_no_shared_people({str(folder / name): table for name, table in parts.items()})
    if "validation" not in parts:
        fractions = (1 - _VALIDATION_SHARE, _VALIDATION_SHARE, 0)
        divided = split_by_person(parts["train"], fractions)
        parts |= {name: divided[name] for name in ("train", "validation")}
    return {name: parts[name] for name in PARTS}


def storable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with text where a column mixes text and numbers, which Parquet cannot hold."""
    import pandas as pd

    table = table.copy()
    for name in table.select_dtypes(object).columns:
        if pd.api.types.infer_dtype(table[name], skipna=True).startswith("mixed"):
            table[name] = table[name].map(str, na_action="ignore")
    return table


def feature_columns(table: pd.DataFrame) -> np.ndarray:
    """(n, d) float32: the encodings, or where the table has none, the landmark features."""
    for names in (ENCODING_FEATURES, LANDMARK_FEATURES):
        if set(names) <= set(table.columns):
            return table[list(names)].to_numpy(np.float32)
    raise ValueError(
        "The table has neither encodings nor landmark features. The project's columns were "
        "expected. Use to_project_table."
    )


def _parts(table: pd.DataFrame, split: Split) -> dict[str, pd.DataFrame]:
    return {
        name: table[split.part == place].reset_index(drop=True) for place, name in enumerate(PARTS)
    }


def _people(table: pd.DataFrame) -> list[str]:
    who = table["person" if "person" in table.columns else "face"]
    return [str(one).strip() for one in who]


def _groups(table: pd.DataFrame, people: Sequence[str]) -> tuple[np.ndarray, list[list[str]]]:
    """(n,) the group of each row, 0 and up by first row; and which people share one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    names, person = np.unique(people, return_inverse=True)
    pairs = [
        (person[group[0]], other)
        for group in near_duplicates(feature_columns(table))
        for other in person[group[1:]]
    ]
    one, other = np.array(pairs, int).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(one)), (one, other)), (len(names), len(names)))
    joined = connected_components(graph, directed=False)[1]
    members: dict[int, list[str]] = {}
    for name, place in zip(names, joined, strict=True):
        members.setdefault(int(place), []).append(str(name))
    order: dict[int, int] = {}
    group = np.array([order.setdefault(int(each), len(order)) for each in joined[person]], int)
    return group, [found for found in members.values() if len(found) > 1]


def _distance_quarters(
    table: pd.DataFrame, group: np.ndarray, sliders: Sequence[str] | None
) -> np.ndarray:
    """(n,) the quarter, 1 to 4, of each row's group by the distance of its sliders."""
    if sliders is None:
        known = {"face", "person", *ALL_FEATURES}
        numeric = table.select_dtypes("number").columns
        sliders = [name for name in numeric if name not in known]
    values = table[list(sliders)].to_numpy(np.float64)
    filled = np.where(np.isfinite(values), values, 0)
    known_counts = np.maximum(np.isfinite(values).sum(axis=0), 1)
    away = np.where(np.isfinite(values), values - filled.sum(axis=0) / known_counts, 0)
    rows = np.bincount(group)
    distance = np.bincount(group, np.linalg.norm(away, axis=1)) / rows
    quarter = np.argsort(np.argsort(distance, kind="stable"), kind="stable") * 4 // len(rows) + 1
    return np.array([f"quarter {each}" for each in quarter])[group]


def _most_common(strata: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(groups,) the stratum of most rows of each group."""
    names, place = np.unique(strata, return_inverse=True)
    pairs, counts = np.unique(np.stack([group, place]), axis=1, return_counts=True)
    best = np.zeros(group.max() + 1, int)
    # Ascending counts: what is written last is the most common.
    order = np.argsort(counts, kind="stable")
    best[pairs[0][order]] = pairs[1][order]
    return names[best]


def _deal(
    group: np.ndarray, stratum: np.ndarray, shares: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """(groups,) the part of each group. Each goes where most rows are lacking; what a stratum could
    not even out the next one does."""
    sizes = np.bincount(group)
    part = np.zeros(len(sizes), int)
    lacking = np.zeros(len(shares))
    for name in np.unique(stratum):
        members = random.permutation(np.flatnonzero(stratum == name))
        members = members[np.argsort(-sizes[members], kind="stable")]
        lacking += shares * sizes[members].sum()
        for member in members:
            chosen = int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
            part[member] = chosen
            lacking[chosen] -= sizes[member]
    for empty in np.flatnonzero((shares > 0) & (np.bincount(part, minlength=len(shares)) == 0)):
        richest = np.argmax(np.bincount(part, minlength=len(shares)))
        candidates = np.flatnonzero(part == richest)
        part[candidates[np.argmin(sizes[candidates])]] = empty
    return part
