"""People's files can be read, and take no photo's name."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pandas
import pytest

from exports.names import face_name, output_names
from exports.people import PERSON_COLUMNS, people_names, write_people
from exports.tables import HIGH, LOW, write_predictions
from regression.models.intervals import SliderIntervals
from regression.prediction.grouping import (
    PersonPrediction,
    combine,
    group_by_folder,
    group_predictions,
)
from rig.mhm import read_mhm

INTERVALS = SliderIntervals(np.full(4, 0.2), np.full(4, 0.5), people=92)
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.fixture
def make_face(make_prediction):
    def make(photo: str, face_number: int = 1, **changes):
        told = np.array([True, True, False, True])
        return make_prediction(
            len(photo), photo=Path(photo), face_number=face_number, told=told, **changes
        )

    return make


def people_of(faces, how: str = "folder") -> list[PersonPrediction]:
    groups = group_predictions(faces, how)
    names = people_names(faces, groups, how, output_names([one.photo for one in faces]))
    return [
        combine([faces[i] for i in group], INTERVALS, name)
        for group, name in zip(groups, names, strict=True)
    ]


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_tables_hold_the_people_and_open_in_pandas(tmp_path, sliders, make_face):
    faces = [make_face("anna/1.jpg"), make_face("b/1.jpg"), make_face("anna/22.jpg")]
    faces.append(make_face("anna/22.jpg", 2))
    people = people_of(faces)
    write_people(tmp_path, people, sliders)
    write_predictions(tmp_path, faces, [], people)
    frame = pandas.read_csv(tmp_path / "people.csv")
    pandas.testing.assert_frame_equal(
        frame, pandas.read_parquet(tmp_path / "people.parquet"), check_dtype=False
    )
    names = faces[0].slider_names
    ends = [name + end for name in names for end in (LOW, HIGH)]
    assert list(frame.columns) == [*PERSON_COLUMNS, *names, *ends]
    assert frame["person"].tolist() == ["anna", "b", "22_face2"]
    assert frame["photo_count"].tolist() == [2, 1, 1]
    assert frame["photos"].tolist() == [
        "anna/1.jpg;anna/22.jpg",
        "b/1.jpg",
        "anna/22.jpg (face 2)",
    ]
    assert set(frame["model"]) == {"fused"}
    for row, person in zip(read_csv(tmp_path / "people.csv"), people, strict=True):
        for name, *cells in zip(names, person.values, person.lower, person.upper, strict=True):
            assert [np.float32(row[name + end]) for end in ("", LOW, HIGH)] == cells
    by_face = pandas.read_csv(tmp_path / "predictions.csv")
    assert by_face["person"].tolist() == ["anna", "b", "anna", "22_face2"]


def test_without_grouping_there_is_no_column_and_without_people_there_are_headers(tmp_path):
    write_predictions(tmp_path, [], [])
    assert "person" not in pandas.read_csv(tmp_path / "predictions.csv").columns
    write_people(tmp_path, [], ())
    write_predictions(tmp_path, [], [], [])
    assert "person" in pandas.read_csv(tmp_path / "predictions.csv").columns
    assert list(pandas.read_parquet(tmp_path / "people.parquet").columns) == [*PERSON_COLUMNS]


def test_a_persons_files_hold_the_combined_values(tmp_path, sliders, make_face):
    people = people_of([make_face("anna/1.jpg"), make_face("anna/22.jpg")])
    write_people(tmp_path, people, sliders, ("mhm", "json"))
    (person,) = people
    content = json.loads((tmp_path / "person_anna.json").read_text(encoding="utf-8"))
    assert content["person"] == "anna"
    assert content["photos"] == [
        {"photo": "anna/1.jpg", "face_number": 1},
        {"photo": "anna/22.jpg", "face_number": 1},
    ]
    rows = content["sliders"].values()
    np.testing.assert_allclose([row["unit"] for row in rows], person.values, atol=1e-6)
    np.testing.assert_allclose([row["low"] for row in rows], person.lower, atol=1e-6)
    np.testing.assert_allclose([row["high"] for row in rows], person.upper, atol=1e-6)
    rig_values = read_mhm(tmp_path / "person_anna.mhm", sliders)
    np.testing.assert_allclose([row["rig"] for row in rows], rig_values, atol=1e-6)
    documented = DOCUMENTATION.read_text(encoding="utf-8")
    assert [field for field in content if f"`{field}`" not in documented] == []


def test_folders_give_their_names_and_equal_ones_more_of_their_path(make_face):
    faces = [make_face(f"{folder}/1.jpg") for folder in ("a/anna", "b/anna", "b/eve.v2", "b/eve")]
    assert [one.name for one in people_of(faces)] == ["a_anna", "b_anna", "eve.v2", "eve"]


def test_no_person_takes_the_files_of_a_photo_or_of_another_person(tmp_path, sliders, make_face):
    encodings = np.random.default_rng(0).normal(size=(6, 128)).astype(np.float32)
    photos = ("x/person_x.jpg", "x/person_002.jpg", "person_x/1.jpg", "X/1_face2.jpg", "y/Person_Y")
    faces = [make_face(one, encoding=e) for one, e in zip(photos, encodings, strict=False)]
    faces.append(make_face("x/person_x.jpg", 2, encoding=encodings[5]))
    names = output_names([one.photo for one in faces])
    taken = {face_name(names[one.photo], one.face_number) for one in faces}
    for how in ("folder", "person"):
        folder = tmp_path / how
        folder.mkdir()
        people = people_of(faces, how)
        write_people(folder, people, sliders, ["json"])
        written = {path.stem for path in folder.glob("*.json")}
        assert len(written) == len(people) == len({one.name for one in people})
        assert not {name.casefold() for name in written} & {name.casefold() for name in taken}
        assert all(name.startswith("person_") for name in written)


def test_people_by_likeness_are_numbered_in_the_order_of_their_first_photo(make_face):
    encodings = np.random.default_rng(1).normal(size=(3, 128)).astype(np.float32)
    faces = [make_face(f"{n}.jpg", encoding=encodings[n % 3]) for n in range(6)]
    people = people_of(faces, "person")
    assert [one.name for one in people] == ["person_001", "person_002", "person_003"]
    assert [[str(photo) for photo, _ in one.members] for one in people] == [
        ["0.jpg", "3.jpg"],
        ["1.jpg", "4.jpg"],
        ["2.jpg", "5.jpg"],
    ]


def test_awkward_folders_make_readable_files_and_no_formulas(
    tmp_path, sliders, make_face, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folders = ["=1+1", "-2", "with; semicolon", "two\nlines", "Æ李🙂", os.fsdecode(b"caf\xe9"), "/"]
    faces = [make_face(f"{folder}/=1.jpg") for folder in folders]
    people = people_of(faces)
    write_people(tmp_path, people, sliders, ["json", "mhm"])
    write_predictions(tmp_path, faces, [], people)
    assert len(list(tmp_path.glob("person_*.mhm"))) == len(folders)
    rows = read_csv(tmp_path / "people.csv")
    for row in rows:
        assert not row["person"].startswith(("=", "+", "-", "@"))
        assert not row["photos"].startswith(("=", "+", "-", "@"))
    by_face = read_csv(tmp_path / "predictions.csv")
    assert [row["person"] for row in by_face] == [row["person"] for row in rows]
    assert group_by_folder(faces) == [[n] for n in range(len(folders))]
