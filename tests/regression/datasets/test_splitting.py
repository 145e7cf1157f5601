from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.splitting import (
    PARTS,
    check_no_shared_people,
    plan_split,
    read_parts,
    split_by_person,
    split_tables,
)
from regression.datasets.tables import TableError, write_table
from vision.features import ENCODING_FEATURES

SLIDERS = ("jaw", "nose", "brow")
FRACTIONS = (0.7, 0.1, 0.2)


def people_table(people: int = 400, seed: int = 0) -> pd.DataFrame:
    """One to four rows per person, in a mixed order, from sources of different size."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), random.integers(1, 5, people))
    random.shuffle(person)
    rows = len(person)
    names = {
        "face": [f"face-{seed}-{row}" for row in range(rows)],
        "person": [f"p{seed}-{one}" for one in person],
        "source": np.array(["a", "b", "c"])[np.minimum(person % 5, 2)],
    }
    encoding = random.normal(size=(rows, 128)).astype(np.float32)
    sliders = random.uniform(size=(rows, len(SLIDERS))).astype(np.float32)
    return pd.concat(
        [
            pd.DataFrame(names),
            pd.DataFrame(encoding, columns=list(ENCODING_FEATURES)),
            pd.DataFrame(sliders, columns=list(SLIDERS)),
        ],
        axis=1,
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("stratify", [None, "source"])
def test_nobody_is_on_two_sides_and_every_row_is_there_once(
    seed: int, stratify: str | None
) -> None:
    table = people_table()
    parts = split_by_person(table, FRACTIONS, seed, stratify)
    assert tuple(parts) == PARTS
    together = pd.concat(parts.values()).sort_values("face", ignore_index=True)
    pd.testing.assert_frame_equal(together, table.sort_values("face", ignore_index=True))
    people = [set(part["person"]) for part in parts.values()]
    assert len(set.union(*people)) == sum(map(len, people))
    for part, share in zip(parts.values(), FRACTIONS, strict=True):
        assert len(part) / len(table) == pytest.approx(share, abs=0.01)


def test_the_seed_says_who_goes_where() -> None:
    table = people_table()
    first, same, other = (split_by_person(table, FRACTIONS, seed) for seed in (3, 3, 4))
    for name in PARTS:
        pd.testing.assert_frame_equal(first[name], same[name])
    assert set(first["test"]["person"]) != set(other["test"]["person"])


@pytest.mark.parametrize("stratify", [None, "source"])
def test_each_stratum_has_its_share_of_every_part(stratify: str | None) -> None:
    table = people_table(900)
    split = plan_split(table, FRACTIONS, 0, stratify)
    if stratify:
        assert list(split.stratum) == list(table["source"])
    else:
        assert len(set(split.stratum)) == 4
    for stratum in set(split.stratum):
        part = split.part[split.stratum == stratum]
        shares = np.bincount(part, minlength=3) / len(part)
        np.testing.assert_allclose(shares, FRACTIONS, atol=0.02)


def test_people_with_nearly_the_same_features_stay_together() -> None:
    table = people_table()
    encoding = list(ENCODING_FEATURES)
    random = np.random.default_rng(1)
    firsts = table.drop_duplicates("person").index
    pairs = [(firsts[2 * place], firsts[2 * place + 1]) for place in range(60)]
    for one, other in pairs:
        copied = table.loc[one, encoding].to_numpy(np.float32)
        table.loc[other, encoding] = copied + random.normal(0, 0.01, 128).astype(np.float32)
    split = plan_split(table, FRACTIONS, 0)
    expected = {frozenset(table.loc[list(pair), "person"]) for pair in pairs}
    assert {frozenset(group) for group in split.look_alikes} == expected
    parts = split_by_person(table, FRACTIONS, 0)
    for pair in expected:
        assert sum(pair <= set(part["person"]) for part in parts.values()) == 1


def test_shared_people_are_refused_as_text() -> None:
    one, other = people_table(20, 1), people_table(20, 2)
    check_no_shared_people({"one": one, "other": other})
    one["person"], other["person"] = range(len(one)), [str(n + 5) for n in range(len(other))]
    with pytest.raises(TableError, match="'5' is in one and in other"):
        check_no_shared_people({"one": one, "other": other})


def test_too_few_people_and_unknown_columns_are_refused() -> None:
    table = people_table(2)
    with pytest.raises(TableError, match="shows 2 people"):
        split_by_person(table)
    assert len(split_by_person(table, (0.5, 0, 0.5))["test"])
    assert all(len(part) for part in split_by_person(people_table(3)).values())
    with pytest.raises(TableError, match="'colour'"):
        split_by_person(people_table(), stratify="colour")
    with pytest.raises(ValueError, match="shares"):
        split_by_person(people_table(), (0.5, 0.1, 0.1))


def test_a_written_split_is_read_as_it_was(tmp_path: Path) -> None:
    table = people_table()
    table["quality"] = 0.5  # no slider, but it looks like one
    given = tmp_path / "given.toml"
    given.write_text('sliders = ["jaw", "nose", "brow"]')
    table.to_csv(tmp_path / "all.csv", index=False)
    out = tmp_path / "new" / "data"
    record = split_tables([tmp_path / "all.csv"], out, FRACTIONS, 1, "source", given)
    assert json.loads((out / "split.json").read_text()) == record
    assert sum(record["rows"].values()) == len(table)
    assert len(record["inputs"][0]["sha256"]) == 64
    parts = read_parts(out)
    columns = ["face", "person", *ENCODING_FEATURES, *SLIDERS]
    expected = split_by_person(table, FRACTIONS, 1, "source")
    for name in PARTS:
        assert list(parts[name].columns) == columns
        assert list(parts[name]["face"]) == list(expected[name]["face"])
        assert "quality" in pd.read_parquet(out / name / "faces.parquet").columns
    again = split_tables([tmp_path / "all.csv"], tmp_path / "twice", FRACTIONS, 1, "source", given)
    assert again == record
    for path in out.rglob("*.*"):
        if path.is_file():
            assert (tmp_path / "twice" / path.relative_to(out)).read_bytes() == path.read_bytes()


def test_a_split_is_whole_or_not_there(tmp_path: Path) -> None:
    one, other = people_table(30, 1), people_table(30, 2)
    other.loc[0, "person"] = one.loc[0, "person"]
    paths = [tmp_path / "one.parquet", tmp_path / "other.parquet"]
    for path, table in zip(paths, (one, other), strict=True):
        write_table(table, path)
    with pytest.raises(TableError, match="is in .*one.parquet and in .*other.parquet"):
        split_tables(paths, tmp_path / "data")
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    split_tables(paths[:1], tmp_path / "data")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    with pytest.raises(TableError, match="is in use"):
        split_tables(paths[1:], tmp_path / "data")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def test_without_a_validation_table_a_tenth_of_the_people_is_one(tmp_path: Path) -> None:
    train, test = people_table(300, 1), people_table(50, 2)
    write_table(train, tmp_path / "train" / "faces.parquet")
    write_table(test, tmp_path / "test" / "faces.parquet")
    parts = read_parts(tmp_path)
    assert tuple(parts) == PARTS
    check_no_shared_people(parts)
    assert len(parts["validation"]) == pytest.approx(len(train) / 10, rel=0.1)
    assert len(parts["train"]) + len(parts["validation"]) == len(train)
    assert list(parts["test"]["face"]) == list(test["face"])
    write_table(train.iloc[:9], tmp_path / "validation" / "faces.parquet")
    with pytest.raises(TableError, match="train.* and in .*validation"):
        read_parts(tmp_path)


def test_rows_without_names_are_different_people_in_every_part(tmp_path: Path) -> None:
    for seed, name in enumerate(PARTS):
        table = people_table(20, seed).drop(columns=["face", "person"])
        write_table(table, tmp_path / name / "faces.parquet")
    assert read_parts(tmp_path)["test"]["person"].is_unique
    (tmp_path / "test" / "faces.parquet").unlink()
    with pytest.raises(TableError, match="test"):
        read_parts(tmp_path)
