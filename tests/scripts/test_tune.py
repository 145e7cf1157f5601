"""`fpp tune`: its choices and wrong usage."""

from __future__ import annotations

from pathlib import Path

import pytest

from regression.training.search_space import METHODS
from scripts import tune
from scripts.main import build_parser, main
from vision.features import ROUTES

LINE = ["tune", "--route", "fused", "--out", "search", "--name", "mine"]


def test_the_choices_are_those_of_the_library() -> None:
    # They are written twice so that --help need not import the library.
    assert tune.METHODS == METHODS
    assert set(tune.ROUTES) == set(ROUTES)


def test_thirty_trials_by_hyperband_from_dense_unless_something_else_is_asked_for() -> None:
    parsed = build_parser().parse_args(LINE)
    assert (parsed.trials, parsed.method, parsed.start) == (30, "hyperband", "dense")
    assert parsed.data == Path("data")


@pytest.mark.parametrize(
    "words", [["--trials", "0"], ["--epochs", "x"], ["--limit", "-1"], ["--method", "grid"]]
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*LINE, *words])
    assert caught.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_too_few_trials_for_hyperband_are_an_error_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*LINE, "--trials", "3"]) == 1
    assert "3 trials are too few for hyperband" in capsys.readouterr().err
