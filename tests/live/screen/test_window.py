"""A real window on a screen of its own: keys, clicks, the close button, and no screen at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageGrab

from live.screen.keys import KEYS
from live.screen.window import Event, key_event
from tests.live.screen.close_button import press_close_button

ROOT = Path(__file__).parents[3]
TITLE = "Face test"
_PATIENCE = 30.0


def wait_for(what: Callable[[], Any], whom: str) -> Any:
    """The first true answer of `what`."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{whom} did not come in {_PATIENCE:.0f} s")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """An X server of our own."""
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1400x900x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    with subprocess.Popen(
        command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
        server.terminate()


class ShownWindow:
    """tests/live/show_window.py in a process of its own, and hands that use its window."""

    def __init__(self, display: str, folder: Path) -> None:
        self._environment = {**os.environ, "DISPLAY": display}
        self._events = folder / "events.jsonl"
        self._events.touch()
        self.display = display
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.screen.show_window", str(self._events), "120"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.window = wait_for(self._found, "the window")
        wait_for(lambda: self.colour_at(100, 100) == (255, 0, 0), "the picture")
        self.use("windowfocus", "--sync", self.window)

    def use(self, *words: str) -> str:
        """Calls xdotool."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return done.stdout.strip()

    def events(self, count: int) -> list[Event]:
        """All events so far, once there are `count`."""
        wait_for(lambda: len(self._lines()) >= count, f"event {count}")
        return [Event(**json.loads(line)) for line in self._lines()]

    def click(self, x: int, y: int) -> None:
        self.use("mousemove", "--sync", str(x), str(y))
        time.sleep(0.1)
        self.use("click", "1")

    def colour_at(self, x: int, y: int) -> tuple[int, int, int]:
        """The colour on the screen: only exact for windows that cover it."""
        return tuple(int(value) for value in self.screen()[y, x])

    def screen(self) -> np.ndarray:
        """(900, 1400, 3) uint8 RGB."""
        # Pillow speaks X itself.
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))

    def _found(self) -> str:
        assert self.process.poll() is None, self.process.communicate()[0]
        return self.use("search", "--name", TITLE).partition("\n")[0]

    def _lines(self) -> list[str]:
        return self._events.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def shown(display: str, tmp_path: Path) -> Iterator[ShownWindow]:
    window = ShownWindow(display, tmp_path)
    yield window
    window.process.kill()
    window.process.communicate()


def test_keys_and_clicks_come_in_and_escape_ends_without_a_word(shown):
    names = ["m", "c", "space", "s", "r", "n", "f", "Tab", "3", "h"]
    expected = [
        Event("model"),
        Event("compare"),
        Event("capture"),
        Event("capture"),
        Event("record"),
        Event("restart"),
        Event("mirror"),
        Event("face"),
        Event("face", number=3),
        Event("help"),
    ]
    for count, name in enumerate(names, start=1):
        shown.use("key", name)
        assert shown.events(count) == expected[:count]
    # Keys without a meaning: left, whose code ends as Q's does; a function key, a letter.
    for name in ("Left", "Up", "F5", "z"):
        shown.use("key", name)
        time.sleep(0.1)
    shown.use("key", "shift+M")
    assert shown.events(11)[10:] == [Event("model")]
    shown.click(320, 180)
    assert shown.events(12)[11] == Event("click", 320, 180)
    shown.use("key", "Escape")
    assert shown.events(13)[12] == Event("quit")
    output, _ = shown.process.communicate(timeout=_PATIENCE)
    assert shown.process.returncode == 0
    assert output == ""


def test_the_picture_keeps_its_shape_and_clicks_their_place_when_the_window_is_resized(shown):
    shown.use("windowsize", "--sync", shown.window, "900", "800")

    def settled() -> bool:
        column = shown.screen()[:800, 225]
        red = np.flatnonzero((column == (255, 0, 0)).all(axis=1))
        blue = np.flatnonzero((column == (0, 0, 255)).all(axis=1))
        return len(red) > 0 and abs(len(red) + len(blue) - 900 * 720 / 1280) < 4

    wait_for(settled, "the smaller picture")
    red = np.flatnonzero((shown.screen()[:800, 225] == (255, 0, 0)).all(axis=1))
    shown.click(225, int(red[0]) + 100)
    (event,) = shown.events(1)
    assert event.action == "click"
    np.testing.assert_allclose((event.x, event.y), np.array([225, 100]) * 1280 / 900, atol=2)
    shown.click(225, max(0, int(red[0]) - 20))  # beside the picture
    shown.use("key", "h")
    assert [event.action for event in shown.events(2)] == ["click", "help"]


def test_the_close_button_quits(shown):
    press_close_button(shown.display, int(shown.window))
    assert shown.events(1) == [Event("quit")]
    output, _ = shown.process.communicate(timeout=_PATIENCE)
    assert shown.process.returncode == 0
    assert output == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux may have no screen")
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "DISPLAY is not set. A desktop was expected"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "XWayland was expected"),
        ({"DISPLAY": ":4321"}, ":4321 does not answer"),
        ({"DISPLAY": "nonsense"}, "nonsense does not answer"),
    ],
)
def test_without_a_screen_it_says_what_to_do(tmp_path, settings, told):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.live.screen.show_window", str(tmp_path / "events"), "1"],
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert told in done.stdout
    assert "--no-window" in done.stdout
    assert "Traceback" not in done.stderr


def test_every_key_has_its_code_and_other_codes_mean_nothing():
    for character, action in KEYS.items():
        event = key_event(ord(character))
        assert event is not None
        assert event.action == action
        assert key_event(ord(character.upper())) == event
        assert key_event(ord(character) | 0x100000) == event  # Num Lock, as GTK has it
    assert key_event(ord("1")) == Event("face", number=1)
    assert key_event(ord("\t")) == Event("face", number=None)
    for code in (-1, 65361, 65362, 63234, ord("z"), 0):
        assert key_event(code) is None
