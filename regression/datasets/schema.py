"""Which columns of a table are what, in tables of this project and from elsewhere.

docs/tables.md says it for users.

The study that this project grew from had 128 columns of an encoding and 50 of blendshapes. Such a
table is recognised by its columns' names and values, or told by a small TOML file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import TableError, read_table
from vision.features import ALL_FEATURES, ENCODING_FEATURES, LANDMARK_FEATURES

if TYPE_CHECKING:
    import pandas as pd

_MOSTLY = 0.95
"""The share of a column's values that must be numbers, or lie in 0..1, for it to count as such: a
table that needs cleaning is still recognised."""

# Columns that no one means as sliders, whatever their values.
_NO_SLIDERS = """
    face person source expression_strength index id row number name file path photo image subject
    identity age gender sex label class split part fold weight
"""
_NO_SLIDER_PATTERNS = ("camera_*", "unnamed:*", "*_id", "*_index", "level_[0-9]")
_SCHEMA_KEYS = ("person", "face", "encoding", "sliders", "minimum", "maximum")


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, by the names that they have in it.

    Attributes:
        face: what says which face a row is; None: rows are numbered.
        person: what says whose face it is; None: each row is a person of its own.
        encoding: 128 columns in their order, or none.
        landmarks: LANDMARK_FEATURES, or none.
        sliders: columns of slider values.
        minimum, maximum: what the sliders go from and to; (0, 1) are the project's own.
    """

    face: str | None
    person: str | None
    encoding: tuple[str, ...]
    landmarks: tuple[str, ...]
    sliders: tuple[str, ...]
    minimum: float = 0.0
    maximum: float = 1.0

    @property
    def features(self) -> tuple[str, ...]:
        """The project's names of the features that the table has."""
        return (ENCODING_FEATURES if self.encoding else ()) + self.landmarks

    @property
    def slider_names(self) -> tuple[str, ...]:
        """The project's names of the sliders: without spaces, which rig files separate by."""
        return tuple(re.sub(r"\s+", "_", name.strip()) for name in self.sliders)


def detect_schema(
    table: pd.DataFrame, slider_names: Sequence[str] = (), given: Path | None = None
) -> TableSchema:
    """Finds out which columns are what.

    Args:
        slider_names: those of the rig. Where the table has some of them, they are its sliders.
        given: a schema file (docs/tables.md), which is believed where it says something.

    Raises:
        TableError: the table is empty, has no features or no sliders, more than one run of columns
            could be the encoding, or the schema file does not fit.
    """
    if not len(table):
        raise TableError(
            "The table has no rows. At least one face was expected. Name another table."
        )
    table = _with_text_names(table)
    told = _read_schema_file(given) if given else {}
    where = f"The schema file {given}"
    person, face = (
        _told_column(table, told, key, where) or (key if key in table.columns else None)
        for key in ("person", "face")
    )
    if "encoding" in told:
        encoding = _told_encoding(table, told["encoding"], where)
    else:
        encoding = _find_encoding(table)
    landmarks = LANDMARK_FEATURES if set(LANDMARK_FEATURES) <= set(table.columns) else ()
    if not encoding and not landmarks:
        raise TableError(
            f"None of the table's {table.shape[1]} columns are features. An encoding (128 numeric "
            "columns with one prefix, numbered 0 to 127 or 1 to 128) or the landmark features were "
            "expected. Say in a schema file which columns they are (--schema, docs/tables.md)."
        )
    others = {*encoding, *ALL_FEATURES, person, face}
    minimum, maximum = _limits(told, where)
    if "sliders" in told:
        sliders = _matching(table, told["sliders"], "sliders", where)
    else:
        sliders = tuple(name for name in slider_names if name in table.columns)
        sliders = sliders or _find_sliders(table, others, minimum, maximum)
    schema = TableSchema(face, person, encoding, landmarks, sliders, minimum, maximum)
    _check(schema, others)
    return schema


