"""`fpp compare`: what is refused before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from regression.evaluation.compared_runs import STUDY_EPOCHS
from scripts.main import build_parser, main


@pytest.mark.parametrize(
    "options",
    [
        ["--study-epochs", "0"],
        ["--limit", "3"],
        ["--collections", "london"],
        ["--landmarker", "face_landmarker.task"],
    ],
)
def test_wrong_usage_is_refused(options: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "--out", str(tmp_path / "out"), *options])
    assert stopped.value.code == 2
    assert not list(tmp_path.iterdir())


def test_a_readme_without_markers_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# None\n")
    assert main(["compare", "--out", str(tmp_path / "out"), "--readme", str(readme)]) == 1
    assert "<!-- compare: written by fpp compare -->" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--out", str(tmp_path / "out"), "--run", str(tmp_path)]) == 1
    assert "`fpp train --preset` was expected" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_help_names_the_epochs_that_the_library_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["compare", "--help"])
    assert f"(default: {STUDY_EPOCHS})" in " ".join(capsys.readouterr().out.split())
