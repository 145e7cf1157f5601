"""The report says what was measured, and nothing of what was not."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from runs.benchmark.measurements import (
    BOUND,
    COLD,
    GROWTH,
    LOOP,
    OURS,
    PLAIN,
    STAGE,
    Measurement,
)
from runs.benchmark.report import write_report


def _ours(processes: int, number: int, running: float) -> Measurement:
    return Measurement(
        OURS, "fused", 2, True, processes, 400, number, running + 3, 3.0, 11.0, None, 600.0
    )


_MEASURED = [
    *(_ours(1, number, running) for number, running in ((1, 10.0), (2, 8.0), (3, 16.0))),
    _ours(2, 1, 5.0),
    Measurement(PLAIN, "encoding", 1, False, 1, 40, seconds=43.0, starting_seconds=3.0),
    Measurement(BOUND, "fused", 2, photos=50, milliseconds=20.0),
    Measurement(LOOP, "fused", 2, photos=50, milliseconds=24.0),
    Measurement(STAGE, "overlay", photos=50, milliseconds=2.345),
    Measurement(GROWTH, "fused", 2, True, 2, 10_000, seconds=125.0, peak_megabytes=701.0),
    *(Measurement(COLD, "fused", 2, True, round=n, seconds=s) for n, s in ((1, 3), (2, 2), (3, 9))),
]


def _cells(report: str, start: str) -> list[str]:
    (line,) = [line for line in report.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_the_tables_hold_rates_ratios_and_shares(tmp_path: Path, portrait_path: Path) -> None:
    paths = write_report(tmp_path, _MEASURED, [portrait_path])
    assert [path.name for path in paths] == ["benchmark.md", "benchmark.png"]
    report = paths[0].read_text()
    against, in_full = report.split("## With start-up")
    # 400 photos in 10 s at the middle; plain does one a second; two processes take half of it.
    assert _cells(against, "`fused` ") == ["`fused`", "40.0", "40.0", "80.0", "", "2.00"]
    assert _cells(against, "face_recognition")[1:] == ["1.0", "1.0", "", "", ""]
    in_full, rest = in_full.split("## Against the bound")
    assert "| `fused` | 1 | 400 | 40.0 | 30.8 | 3.0 | 27.5 | 600 |" in in_full
    # 20 of 24 ms, and of 25.
    assert _cells(rest, "`fused` | 20.0")[2:] == ["24.0", "83 %", "25.0", "80 %"]
    assert _cells(rest, "overlay")[1] == "2.35"
    assert _cells(rest, "`fused` | 2 | 10,000")[3:] == ["125.0", "80.0", "701"]
    assert _cells(rest, "`fpp predict one.jpg --model fused`")[1:] == [
        "in memory",
        "3.00",
        "2.00-9.00",
    ]
    with Image.open(paths[1]) as plot:
        assert plot.width > 1000


def test_what_was_not_measured_has_no_table(tmp_path: Path, portrait_path: Path) -> None:
    report = write_report(tmp_path, _MEASURED[-3:], [portrait_path])[0].read_text()
    assert "## One photo from a cold start" in report
    assert report.count("\n## ") == 2  # and how it was measured


def test_no_file_name_is_in_the_report(tmp_path: Path, portrait_path: Path) -> None:
    report = write_report(tmp_path, _MEASURED, [portrait_path])[0].read_text()
    assert portrait_path.stem not in report
    with Image.open(portrait_path) as image:
        assert f"1 photo of {image.width} x {image.height} pixels" in report
