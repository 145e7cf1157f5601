"""`fpp evaluate`: its choices, its command line as it stands in the README, its errors."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from regression.evaluation.evaluate import MODELS, SPLITS
from regression.evaluation.readme import README_END, README_START
from scripts import evaluate
from scripts.main import build_parser, main


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


def test_one_fold_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--photos", "p", "--folds", "1"])
    assert caught.value.code == 2
    assert "--folds" in capsys.readouterr().err
