"""A run goes on where it was stopped, does nothing twice and ends with the same tables."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas
import pyarrow.csv
import pyarrow.parquet
import pytest

from exports.batch import predict_into
from exports.character_files import KINDS
from exports.tables import FACE_COLUMNS
from runs.lock import RunError
from runs.parts import PARTS
from runs.plan import RunPlan
from runs.run import Run, RunSummary
from tests.runs.kills import differences


class Told:
    """What a run reports."""

    def __init__(self) -> None:
        self.photos: list[int] = []
        self.failures: list[str] = []

    def __call__(self, photos: int, faces: int, failures: Sequence[str]) -> None:
        self.photos.append(photos)
        self.failures += failures


def predict(
    plan: RunPlan, photos: Sequence[Path], processes: int = 1, **options
) -> tuple[RunSummary, Told]:
    told = Told()
    with Run(plan, processes, **options) as run:
        return run.predict(photos, told), told


def rows(out: Path) -> list[str]:
    return pandas.read_csv(out / "predictions.csv")["photo"].tolist()


def stamps(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.is_file()}


def test_the_tables_are_those_of_predictions_in_hand(plan, photos, tmp_path) -> None:
    summary, told = predict(plan, photos)
    assert (summary.photos, summary.before, summary.done) == (12, 0, 12)
    assert (summary.faces, summary.failures) == (10, 2)
    assert sum(told.photos) == 12
    assert len(told.failures) == 2
    whole = tmp_path / "whole"
    predict_into(whole, plan.open_predictor(), photos, plan.kinds)
    assert differences(plan.out, whole) == []
    schemas = [
        pyarrow.parquet.read_schema(out / "predictions.parquet") for out in (plan.out, whole)
    ]
    assert schemas[0] == schemas[1]


def test_a_second_call_does_nothing_twice(plan, photos) -> None:
    predict(plan, photos)
    before = stamps(plan.out)
    summary, told = predict(plan, photos)
    assert summary.before == 12
    assert sum(told.photos) == 12
    assert (summary.faces, summary.failures) == (10, 2)
    assert stamps(plan.out) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_was_stopped_goes_on(plan, photos, tmp_path, processes) -> None:
    class StopError(Exception):
        pass

    def stop(count: int, faces: int, failures: Sequence[str]) -> None:
        nonlocal told
        told += count
        if told >= 5:
            raise StopError

    told = 0
    with Run(plan, processes) as run, pytest.raises(StopError):
        run.predict(photos, stop)
    done = rows(plan.out)
    assert 0 < len(done) < 10
    summary, _ = predict(plan, photos)
    assert summary.before >= len(done)
    assert summary.before < 12
    whole = tmp_path / "whole"
    predict(replace(plan, out=whole), photos, processes=2)
    assert differences(plan.out, whole) == []


def test_photos_that_changed_or_came_are_predicted_and_the_rest_stays(plan, photos) -> None:
    given = [*photos[:4], *photos[6:]]
    predict(plan, given)
    before = stamps(plan.out)
    shutil.copyfile(photos[1], photos[0])
    shutil.copyfile(photos[2], photos[3])  # a damaged one, repaired
    summary, told = predict(plan, photos)
    assert summary.before == 8
    assert told.photos[0] == 8
    assert told.failures == [row for row in told.failures if "photo 5" in row]
    after = stamps(plan.out)
    changed = {name for name, stamp in after.items() if before.get(name) != stamp}
    assert {name.partition(".")[0] for name in changed if "photo" in name} == {
        "photo 0", "photo 0_overlay", "photo 3", "photo 3_overlay", "photo 4", "photo 4_overlay"
    }  # fmt: skip
    assert rows(plan.out) == [str(photo) for photo in photos if photo.stem != "photo 5"]
    first = pandas.read_csv(plan.out / "predictions.csv").drop(columns=["photo", "made"])
    pandas.testing.assert_series_equal(first.loc[0], first.loc[1], check_names=False)


def test_photos_that_are_not_asked_for_leave_the_tables_and_come_back(plan, photos) -> None:
    predict(plan, photos)
    summary, _ = predict(plan, photos[:2])
    assert (summary.photos, summary.before) == (2, 2)
    assert len(rows(plan.out)) == 2
    assert predict(plan, photos)[0].before == 12
    assert len(rows(plan.out)) == 10


def test_other_settings_and_an_order_begin_anew(plan, photos) -> None:
    predict(plan, photos[:3])
    complaints: list[str] = []
    other = replace(plan, quick=False)
    summary, _ = predict(other, photos[:3], complain=complaints.append)
    assert summary.before == 0
    assert len(complaints) == 1
    assert "other settings" in complaints[0]
    assert predict(other, photos[:3], complain=complaints.append)[0].before == 3
    summary, _ = predict(other, photos[:3], complain=complaints.append, restart=True)
    assert summary.before == 0
    assert len(complaints) == 1


def test_damaged_foreign_and_unfinished_files_do_no_harm(plan, photos) -> None:
    predict(plan, photos, processes=2)
    parts = sorted((plan.out / PARTS).glob("*.parquet"))
    lost = pyarrow.parquet.read_metadata(parts[0]).num_rows
    content = bytearray(parts[0].read_bytes())
    content[len(content) // 3] ^= 1
    parts[0].write_bytes(content)
    (plan.out / PARTS / "cut.parquet").write_bytes(parts[1].read_bytes()[:-100])
    (plan.out / PARTS / "empty.parquet").write_bytes(b"")
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), plan.out / PARTS / "foreign.parquet")
    (plan.out / "photo 0.json.partial").write_text("{")
    (plan.out / PARTS / "x.parquet.partial").write_bytes(b"PAR1")
    (plan.out / "my download.zip.partial").write_text("a user's own")
    complaints: list[str] = []
    summary, _ = predict(plan, photos, complain=complaints.append)
    assert len(complaints) == 4
    assert summary.before == 12 - lost
    assert (summary.faces, summary.failures) == (10, 2)
    assert [path.name for path in plan.out.rglob("*.partial")] == ["my download.zip.partial"]


def test_a_photo_whose_file_is_gone_or_empty_is_predicted_again(plan, photos) -> None:
    plan = replace(plan, kinds=KINDS)
    predict(plan, photos[:2])
    made = sorted(plan.out.glob("photo 1*"))
    assert len(made) == 1 + len(KINDS)
    with Run(plan) as run:
        marks = run.marks(photos[:2])
    contents = {path: path.read_bytes() for path in made}
    for path, content in contents.items():
        for change in (lambda path: os.truncate(path, 0), Path.unlink, None):
            if change is None:
                path.write_bytes(content)
            else:
                change(path)
            with Run(plan) as run:
                assert [run.is_done(mark) for mark in marks] == [True, change is None]
    made[0].unlink()
    assert predict(plan, photos[:2])[0].before == 1
    assert made[0].is_file()


def test_files_keep_their_names_and_new_photos_take_none(plan, photos, tmp_path) -> None:
    plan = replace(plan, kinds=("json",))
    photo = tmp_path / "a" / "anna.jpg"
    namesake = tmp_path / "b" / "Anna.jpg"
    for path, source in ((photo, photos[0]), (namesake, photos[1])):
        path.parent.mkdir()
        shutil.copyfile(source, path)
    predict(plan, [photo])
    predict(plan, [namesake])
    predict(plan, [photo, namesake])
    told = {path.name: json.loads(path.read_text())["photo"] for path in plan.out.glob("*.json")}
    assert told == {"anna.json": str(photo), "Anna_2.json": str(namesake)}


def test_a_second_run_into_the_same_folder_is_refused_until_the_first_ends(plan, photos) -> None:
    with Run(plan, 1), pytest.raises(RunError, match="Another run is at work"):
        Run(plan, 1)
    predict(plan, photos[:1])


def test_people_of_folders_are_those_of_predictions_in_hand(plan, photos, tmp_path) -> None:
    plan = replace(plan, overlay=False)
    for number, photo in enumerate(photos):
        target = tmp_path / "people" / str(number % 3) / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, target)
    given = sorted((tmp_path / "people").rglob("*.jpg"))
    summary, _ = predict(plan, given, processes=2, group="folder")
    whole = tmp_path / "whole"
    results = predict_into(
        whole, plan.open_predictor(), given, plan.kinds, overlay=False, group="folder"
    )
    assert summary.people == len(results.people) == 3
    assert differences(plan.out, whole) == []
    predict(plan, given)
    assert "person" not in pyarrow.csv.read_csv(plan.out / "predictions.csv").column_names


def test_a_run_without_a_face_still_has_its_tables(plan, photos) -> None:
    summary, _ = predict(plan, [photos[3], photos[5]])
    assert (summary.faces, summary.failures) == (0, 2)
    frame = pandas.read_csv(plan.out / "predictions.csv")
    assert len(frame) == 0
    assert list(frame.columns[: len(FACE_COLUMNS)]) == [*FACE_COLUMNS]
    assert len(pandas.read_csv(plan.out / "failures.csv")) == 2
