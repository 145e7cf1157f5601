from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.schema import (
    TableSchema,
    detect_schema,
    read_project_tables,
    to_project_table,
    write_schema,
)
from regression.datasets.tables import TableError, read_table
from regression.models.model_files import shipped_models
from rig.landmark_head import load_landmark_head
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES

SHIPPED = Path(__file__).parents[3] / "data"
SLIDERS = tuple(f"blendshape {letter}" for letter in "abcde")


def study_table(prefix: str = "enc_", first: int = 0, rows: int = 60, seed: int = 0):
    """A table as of the study: an encoding and sliders by other names, and columns that are
    neither."""
    random = np.random.default_rng(seed)
    names = [f"{prefix}{number}" for number in range(first, first + 128)]
    table = pd.DataFrame(random.normal(size=(rows, 128)), columns=names)
    table[list(SLIDERS)] = random.uniform(size=(rows, len(SLIDERS)))
    table["camera_yaw"] = random.uniform(size=rows)
    table["expression_strength"] = random.uniform(size=rows)
    table["index"] = np.arange(rows) % 2
    table["smiles"] = random.uniform(size=rows) > 0.5
    table["millimetres"] = random.normal(100, 10, size=rows)
    table["source"] = "somewhere"
    return table, tuple(names)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("prefix", ["enc_", "", "face2_dim", "encoding_"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_run_of_128_columns_is_the_encoding(prefix: str, first: int) -> None:
    table, names = study_table(prefix, first)
    order = np.random.default_rng(1).permutation(table.columns)
    schema = detect_schema(table[order])
    assert schema.encoding == names
    assert set(schema.sliders) == set(SLIDERS)
    assert (schema.face, schema.person, schema.landmarks) == (None, None, ())


def test_any_table_becomes_one_of_the_project(tmp_path: Path) -> None:
    table, names = study_table()
    table.to_csv(tmp_path / "study.csv", index=False)
    read = read_table(tmp_path / "study.csv")
    made = to_project_table(read, detect_schema(read))
    sliders = [name.replace(" ", "_") for name in SLIDERS]
    assert list(made.columns) == ["face", "person", *ENCODING_FEATURES, *sliders]
    np.testing.assert_allclose(made[list(ENCODING_FEATURES)], table[list(names)], rtol=1e-6)
    np.testing.assert_allclose(made[sliders], table[list(SLIDERS)], rtol=1e-6)
    assert made["face"].is_unique
    # And the project's own table is itself again.
    again = to_project_table(made, detect_schema(made))
    pd.testing.assert_frame_equal(again, made)


def test_further_columns_are_carried_along_under_names_of_their_own() -> None:
    table, _ = study_table()
    table["face"] = "not the name of a face"
    schema = TableSchema(None, None, study_table()[1], (), SLIDERS)
    made = to_project_table(table, schema, further=True)
    assert made["face"].is_unique
    assert list(made["face_as_given"]) == list(table["face"])
    pd.testing.assert_series_equal(made["millimetres"], table["millimetres"])


def test_shipped_tables_are_recognised_with_and_without_the_rig() -> None:
    names = load_landmark_head(shipped_models() / "head.npz").slider_names
    table = read_table(SHIPPED / "test")
    schema = detect_schema(table, names)
    assert (schema.face, schema.person) == ("face", None)
    assert schema.encoding == ENCODING_FEATURES
    assert schema.landmarks == LANDMARK_FEATURES
    assert schema.sliders == tuple(name for name in names if name in table.columns)
    assert set(detect_schema(table).sliders) == set(schema.sliders)
    fewer = detect_schema(table.drop(columns="ratio_nose_width"), names)
    assert fewer.landmarks == ()
    assert fewer.sliders == schema.sliders


def test_a_schema_file_is_believed(tmp_path: Path) -> None:
    table, names = study_table(first=1)
    table["who"], table["photo"] = 7.0, [f"{row}.jpg" for row in range(len(table))]
    table[list(SLIDERS)] *= 50
    given = write(
        tmp_path / "study.toml",
        'person = "who"\nface = "photo"\nencoding = "enc_*"\n'
        'sliders = ["blendshape [a-c]", "blendshape e"]\nminimum = 0\nmaximum = 50\n',
    )
    shuffled = table[sorted(table.columns)]
    schema = detect_schema(shuffled, given=given)
    assert schema.encoding == names
    assert schema.sliders == (*SLIDERS[:3], SLIDERS[4])
    made = to_project_table(shuffled, schema)
    assert set(made["person"]) == {"7"}
    assert list(made["face"]) == list(table["photo"])
    np.testing.assert_allclose(made["blendshape_e"], table["blendshape e"] / 50, rtol=1e-6)
    # The limits alone are enough to recognise the sliders of a table in per cent.
    given = write(tmp_path / "limits.toml", "maximum = 50")
    assert set(SLIDERS) <= set(detect_schema(table, given=given).sliders)


def test_the_schema_written_for_a_made_table_fits_it(tmp_path: Path) -> None:
    table, _ = study_table()
    table['Ünî "quoted" \\ name'] = 0.5
    table["quality"] = 0.5
    schema = detect_schema(table.drop(columns="quality"))
    made = to_project_table(table, schema, further=True)
    write_schema(schema, tmp_path / "schema.toml")
    found = detect_schema(made, given=tmp_path / "schema.toml")
    assert found.sliders == schema.slider_names
    assert found.encoding == ENCODING_FEATURES


def test_tables_that_need_cleaning_are_recognised() -> None:
    table, names = study_table(rows=100)
    clean = detect_schema(table)
    table[names[3]] = table[names[3]].astype(object)
    table.loc[4, names[3]] = "error"
    table.loc[5, names[5]] = np.nan
    table.loc[6, SLIDERS[0]] = 1.7
    assert detect_schema(table) == clean
    made = to_project_table(table, clean)
    assert np.isnan(made.loc[4, "encoding_003"])
    assert made.loc[6, "blendshape_a"] == pytest.approx(1.7)


def test_one_of_two_runs_is_the_encoding_when_the_other_has_slider_values() -> None:
    table, names = study_table()
    random = np.random.default_rng(0)
    sliders = pd.DataFrame(random.uniform(size=(60, 128)), columns=[f"s{n}" for n in range(128)])
    assert detect_schema(pd.concat([table, sliders], axis=1)).encoding == names
    with pytest.raises(TableError, match="may both be the encoding"):
        detect_schema(pd.concat([table, sliders * 2 - 1], axis=1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person = 'nobody'", "nobody"),
        ("encoding = 'enc_1*'", "128 were expected"),
        ("sliders = ['xyz_*']", "xyz_"),
        ("sliders = 3", "list"),
        ("minimum = 1\nmaximum = 1", "minimum"),
        ("slider = 'blend*'", "the key 'slider'"),
        ("sliders = 'enc_5'", "something else"),
        ("not toml", "TOML"),
    ],
)
def test_schema_files_that_do_not_fit_are_refused(tmp_path: Path, text: str, said: str) -> None:
    table, _ = study_table()
    given = write(tmp_path / "study.toml", text)
    with pytest.raises(TableError, match=r"\. .*expected.*\. ") as raised:
        detect_schema(table, given=given)
    assert said in str(raised.value)


def test_unusable_tables_are_refused_by_name(tmp_path: Path) -> None:
    table, names = study_table()
    for wrong, said in (
        (table.iloc[:0], "no rows"),
        (table.drop(columns=names[7]), "None of the table's"),
        (table.drop(columns=list(SLIDERS)), "no sliders"),
        (table.rename(columns={SLIDERS[0]: "a b", SLIDERS[1]: "a_b"}), "underscores"),
    ):
        path = tmp_path / "study.csv"
        wrong.to_csv(path, index=False)
        with pytest.raises(TableError, match=said) as raised:
            read_project_tables([path])
        assert str(path) in str(raised.value)
    with pytest.raises(TableError, match="nowhere"):
        read_project_tables([tmp_path / "nowhere.csv"])
    with pytest.raises(TableError, match="lacks 1 columns"):
        to_project_table(table.drop(columns=names[7]), detect_schema(table))
