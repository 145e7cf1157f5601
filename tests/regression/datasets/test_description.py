from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from regression.datasets.description import (
    correlations,
    describe,
    mahalanobis,
    strongest,
)
from regression.datasets.description_files import describe_tables
from regression.datasets.duplicates import near_duplicates
from regression.datasets.schema import detect_schema, to_project_table
from regression.datasets.tables import TableError
from tests.regression.datasets.test_splitting import SLIDERS, people_table
from vision.features import ENCODING_FEATURES


def described(table: pd.DataFrame):
    schema = detect_schema(table, SLIDERS)
    return describe(to_project_table(table, schema), schema)


def test_near_rows_are_found_and_no_others() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(3000, 40)).astype(np.float32)
    features[[7, 900, 2500]] = features[7]
    features[11] = features[1200] + 0.03 * random.choice([-1, 1], 40)
    features[12] = features[1201] + 0.3 * random.choice([-1, 1], 40)
    features[13] = features[14] = np.nan
    features[15] = 1e6
    found = [list(group) for group in near_duplicates(features)]
    assert found == [[7, 900, 2500], [11, 1200]]
    # Whatever the units are.
    scaled = features * np.geomspace(1e-3, 1e3, 40)
    assert [list(group) for group in near_duplicates(scaled)] == found
    assert [list(group) for group in near_duplicates(features, 1e-3)] == found[:1]
    assert near_duplicates(features[:1]) == []
    assert len(near_duplicates(np.zeros((5000, 40)))) == 1


def test_chains_of_near_rows_are_one_group() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(500, 20))
    step = random.choice([-1.0, 1.0], 20)
    features[:30] = features[0] + 0.08 * np.arange(30)[:, None] * step
    assert [list(group) for group in near_duplicates(features)] == [list(range(30))]


def test_planted_figures_come_back() -> None:
    table = people_table()
    table.loc[3:7, "encoding_004"] = np.nan
    table.loc[9, "encoding_005"] = 1000
    table.loc[11, "jaw"] = 1.5
    table["encoding_006"] = 2 * table["nose"] - 1
    table["brow"] = 1 - table["jaw"].clip(0, 1)
    found = described(table)
    columns = found.columns.set_index("name")
    assert columns.loc["encoding_004", "missing"] == 5
    assert columns["missing"].sum() == 5
    assert columns.loc["nose", "mean"] == pytest.approx(table["nose"].mean(), rel=1e-5)
    assert columns.loc["person", "distinct"] == table["person"].nunique()
    planted = {(10, "encoding_005"), (12, "jaw")}
    assert planted <= set(zip(found.outliers["row"], found.outliers["column"], strict=True))
    assert set(found.outliers["row"]) == {10, 12}
    assert strongest(found.feature_sliders, found.schema.features, SLIDERS)[0][:2] == (
        "encoding_006",
        "nose",
    )
    (pair,) = strongest(found.slider_sliders, SLIDERS, SLIDERS, 1)
    assert set(pair[:2]) == {"jaw", "brow"}
    assert pair[2] < -0.98
    assert len(found.duplicates) == found.duplicate_people == 0


def test_duplicate_people_are_those_with_two_names() -> None:
    table = people_table()
    encoding = list(ENCODING_FEATURES)
    by_person = table.groupby("person").indices
    twice = next(rows for rows in by_person.values() if len(rows) > 1)
    one, other = list(by_person.values())[5][0], list(by_person.values())[9][0]
    table.loc[twice[1], encoding] = table.loc[twice[0], encoding]
    table.loc[other, encoding] = table.loc[one, encoding]
    found = described(table)
    assert {frozenset(rows["row"] - 1) for _, rows in found.duplicates.groupby("group")} == {
        frozenset(twice[:2]),
        frozenset((one, other)),
    }
    assert found.duplicate_people == 1


def test_mahalanobis_does_not_depend_on_units_and_sees_broken_ties() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(2000, 6))
    features[:, 5] = features[:, 4] + 0.05 * random.normal(size=2000)
    features[0, 4:] = 1.5, -1.5  # neither is far out by itself
    distances = mahalanobis(features)
    assert distances.argmax() == 0
    moved = mahalanobis(features * np.geomspace(0.01, 100, 6) + 7)
    np.testing.assert_allclose(moved, distances, rtol=1e-6)


def test_correlations_are_those_of_numpy_and_nan_for_constants() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(50, 3)), random.normal(size=(50, 2))
    other[:, 1] = 0.1
    found = correlations(one, other)
    assert found[2, 0] == pytest.approx(np.corrcoef(one[:, 2], other[:, 0])[0, 1])
    assert np.isnan(found[:, 1]).all()
    assert len(strongest(found, "abc", "de")) == 3
    gap = np.vstack([one, np.full((1, 3), np.nan)])
    np.testing.assert_allclose(correlations(gap, np.vstack([other, [[9, 9]]])), found)


def test_the_report_names_what_was_found(tmp_path: Path) -> None:
    table = people_table(60)
    table.loc[3, "encoding_004"] = np.nan
    table["sure|nose"] = 0.5
    table.to_csv(tmp_path / "faces.csv", index=False)
    out = tmp_path / "out"
    describe_tables([tmp_path / "faces.csv"], out)
    assert {path.name for path in out.iterdir()} == {
        "columns.csv",
        "correlations.png",
        "description.md",
        "distributions.png",
        "duplicates.csv",
        "outliers.csv",
    }
    text = (out / "description.md").read_text()
    assert "1 cells in 1 columns" in text
    assert "`sure|nose`" in text
    assert f"{len(table)} rows of 60 people" in text
    for name in ("distributions.png", "correlations.png"):
        picture = np.asarray(Image.open(out / name).convert("RGB"))
        assert picture.std() > 5
    assert len(pd.read_csv(out / "columns.csv")) == 2 + 128 + len(SLIDERS) + 1
    again = tmp_path / "again"
    describe_tables([tmp_path / "faces.csv"], again)
    for path in out.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_are_described_too(tmp_path: Path, rows: int) -> None:
    people_table(60).head(rows).to_csv(tmp_path / "few.csv", index=False)
    found = describe_tables([tmp_path / "few.csv"], tmp_path / "out", slider_names=SLIDERS)
    assert len(found.table) == rows
    assert (tmp_path / "out" / "distributions.png").stat().st_size > 1000


def test_nothing_is_written_for_a_table_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(TableError, match=r"empty\.csv"):
        describe_tables([tmp_path / "empty.csv"], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.csv"]
