"""Sources that go, stop, come back, hang, and those that were never there."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from live.video.frame_stream import FrameStream, open_stream
from live.video.frames import Frame
from live.video.sources import Source, SourceError, SourceSettings, parse_source, to_rgb
from tests.conftest import ROOT
from tests.live.video.numbered import SIZE, is_red, number_of, numbered_pictures
from tests.live.video.stopping_server import StoppingServer
from tests.live.videos import write_video

EVERY_FRAME = SourceSettings(every_frame=True)
# Long enough for a busy machine: a test waits for what it expects, and this is when it gives up.
PATIENCE = 20.0


def no_message(message: str) -> None:
    raise AssertionError(message)


def frames_of(stream: FrameStream) -> list[Frame]:
    frames = []
    while not stream.ended:
        frame = stream.next(1.0)
        if frame is not None:
            frames.append(frame)
    return frames


def wait_for(condition: Callable[[], object], stream: FrameStream | None = None) -> None:
    """Look at frames, if there is a stream, until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        if stream is None:
            time.sleep(0.02)
        else:
            stream.next(0.02)


def source_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("source")]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 numbered pictures at 20 frames/s."""
    path = tmp_path_factory.mktemp("video") / "numbers.mp4"
    return write_video(path, numbered_pictures(40), rate=20.0)


# --- how sources are named


def test_what_is_typed_becomes_the_right_kind_of_source(video: Path) -> None:
    assert parse_source("0") == Source("camera", 0)
    assert parse_source(" 12 ") == Source("camera", 12)
    assert parse_source("/dev/video3") == Source("camera", "/dev/video3")
    assert parse_source(str(video)) == Source("file", str(video))
    assert parse_source("rtsp://a/b") == Source("stream", "rtsp://a/b")


def test_a_password_is_never_shown() -> None:
    source = parse_source("rtsp://anna:se@cret@camera.example:554/live?size=1")
    assert source.name == "rtsp://camera.example:554/live?size=1"
    assert source.described == f"The stream {source.name}"


@pytest.mark.parametrize("text", ["", "  ", "100", "9" * 30, "rtsp://a\udce9", "a\0b"])
def test_what_can_be_no_source_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="expected"):
        parse_source(text)


@pytest.mark.parametrize("settings", [{"width": 0}, {"rate": float("nan")}, {"retry_seconds": -1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        SourceSettings(**settings)  # type: ignore[arg-type]


# --- files


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_every_frame_of_a_file_comes_once_and_in_order(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"a b: ü{suffix}", numbered_pictures(90), rate=30.0)
    with open_stream(parse_source(str(path)), EVERY_FRAME, no_message) as stream:
        assert (stream.rate, stream.total, stream.size) == (30.0, 90, SIZE)
        frames = []
        while not stream.ended:
            frame = stream.next(1.0)
            if frame is not None:
                frames.append(frame)
            if len(frames) % 30 == 7:
                time.sleep(0.05)  # a slow reader gets all of them too
        assert stream.failure is None
        assert stream.passed_over == 0
    assert [number_of(frame.pixels) for frame in frames] == list(range(90))
    assert [frame.number for frame in frames] == list(range(1, 91))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(90) / 30, atol=2e-3)
    assert all(is_red(frame.pixels) for frame in frames)


def test_a_file_plays_at_its_own_speed_from_the_first_look(video: Path) -> None:
    with open_stream(parse_source(str(video)), SourceSettings(), no_message) as stream:
        time.sleep(0.3)  # what a model takes to load is not taken from the film
        frames = frames_of(stream)
        assert stream.passed_over + len(frames) == frames[-1].number
    assert frames[0].number == 1
    for frame in frames:
        assert frame.captured - frames[0].captured >= frame.seconds
        assert frame.number == number_of(frame.pixels) + 1
        assert frame.seconds == pytest.approx((frame.number - 1) / 20, abs=2e-3)


def test_a_slow_reader_gets_the_newest_frame(video: Path) -> None:
    numbers = []
    with open_stream(parse_source(str(video)), SourceSettings(), no_message) as stream:
        while not stream.ended:
            frame = stream.next(1.0)
            if frame is not None:
                numbers.append(frame.number)
            time.sleep(0.22)
        assert stream.passed_over == numbers[-1] - len(numbers)
    assert all(later > earlier for earlier, later in zip(numbers, numbers[1:], strict=False))
    assert len(numbers) < 20


def test_a_video_filmed_upright_is_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "phone.mp4", numbered_pictures(5))
    content = bytearray(path.read_bytes())
    # The matrix of the track's header, as phones write it: turned by 90 degrees.
    matrix = content.index(b"tkhd") + 4 + 4 + 36
    whole = 1 << 16
    turned = (0, whole, 0, -whole, 0, 0, SIZE[1] * whole, 0, 1 << 30)
    content[matrix : matrix + 36] = struct.pack(">9i", *turned)
    path.write_bytes(content)
    with open_stream(parse_source(str(path)), EVERY_FRAME, no_message) as stream:
        frames = frames_of(stream)
        assert stream.size == (SIZE[1], SIZE[0])
    for number, frame in enumerate(frames):
        assert number_of(np.rot90(frame.pixels)) == number


def test_a_film_with_broken_frames_is_read_to_its_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "broken.mp4", numbered_pictures(60))
    content = bytearray(path.read_bytes())
    data = content.index(b"mdat")
    middle = data + (content.index(b"moov") - data) // 2
    content[middle : middle + 400] = np.random.default_rng(1).bytes(400)
    path.write_bytes(content)
    with open_stream(parse_source(str(path)), EVERY_FRAME, no_message) as stream:
        frames = frames_of(stream)
        assert stream.passed_over + len(frames) == frames[-1].number
    assert frames[-1].number == 60
    assert frames[-1].seconds == pytest.approx(59 / 25, abs=2e-3)


def test_files_that_are_no_video_are_refused_by_name(tmp_path: Path) -> None:
    text, empty, cut = (tmp_path / name for name in ("text.mp4", "empty.mp4", "cut.mp4"))
    text.write_text("These are words.\n" * 1000)
    empty.touch()
    whole = write_video(tmp_path / "whole.mp4", numbered_pictures(20)).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    for path in (text, empty, cut, tmp_path / "missing.mp4", tmp_path):
        with pytest.raises(SourceError, match="expected") as caught:
            open_stream(Source("file", str(path)), SourceSettings(), no_message)
        assert str(path) in str(caught.value)
        if path not in (text, cut):  # known without decoding anything
            with pytest.raises(SourceError) as early:
                parse_source(str(path))
            assert str(early.value) == str(caught.value)
    wait_for(lambda: not source_threads())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.mp4")
    Path(name).write_bytes(b"something")
    with pytest.raises(SourceError, match="UTF-8"):
        parse_source(name)


def test_memory_stays_flat(tmp_path: Path) -> None:
    memory = Path("/proc/self/statm")
    if not memory.exists():
        pytest.skip("only Linux tells here how much memory is used")
    path = write_video(tmp_path / "long.avi", numbered_pictures(2500))
    used = []
    with open_stream(parse_source(str(path)), EVERY_FRAME, no_message) as stream:
        while not stream.ended:
            frame = stream.next(1.0)
            if frame is not None and frame.number in (500, 2500):
                used.append(int(memory.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    first, last = used
    assert last - first < 20e6  # 2000 frames are 147 MB


def test_absurdly_large_pictures_are_reduced() -> None:
    picture = np.zeros((20, 8192, 3), np.uint8)
    picture[:, :4096, 0] = 250  # blue, to OpenCV
    reduced = to_rgb(picture)
    assert reduced.shape == (10, 4096, 3)
    assert reduced[:, :2040].reshape(-1, 3).mean(axis=0).tolist() == [0, 0, 250]
    assert not reduced[:, 2060:].any()
    assert to_rgb(np.full((6, 4), 7, np.uint8)).tolist() == np.full((6, 4, 3), 7).tolist()


# --- closing


@pytest.mark.parametrize("every_frame", [False, True])
def test_close_ends_the_thread_and_the_frames(video: Path, every_frame: bool) -> None:
    settings = SourceSettings(every_frame=every_frame)
    stream = open_stream(parse_source(str(video)), settings, no_message)
    assert stream.next(1.0) is not None
    assert not stream.ended
    stream.close()
    stream.close()
    assert stream.ended
    assert stream.next(0.0) is None
    assert stream.failure is None
    wait_for(lambda: not source_threads())


# --- cameras and streams


def test_a_stream_that_stops_and_comes_back_goes_on() -> None:
    messages: list[str] = []
    settings = SourceSettings(retry_seconds=PATIENCE)
    with (
        StoppingServer([*numbered_pictures(20)], rate=50) as server,
        open_stream(parse_source(server.address), settings, messages.append) as stream,
    ):
        assert (stream.total, stream.size) == (None, SIZE)
        first = stream.next(5.0)
        assert first is not None
        server.stop()
        wait_for(lambda: messages, stream)
        stream.next(0.0)  # one may have come before
        assert stream.next(0.0) is None
        assert not stream.ended
        server.start()
        wait_for(lambda: len(messages) == 2, stream)
        later = stream.next(5.0)
        assert later is not None
        assert later.number > first.number
        passed = later.captured - first.captured
        assert later.seconds - first.seconds == pytest.approx(passed)
        assert is_red(later.pixels)
        assert stream.failure is None
        lost, back = messages
        assert lost == f"The stream {server.address} is lost; looking for it for 20 s."
        assert back.startswith(f"The stream {server.address} is back after ")


def test_a_stream_that_never_comes_back_ends_with_a_reason() -> None:
    messages: list[str] = []
    with StoppingServer([*numbered_pictures(5)]) as server:
        address = server.address.replace("//", "//anna:secret@")
        stream = open_stream(
            parse_source(address), SourceSettings(retry_seconds=1.5), messages.append
        )
        server.stop()
        wait_for(lambda: stream.ended, stream)
    assert len(messages) == 1
    assert stream.failure is not None
    assert "did not come back within 2 s" in stream.failure
    assert "expected" in stream.failure
    assert server.address in stream.failure
    assert "secret" not in "".join([*messages, stream.failure])
    assert stream.next(0.0) is None
    wait_for(lambda: not source_threads())
    stream.close()


def test_a_stream_that_falls_silent_is_lost_and_found() -> None:
    messages: list[str] = []
    settings = SourceSettings(quiet_seconds=0.7, retry_seconds=PATIENCE)
    with (
        StoppingServer([*numbered_pictures(20)], rate=50) as server,
        open_stream(parse_source(server.address), settings, messages.append) as stream,
    ):
        before = server.connections
        server.pause()
        wait_for(lambda: messages, stream)
        server.resume()
        wait_for(lambda: len(messages) == 2, stream)
        assert stream.next(5.0) is not None
        assert server.connections > before


def test_a_read_that_never_returns_does_not_hold_anything_up(tmp_path: Path) -> None:
    """FFmpeg cannot be called off from a pipe: such a thread is lost for good."""
    import cv2

    pipe = tmp_path / "pipe.mjpeg"
    os.mkfifo(pipe)
    done, jpeg = cv2.imencode(".jpg", next(numbered_pictures(1)))
    assert done
    silent, over = threading.Event(), threading.Event()

    def write() -> None:
        with pipe.open("wb") as opened:
            while not silent.is_set():
                opened.write(jpeg.tobytes())
            over.wait(3 * PATIENCE)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    messages: list[str] = []
    settings = SourceSettings(quiet_seconds=1.5, retry_seconds=1.5)
    stream = open_stream(Source("stream", str(pipe)), settings, messages.append)
    assert stream.next(5.0) is not None
    silent.set()
    wait_for(lambda: stream.ended, stream)
    assert stream.failure is not None
    stream.close()
    over.set()  # a pipe whose writer is gone is at its end, so that no thread stays behind
    writer.join()
    wait_for(lambda: not source_threads())


@pytest.mark.parametrize(
    "text", ["97", "/dev/video97", "http://127.0.0.1:1/video", "nonsense://nowhere"]
)
def test_what_is_not_there_is_refused(text: str) -> None:
    source = parse_source(text)
    with pytest.raises(SourceError, match="expected") as caught:
        open_stream(source, SourceSettings(), no_message)
    message = str(caught.value)
    assert text in message
    assert "video file" in message
    assert ("--list" in message) == (source.kind == "camera")


def test_a_sender_that_is_silent_from_the_start_is_refused(tmp_path: Path) -> None:
    with StoppingServer([*numbered_pictures(5)]) as server:
        server.pause()
        with pytest.raises(SourceError, match="Check both"):
            open_stream(parse_source(server.address), SourceSettings(quiet_seconds=0.2), no_message)


_SPOILT = """
import sys
from live.video.frame_stream import open_stream
from live.video.sources import Source, SourceError, SourceSettings
settings = SourceSettings(quiet_seconds=0.2, every_frame=True)
for address in sys.argv[1:]:
    kind = "stream" if "pipe" in address else "camera" if "dev" in address else "file"
    try:
        with open_stream(Source(kind, address), settings, print) as stream:
            while not stream.ended:
                stream.next(1.0)
        print("read")
    except SourceError:
        print("refused")
"""


def test_nothing_is_written_to_the_terminal(tmp_path: Path) -> None:
    """Neither by decoders that meet nonsense, nor when a thread still hangs at the end."""
    text, broken, pipe = (tmp_path / name for name in ("text.mp4", "broken.avi", "pipe"))
    text.write_text("These are words.\n" * 1000)
    content = bytearray(write_video(broken, numbered_pictures(60)).read_bytes())
    generator = np.random.default_rng(1)
    for place in range(9000, len(content) - 5000, 3000):
        content[place : place + 200] = generator.bytes(200)
    broken.write_bytes(content)
    os.mkfifo(pipe)  # nobody writes: opening it hangs
    done = subprocess.run(
        [sys.executable, "-c", _SPOILT, text, "/dev/video97", broken, pipe],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 3,
    )
    assert done.stdout.split() == ["refused", "refused", "read", "refused"]
    assert done.stderr == ""
    assert done.returncode == 0