def to_project_table(
    table: pd.DataFrame, schema: TableSchema, name: str = "row", further: bool = False
) -> pd.DataFrame:
    """The table with the project's column names: face, person, features, sliders.

    Names of faces and people become text, all else float32, sliders 0..1 (not clipped). Cells that
    are no numbers become nan. A row without a person is a person of its own.

    Args:
        name: what rows of a table without names of faces are called, as in "row-000001".
        further: append the other columns as they are; one whose name the project uses otherwise is
            called NAME_as_given.

    Raises:
        TableError: a column of the schema is not there, or two have one name.
    """
    import pandas as pd

    table = _with_text_names(table)
    sliders = schema.sliders
    known = [one for one in (schema.face, schema.person) if one]
    used = [*known, *schema.encoding, *schema.landmarks, *sliders]
    missing = [one for one in used if one not in table.columns]
    if missing:
        raise TableError(
            f"The table lacks {len(missing)} columns, {missing[0]!r} first. The columns of the "
            "table that its schema was made for were expected. Use tables of one kind."
        )
    numbered = pd.Series([f"{name}-{row:06d}" for row in range(1, len(table) + 1)], table.index)
    face = _texts(table[schema.face]).fillna(numbered) if schema.face else numbered
    person = _texts(table[schema.person]).fillna(face) if schema.person else face
    numbers = table[[*schema.encoding, *schema.landmarks, *sliders]].apply(_numbers)
    numbers.columns = pd.Index([*schema.features, *schema.slider_names])
    units = numbers[list(schema.slider_names)]
    numbers[list(schema.slider_names)] = (units - schema.minimum) / (
        schema.maximum - schema.minimum
    )
    people = pd.DataFrame({"face": face, "person": person})
    parts = [people, numbers.astype(np.float32)]
    if further:
        left = table.drop(columns=list(dict.fromkeys(used)))
        taken = {"face", "person", *numbers.columns}
        renamed = {one: f"{one}_as_given" for one in left.columns if one in taken}
        parts.append(left.rename(columns=renamed))
    return pd.concat(parts, axis=1).reset_index(drop=True)


def read_project_tables(
    paths: Sequence[Path],
    given: Path | None = None,
    slider_names: Sequence[str] = (),
    further: bool = False,
) -> tuple[TableSchema, dict[str, pd.DataFrame]]:
    """Reads tables of one kind; the schema is that of the first. By path: the project's columns.

    Raises:
        TableError: a table cannot be read or used; the message names it.
    """
    schema: TableSchema | None = None
    tables = {}
    for path in paths:
        table = read_table(path)
        try:
            if not len(table):
                detect_schema(table)
            schema = schema or detect_schema(table, slider_names, given)
            name = path.stem if len(paths) > 1 else "row"
            tables[str(path)] = to_project_table(table, schema, name, further)
        except TableError as error:
            raise TableError(f"{path}: {error}") from error
    if schema is None:
        raise ValueError("No table was named. At least one was expected. Pass its path.")
    return schema, tables


def write_schema(schema: TableSchema, path: Path) -> None:
    """Writes the schema file of a table that to_project_table has made with this schema."""
    lines = ['face = "face"', 'person = "person"']
    for key, names in (
        ("encoding", ENCODING_FEATURES if schema.encoding else ()),
        ("sliders", schema.slider_names),
    ):
        if names:
            rows = "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in names)
            lines.append(f"{key} = [\n{rows}]")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _with_text_names(table: pd.DataFrame) -> pd.DataFrame:
    table = table.rename(columns=str)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise TableError(
            f"The table has two columns called {twice[0]!r}. Each name once was expected. Rename "
            "one of them."
        )
    return table


def _numbers(column: pd.Series) -> pd.Series:
    """float64; nan for what is no number."""
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").astype(np.float64)


def _is_numeric(column: pd.Series) -> bool:
    """Whether nearly all of its cells that are not empty are numbers."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    filled = column.dropna()
    return len(filled) > 0 and bool(_numbers(filled).notna().mean() >= _MOSTLY)


def _texts(column: pd.Series) -> pd.Series:
    """Names as text, nan for none. 7, 7.0 and "7" are one name: a gap in a CSV column of whole
    numbers makes floats of them."""
    import pandas as pd

    if pd.api.types.is_float_dtype(column):
        filled = column.dropna()
        if (filled % 1 == 0).all():
            return filled.astype(np.int64).astype(str).reindex(column.index)
    texts = column.astype(str).str.strip()
    return texts.where(column.notna() & (texts != ""))


def _find_encoding(table: pd.DataFrame) -> tuple[str, ...]:
    """The project's own columns, else the one run of 128 numbered columns; () if there is none."""
    columns = list(table.columns)
    if set(ENCODING_FEATURES) <= set(columns):
        return ENCODING_FEATURES
    runs: dict[str, dict[int, str]] = {}
    for name in columns:
        match = re.fullmatch(r"(.*?)(\d+)", name)
        if match and len(match[2]) <= 9:
            runs.setdefault(match[1], {})[int(match[2])] = name
    found = []
    for run in runs.values():
        first = min(run)
        if first in (0, 1) and sorted(run) == list(range(first, first + len(ENCODING_FEATURES))):
            ordered = tuple(run[number] for number in sorted(run))
            if all(_is_numeric(table[name]) for name in ordered):
                found.append(ordered)
    if len(found) > 1:
        # 128 numbered sliders look alike, but an encoding has negative numbers.
        found = [
            run for run in found if not all(_lies_in(table[name], 0, 1) for name in run)
        ] or found
    if len(found) > 1:
        raise TableError(
            f"The columns from {found[0][0]!r} and those from {found[1][0]!r} may both be the "
            "encoding. One run of 128 numbered columns was expected. Say in a schema file which it "
            "is (--schema, docs/tables.md)."
        )
    return found[0] if found else ()


