"""The order of measurements, and some of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.benchmark.measurements import COLD, OURS
from runs.benchmark.measuring import BenchmarkPlan, clear_away, steps


def _plan(portrait: Path, out: Path, processes: tuple[int, ...] = (1,)) -> BenchmarkPlan:
    return BenchmarkPlan((portrait,), out, processes, copies=4, starting=2, rounds=1)


def _step(plan: BenchmarkPlan, words: str) -> list[object]:
    measure = next(measure for name, measure in steps(plan) if name == words)
    return list(measure())


def test_each_way_is_measured_once_a_round_and_plain_in_the_first(tmp_path: Path) -> None:
    names = [name for name, _ in steps(BenchmarkPlan((Path("a.jpg"),), tmp_path, (1, 2)))]
    assert names.count("fused, two looks, 2 processes") == 2
    assert names.count("fused, two looks, 1 process") == 3  # once without overlays
    assert names.count("face_recognition, 2 processes") == 1
    assert names.count("stages and bound, in one loop") == 2
    assert names[-1] == "10000 photos, fused, two looks"
    assert "face_recognition's command, 1 process" in names


def test_the_fast_plan_leaves_nothing_out_but_numbers(tmp_path: Path) -> None:
    plan = BenchmarkPlan((Path("a.jpg"),), tmp_path)
    whole, fast = ({name for name, _ in steps(one)} for one in (plan, plan.fast()))
    assert {name for name in whole - fast if "000 photos" not in name} == set()


def test_one_photo_from_a_cold_start(portrait_path: Path, tmp_path: Path) -> None:
    plan = _plan(portrait_path, tmp_path)
    (one,) = _step(plan, "one photo from a cold start, landmarks, one look")
    assert (one.what, one.name, one.looks, one.photos) == (COLD, "landmarks", 1, 1)  # type: ignore[attr-defined]
    assert one.seconds > 0  # type: ignore[attr-defined]
    clear_away(plan)
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("error")
def test_a_run_is_measured_apart_from_its_start(portrait_path: Path, tmp_path: Path) -> None:
    plan = _plan(portrait_path, tmp_path)
    (one,) = _step(plan, "landmarks, one look, 1 process")
    assert (one.what, one.photos, one.overlay) == (OURS, 4, True)  # type: ignore[attr-defined]
    assert 0 <= one.starting_seconds <= one.seconds  # type: ignore[attr-defined]
