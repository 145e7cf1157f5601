"""`fpp webcam` as a user meets it: without a window, in one under Xvfb, with sources that go."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image, ImageGrab

from live.setup import TITLE
from rig.mhm import read_mhm
from tests.conftest import SAMPLES
from tests.live.states import sample_head
from tests.live.video.stopping_server import StoppingServer
from tests.live.videos import moving_photo, people_video
from vision.photos import read_photo

ROOT = Path(__file__).parents[2]
SECONDS, RATE = 3.0, 25.0
FRAMES = round(2 * SECONDS * RATE)

# Seconds. The head is drawn by a process that gives way to others: beside ten busy loops on two
# cores the whole window test took 53.
_PATIENCE = 180.0


@pytest.fixture(scope="module")
def video(portrait_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real person, then a rendered head: 3 seconds each."""
    photos = [read_photo(path).pixels for path in (portrait_path, SAMPLES / "head_2.png")]
    return people_video(tmp_path_factory.mktemp("video") / "two people.mp4", photos, SECONDS, RATE)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "scripts.main", "webcam", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=ROOT, timeout=300
    )


def wait_for(what: Callable[[], Any], whom: str) -> Any:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{whom} did not come in {_PATIENCE:.0f} s")


def test_two_people_without_a_window(video: Path, tmp_path: Path) -> None:
    options = ("--no-window", "--record", tmp_path / "recorded", "--out", tmp_path / "captured")
    done = run(video, *options)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"Frames: {FRAMES}\. .* People: 2\. ", done.stdout)
    (table,) = (tmp_path / "recorded").glob("recording_*-*[0-9].csv")
    frames = pandas.read_csv(table)
    assert frames["frame"].tolist() == list(range(1, FRAMES + 1))
    assert sorted(set(frames["person"].dropna())) == [1, 2]
    people = pandas.read_csv(table.with_name(table.stem + "_people.csv"))
    assert people["frames_used"].between(0.8 * FRAMES / 2, FRAMES / 2).all()
    sliders = sample_head().sliders
    last = frames.iloc[-1][[slider.name for slider in sliders]].to_numpy(float)
    captured = sorted((tmp_path / "captured").glob("*.mhm"))
    assert len(captured) == 2
    rig_values = [slider.from_unit(value) for slider, value in zip(sliders, last, strict=True)]
    np.testing.assert_allclose(read_mhm(captured[1], sliders), rig_values, atol=2e-3)
    for character in captured:
        assert json.loads(character.with_suffix(".json").read_text())["model"] == "fused"
        with Image.open(character.with_suffix(".jpg")) as photo:
            assert photo.size == (640, 480)


@pytest.mark.parametrize("limit", [("--max-frames", 30), ("--duration", 1.5)])
def test_limits_end_it(video: Path, tmp_path: Path, limit: tuple[str, float]) -> None:
    done = run(video, "--no-window", "--model", "landmarks", "--out", tmp_path, *limit)
    assert done.returncode == 0, done.stderr
    count = int(re.search(r"Frames: (\d+)", done.stdout)[1])
    assert count == 30 if limit[0] == "--max-frames" else 5 < count <= FRAMES


