"""`fpp evaluate`: its choices, its command line as it stands in the README, its errors."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from regression.datasets.tables import read_table
from regression.evaluation.evaluate import MODELS, SPLITS
from regression.evaluation.readme import README_END, README_START
from scripts import evaluate
from scripts.main import build_parser, main

ROOT = Path(__file__).parents[2]


def parsed(line: str) -> argparse.Namespace:
    return build_parser().parse_args(shlex.split(line))


def test_the_choices_are_those_of_the_library() -> None:
    # They are written twice so that --help need not import the library.
    assert evaluate.MODELS == MODELS
    assert evaluate.SPLITS == SPLITS


@pytest.mark.parametrize(
    "line",
    [
        "--photos PHOTOS",
        "--photos PHOTOS --collections london,canada --split both --readme README.md",
        "--photos PHOTOS --model fused --model fit --models MODELS --split collections --folds 3",
        "--photos PHOTOS --landmarker face_landmarker.task --split both --nested",
    ],
)
def test_the_command_line_in_the_readme_is_the_one_that_was_given(line: str) -> None:
    for out in ("", " --out elsewhere"):
        assert evaluate.command_line(parsed(f"evaluate {line}{out}")) == f"fpp evaluate {line}"


def test_no_folder_of_ones_own_stands_in_the_readme() -> None:
    line = "evaluate --photos /home/me/photos --models /home/me/models --readme /home/me/README.md"
    line += " --landmarker /home/me/face_landmarker.task"
    assert "/home" not in evaluate.command_line(parsed(line))


def test_leave_out_and_route_keep_their_meaning() -> None:
    old = parsed("evaluate --photos p --leave-out --route fused")
    new = parsed("evaluate --photos p --split collections --model fused")
    assert (old.split, old.model) == (new.split, new.model) == ("collections", ["fused"])
    assert parsed("evaluate --photos p").split == "people"


def test_a_readme_without_markers_is_refused_before_any_photo_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n", encoding="utf-8")
    line = ["evaluate", "--photos", str(tmp_path / "nowhere"), "--readme", str(readme)]
    assert main(line) == 1
    error = capsys.readouterr().err
    assert README_START in error
    assert README_END in error
    assert readme.read_text(encoding="utf-8") == "# Title\n"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "--photos"),
        ("--per-slider --photos p", "--photos"),
        ("--per-slider --nested", "--nested"),
        ("--per-slider --model fit", "fit"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    line: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *shlex.split(line)])
    assert caught.value.code == 2
    assert named in capsys.readouterr().err


def test_every_slider_is_measured_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FPP_RIG", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for part, rows in (("train", 900), ("test", 60)):
        (tmp_path / "data" / part).mkdir(parents=True)
        table = read_table(ROOT / "data" / part / "faces.parquet").iloc[:rows]
        table.to_parquet(tmp_path / "data" / part / "faces.parquet")
    out = tmp_path / "out"
    line = ["evaluate", "--per-slider", "--model", "landmarks", "--out", str(out)]
    assert main([*line, "--data", str(tmp_path / "data")]) == 0
    told = capsys.readouterr().out
    assert "The route landmarks tells" in told
    for path in out.iterdir():
        assert f"Written: {path}" in told
    assert {"per_slider.md", "surface.csv", "heat.png", "worst.png"} <= {
        path.name for path in out.iterdir()
    }


def test_a_rig_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere")
    line = ["evaluate", "--per-slider", "--data", str(ROOT / "data"), "--rig", nowhere]
    assert main([*line, "--out", str(tmp_path / "out")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_one_fold_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--photos", "p", "--folds", "1"])
    assert caught.value.code == 2
    assert "--folds" in capsys.readouterr().err
