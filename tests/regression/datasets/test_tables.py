from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.tables import (
    Examples,
    TableError,
    examples_from_table,
    join_examples,
    read_table,
    write_table,
)
from rig.landmark_head import LandmarkHead
from vision.features import ROUTES, feature_names

SLIDERS = ("nose/nose-scale-horiz-decr|incr", "chin/chin-width-decr|incr", "head/head-oval")
SHIPPED = Path(__file__).parents[3] / "data"


def make_table(rows: int = 5, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    names = feature_names("fused")
    features = random.normal(size=(rows, len(names))).astype(np.float32)
    sliders = random.uniform(size=(rows, len(SLIDERS))).astype(np.float32)
    faces = {"face": [f"face-{seed}-{row}" for row in range(rows)], "source": "here, Æ|,\" '"}
    return pd.concat(
        [
            pd.DataFrame(faces, index=range(rows)),
            pd.DataFrame(features, columns=list(names)),
            pd.DataFrame(sliders, columns=list(SLIDERS)),
        ],
        axis=1,
    )


def make_examples(rows: int = 4, seed: int = 0) -> Examples:
    random = np.random.default_rng(seed)
    return Examples(
        random.normal(size=(rows, 3)).astype(np.float32),
        random.uniform(size=(rows, 2)).astype(np.float32),
        np.array([f"{seed}/{row}" for row in range(rows)]),
        np.ones(rows, np.float32),
    )


def same(one: Examples, other: Examples) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("features", "sliders", "people", "weights")
    )


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_written_table_is_read_as_it_was(tmp_path: Path, rows: int) -> None:
    table = make_table(rows)
    path = tmp_path / "new" / "faces.parquet"
    write_table(table, path)
    pd.testing.assert_frame_equal(read_table(path), table)
    write_table(make_table(2), path)
    assert len(read_table(path)) == 2
    assert list(path.parent.iterdir()) == [path]


def test_csv_holds_the_same_examples(tmp_path: Path) -> None:
    table = make_table()
    table.to_csv(tmp_path / "faces.csv", index=False)
    for route in ROUTES:
        assert same(
            examples_from_table(read_table(tmp_path / "faces.csv"), route, SLIDERS),
            examples_from_table(table, route, SLIDERS),
        )


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    parts = [make_table(3, seed) for seed in range(3)]
    for number in (2, 0, 1):
        write_table(parts[number], tmp_path / f"faces_{number:05d}.parquet")
    (tmp_path / "faces_00003.parquet.partial").write_bytes(b"half a file")
    (tmp_path / "plan.json").write_text("{}")
    pd.testing.assert_frame_equal(read_table(tmp_path), pd.concat(parts, ignore_index=True))


