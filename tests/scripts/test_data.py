"""`fpp data` as a user meets it: in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from regression.datasets.cleaning import RULES
from regression.datasets.splitting import FRACTIONS, PARTS, read_parts
from scripts import data
from tests.regression.datasets.test_cleaning import told_table

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.main", "data", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_choices_are_those_of_the_library() -> None:
    # They are written twice so that --help need not import the library.
    assert tuple(RULES) == data.RULES
    assert FRACTIONS == (0.8, 0.1, 0.1)


@pytest.mark.parametrize("action", ["describe", "clean", "split"])
def test_every_action_shows_examples(action: str) -> None:
    done = run(action, "--help")
    assert done.returncode == 0
    assert f"  fpp data {action} " in done.stdout.partition("examples:")[2]


def test_a_table_is_described_cleaned_and_split(tmp_path: Path) -> None:
    table = told_table(300)
    table.loc[5, "encoding_000"] = float("nan")
    table.to_csv(tmp_path / "faces.csv", index=False)
    described = run("describe", tmp_path / "faces.csv", "--out", tmp_path / "description")
    assert described.returncode == 0, described.stderr
    assert "Rows: 300. People: 150." in described.stdout
    assert "Missing values: 1." in described.stdout
    assert "1 cells" in (tmp_path / "description" / "description.md").read_text()

    cleaned = run("clean", tmp_path / "faces.csv", "--out", tmp_path / "clean", "--keep", "noise")
    assert cleaned.returncode == 0, cleaned.stderr
    assert "failed      1\n" in cleaned.stdout
    assert "noise       switched off\n" in cleaned.stdout
    assert len(pd.read_csv(tmp_path / "clean" / "dropped.csv")) == 1

    out = tmp_path / "data"
    arguments = (tmp_path / "clean" / "faces.parquet", "--out", out, "--fractions", "0.5,0.25,0.25")
    split = run("split", *arguments)
    assert split.returncode == 0, split.stderr
    parts = read_parts(out)
    assert sum(len(parts[name]) for name in PARTS) == 299
    record = json.loads((out / "split.json").read_text())
    for name in PARTS:
        rows = f"{name:<12}{record['rows'][name]} rows"
        assert rows in split.stdout
    again = run("split", *arguments)
    assert again.returncode == 1
    assert f"error: {out} is in use" in again.stderr


def test_errors_have_three_parts_and_no_traceback(tmp_path: Path) -> None:
    table = told_table(30)
    sliders = [name for name in table.columns if name.startswith("slider")]
    table.drop(columns="encoding_003").to_csv(tmp_path / "no_encoding.csv", index=False)
    table.drop(columns=sliders).to_csv(tmp_path / "no_sliders.csv", index=False)
    table.head(0).to_csv(tmp_path / "no_rows.csv", index=False)
    for name in ("missing", "no_encoding", "no_sliders", "no_rows"):
        path = tmp_path / f"{name}.csv"
        done = run("clean", path, "--out", tmp_path / "out")
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: {path}")
        assert "expected" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["describe"],
        ["clean", "a.csv"],
        ["clean", "a.csv", "--out", "x", "--keep", "nonsense"],
        ["split", "a.csv", "--out", "x", "--fractions", "0.5,0.6,0.1"],
        ["split", "a.csv", "--out", __file__],
    ],
)
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    done = run(*wrong)
    assert done.returncode == 2
    assert "error: " in done.stderr
