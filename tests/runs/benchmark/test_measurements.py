"""Records of measurements, their rates and their file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from runs.benchmark.measurements import (
    OURS,
    PLAIN,
    STAGE,
    Measurement,
    chosen,
    middle,
    write_measurements,
)


def test_rates_with_and_without_the_start() -> None:
    one = Measurement(OURS, "fused", photos=100, seconds=12.0, starting_seconds=2.0)
    assert one.photos_per_second == pytest.approx(10)
    assert one.photos_per_second_with_start == pytest.approx(100 / 12)
    assert Measurement(STAGE, "decode", milliseconds=5.0).photos_per_second == pytest.approx(200)
    assert Measurement(OURS, "fused", photos=100, seconds=12.0).photos_per_second is None


def test_the_file_has_a_row_for_each_and_empty_cells_for_what_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "measurements.csv"
    write_measurements(
        path,
        [
            Measurement(OURS, "fused", 2, True, 2, 100, 1, 12.0, 2.0, None, None, 700.5),
            Measurement(PLAIN, "encoding", seconds=0.123456789),
        ],
    )
    first, second = csv.DictReader(path.read_text().splitlines())
    assert first["name"] == "fused"
    assert first["overlay"] == "True"
    assert float(first["photos_per_second"]) == pytest.approx(10)
    assert first["cpu_seconds"] == second["looks"] == second["photos_per_second"] == ""
    assert float(second["seconds"]) == pytest.approx(0.123456789, rel=1e-5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["measurements.csv"]


def test_the_middle_is_of_those_that_are_asked_for() -> None:
    measured = [
        Measurement(OURS, "fused", processes=processes, round=number, seconds=seconds)
        for processes, number, seconds in ((1, 1, 5.0), (1, 2, 9.0), (1, 3, 6.0), (2, 1, 1.0))
    ]
    assert middle(chosen(measured, OURS, processes=1), lambda one: one.seconds) == 6.0
    assert middle(chosen(measured, OURS, processes=2), lambda one: one.seconds) == 1.0
    assert middle(chosen(measured, PLAIN), lambda one: one.seconds) is None
    assert middle(measured, lambda one: one.peak_megabytes) is None
