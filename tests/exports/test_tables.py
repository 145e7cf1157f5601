"""Tables are read back by other programs' readers: Python's csv, and pandas for Parquet."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pandas
import pytest

from exports.tables import FACE_COLUMNS, HIGH, LOW, write_predictions
from regression.prediction.prediction import Failure

AWKWARD_NAMES = [
    "plain.jpg",
    "comma, and space.jpg",
    "quote \" and ' apostrophe.jpg",
    "line\nbreak\r\nand carriage\rreturn.jpg",
    "Æneas 李小龙 🙂.jpg",
    "semicolon;tab\t.jpg",
    "=HYPERLINK(0).jpg",
    "+1.jpg",
    "-2.jpg",
    "@SUM(A1).jpg",
    "\tTAB.jpg",
]


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_csv_and_parquet_hold_the_same_and_what_was_predicted(tmp_path, make_prediction):
    predictions = [make_prediction(seed) for seed in range(50)]
    write_predictions(tmp_path, predictions, [])
    rows = read_csv(tmp_path / "predictions.csv")
    frame = pandas.read_parquet(tmp_path / "predictions.parquet")
    assert len(rows) == len(frame) == len(predictions)
    names = predictions[0].slider_names
    ends = [name + end for name in names for end in (LOW, HIGH)]
    assert list(rows[0]) == list(frame.columns) == [*FACE_COLUMNS, *names, *ends]
    for row, (_, series), prediction in zip(rows, frame.iterrows(), predictions, strict=True):
        for end, cells in (
            ("", prediction.values),
            (LOW, prediction.lower),
            (HIGH, prediction.upper),
        ):
            for name, value in zip(prediction.slider_names, cells, strict=True):
                assert np.float32(row[name + end]) == series[name + end] == value
        for side, value in zip(("left", "top", "right", "bottom"), prediction.box, strict=True):
            assert np.float32(row[side]) == series[side] == np.float32(value)
        for name in ("face_size_pixels", "face_size_millimetres", "yaw", "pitch", "roll"):
            assert np.float32(row[name]) == series[name] == np.float32(getattr(prediction, name))
        assert row["photo"] == series["photo"] == str(prediction.photo)
        assert int(row["face_number"]) == series["face_number"] == prediction.face_number
        assert row["quality"] == series["quality"] == ";".join(prediction.quality)
        assert row["model"] == series["model"] == prediction.model


def test_every_name_comes_back_as_a_path_to_the_same_file(tmp_path, monkeypatch, make_prediction):
    monkeypatch.chdir(tmp_path)
    for name in AWKWARD_NAMES:
        Path(name).write_bytes(name.encode())
    predictions = [make_prediction(photo=Path(name)) for name in AWKWARD_NAMES]
    failures = [Failure(Path(name), f"{name} has no face") for name in AWKWARD_NAMES]
    write_predictions(tmp_path, predictions, failures)
    for table in ("predictions.csv", "failures.csv"):
        rows = read_csv(tmp_path / table)
        assert [Path(row["photo"]).read_bytes().decode() for row in rows] == AWKWARD_NAMES


def test_no_cell_is_a_formula(tmp_path, make_prediction):
    predictions = [make_prediction(photo=Path(name)) for name in AWKWARD_NAMES]
    failures = [Failure(Path(name), f"{name} has no face") for name in AWKWARD_NAMES]
    write_predictions(tmp_path, predictions, failures)
    for row in read_csv(tmp_path / "predictions.csv") + read_csv(tmp_path / "failures.csv"):
        texts = [row["photo"], row.get("reason", "")]
        assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in texts)


def test_a_name_that_is_no_utf8_does_not_stop_the_others(tmp_path, make_prediction):
    strange = Path(os.fsdecode(b"caf\xe9.jpg"))
    failures = [Failure(strange, f"{strange} is empty"), Failure(Path("b.jpg"), "b.jpg is empty")]
    write_predictions(tmp_path, [make_prediction(photo=strange)], failures)
    assert read_csv(tmp_path / "predictions.csv")[0]["photo"] == r"caf\xe9.jpg"
    assert read_csv(tmp_path / "failures.csv")[0]["reason"] == r"caf\xe9.jpg is empty"
    assert read_csv(tmp_path / "failures.csv")[1]["photo"] == "b.jpg"


def test_what_is_not_known_is_empty(tmp_path, make_prediction):
    write_predictions(tmp_path, [make_prediction(face_size_millimetres=float("nan"))], [])
    assert read_csv(tmp_path / "predictions.csv")[0]["face_size_millimetres"] == ""
    frame = pandas.read_parquet(tmp_path / "predictions.parquet")
    assert frame["face_size_millimetres"].isna().all()


def test_nothing_predicted_and_nothing_failed_still_gives_tables(tmp_path):
    write_predictions(tmp_path, [], [])
    assert (tmp_path / "predictions.csv").read_text().splitlines() == [
        ",".join(f'"{name}"' for name in FACE_COLUMNS)
    ]
    assert (tmp_path / "failures.csv").read_text().splitlines() == ['"photo","reason"']
    assert len(pandas.read_parquet(tmp_path / "predictions.parquet")) == 0


def test_sliders_of_two_rigs_are_refused_and_the_old_tables_stay(tmp_path, make_prediction):
    write_predictions(tmp_path, [make_prediction()], [])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = make_prediction(slider_names=("a", "b", "c", "d"))
    with pytest.raises(ValueError, match="one rig per table"):
        write_predictions(tmp_path, [make_prediction(), other], [])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_second_run_replaces_the_tables_and_leaves_nothing_beside(tmp_path, make_prediction):
    write_predictions(tmp_path, [make_prediction(seed) for seed in range(9)], [])
    write_predictions(tmp_path, [make_prediction(3)], [Failure(Path("a"), "empty")])
    assert len(read_csv(tmp_path / "predictions.csv")) == 1
    assert {path.name for path in tmp_path.iterdir()} == {
        "predictions.csv",
        "predictions.parquet",
        "failures.csv",
    }
