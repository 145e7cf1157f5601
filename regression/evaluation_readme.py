"""The README's block of figures, written by the command that measured them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from regression.agreement import MEAN
from regression.evaluation import MEASURED, Evaluation
from regression.evaluation_report import (
    MODEL_NAMES,
    markdown_table,
    people_by_kind,
    percent,
    write_text,
)

README_START = "<!-- accuracy: written by fpp evaluate -->"
README_END = "<!-- /accuracy -->"


class ReadmeError(Exception):
    """A file that the figures cannot go into. The message says what, why and what to do."""


def readme_block(evaluations: Sequence[Evaluation], command: str) -> str:
    """The README's figures, markers included; the same evaluations give the same text.

    Args:
        evaluations: one per split, at least one.
        command: the line that measured them.
    """
    counts = people_by_kind(evaluations[0])
    head = ["`--model`"] + [
        f"{kind} photos" + (", collection left out" if e.split == "collections" else "")
        for e in evaluations
        for kind in counts
    ]
    rows = [
        [MODEL_NAMES.get(model, f"`{model}`")]
        + [
            e.agreements[model][kind].estimates["r"][MEAN].text()
            if kind in e.agreements[model]
            else ""
            for e in evaluations
            for kind in counts
        ]
        for model in evaluations[0].models
    ]
    people = " and ".join(f"{count} with {kind} photos" for kind, count in counts.items())
    text = (
        f"Agreement: mean Pearson r of 14 proportions of the predicted head with the same ones "
        f"measured by hand on the person's neutral photo, and its 95 % interval over people "
        f"({people}). No model saw the person it is tested on"
        + (
            ', and under "collection left out" no other photo of the person\'s collection.'
            if any(e.split == "collections" for e in evaluations)
            else "."
        )
    )
    paragraphs = [text, *_consistency_line(evaluations[0]), "Measured by"]
    body = [
        textwrap.fill(p, 100, break_on_hyphens=False, break_long_words=False) for p in paragraphs
    ]
    table, code = markdown_table(head, rows), f"```sh\n{command}\n```"
    return "\n\n".join([README_START, table, *body, code, README_END])


def _consistency_line(evaluation: Evaluation) -> list[str]:
    models = [m for m in evaluation.consistency if m != MEASURED]
    if not models:
        return []
    model = "fused" if "fused" in models else models[-1]
    one = evaluation.consistency[model]
    return [
        f"Several photos of a person (`{model}`, {one.people} people): the spread of the sliders "
        f"within a person is {one.spread.text()} of that between people, and "
        f"{percent(one.recognised)} of the photos are nearest to the same person's other photo "
        f"(guessing: {100 / one.people:.0f} %)."
    ]


def check_readme(path: Path) -> None:
    """Raises ReadmeError where write_readme would, before anything is measured."""
    _around_block(path)


def write_readme(path: Path, block: str) -> None:
    """Puts a readme_block in the place of the one that the file holds.

    Raises:
        ReadmeError: the file cannot be read, or does not hold the two markers once and in order.
    """
    before, after = _around_block(path)
    write_text(path, before + block + after)


def _around_block(path: Path) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadmeError(
            f"{path} cannot be read ({error}). A Markdown file in UTF-8 was expected. Name another "
            "one with --readme."
        ) from error
    start, end = text.find(README_START), text.find(README_END)
    if text.count(README_START) != 1 or text.count(README_END) != 1 or end < start:
        raise ReadmeError(
            f"{path} does not say where the figures go. These two lines were expected in it, once "
            f"each and in this order: {README_START} and {README_END}. Add them where the table is "
            "to stand."
        )
    return text[:start], text[end + len(README_END) :]
