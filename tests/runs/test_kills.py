"""Killed at any moment, a run goes on; `python -m tests.runs.kills` does it many times."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from runs.parts import PARTS
from tests.runs.kills import begin_run, differences, kill_runs, unreadable_files, whole_run
from tests.runs.run_photos import make_photos

PHOTOS = 120


def test_runs_killed_at_random_moments_end_as_one_that_was_not(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", PHOTOS)
    seconds = whole_run(tmp_path / "photos", tmp_path / "whole")
    chance = random.Random(time.time_ns())
    counts = kill_runs(tmp_path / "photos", tmp_path, tmp_path / "whole", 4, seconds, chance)
    assert counts.kills >= 4
    assert counts.differences == []


def test_workers_end_with_a_killed_parent_and_what_they_did_counts(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", PHOTOS)
    out = tmp_path / "out"
    process = begin_run(tmp_path / "photos", out, 2)
    while not list((out / PARTS).glob("*.parquet")):
        assert process.poll() is None, (tmp_path / "out.log").read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert unreadable_files(out) == []
    whole_run(tmp_path / "photos", out)  # would wait for workers that go on
    assert " done before)" in (tmp_path / "out.log").read_text()
    # The process group is empty: nobody is left of it.
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        left = False
    else:
        left = True
    assert not left
    whole_run(tmp_path / "photos", tmp_path / "whole")
    assert differences(out, tmp_path / "whole") == []
