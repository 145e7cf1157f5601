"""Recordings are read back by other programs' readers: csv, pandas, OpenCV."""

from __future__ import annotations

import csv
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest

from exports.tables import HIGH, LOW
from live.saving.recording import Recording, RecordingError
from live.saving.recording_rows import FRAME_COLUMNS, FRAME_VALUE, PERSON_COLUMNS
from tests.conftest import ROOT
from tests.live.states import (
    RATE,
    faceless_state,
    sample_head,
    sample_state,
    settled,
    state_at,
    waiting_state,
)

NAMES = sample_head().slider_names
WHEN = datetime(2026, 1, 2, 3, 4, 5)


def record(folder: Path, source: str = "Camera 0", **settings) -> Recording:
    return Recording(folder, source, "CC0-1.0", NAMES, **settings)


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def different_states(count: int) -> list:
    """Frames with and without a face, of several routes, people and values."""
    random = np.random.default_rng(5)
    states = []
    for number in range(1, count + 1):
        kinds = (
            sample_state(("fused", "landmarks"), 1),
            settled(sample_state(("landmarks",), 2), number, 1 + number // 9, 0.5),
            sample_state(("landmarks",), 3, 4),
            waiting_state(2),
            faceless_state(),
        )
        state = kinds[number % len(kinds)]
        if state.values is not None:
            values = random.uniform(0, 1, len(NAMES)).astype(np.float32)
            state = replace(state, values=values, quality=("blurred", "too_small")[: number % 3])
        states.append(state_at(state, number, person=number // 7))
    return states


def test_csv_and_parquet_hold_the_same_and_what_was_known(tmp_path):
    states = different_states(60)
    with record(tmp_path) as recording:
        add_all(recording, states)
    files = recording.close()
    rows, table = read_csv(files.csv), pandas.read_parquet(files.parquet)
    ends = [name + end for name in NAMES for end in (LOW, HIGH)]
    columns = [*FRAME_COLUMNS, *NAMES, *ends, *(name + FRAME_VALUE for name in NAMES)]
    assert list(rows[0]) == list(table.columns) == columns
    assert len(rows) == len(table) == len(states) == files.rows
    for (name, cells), kind in zip(
        table.items(), [*FRAME_COLUMNS.values(), *["float32"] * 9999], strict=False
    ):
        texts = [row[name] for row in rows]
        if name == "time":
            assert list(pandas.to_datetime(texts)) == list(cells)
        elif kind == "string":
            assert texts == ["" if cell is None else cell for cell in cells]
        else:
            kind = kind.replace("int", "float")
            numbers = np.array([float(text or "nan") for text in texts], kind)
            np.testing.assert_array_equal(numbers, cells.to_numpy(numbers.dtype))
    for row, state in zip(rows, states, strict=True):
        assert_row_tells(row, state)


def assert_row_tells(row: dict[str, str], state) -> None:
    """That a line of the CSV says what the state does, and nothing that it does not know."""
    face, pose, estimate = state.face, state.pose, state.estimate
    assert float(row["seconds"]) == round(state.frame.seconds, 6)
    assert int(row["frame"]) == state.frame.number
    assert row["person"] == (str(state.person) if state.person else "")
    assert int(row["face_count"]) == len(state.faces)
    assert (row["quality"], row["model"]) == (";".join(state.quality), state.model)
    assert float(row["weight"]) == pytest.approx(state.weight)
    box = (None,) * 4 if face is None else face.box
    known = dict(zip(("left", "top", "right", "bottom"), box, strict=True))
    known |= {
        "yaw": pose and pose.yaw,
        "pitch": pose and pose.pitch,
        "roll": pose and pose.roll,
        "face_size_pixels": pose and pose.size_pixels,
        "face_size_millimetres": pose and pose.size_millimetres,
        "frames_used": estimate and estimate.frames,
        "looks": estimate and estimate.looks,
    }
    for ending, values in (
        ("", estimate and estimate.values),
        (LOW, estimate and estimate.lower),
        (HIGH, estimate and estimate.upper),
        (FRAME_VALUE, state.values),
    ):
        cells = [None] * len(NAMES) if values is None else values
        known |= {name + ending: cell for name, cell in zip(NAMES, cells, strict=True)}
    for name, value in known.items():
        if value is None:
            assert row[name] == ""
        else:
            assert np.float32(row[name]) == np.float32(value)
    assert row["rig"] == ("" if estimate is None else estimate.rig)
    assert row["rig_licence"] == "CC0-1.0"


def test_the_time_is_when_the_frame_was_taken(tmp_path):
    state = sample_state(("landmarks",))
    ago = replace(state.frame, captured=time.perf_counter() - 100)
    before = datetime.now(UTC).timestamp()
    with record(tmp_path) as recording:
        recording.add(replace(state, frame=ago))
    after = datetime.now(UTC).timestamp()
    (row,) = read_csv(recording.close().csv)
    taken = datetime.fromisoformat(row["time"])
    assert taken.utcoffset().total_seconds() == 0
    assert before - 100.1 <= taken.timestamp() <= after - 99.9


def test_each_person_gets_a_row_with_the_last_estimate(tmp_path):
    first, second = sample_state(("landmarks",), 1), sample_state(("landmarks",), 2)
    with record(tmp_path) as recording:
        people = recording.path.with_name(recording.path.stem + "_people.csv")
        recording.add(faceless_state())
        for number in range(2, 12):
            recording.add(state_at(settled(first, number, 2, 0.5), number, person=1))
        recording.add(state_at(faceless_state(), 12, person=1))
        assert read_csv(people) == []
        recording.add(state_at(waiting_state(2), 13, person=2))
        assert [row["person"] for row in read_csv(people)] == ["1"]
        recording.add(state_at(second, 14, person=2))
        # Nothing is known of the third, and of the second nothing more.
        recording.add(state_at(waiting_state(2), 15, person=2))
        recording.add(state_at(waiting_state(3), 16, person=3))
    rows = read_csv(recording.close().people)
    assert list(rows[0])[: len(PERSON_COLUMNS)] == list(PERSON_COLUMNS)
    assert [row["person"] for row in rows] == ["1", "2", "3"]
    assert [row["frames_used"] for row in rows] == ["11", "1", ""]
    assert [row["model"] for row in rows] == ["landmarks", "landmarks", "encoding"]
    ends = [(float(row["from_seconds"]), float(row["to_seconds"])) for row in rows]
    frames = [(2, 11), (13, 15), (16, 16)]
    assert ends == [pytest.approx([(n - 1) / RATE for n in pair], abs=1e-5) for pair in frames]
    for row, state in zip(rows, (settled(first, 11, 2, 0.5), second), strict=False):
        for ending, values in (
            ("", state.estimate.values),
            (LOW, state.estimate.lower),
            (HIGH, state.estimate.upper),
        ):
            assert [np.float32(row[name + ending]) for name in NAMES] == list(values)
    assert {rows[2][name] for name in NAMES} == {""}


def run_until(stop: signal.Signals, folder: Path) -> list[tuple[int, float]]:
    """Stops a recording after three seconds; the frames that it took and when."""
    script = Path(__file__).with_name("record_until_stopped.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        # Tests that run in the background ignore Ctrl-C, and so would the processes they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.split())
            if float(lines[-1][1]) - float(lines[0][1]) > 3 and process.poll() is None:
                process.send_signal(stop)
                lines += [one.split() for one in process.stdout]
        process.wait(timeout=60)
    return [(int(number), float(seconds)) for number, seconds in lines]


def test_a_killed_recording_has_all_but_the_last_second_in_whole_lines(tmp_path):
    frames = run_until(signal.SIGKILL, tmp_path)
    (path,) = (path for path in tmp_path.glob("*.csv") if "people" not in path.name)
    assert path.read_bytes().endswith(b"\n")
    rows = read_csv(path)
    assert {len([cell for cell in row.values() if cell is not None]) for row in rows} == {
        len(FRAME_COLUMNS) + 4 * len(NAMES)
    }
    assert [int(row["frame"]) for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= sum(seconds < frames[-1][1] - 1 for _, seconds in frames) > 0
    assert not list(tmp_path.glob("*.parquet"))


def test_ctrl_c_leaves_every_file_complete(tmp_path):
    frames = run_until(signal.SIGINT, tmp_path)
    (parquet,) = tmp_path.glob("*.parquet")
    table = pandas.read_parquet(parquet)
    assert list(table["frame"]) == list(range(1, len(table) + 1))
    assert len(frames) <= len(table) <= len(frames) + 1
    assert len(read_csv(parquet.with_suffix(".csv"))) == len(table)
    (people,) = tmp_path.glob("*_people.csv")
    assert len(read_csv(people)) == 1
    assert pictures_of(parquet.with_suffix(".mp4"))[0] >= len(frames) - 1
    assert len(list(tmp_path.iterdir())) == 4


def test_memory_stays_flat(tmp_path):
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("record_long.py")), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    kilobytes = 1 if sys.platform == "linux" else 1 / 1024
    short, long = (int(line) * kilobytes / 1024 for line in done.stdout.split())
    # The numbers of the 20,000 further frames are 33 MB; as text or Python's objects, more.
    assert long - short < 33


def pictures_of(path: Path) -> tuple[int, float, list[np.ndarray]]:
    """How many pictures a video really has, its rate, and their corner's brightness."""
    video = cv2.VideoCapture(str(path))
    brightness = []
    while (read := video.read())[0]:
        brightness.append(read[1].mean(axis=(0, 1)))
    rate = video.get(cv2.CAP_PROP_FPS)
    video.release()
    return len(brightness), rate, brightness


def plain(red: int, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[:, :, 0] = red
    return picture


def test_a_video_has_its_duration_and_is_there_when_it_is_complete(tmp_path):
    with record(tmp_path, video_size=(160, 120), rate=20.0) as recording:
        # 12 pictures a second, not quite evenly, into 20 a second; then 48 into 20.
        slow = np.arange(36) / 12 + np.random.default_rng(1).uniform(-0.02, 0.02, 36)
        quick = 3 + np.arange(96) / 48
        for seconds in (*slow, *quick):
            recording.add_picture(plain(int(seconds * 50)), float(seconds))
        assert not list(tmp_path.glob(f"{recording.path.stem}.mp4"))
    files = recording.close()
    assert files.video == recording.path.with_suffix(".mp4")
    count, rate, colours = pictures_of(files.video)
    assert rate == 20
    assert count == pytest.approx(5 * 20, abs=1)
    # Red in, red out (the last channel here), and each picture at its own time.
    reds = [colour[2] for colour in colours]
    expected = slow[0] * 50 + np.arange(count) * 50 / 20
    np.testing.assert_allclose(reds, expected, atol=10)
    assert max(colour[0] for colour in colours) < 40
    assert not list(tmp_path.glob("*partial*"))


def test_a_clock_that_jumps_leaves_no_gap_in_the_video(tmp_path):
    with record(tmp_path, video_size=(64, 48), rate=10.0) as recording:
        for start in (0.0, 500.0, 100.0, 1e6):
            for number in range(10):
                recording.add_picture(plain(100, (64, 48)), start + number / 10)
        recording.add_picture(plain(100, (64, 48)), 1e6 + 3)  # unplugged for two seconds
    assert pictures_of(recording.close().video)[0] == 40 + 21


@pytest.mark.parametrize("size", [(320, 120), (50, 300), (161, 119)])
def test_a_picture_of_another_size_is_fitted_into_the_video(tmp_path, size):
    with record(tmp_path, video_size=(160, 120)) as recording:
        recording.add_picture(plain(200, size), 0.0)
    video = cv2.VideoCapture(str(recording.close().video))
    picture = video.read()[1]
    assert picture.shape == (120, 160, 3)
    assert picture[60, 80, 2] > 180
    scale = min(160 / size[0], 120 / size[1])
    share = (picture[:, :, 2] > 100).mean()
    assert share == pytest.approx(size[0] * size[1] * scale**2 / (160 * 120), abs=0.03)


def test_without_pictures_there_is_no_video(tmp_path):
    with record(tmp_path, video_size=(160, 120)) as recording:
        recording.add(faceless_state())
    assert recording.close().video is None
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".parquet"}


def test_recordings_of_one_second_keep_apart(tmp_path):
    for number in (1, 2, 3):
        with record(tmp_path, when=WHEN, video_size=(64, 48)) as recording:
            for _ in range(number):
                recording.add(faceless_state())
            recording.add_picture(plain(9), 0.0)
    assert len(list(tmp_path.iterdir())) == 3 * 4
    lengths = {path.name: len(pandas.read_parquet(path)) for path in tmp_path.glob("*.parquet")}
    assert lengths == {
        "recording_20260102-030405.parquet": 1,
        "recording_20260102-030405_2.parquet": 2,
        "recording_20260102-030405_3.parquet": 3,
    }


@pytest.mark.parametrize(
    "source",
    ["=HYPERLINK(0).mp4", "+1.mp4", "-2.mp4", "@SUM(A1).mp4", "\tTAB.mp4", 'a "b", c\r\nd'],
)
def test_a_sources_name_is_no_formula_and_no_line(tmp_path, source):
    with record(tmp_path, source) as recording:
        recording.add(state_at(sample_state(("landmarks",)), 1))
    files = recording.close()
    for path in (files.csv, files.people):
        (row,) = read_csv(path)
        assert not row["source"].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert " ".join(source.split()) in row["source"]
        assert len(path.read_bytes().splitlines()) == 2
    assert pandas.read_parquet(files.parquet)["source"][0] == row["source"]


def test_a_recording_without_frames_has_tables_with_columns(tmp_path):
    with record(tmp_path) as recording:
        pass
    files = recording.close()
    assert files.rows == len(pandas.read_parquet(files.parquet)) == 0
    assert read_csv(files.csv) == read_csv(files.people) == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file gets larger, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def add_all(recording: Recording, states: list) -> None:
    for state in states:
        recording.add(state)


def test_a_full_disk_ends_the_recording_and_what_was_written_stays(tmp_path):
    recording = record(tmp_path, video_size=(64, 48))
    recording.add_picture(plain(9), 0.0)
    state = sample_state(("landmarks",))
    states = [state_at(state, number) for number in range(1, 2000)]
    with largest_file(2_000_000), pytest.raises(RecordingError, match=r"expected.*make room"):
        add_all(recording, states)
    files = recording.close()
    assert files.csv.stat().st_size <= 2_000_000
    rows = read_csv(files.csv)
    assert [int(row["frame"]) for row in rows] == list(range(1, files.rows + 1))
    assert files.rows > 0
    assert None not in rows[-1].values()
    assert files.parquet is None
    assert pictures_of(files.video)[0] == 1
    with pytest.raises(RuntimeError, match="ended"):
        recording.add(state)


def test_a_disk_that_fills_at_the_end_costs_no_table(tmp_path):
    recording = record(tmp_path, video_size=(640, 480))
    random = np.random.default_rng(2)
    for number in range(1, 30):
        recording.add(state_at(faceless_state(), number))
        noise = random.integers(0, 255, (480, 640, 3), np.uint8)
        with largest_file(500_000):
            recording.add_picture(noise, number / 30)
    with largest_file(500_000), pytest.raises(RecordingError, match="partial"):
        recording.close()
    files = recording.close()
    assert (files.video, files.rows) == (None, 29)
    assert len(read_csv(files.csv)) == 29


@pytest.mark.parametrize("inside", ["file", "file/deeper"])
def test_a_folder_that_cannot_be_written_gives_one_clear_error(tmp_path, inside):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RecordingError, match=r"(?s)file.*was expected\. .*change"):
        record(tmp_path / inside)


def test_a_recording_that_cannot_begin_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="2x2"):
        record(tmp_path, video_size=(0, 480))
    with largest_file(10_000), pytest.raises(RecordingError):
        record(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_states_of_another_rig_are_refused(tmp_path):
    state = sample_state(("landmarks",))
    with (
        Recording(tmp_path, "0", "CC0-1.0", NAMES[1:]) as recording,
        pytest.raises(ValueError, match="One rig"),
    ):
        recording.add(state)
