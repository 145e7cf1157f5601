"""`fpp train`: its choices, and which options go with a preset and which do not."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from regression.training.presets import LOSSES, PRESETS, SLIDER_WEIGHTS
from scripts import train
from scripts.main import build_parser, main
from vision.features import ROUTES


def parsed(line: str) -> argparse.Namespace:
    return build_parser().parse_args(shlex.split(line))


def test_the_choices_are_those_of_the_library() -> None:
    # They are written twice so that --help need not import the library.
    assert train.LOSSES == LOSSES
    assert train.SLIDER_WEIGHTS == SLIDER_WEIGHTS
    assert train.ROUTES == ROUTES
    assert all(name in train.EXAMPLES for name in PRESETS)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--preset dense", "--route exactly once"),
        ("--preset dense --route fused --route encoding", "--route exactly once"),
        ("--preset dense --route fused --photos p", "--photos is not for --preset"),
        ("--preset dense --route fused --collections a", "--collections is not for --preset"),
        ("--preset dense --route fused --landmarker f", "--landmarker is not for --preset"),
        ("--preset dense --route fused --folds 10", "--folds is not for --preset"),
        ("--preset dense --route fused --limit 0", "--limit 0"),
        ("--preset dense --route fused --seed -1", "--seed -1"),
        ("--seed 1", "--seed needs --preset"),
        ("--slider-weights spread", "--slider-weights needs --preset"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    line: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--out", str(tmp_path / "run"), *shlex.split(line)])
    assert caught.value.code == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "line",
    [
        "--out run --preset study --route encoding",
        "--out 'my run' --preset dense --route fused --data d --schema s.json --seed 3 --epochs 2 "
        "--head h.npz --limit 9 --loss mse+mae --slider-weights surface --batch-size 8 "
        "--learning-rate 0.001",
    ],
)
def test_the_command_that_is_noted_is_the_one_that_was_given(line: str) -> None:
    noted = train.command_line(parsed(f"train {line}"))
    assert noted.startswith("fpp train ")
    again = parsed(noted.removeprefix("fpp "))
    given = parsed(f"train {line}")
    assert vars(again).keys() == vars(given).keys()
    for name, value in vars(given).items():
        if name not in ("run", "parser"):
            assert getattr(again, name) == value


def test_an_unknown_preset_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["train", "--preset", "densest", "--route", "fused", "--out", str(tmp_path / "run")]
    assert main(line) == 1
    assert "no preset 'densest'" in capsys.readouterr().err
