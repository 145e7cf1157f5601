"""What the user says of a rig: a small TOML file beside it (docs/rig-settings.md).

Nothing in it is needed. It is for what cannot be told from the mesh and the names, or is told
wrongly.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rig.rig import RigError

AXES = ("x", "-x", "y", "-y", "z", "-z")

_KEYS = {
    "rig": ("name", "licence", "up", "front", "millimetres_per_unit"),
    "sliders": ("expression", "shape", "leave_out", "twins", "opposites"),
}


@dataclass(frozen=True)
class RigSettings:
    """What the user says of a rig; None or nothing where it is to be found out.

    name, licence: of the rig.
    up, front: the axis of the file (one of AXES) that goes up, and the one the face looks along.
    millimetres_per_unit: of the file's coordinates.
    expression, shape, leave_out: patterns with * and ? for target names, in any case of letters;
        they go before what the names say by themselves, and leave_out goes first.
    ranges: pattern, (lowest, highest value); of several patterns that fit, the first counts.
    twins: whether left and right move together.
    opposites: pairs of name endings or words, minus first, that make two targets one slider.
    """

    name: str | None = None
    licence: str | None = None
    up: str | None = None
    front: str | None = None
    millimetres_per_unit: float | None = None
    expression: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    ranges: tuple[tuple[str, tuple[float, float]], ...] = ()
    twins: bool = True
    opposites: tuple[tuple[str, str], ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        """All patterns for target names, each once."""
        ranges = (pattern for pattern, _ in self.ranges)
        return tuple(dict.fromkeys((*self.leave_out, *self.expression, *self.shape, *ranges)))


def matches(name: str, pattern: str) -> bool:
    """Whether a target's name fits a pattern with * and ?, in any case of letters.

    Spaces in the pattern fit underscores: names read from files have no spaces.
    """
    return fnmatchcase(name.lower(), pattern.lower()) or fnmatchcase(
        name.lower(), pattern.lower().replace(" ", "_")
    )


def find_settings(rig_path: Path) -> RigSettings:
    """The settings beside a rig: HEAD.toml for HEAD.glb, rig.toml in a folder; defaults without.

    Raises RigError for a file that cannot be understood.
    """
    path = rig_path / "rig.toml" if rig_path.is_dir() else rig_path.with_suffix(".toml")
    return load_settings(path) if path.is_file() else RigSettings()


def load_settings(path: Path) -> RigSettings:
    """Reads a settings file.

    Raises RigError naming the file, the key, and what is allowed there.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RigError(
            f"{path} cannot be read as rig settings ({error}). A TOML file in UTF-8 with the "
            "tables [rig], [sliders] and [ranges] was expected. Correct it as "
            "docs/rig-settings.md shows."
        ) from error
    _check_keys(path, "", document, (*_KEYS, "ranges"))
    tables = {name: document.get(name, {}) for name in (*_KEYS, "ranges")}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise _refuse(path, name, table, f"a table, [{name}]")
        if name in _KEYS:
            _check_keys(path, name, table, _KEYS[name])
    rig, sliders = tables["rig"], tables["sliders"]
    up, front = _axis(path, rig, "up"), _axis(path, rig, "front")
    if up and front and up[-1] == front[-1]:
        raise _refuse(path, "rig.front", front, f"another axis than up, which is {up}")
    return RigSettings(
        name=_text(path, rig, "name"),
        licence=_text(path, rig, "licence"),
        up=up,
        front=front,
        millimetres_per_unit=_millimetres(path, rig),
        expression=_patterns(path, sliders, "expression"),
        shape=_patterns(path, sliders, "shape"),
        leave_out=_patterns(path, sliders, "leave_out"),
        ranges=_ranges(path, tables["ranges"]),
        twins=_switch(path, sliders, "twins"),
        opposites=_pairs(path, sliders),
    )


def _refuse(path: Path, key: str, value: Any, expected: str) -> RigError:
    return RigError(
        f"{path}: {key} is {value!r}. Expected {expected}. Correct it as docs/rig-settings.md "
        "shows, or leave it out."
    )


def _check_keys(path: Path, table: str, found: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in found:
        if key not in allowed:
            where = f"in [{table}]" if table else "at its top"
            raise RigError(
                f"{path} has the key {key!r} {where}. Expected only {', '.join(allowed)} there. "
                "Correct the key's spelling or table, or remove it."
            )


def _text(path: Path, table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise _refuse(path, f"rig.{key}", value, 'a text in quotes, such as "MIT"')
    return value.strip()


def _axis(path: Path, table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    axis = value.strip().lower().removeprefix("+") if isinstance(value, str) else value
    if axis not in AXES:
        raise _refuse(path, f"rig.{key}", value, f"one of {', '.join(AXES)}")
    return str(axis)


def _millimetres(path: Path, table: Mapping[str, Any]) -> float | None:
    value = table.get("millimetres_per_unit")
    if value is None:
        return None
    if not _is_number(value) or value <= 0:
        expected = "a number above 0: 1000 for metres, 10 for centimetres"
        raise _refuse(path, "rig.millimetres_per_unit", value, expected)
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _patterns(path: Path, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(part, str) and part for part in value):
        expected = 'a list of target names or patterns in quotes, such as ["mouth*", "jaw?pen"]'
        raise _refuse(path, f"sliders.{key}", value, expected)
    return tuple(value)


def _switch(path: Path, table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, True)
    if not isinstance(value, bool):
        raise _refuse(path, f"sliders.{key}", value, "true or false")
    return value


def _pairs(path: Path, table: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    value = table.get("opposites", [])
    expected = 'a list of pairs, minus first, such as [["_thin", "_fat"]]'
    if not isinstance(value, list):
        raise _refuse(path, "sliders.opposites", value, expected)
    for pair in value:
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(word, str) and word for word in pair)
            and pair[0].lower() != pair[1].lower()
        ):
            raise _refuse(path, "sliders.opposites", pair, expected)
    return tuple((minus, plus) for minus, plus in value)


def _ranges(path: Path, table: Mapping[str, Any]) -> tuple[tuple[str, tuple[float, float]], ...]:
    for pattern, value in table.items():
        if not (
            isinstance(value, list)
            and len(value) == 2
            and all(map(_is_number, value))
            and value[0] <= 0 <= value[1]
            and value[0] < value[1]
        ):
            expected = "[lowest, highest] with 0 between them or at one end, such as [-2, 2]"
            raise _refuse(path, f'ranges."{pattern}"', value, expected)
    return tuple((pattern, (float(low), float(high))) for pattern, (low, high) in table.items())
