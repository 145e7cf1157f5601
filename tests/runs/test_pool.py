"""Processes that die or hang cost their photo, and no other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas
import pytest

from regression.models.model_files import ModelError
from runs.run import Run
from tests.runs.faults import FaultyPlan


def faulty(tmp_path: Path) -> FaultyPlan:
    return FaultyPlan(tmp_path / "out", model="landmarks", rendered=True, quick=True)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_photo_that_raises_is_a_failure(photos, tmp_path, processes) -> None:
    shutil.copyfile(photos[0], photos[0].with_name("raises.jpg"))
    given = [*photos[:2], photos[0].with_name("raises.jpg"), *photos[6:8]]
    plan = faulty(tmp_path)
    with Run(plan, processes) as run:
        summary = run.predict(given, lambda *told: None)
    assert (summary.done, summary.faces, summary.failures) == (5, 4, 1)
    (row,) = pandas.read_csv(plan.out / "failures.csv").to_dict("records")
    assert row["photo"].endswith("raises.jpg")
    assert "ArithmeticError: planted" in row["reason"]


def test_a_process_that_dies_or_hangs_costs_one_photo(photos, tmp_path) -> None:
    bad = [photos[0].with_name(name) for name in ("dies.jpg", "hangs.jpg")]
    for path in bad:
        shutil.copyfile(photos[0], path)
    given = [photos[0], bad[0], photos[1], bad[1], *photos[6:12]]
    plan = faulty(tmp_path)
    # Half a minute for a part: generous to a busy computer, where a photo takes a second.
    with Run(plan, 2, photo_seconds=8) as run:
        summary = run.predict(given, lambda *told: None)
    assert (summary.done, summary.failures) == (10, 2)
    reasons = pandas.read_csv(plan.out / "failures.csv").set_index("photo")["reason"]
    assert "ended the program twice" in reasons[str(bad[0])]
    assert "took longer than 8 seconds" in reasons[str(bad[1])]
    with Run(plan, 2) as run:
        assert run.predict(given, lambda *told: None).before == 10


def test_what_keeps_workers_from_loading_is_raised(photos, tmp_path) -> None:
    plan = replace(faulty(tmp_path), model="fit")  # which knows nothing of rendered heads
    with Run(plan, 2) as run, pytest.raises(ModelError, match="photographs only"):
        run.predict(photos, lambda *told: None)
