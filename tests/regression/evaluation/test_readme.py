"""The README's figures are put where the markers are, again and again, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from regression.evaluation.evaluate import Evaluation
from regression.evaluation.readme import (
    README_END,
    README_START,
    ReadmeError,
    check_readme,
    readme_block,
    write_readme,
)
from regression.measures.agreement import MEAN
from tests.regression.evaluated import planted_evaluation

COMMAND = "fpp evaluate --photos PHOTOS"


@pytest.fixture(scope="module")
def evaluations() -> list[Evaluation]:
    return [planted_evaluation(split, nested=True) for split in ("people", "collections")]


def test_the_block_is_replaced_and_the_rest_is_kept(
    tmp_path: Path, evaluations: list[Evaluation]
) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Über\n\n{README_START}\nold\n{README_END}\n\nAfter é\n", encoding="utf-8")
    block = readme_block(evaluations, COMMAND)
    write_readme(path, block)
    once = path.read_bytes()
    assert once.decode() == f"# Über\n\n{block}\n\nAfter é\n"
    write_readme(path, readme_block(evaluations, COMMAND))
    assert path.read_bytes() == once
    assert list(tmp_path.iterdir()) == [path]


def test_the_block_holds_the_figures_of_both_splits(evaluations: list[Evaluation]) -> None:
    lines = readme_block(evaluations, COMMAND).splitlines()
    assert (lines[0], lines[-1]) == (README_START, README_END)
    assert "| neutral photos | smiling photos | neutral photos, collection left out |" in lines[2]
    (row,) = [line for line in lines if line.startswith("| `fused` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
    assert cells == [
        evaluation.agreements["fused"][kind].estimates["r"][MEAN].text()
        for evaluation in evaluations
        for kind in ("neutral", "smiling")
    ]
    text = " ".join(lines)
    assert "30 with neutral photos and 30 with smiling photos" in text
    assert evaluations[0].consistency["fused"].spread.text() in text
    assert COMMAND in lines
    assert max(len(line) for line in lines if not line.startswith("|")) <= 100
    assert text.count("```") == 2


def test_the_block_says_what_was_measured_beside_agreement(evaluations: list[Evaluation]) -> None:
    text = " ".join(readme_block(evaluations, COMMAND).split())
    first = evaluations[0]
    held = first.calibrations["fused"].coverage.mean
    assert f"{100 * held:.0f} % of the teacher's values of 30 people measured by hand and" in text
    assert "They are 0.20 of a slider's range wide" in text
    assert first.several_photos["fused"].gain.text(3, sign=True) in text
    assert "intervals 25 % narrower that hold for 88 % of the values" in text
    parts = [
        " / ".join(f"{e.nested['fused'].agreements[k].mean:.2f}" for k in ("neutral", "smiling"))
        for e in evaluations
    ]
    assert f"`fused` {parts[0]} (collection left out: {parts[1]})." in text


def test_what_was_not_measured_is_not_said(evaluations: list[Evaluation]) -> None:
    text = readme_block(evaluations[1:], COMMAND)
    for words in ("intervals", "together", "range wide"):
        assert words not in text
    assert "Chosen anew" not in readme_block([planted_evaluation()], COMMAND)


def test_one_split_says_nothing_of_collections(evaluations: list[Evaluation]) -> None:
    assert "collection" not in readme_block(evaluations[:1], COMMAND)


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        README_START,
        f"{README_END}\n{README_START}",
        f"{README_START}\n{README_END}\n" * 2,
    ],
)
def test_a_file_without_the_markers_is_refused_and_kept(
    tmp_path: Path, text: str, evaluations: list[Evaluation]
) -> None:
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReadmeError) as caught:
        check_readme(path)
    for expected in (str(path), README_START, README_END):
        assert expected in str(caught.value)
    with pytest.raises(ReadmeError):
        write_readme(path, readme_block(evaluations, COMMAND))
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadmeError, match="cannot be read"):
        check_readme(tmp_path / "README.md")
