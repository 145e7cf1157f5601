"""Rows hold all that predictions and failures say, packed or not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow
import pytest

from exports.tables import write_predictions
from regression.prediction.prediction import Failure, PhotoPredictions
from runs.marks import PhotoMark, mark_of
from runs.merge import packed_batches, write_tables
from runs.naming import names_in_run
from runs.parts import PARTS, done_photos, photos_of, write_part
from runs.rows import (
    MARK_COLUMNS,
    REASON,
    is_packed,
    packed_rows,
    part_table,
    split_table,
    unpacked,
)
from tests.exports.conftest import make_prediction as make_prediction
from tests.runs.kills import differences

NAMES = ("one.jpg", "=two.jpg", "Æ李🙂\n.jpg", os.fsdecode(b"caf\xe9.jpg"), "broken.jpg")


@pytest.fixture
def results(make_prediction) -> list[PhotoPredictions]:
    """A photo of one face, of two, of one without a size, of none, and of one."""

    def of(name: str, faces: int, seed: int, **changes) -> PhotoPredictions:
        path = Path(name)
        made = [
            make_prediction(seed + n, photo=path, face_number=n + 1, **changes)
            for n in range(faces)
        ]
        failure = None if faces else Failure(path, f"-{path} is broken")
        return PhotoPredictions(path, None, tuple(made), failure)

    counts = (1, 2, 1, 0, 1)
    return [
        of(name, faces, 10 * seed, **({"face_size_millimetres": np.nan} if seed == 2 else {}))
        for seed, (name, faces) in enumerate(zip(NAMES, counts, strict=True))
    ]


@pytest.fixture
def marks(results) -> list[PhotoMark]:
    return [PhotoMark(str(r.path), n, 10**18 + n, f"{r.path}!") for n, r in enumerate(results)]


@pytest.fixture
def slider_names(results) -> tuple[str, ...]:
    return results[0].faces[0].slider_names


def test_tables_of_parts_are_those_of_predictions(results, marks, slider_names, tmp_path) -> None:
    folders = [tmp_path / "parts", tmp_path / "direct"]
    for folder in folders:
        (folder / PARTS).mkdir(parents=True)
    done = []
    for first in (0, 2):  # two parts
        chunk = slice(first, first + 2 if first == 0 else None)
        table = packed_rows(results[chunk], marks[chunk], slider_names)
        done += photos_of(table, write_part(folders[0] / PARTS, table))
    faces = [face for result in results for face in result.faces]
    failures = [result.failure for result in results if result.failure]
    write_tables(folders[0], done)
    write_predictions(folders[1], faces, failures)
    assert differences(*folders) == []
    # In another order, and not all.
    chosen = [done[4], done[1], done[0]]
    write_tables(folders[0], chosen)
    faces = [face for n in (4, 1, 0) for face in results[n].faces]
    write_predictions(folders[1], faces, [])
    assert differences(*folders) == []


def test_marks_come_back_from_parts(results, marks, slider_names, tmp_path) -> None:
    table = packed_rows(results, marks, slider_names)
    name = write_part(tmp_path, table)
    complaints: list[str] = []
    done = done_photos(tmp_path, complaints.append)
    assert [one.mark for one in done] == marks
    assert [(one.part, one.first, one.rows, one.faces) for one in done] == [
        (name, 0, 1, 1),
        (name, 1, 2, 2),
        (name, 3, 1, 1),
        (name, 4, 1, 0),
        (name, 5, 1, 1),
    ]
    assert complaints == []
    (tmp_path / PARTS).mkdir()
    os.rename(tmp_path / name, tmp_path / PARTS / name)
    (whole,) = packed_batches(tmp_path, done)
    assert unpacked(whole).equals(unpacked(table))  # packed, nan differs from nan


def test_a_row_is_a_face_or_a_reason(results, marks, slider_names) -> None:
    table = part_table(results, marks, slider_names)
    faces, failures = split_table(table)
    assert len(faces) == 5
    assert failures.to_pylist() == [{"photo": "caf\\xe9.jpg", "reason": "'-caf\\xe9.jpg is broken"}]
    assert table.column_names == [*MARK_COLUMNS, REASON, *faces.column_names]
    failed = table.to_pylist()[4]
    assert {name for name in faces.column_names if failed[name] is not None} == {"photo"}
    assert not is_packed(table.schema)
    packed = packed_rows(results, marks, slider_names)
    assert is_packed(packed.schema)
    assert not is_packed(packed.schema.remove_metadata())
    assert not is_packed(packed.select(packed.column_names[1:]).schema)
    assert not is_packed(pyarrow.schema([]))


def test_rows_of_nothing_have_the_same_columns(slider_names, results, marks) -> None:
    empty = part_table([], [], slider_names)
    assert len(empty) == 0
    assert empty.schema == part_table(results, marks, slider_names).schema


def test_a_mark_tells_a_changed_photo(tmp_path) -> None:
    path = tmp_path / "a.jpg"
    none = mark_of(path, "a")
    path.write_bytes(b"1")
    first = mark_of(path, "a")
    os.utime(path, ns=(0, 5))
    touched = mark_of(path, "a")
    path.write_bytes(b"12")
    os.utime(path, ns=(0, 5))
    versions = {mark.version for mark in (none, first, touched, mark_of(path, "a"))}
    assert len(versions) == 4
    assert first.path == str(path)
    assert mark_of(tmp_path / "\0", "a").version == none.version


def test_names_are_kept_and_not_given_again() -> None:
    photos = [Path("a/x.jpg"), Path("b/x.jpg"), Path("c/y.jpg")]
    fresh = names_in_run(photos, {})
    assert list(fresh) == photos
    assert names_in_run(photos, {str(photos[0]): fresh[photos[0]]}) == fresh
    kept = {"a/x.jpg": "X", "gone.jpg": "Y", "other.jpg": "y_2"}
    assert list(names_in_run(photos[::2], kept).values()) == ["X", "y_3"]
    assert names_in_run([Path("b/x.jpg")], kept) == {Path("b/x.jpg"): "x_2"}
