"""The table of a rig's targets, and the folder that `fpp rig inspect` writes."""

from __future__ import annotations

import csv
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.rig_inspection import Inspection, inspect_rig, table_lines
from rig.makehuman import load_makehuman
from rig.prepared_rig import load_prepared
from rig.rig import RigError
from rig.target_kinds import EXPRESSION, LEFT_OUT, SHAPE
from rig.target_sliders import TargetRow
from tests.rig.tiny_rig import EXPRESSIONS, SYMMETRIC_SLIDERS

ROWS = (
    TargetRow("jawOpen", EXPRESSION, "jawOpen", 12.0, 0.0, 1.0, "an ARKit expression"),
    TargetRow("nose_incr", SHAPE, "nose_decr|incr", 3.25, -1.0, 1.0, ""),
    TargetRow("ear", SHAPE, "", 0.125, 0.0, 0.0, "does not move the face"),
    TargetRow("nose_decr", SHAPE, "nose_decr|incr", 103.0, -1.0, 1.0, "named as a measure"),
    TargetRow("pose", LEFT_OUT, "", 0.0, 0.0, 0.0, "a correction"),
    TargetRow("mode", SHAPE, "mode", 4.0, -3.0, 3.0, ""),
)


@pytest.fixture(scope="module")
def inspection(
    rendering: None, tiny_rig_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Inspection, list[str]]:
    """Of the tiny rig in MakeHuman's format, and what was reported."""
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("inspected") / "deeper" / "tiny"
    return inspect_rig(tiny_rig_folder, folder, report=lines.append), lines


def test_the_table_has_a_line_for_each_target_under_what_it_became() -> None:
    assert table_lines(ROWS) == [
        "Shape (3 targets)",
        "  nose_incr  moves   3.2 %, -1 to 1, as nose_decr|incr",
        "  nose_decr  moves 103.0 %, -1 to 1, as nose_decr|incr, named as a measure",
        "  mode       moves   4.0 %, -3 to 3",
        "",
        "Expression (1 targets)",
        "  jawOpen  moves  12.0 %, 0 to 1, an ARKit expression",
        "",
        "Left out (2 targets)",
        "  ear   moves   0.1 %, shape, does not move the face",
        "  pose  moves   0.0 %, a correction",
    ]
    assert table_lines(ROWS[:1])[0] == "Expression (1 targets)"
    assert table_lines(()) == []


@pytest.mark.parametrize("length", [20, 44, 45, 300])
def test_long_names_do_not_widen_the_table(length: int) -> None:
    name = "x" * length
    _, line, other = table_lines((TargetRow(name, SHAPE, name, 1.0, 0.0, 1.0, ""), ROWS[5]))
    shown = line.split()[0]
    assert shown == name if length <= 44 else shown == name[:41] + "..."
    assert line.index("moves") == other.index("moves") <= 48


def test_the_folder_holds_what_it_says(inspection: tuple[Inspection, list[str]]) -> None:
    found, lines = inspection
    folder = found.files[0].parent
    assert {path.name for path in found.files} == {
        "sliders.csv",
        "prepared.npz",
        "neutral.png",
        "landmarks.png",
        "sliders_1.png",
    }
    assert set(folder.iterdir()) == set(found.files)
    assert tuple(lines) == found.preparation.facts


def test_the_table_as_a_file_has_the_same_rows(inspection: tuple[Inspection, list[str]]) -> None:
    found, _ = inspection
    (path,) = (path for path in found.files if path.suffix == ".csv")
    header, *rows = csv.reader(path.open(encoding="utf-8"))
    assert header == [*TargetRow.__annotations__]
    assert len(rows) == len(found.preparation.rows)
    for row, known in zip(rows, found.preparation.rows, strict=True):
        for text, value in zip(row, astuple(known), strict=True):
            assert (
                text == value
                if isinstance(value, str)
                else float(text) == pytest.approx(value, abs=5e-4)
            )


def test_makehumans_folder_is_its_own_rig(
    inspection: tuple[Inspection, list[str]], tiny_rig_folder: Path
) -> None:
    found, lines = inspection
    prepared, rig = found.preparation.prepared, load_makehuman(tiny_rig_folder)
    assert found.preparation.source is None
    assert "MakeHuman's head" in lines[0]
    assert tuple(row.name for row in found.preparation.rows) == SYMMETRIC_SLIDERS
    assert all(row.kind == SHAPE and row.moves_percent > 0 for row in found.preparation.rows)
    np.testing.assert_array_equal(prepared.rig.neutral, rig.neutral)
    np.testing.assert_array_equal(prepared.to_source, np.eye(4))
    assert prepared.expression_names == ("eye-left-closure", "mouth-open") == EXPRESSIONS


def test_what_is_saved_is_what_was_found(inspection: tuple[Inspection, list[str]]) -> None:
    found, _ = inspection
    (path,) = (path for path in found.files if path.suffix == ".npz")
    loaded, known = load_prepared(path), found.preparation.prepared
    assert loaded.rig.sliders == known.rig.sliders
    np.testing.assert_array_equal(loaded.landmarks.vertices, known.landmarks.vertices)
    np.testing.assert_allclose(loaded.head.positive, known.head.positive, atol=1e-4)


def test_broken_settings_stop_it_before_anything_is_written(
    tiny_rig_folder: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "mine.toml"
    settings.write_text("[rig]\nup = 'sideways'\n")
    for file in (settings, tmp_path / "none.toml"):
        with pytest.raises(RigError, match=f"{file.name}.*xpected"):
            inspect_rig(tiny_rig_folder, tmp_path / "out", file)
    assert not (tmp_path / "out").exists()


def test_a_rig_that_is_none_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"head\.glb"):
        inspect_rig(tmp_path / "head.glb", tmp_path / "out")
    assert not (tmp_path / "out").exists()
