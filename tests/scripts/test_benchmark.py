"""`fpp benchmark`: what is refused, and what is left after Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.benchmark import measuring
from runs.benchmark.measuring import BenchmarkPlan, Step, steps
from scripts.main import main


@pytest.mark.parametrize(
    "options", [["--processes", "0"], ["--growth", "100,many"], ["--photos", "-1"]]
)
def test_wrong_usage_is_refused(options: list[str], portrait_path: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["benchmark", str(portrait_path), "--out", str(tmp_path / "out"), *options])
    assert stopped.value.code == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_without_photos_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "No photos found" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_stopped_it_reports_on_what_was_measured(
    portrait_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    def two_steps(plan: BenchmarkPlan) -> list[Step]:
        return [steps(plan)[0], ("stopped", stopped)]  # type: ignore[list-item]

    monkeypatch.setattr(measuring, "steps", two_steps)
    out, docs = tmp_path / "out", tmp_path / "docs"
    arguments = ["benchmark", str(portrait_path), "--out", str(out), "--docs", str(docs)]
    assert main(arguments) == 130
    assert "`fpp --help`" in (docs / "benchmark.md").read_text()
    assert (docs / "benchmark.png").is_file()
    lines = (out / "measurements.csv").read_text().splitlines()
    assert len(lines) == 2
    assert {entry.name for entry in out.iterdir()} == {
        "benchmark.md",
        "benchmark.png",
        "measurements.csv",
    }
