"""What `fpp evaluate` writes: every section as CSV and Markdown, and all of them together."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from regression.evaluation import report, sections
from regression.evaluation.evaluate import Evaluation
from regression.evaluation.report import (
    SPLIT_TITLES,
)
from regression.measures.markdown import (
    write_text,
)


@dataclass(frozen=True)
class _Section:
    """Written as `name`.csv and .md where `measured` says so."""

    name: str
    title: str
    measured: Callable[[Evaluation], bool]
    markdown: Callable[[Evaluation], str]
    rows: Callable[[Evaluation], Iterable[Sequence[object]]]


_SECTIONS = (
    _Section(
        "agreement",
        "Agreement with hand-measured people",
        lambda e: True,
        report.agreement_markdown,
        report.agreement_rows,
    ),
    _Section(
        "nested",
        "Agreement with choices made inside each fold",
        lambda e: bool(e.nested),
        sections.nested_markdown,
        sections.nested_rows,
    ),
    _Section(
        "intervals",
        "Intervals",
        lambda e: bool(e.calibrations),
        sections.intervals_markdown,
        sections.intervals_rows,
    ),
    _Section(
        "consistency",
        "Several photos of a person, each alone",
        lambda e: bool(e.consistency),
        report.consistency_markdown,
        report.consistency_rows,
    ),
    _Section(
        "several_photos",
        "Several photos of a person, together",
        lambda e: bool(e.several_photos),
        sections.several_photos_markdown,
        sections.several_photos_rows,
    ),
    _Section(
        "drift",
        "Drift with the conditions of the photo",
        lambda e: any(e.drift.values()),
        report.drift_markdown,
        report.drift_rows,
    ),
)


def write_report(evaluations: Sequence[Evaluation], folder: Path) -> list[Path]:
    """Writes each section as .csv and .md, and evaluation.md with all of it.

    Args:
        evaluations: one per split, at least one.

    Returns:
        The files written; those without content are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = evaluations[0]
    everything = [
        "# Evaluation",
        f"{len(first.faces)} photos of {len({face.person for face in first.faces})} people.",
    ]
    written = []
    for section in _SECTIONS:
        filled = [one for one in evaluations if section.measured(one)]
        if not filled:
            continue
        texts = [
            f"## {section.title}, {SPLIT_TITLES[one.split]}\n\n{section.markdown(one)}"
            for one in filled
        ]
        everything += [text.rstrip() for text in texts]
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        for number, evaluation in enumerate(filled):
            header, *lines = section.rows(evaluation)
            writer.writerows([header, *lines] if number == 0 else lines)
        written += [
            write_text(folder / f"{section.name}.md", "\n".join(texts)),
            write_text(folder / f"{section.name}.csv", table.getvalue()),
        ]
    return [*written, write_text(folder / "evaluation.md", "\n\n".join(everything) + "\n")]