def test_a_person_who_cannot_be_captured_is_told_of(video: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = ("--no-window", "--out", tmp_path / "file" / "out", "--max-frames", 20)
    done = run(video, *options, "--model", "landmarks")
    assert done.returncode == 1
    assert "capture cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_video_without_a_face_is_a_failure(tmp_path: Path) -> None:
    from tests.live.videos import write_video

    grey = [np.full((240, 320, 3), 100, np.uint8)] * 10
    done = run(write_video(tmp_path / "grey.avi", grey), "--no-window", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "People: 0" in done.stdout
    assert not list(tmp_path.glob("out/*"))


def test_a_stream_that_goes_for_good_ends_cleanly(portrait_path: Path, tmp_path: Path) -> None:
    pictures = list(moving_photo(read_photo(portrait_path).pixels, 40, size=(320, 240)))
    with StoppingServer(pictures, 20.0) as server:
        options = ("--no-window", "--retry", 3, "--record", tmp_path, "--out", tmp_path)
        process = subprocess.Popen(
            command(server.address, "--model", "landmarks", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

        def rows() -> int:
            tables = list(tmp_path.glob("recording_*-*[0-9].csv"))
            return len(tables[0].read_bytes().splitlines()) if tables else 0

        wait_for(lambda: rows() > 20, "the recording")
        server.stop()
        time.sleep(2.0)
        server.start()
        before = rows()
        wait_for(lambda: rows() > before + 20, "the stream, again")
        server.stop()
        output, errors = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    told = errors.strip().splitlines()
    assert len(told) == 4, errors  # lost, back, lost, the end
    assert "is back" in told[1]
    assert told[3].startswith("error: ")
    assert "Traceback" not in errors
    frames = int(re.search(r"Frames: (\d+)", output)[1])
    (parquet,) = tmp_path.glob("*.parquet")
    assert len(pandas.read_parquet(parquet)) == frames
    assert len(list(tmp_path.glob("capture_*.jpg"))) == 1


def test_ctrl_c_completes_the_recording(portrait_path: Path, tmp_path: Path) -> None:
    pictures = list(moving_photo(read_photo(portrait_path).pixels, 40, size=(320, 240)))
    with StoppingServer(pictures, 20.0) as server:
        process = subprocess.Popen(
            command(server.address, "--no-window", "--record", tmp_path, "--out", tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # A test that runs in the background ignores Ctrl-C, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        wait_for(
            lambda: sum(len(p.read_bytes()) for p in tmp_path.glob("recording_*.csv")) > 100_000,
            "the recording",
        )
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    (parquet,) = tmp_path.glob("*.parquet")
    frames = int(re.search(r"Frames: (\d+)", output)[1])
    assert len(pandas.read_parquet(parquet)) == frames
    assert not list(tmp_path.glob("*.partial*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("97",), "Camera 97"),
        (("nowhere.mp4",), "nowhere.mp4 does not exist"),
        (("pyproject.toml",), "No picture can be read from pyproject.toml"),
        (("tests",), "is a folder"),
        (("{video}", "--models", "tests"), "no file head.npz"),
        (("{video}", "--rig", "tests"), "not MakeHuman's data folder"),
    ],
)
def test_what_cannot_be_used_gives_one_sentence(
    video: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    filled = [str(video) if one == "{video}" else one for one in arguments]
    done = run(*filled, "--no-window", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [("--rate", "0"), ("--faces", "none"), ("--export", "fbx"), ("--duration", "-1")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of our own."""
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed; `make outside` installs it")
    read, write = os.pipe()
    options = ["-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(
        ["Xvfb", *options, "-noreset"], pass_fds=[write], stderr=subprocess.DEVNULL
    ) as server:
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
        server.terminate()


def test_the_window_under_xvfb(display: str, portrait_path: Path, tmp_path: Path) -> None:
    """A window, pictures that change, keys, and the files that they make."""
    # So long that it does not end before the keys were pressed.
    photo = read_photo(portrait_path).pixels
    video = people_video(tmp_path / "long.mp4", [photo], 2 * _PATIENCE, 10.0, size=(320, 240))
    environment = {**os.environ, "DISPLAY": display}
    process = subprocess.Popen(
        command(video, "--out", tmp_path, "--mirror", "--export", "mhm,json,glb"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )

    def use(*words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def press(key: str, effect: Callable[[], Any], whom: str) -> Any:
        # On a busy computer OpenCV loses a key now and then.
        for _ in range(3):
            use("key", key)
            end = time.monotonic() + _PATIENCE / 3
            while time.monotonic() < end:
                if answer := effect():
                    return answer
                time.sleep(0.1)
        raise AssertionError(f"{whom} did not come after the key {key}")

    def screen() -> np.ndarray:
        return np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB"))[:720, :1280]

    def head_is_drawn() -> bool:
        return bool(screen()[60:420, 760:1160].std(axis=(0, 1)).max() > 25)

    def second_caption() -> bool:
        red, green, blue = np.moveaxis(screen()[14:46, 1060:1180].astype(int), 2, 0)
        return bool(((red > 200) & (green > 170) & (blue < 120)).sum() > 50)

    try:
        window = wait_for(lambda: use("search", "--name", TITLE).partition("\n")[0], "the window")
        use("windowfocus", "--sync", window)
        wait_for(head_is_drawn, "the head")
        before = screen()
        time.sleep(0.5)
        assert (screen()[:480, :640] != before[:480, :640]).any(), "the video stands still"

        press("r", lambda: list(tmp_path.glob("recording_*.csv")), "the recording")
        saved = press("space", lambda: list(tmp_path.glob("capture_*.mhm")), "the capture")
        press("c", second_caption, "the second head's caption")
        press("h", lambda: screen()[300, 640].max() < 40, "the help")
        (growing,) = tmp_path.glob("recording_*-*[0-9].csv")
        wait_for(lambda: len(growing.read_bytes().splitlines()) > 11, "ten frames")
        press("r", lambda: list(tmp_path.glob("recording_*.parquet")), "the recording's end")
        press("q", lambda: process.poll() is not None, "the end")
        output, errors = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "People: 1" in output
    stem = saved[0].with_suffix("")
    assert all(stem.with_suffix(ending).stat().st_size for ending in (".jpg", ".json", ".glb"))
    with Image.open(stem.with_name(stem.name + "_preview.png")) as preview:
        assert preview.size == (1280, 720)
    (table,) = tmp_path.glob("recording_*.parquet")
    assert len(pandas.read_parquet(table)) > 10