def test_where_there_is_no_table_the_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing.parquet", "missing.csv"):
        with pytest.raises(TableError, match=f"{name} holds no table"):
            read_table(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1", b"\xff\xfe\x00broken"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_broken_file_is_named(tmp_path: Path, content: bytes, suffix: str) -> None:
    if suffix == ".csv" and content in (b"no table", b"PAR1"):
        content = b'a,b\n1,2\n3,4,5\n"'
    write_table(make_table(), tmp_path / "faces_0.parquet")
    broken = tmp_path / f"faces_1{suffix}"
    broken.write_bytes(content)
    with pytest.raises(TableError, match=f"faces_1{suffix} cannot be read as a table"):
        read_table(tmp_path if suffix == ".parquet" else broken)


@pytest.mark.parametrize("route", ROUTES)
def test_columns_are_found_by_name_in_any_order(route: str) -> None:
    table = make_table()
    examples = examples_from_table(table, route, SLIDERS)
    np.testing.assert_array_equal(examples.features, table[list(feature_names(route))])
    np.testing.assert_array_equal(examples.sliders, table[list(SLIDERS)])
    assert list(examples.people) == list(table["face"])
    assert examples.features.dtype == examples.sliders.dtype == np.float32
    assert (examples.weights == 1).all()
    order = np.random.default_rng(1).permutation(len(table.columns))
    shuffled = table.iloc[:, order].assign(further=3)
    assert same(examples_from_table(shuffled, route, SLIDERS), examples)
    backwards = examples_from_table(table, route, SLIDERS[::-1])
    np.testing.assert_array_equal(backwards.sliders, examples.sliders[:, ::-1])


def test_rows_of_one_person_share_the_person() -> None:
    table = make_table(4).assign(person=["a", "b", "a", "c"])
    assert list(examples_from_table(table, "fused", SLIDERS).people) == ["a", "b", "a", "c"]


@pytest.mark.parametrize("name", ["encoding_017", "ratio_mouth_width", SLIDERS[1], "face"])
def test_a_missing_column_is_named(name: str) -> None:
    with pytest.raises(TableError) as caught:
        examples_from_table(make_table().drop(columns=name), "fused", SLIDERS)
    assert f"lacks 1 columns, {name!r} first" in str(caught.value)


def test_columns_of_other_routes_are_not_needed() -> None:
    table = make_table().drop(columns=list(feature_names("encoding")))
    assert len(examples_from_table(table, "landmarks", SLIDERS)) == len(table)
    with pytest.raises(TableError, match="lacks 128 columns, 'encoding_000' first"):
        examples_from_table(table, "encoding", SLIDERS)


@pytest.mark.parametrize("cell", [np.nan, np.inf, None, "wide", ""])
@pytest.mark.parametrize("name", ["ratio_mouth_width", SLIDERS[2]])
def test_a_cell_that_is_no_number_is_named(name: str, cell: object) -> None:
    table = make_table().astype({name: object})
    table.loc[3, name] = cell
    with pytest.raises(TableError) as caught:
        examples_from_table(table, "landmarks", SLIDERS)
    assert f"Row 4 of the table's column {name!r} holds" in str(caught.value)


@pytest.mark.parametrize("name", ["features", "sliders", "people", "weights"])
def test_examples_of_different_lengths_are_refused(name: str) -> None:
    parts = {key: getattr(make_examples(), key) for key in vars(make_examples())}
    with pytest.raises(ValueError, match="Equal numbers"):
        Examples(**{**parts, name: parts[name][:-1]})


@pytest.mark.parametrize("name", ["features", "sliders"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_examples_that_are_not_finite_are_refused(name: str, value: float) -> None:
    parts = {key: getattr(make_examples(), key).copy() for key in vars(make_examples())}
    parts[name][2, 1] = value
    with pytest.raises(ValueError, match="not finite"):
        Examples(**parts)


def test_rows_and_joining_undo_each_other() -> None:
    one, other = make_examples(4, 1), make_examples(3, 2)
    both = join_examples([one, other])
    assert len(both) == 7
    assert same(both.rows(np.arange(7) < 4), one)
    assert same(both.rows(np.arange(4, 7)), other)
    assert list(both.rows(np.array([6, 0])).people) == ["2/2", "1/0"]


def test_the_shipped_tables_fit_the_shipped_head(head: LandmarkHead) -> None:
    faces: dict[str, set[str]] = {}
    for part in ("train", "test"):
        table = read_table(SHIPPED / part / "faces.parquet")
        faces[part] = set(table["face"])
        assert len(faces[part]) == len(table) > 500
        assert table["source"].str.contains("CC0").all()
        for route in ROUTES:
            examples = examples_from_table(table, route, head.slider_names)
            assert examples.sliders.min() >= 0
            assert examples.sliders.max() <= 1
            assert (examples.features.std(axis=0) > 0).all()
    assert faces["train"].isdisjoint(faces["test"])


@pytest.mark.parametrize(
    ("slider", "ratio"),
    [
        ("nose/nose-scale-horiz-decr|incr", "ratio_nose_width"),
        ("mouth/mouth-scale-horiz-decr|incr", "ratio_mouth_width"),
        ("eyes/l-eye-trans-in|out", "ratio_pupil_distance"),
    ],
)
def test_rendered_faces_show_their_sliders(slider: str, ratio: str) -> None:
    table = read_table(SHIPPED / "test" / "faces.parquet")
    assert np.corrcoef(table[slider], table[ratio])[0, 1] > 0.15
