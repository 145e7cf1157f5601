"""What `fpp adapt` says of an adaptation: a table on screen, adapt.md and adapt.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from regression.measures.markdown import (
    markdown_table,
)
from regression.training.adaptation import Adaptation, NewPeople

_LEGEND = """\
Error: mean absolute error of the sliders that a photo tells, 0..1 over each slider's range. r:
Pearson's correlation over people, mean over sliders. Spread: within a person by between people,
where 10 people or more have several photos. In brackets: 95 % bootstrap intervals over people.

True is what the teacher says: the rig fitted to the landmarks of the person's photos, as a
difference from the average person of the folder. The routes `landmarks` and `fused` read such
landmarks too, errors of the detector included: for them the figures say how well the teacher is
imitated. For `encoding` they mean most."""


def report_table(adaptations: Sequence[Adaptation]) -> str:
    """Markdown, a row per route."""
    head = [
        *("route", "error before", "error after", "after less before"),
        *("r before", "r after", "spread before", "spread after", "the adapted model is"),
    ]
    rows = []
    for one in adaptations:
        before, after = one.before, one.after
        rows.append(
            [
                f"`{one.route}`",
                *(f"{before.error:.4f}", f"{after.error:.4f}", one.difference.text(4, sign=True)),
                *(f"{before.r:.2f}", f"{after.r:.2f}"),
                *(side.spread.text() if side.spread else "" for side in (before, after)),
                "kept" if one.improved else "no better: refused",
            ]
        )
    return markdown_table(head, rows)


def report_markdown(folder: str, people: NewPeople, adaptations: Sequence[Adaptation]) -> str:
    """adapt.md: what was adapted to, the table, and what its figures mean.

    Args:
        folder: the name of the photos' folder.
    """
    (photos, count), (tested_photos, tested) = people.counts
    choices = [
        f"- `{one.route}`: a new photo counts {one.choice.weight:g} where an old one with "
        f"hand-placed points counts 1; the old people are {'' if one.choice.centred else 'not '}"
        "moved to where the new camera sees the average person."
        for one in adaptations
    ]
    parts = [
        f"# Adapted to {folder}",
        f"{photos} photos of {count} people to adapt to, {tested_photos} of {tested} other people "
        "held out for these figures:",
        report_table(adaptations),
        _LEGEND,
        "Chosen by cross-validation over the people to adapt to:",
        "\n".join(choices),
    ]
    return "\n\n".join(parts) + "\n"


def report_csv(people: NewPeople, adaptations: Sequence[Adaptation]) -> str:
    """adapt.csv, a row per route; cells stay empty where nothing is known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *("route", "improved", "error_before", "error_after"),
            *("difference", "difference_low", "difference_high", "r_before", "r_after"),
            *("spread_before", "spread_after", "weight", "centred"),
            *("photos", "people", "held_out_photos", "held_out_people"),
        ]
    )
    counts = [number for pair in people.counts for number in pair]
    for one in adaptations:
        before, after, difference = one.before, one.after, one.difference
        figures = [before.error, after.error, difference.value, difference.low, difference.high]
        figures += [before.r, after.r]
        spreads = [f"{side.spread.value:.4f}" if side.spread else "" for side in (before, after)]
        writer.writerow(
            [
                *(one.route, "yes" if one.improved else "no"),
                *(f"{figure:.5f}" for figure in figures),
                *spreads,
                *(one.choice.weight, "yes" if one.choice.centred else "no", *counts),
            ]
        )
    return text.getvalue()
