"""The README's block of figures, written by the command that measured them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from regression.evaluation.evaluate import Evaluation
from regression.evaluation.report import (
    model_title,
    people_by_kind,
    percent,
)
from regression.measures.agreement import MEAN
from regression.measures.markdown import (
    markdown_table,
    write_text,
)
from regression.models.intervals import COVERAGE
from vision.features import ROUTES

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
        [model_title(model)]
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
    first = evaluations[0]
    paragraphs = [
        text,
        *_nested_line(evaluations),
        *_consistency_line(first),
        *_several_photos_line(first),
        *_coverage_line(first),
        "Measured by",
    ]
    body = [
        textwrap.fill(p, 100, break_on_hyphens=False, break_long_words=False) for p in paragraphs
    ]
    table, code = markdown_table(head, rows), f"```sh\n{command}\n```"
    return "\n\n".join([README_START, table, *body, code, README_END])


def _route(evaluation: Evaluation) -> str:
    """The model that lines of text are about: fused, or the last route evaluated."""
    routes = [model for model in evaluation.models if model in ROUTES]
    return routes[-1] if routes and "fused" not in routes else "fused"


def _nested_line(evaluations: Sequence[Evaluation]) -> list[str]:
    parts = []
    for model in evaluations[0].nested:
        figures = {
            evaluation.split: " / ".join(
                f"{one.mean:.2f}" for one in evaluation.nested[model].agreements.values()
            )
            for evaluation in evaluations
        }
        kept, left_out = figures.get("people"), figures.get("collections")
        aside = f" (collection left out: {left_out})" if kept and left_out else ""
        parts.append(f"{model_title(model)} {kept or left_out}{aside}")
    if not parts:
        return []
    kinds = " / ".join(people_by_kind(evaluations[0]))
    return [
        "The recipe's numbers were chosen by such figures of the same people. Chosen anew inside "
        f"each fold, by its training people alone, {kinds}: {'; '.join(parts)}."
    ]


def _consistency_line(evaluation: Evaluation) -> list[str]:
    model = _route(evaluation)
    if model not in evaluation.consistency:
        return []
    one = evaluation.consistency[model]
    return [
        f"Several photos of a person (`{model}`, {one.people} people): the spread of the sliders "
        f"within a person is {one.spread.text()} of that between people, and "
        f"{percent(one.recognised)} of the photos are nearest to the same person's other photo "
        f"(guessing: {100 / one.people:.0f} %)."
    ]


def _several_photos_line(evaluation: Evaluation) -> list[str]:
    model = _route(evaluation)
    if model not in evaluation.several_photos:
        return []
    one = evaluation.several_photos[model]
    single = ", ".join(f"{figure.value:.2f} if {kind}" for kind, figure in one.single.items())
    width = one.together_interval.width / one.one_interval.width - 1
    return [
        f"A person's photos together ({one.photos:.3g} each): agreement {one.together.value:.2f}, "
        f"one alone {one.one.value:.2f} ({single}), a gain of {one.gain.text(3, sign=True)}; "
        f"intervals {100 * abs(width):.0f} % {'narrower' if width < 0 else 'wider'} that hold for "
        f"{100 * one.together_interval.coverage:.0f} % of the values, those of one photo for "
        f"{100 * one.one_interval.coverage:.0f} %."
    ]


def _coverage_line(evaluation: Evaluation) -> list[str]:
    model = _route(evaluation)
    if model not in evaluation.calibrations:
        return []
    one = evaluation.calibrations[model]
    if not one.told.any():
        return []
    shares = [
        f"{100 * one.coverage.mean:.0f} % of the teacher's values of {one.coverage.people} people"
    ]
    if one.coverage_of_others is not None:
        others = one.coverage_of_others
        shares[0] += " measured by hand"
        shares.append(f"{100 * others.mean:.0f} % of {others.people} others'")
    width, average = (
        2 * half[one.told].mean() for half in (one.intervals.half_widths, one.average_half_widths)
    )
    return [
        f"The {100 * COVERAGE:.0f} % intervals (`{model}`, {one.told.sum()} sliders that it tells) "
        f"hold for {' and '.join(shares)}, none of whom calibrated them. They are {width:.2f} of a "
        f"slider's range wide; knowing nothing but the average face takes {average:.2f}."
    ]


def check_readme(path: Path, start: str = README_START, end: str = README_END) -> None:
    """Raises ReadmeError where write_readme would, before anything is measured."""
    _around_block(path, start, end)


def write_readme(path: Path, block: str, start: str = README_START, end: str = README_END) -> None:
    """Puts a block of figures in the place of the one that the file holds.

    Args:
        block: with its markers.
        start, end: the markers.

    Raises:
        ReadmeError: the file cannot be read, or does not hold the two markers once and in order.
    """
    before, after = _around_block(path, start, end)
    write_text(path, before + block + after)


def _around_block(path: Path, opening: str, closing: str) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadmeError(
            f"{path} cannot be read ({error}). A Markdown file in UTF-8 was expected. Name another "
            "one with --readme."
        ) from error
    start, end = text.find(opening), text.find(closing)
    if text.count(opening) != 1 or text.count(closing) != 1 or end < start:
        raise ReadmeError(
            f"{path} does not say where the figures go. These two lines were expected in it, once "
            f"each and in this order: {opening} and {closing}. Add them where the table is "
            "to stand."
        )
    return text[:start], text[end + len(closing) :]
