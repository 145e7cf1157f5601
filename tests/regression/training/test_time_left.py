"""What is left of a run, on a clock that the tests set."""

from __future__ import annotations

import pytest

from regression.training import time_left
from regression.training.time_left import TimeLeft, duration


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time_left, "time", clock)
    return clock


def test_what_is_measured_takes_the_place_of_guesses(clock: Clock) -> None:
    left = TimeLeft({"one": 10.0, "two": 100.0, "three": 5.0})
    assert left.seconds == 115
    left.start("one")
    clock.now += 30
    left.reach("one", 0.5)
    assert left.seconds == pytest.approx(30 + 100 + 5)
    left.start("two")
    assert left.seconds == pytest.approx(105)
    left.start("three")
    assert left.seconds == pytest.approx(5)


def test_a_stage_tells_how_long_one_of_its_kind_takes(clock: Clock) -> None:
    left = TimeLeft({"test": 1.0, "train": 1.0})
    left.start("test")
    clock.now += 10
    left.reach("test", 0.5, {"train": 8.0})
    assert left.seconds == pytest.approx(10 + 160)


def test_what_an_earlier_run_did_is_not_measured(clock: Clock) -> None:
    left = TimeLeft({"train": 100.0})
    left.start("train", 0.75)
    assert left.seconds == pytest.approx(25)
    left.reach("train", 0.75)
    assert left.seconds == pytest.approx(25)
    clock.now += 6
    left.reach("train", 0.9)
    assert left.seconds == pytest.approx(4)


def test_skipped_stages_do_not_count(clock: Clock) -> None:
    left = TimeLeft({"one": 10.0, "two": 20.0, "three": 30.0})
    left.start("three")
    assert left.seconds == 30


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "10 s"), (44, "40 s"), (600, "10 min"), (5000, "83 min"), (7200, "2.0 h")],
)
def test_durations_are_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