def _find_sliders(
    table: pd.DataFrame, others: set[str | None], minimum: float, maximum: float
) -> tuple[str, ...]:
    """Numeric columns that are nothing else and whose values lie between the limits."""

    def may_be(name: str) -> bool:
        plain = name.strip().lower()
        return (
            name not in others
            and plain not in _NO_SLIDERS.split()
            and not any(fnmatchcase(plain, pattern) for pattern in _NO_SLIDER_PATTERNS)
        )

    return tuple(
        name
        for name in table.columns
        if may_be(name)
        and _is_numeric(table[name])
        and _lies_in(table[name], min(minimum, maximum), max(minimum, maximum))
    )


def _lies_in(column: pd.Series, low: float, high: float) -> bool:
    numbers = _numbers(column).to_numpy()
    finite = numbers[np.isfinite(numbers)]
    return len(finite) > 0 and bool(((finite >= low) & (finite <= high)).mean() >= _MOSTLY)


def _check(schema: TableSchema, others: set[str | None]) -> None:
    if not schema.sliders:
        raise TableError(
            "The table has no sliders. Columns with the rig's slider names, or numeric columns "
            "with values 0 to 1, were expected. Say in a schema file which columns they are, and "
            "their minimum and maximum (--schema, docs/tables.md)."
        )
    names = schema.slider_names
    wrong = [one for one, name in zip(schema.sliders, names, strict=True) if {one, name} & others]
    twice = [one for one, name in zip(schema.sliders, names, strict=True) if names.count(name) > 1]
    reserved = [one for one in names if one in ("face", "person", *ALL_FEATURES)]
    for bad, what in (
        (wrong or reserved, "is a slider and something else too"),
        (twice, "has the name of another slider once its spaces are underscores"),
    ):
        if bad:
            raise TableError(
                f"The column {bad[0]!r} {what}. Each column in one role with a name of its own was "
                "expected. Rename the column, or name other sliders (--schema, docs/tables.md)."
            )


def _read_schema_file(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(
            f"{path} cannot be read as a schema file ({error}). A TOML file was expected. "
            "docs/tables.md shows one."
        ) from error
    unknown = [key for key in told if key not in _SCHEMA_KEYS]
    if unknown:
        raise TableError(
            f"{path} holds the key {unknown[0]!r}. Only {', '.join(_SCHEMA_KEYS)} were expected. "
            "Correct it; docs/tables.md shows one."
        )
    return told


def _told_column(table: pd.DataFrame, told: dict[str, Any], key: str, where: str) -> str | None:
    if key not in told:
        return None
    if not isinstance(told[key], str) or told[key] not in table.columns:
        raise TableError(
            f"{where} names the column {told[key]!r} as {key}, which the table has not. The name "
            "of one of its columns was expected. Correct it."
        )
    return told[key]


def _matching(table: pd.DataFrame, told: Any, key: str, where: str) -> tuple[str, ...]:
    """The columns that names and patterns stand for, in the order told."""
    entries = [told] if isinstance(told, str) else told
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise TableError(
            f"{where} has {told!r} as {key}. A name, a pattern as in 'blend_*', or a list of "
            "either was expected. Correct it."
        )

    def of(entry: str) -> Iterator[str]:
        if entry in table.columns:
            return iter((entry,))
        return (name for name in table.columns if fnmatchcase(name, entry))

    found = {entry: list(of(entry)) for entry in entries}
    nothing = [entry for entry, names in found.items() if not names]
    if nothing:
        raise TableError(
            f"{where} names {nothing[0]!r} in {key}, and no column is called so. Names or patterns "
            "of the table's columns were expected. Correct it."
        )
    return tuple(dict.fromkeys(name for names in found.values() for name in names))


def _told_encoding(table: pd.DataFrame, told: Any, where: str) -> tuple[str, ...]:
    found = _matching(table, told, "encoding", where)
    if len(found) != len(ENCODING_FEATURES):
        raise TableError(
            f"{where} names {len(found)} columns as encoding. {len(ENCODING_FEATURES)} were "
            "expected. Correct it."
        )
    numbers = [re.search(r"(\d+)$", name) for name in found]
    if isinstance(told, str) and all(numbers):
        # A pattern finds enc_10 before enc_2 in a table that was sorted by name.
        order = np.argsort([int(number[1]) for number in numbers if number], kind="stable")
        return tuple(found[place] for place in order)
    return found


def _limits(told: dict[str, Any], where: str) -> tuple[float, float]:
    minimum, maximum = told.get("minimum", 0), told.get("maximum", 1)
    numbers = all(isinstance(one, int | float) for one in (minimum, maximum))
    if not numbers or not np.isfinite([minimum, maximum]).all() or minimum >= maximum:
        raise TableError(
            f"{where} has the minimum {minimum!r} and the maximum {maximum!r}. Two numbers, the "
            "first below the second, were expected. Correct it."
        )
    return float(minimum), float(maximum)
