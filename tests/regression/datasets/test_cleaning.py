from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.cleaning import RULES, clean, clean_table
from regression.datasets.schema import detect_schema, to_project_table
from regression.datasets.tables import TableError, read_table
from vision.features import ENCODING_FEATURES

SHIPPED = Path(__file__).parents[3] / "data" / "test" / "faces.parquet"
ENCODING = list(ENCODING_FEATURES)
SLIDERS = [f"slider_{letter}" for letter in "abcdefghijklmnopqrst"]


def told_table(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Sliders that follow from the encoding but for a fifth of their variance."""
    random = np.random.default_rng(seed)
    encoding = random.normal(0, 0.1, size=(rows, 128))
    rule = random.normal(size=(128, len(SLIDERS)))
    told = encoding @ rule + random.normal(0, 0.5, size=(rows, len(SLIDERS)))
    table = pd.DataFrame(encoding, columns=ENCODING)
    table[SLIDERS] = 1 / (1 + np.exp(-told))
    table.insert(0, "face", [f"face {row}" for row in range(rows)])
    table.insert(1, "person", [f"person {row // 2}" for row in range(rows)])
    return table


def cleaned(table: pd.DataFrame, off: tuple[str, ...] = ()):
    schema = detect_schema(table)
    return clean(to_project_table(table, schema), schema, off)


def test_each_planted_row_is_dropped_by_its_rule() -> None:
    table = told_table()
    table.loc[0, "encoding_007"] = np.nan
    table.loc[1, "encoding_008"] = np.inf
    table.loc[2, ENCODING] = 0.0
    table.loc[3, ENCODING] *= 3
    table.loc[4, "slider_b"] = 1.2
    table.loc[5, "slider_c"] = np.nan
    table.loc[9, ENCODING] = table.loc[6, ENCODING]
    found = cleaned(table, ("noise",))
    assert dict(zip(found.dropped["row"] - 1, found.dropped["rule"], strict=True)) == {
        0: "failed",
        1: "failed",
        2: "failed",
        3: "impossible",
        4: "impossible",
        5: "impossible",
        9: "duplicate",
    }
    assert found.counts() == {"failed": 3, "impossible": 3, "duplicate": 1, "noise": 0}
    reasons = dict(zip(found.dropped["row"] - 1, found.dropped["reason"], strict=True))
    assert "encoding_007" in reasons[0]
    assert "slider_b is 1.2" in reasons[4]
    assert "row 7, face 'face 6'" in reasons[9]
    assert set(np.flatnonzero(~found.keep)) == set(reasons)


def test_impossible_landmarks_are_dropped() -> None:
    table = read_table(SHIPPED).head(200)
    table.loc[3, "ratio_nose_width"] = 0.0
    table.loc[4, "pose_pitch"] = -120.0
    table.loc[5, "face_size_millimetres"] = -4.0
    table.loc[6, "ratio_chin_depth"] = -0.25  # signed: nothing impossible
    found = cleaned(table, ("noise",))
    assert list(found.dropped["row"] - 1) == [3, 4, 5]
    assert set(found.dropped["rule"]) == {"impossible"}


@pytest.mark.parametrize("rule", RULES)
def test_rules_can_be_switched_off(rule: str) -> None:
    table = told_table()
    table.loc[0, "encoding_007"] = np.nan
    table.loc[4, "slider_b"] = 1.2
    table.loc[9, ENCODING] = table.loc[6, ENCODING]
    table.loc[20:24, SLIDERS] = table.loc[320:324, SLIDERS].to_numpy()
    assert cleaned(table).counts()[rule] > 0
    without = cleaned(table, (rule,))
    assert without.counts()[rule] == 0
    if rule == "failed":
        assert without.keep[0]
    assert cleaned(table, tuple(RULES)).keep.all()


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_planted_noise_is_found_and_good_rows_stay(share: float) -> None:
    table = told_table(1500)
    planted = np.random.default_rng(1).permutation(len(table))[: int(share * len(table))]
    table.loc[planted, SLIDERS] = table.loc[np.roll(planted, 1), SLIDERS].to_numpy()
    dropped = ~cleaned(table).keep
    good = np.ones(len(table), bool)
    good[planted] = False
    assert dropped[planted].mean() > 0.9
    assert dropped[good].mean() < 0.01


def test_planted_noise_is_found_among_rendered_faces() -> None:
    table = read_table(SHIPPED)
    schema = detect_schema(table)
    sliders = list(schema.sliders)
    before = cleaned(table)
    assert (~before.keep).mean() < 0.015
    planted = np.random.default_rng(0).permutation(len(table))[:130]
    table.loc[planted, sliders] = table.loc[np.roll(planted, 1), sliders].to_numpy()
    dropped = ~cleaned(table).keep
    good = np.ones(len(table), bool)
    good[planted] = False
    assert dropped[planted].mean() > 0.6
    assert dropped[good].mean() < 0.015


def test_noise_says_nothing_where_nothing_can_be_said() -> None:
    table = told_table()
    random = np.random.default_rng(5)
    untold = table.copy()
    untold[SLIDERS] = random.uniform(size=(len(table), len(SLIDERS)))
    for hopeless in (table.head(30), untold, table.assign(**dict.fromkeys(SLIDERS, 0.5))):
        found = cleaned(hopeless)
        assert found.keep.all()
        assert "says nothing" in found.notes[0]


def test_the_table_stays_and_every_row_is_in_one_of_two_files(tmp_path: Path) -> None:
    table = told_table()
    table["further"] = "kept | as it is"
    table["encoding_003"] = table["encoding_003"].astype(object)
    table.loc[7, "encoding_003"] = "no face"
    table[SLIDERS] *= 100
    given = tmp_path / "given.toml"
    given.write_text("maximum = 100")
    path, out = tmp_path / "faces.csv", tmp_path / "out"
    table.to_csv(path, index=False)
    before = path.read_bytes()
    found = clean_table(path, out, given)
    assert path.read_bytes() == before
    left, dropped = read_table(out / "faces.parquet"), pd.read_csv(out / "dropped.csv")
    assert list(left.columns) == list(table.columns)
    assert sorted([*left["face"], *dropped["face"]]) == sorted(table["face"])
    assert list(dropped.columns) == ["row", "face", "person", "rule", "reason"]
    row = left.iloc[3]
    same = table.set_index("face").loc[row["face"]]
    assert math.isclose(row["slider_a"], same["slider_a"])
    assert left["encoding_003"].dtype == np.float64
    text = (out / "cleaning.md").read_text()
    assert f"{int(found.keep.sum())} of {len(table)} rows" in text
    assert all(f"| {rule} |" in text for rule in RULES)


def test_cleaning_that_would_lose_everything_is_refused(tmp_path: Path) -> None:
    table = told_table(20)
    table.to_csv(tmp_path / "good.csv", index=False)
    clean_table(tmp_path / "good.csv", tmp_path / "out")
    kept = (tmp_path / "out" / "faces.parquet").read_bytes()
    with pytest.raises(TableError, match="never changed"):
        clean_table(tmp_path / "out" / "faces.parquet", tmp_path / "out")
    assert (tmp_path / "out" / "faces.parquet").read_bytes() == kept
    table["encoding_003"] = np.where(np.arange(20) > 0, np.inf, np.nan)
    table.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(TableError, match="No row of .* is left .*failed 20"):
        clean_table(tmp_path / "bad.csv", tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    with pytest.raises(ValueError, match="'nonsense'"):
        cleaned(told_table(20), ("nonsense",))
