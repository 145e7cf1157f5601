"""Sections of the evaluation's report: intervals, several photos together, nested choices."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from regression.evaluation.evaluate import Evaluation
from regression.evaluation.nested import Choice
from regression.evaluation.report import (
    cells,
    model_title,
    words,
)
from regression.measures.markdown import (
    markdown_table,
)
from regression.models.intervals import COVERAGE
from regression.training.calibration import Coverage


def intervals_markdown(evaluation: Evaluation) -> str:
    """A row per route: do the 90 % intervals hold, and how much narrower are they than none?"""
    rows = []
    for model, one in evaluation.calibrations.items():
        widths = [
            f"{np.minimum(2 * half[one.told], 1).mean():.3f}" if one.told.any() else ""
            for half in (one.intervals.half_widths, one.average_half_widths)
        ]
        rows.append(
            [
                model_title(model),
                f"{one.told.sum()} of {evaluation.labelled.sum()}",
                coverage_text(one.coverage),
                coverage_text(one.coverage_of_others),
                *widths,
            ]
        )
    head = [
        "model",
        "told sliders",
        "held, people measured by hand",
        "held, others",
        "width",
        "width of the average face's interval",
    ]
    text = (
        f"{100 * COVERAGE:.0f} % intervals of told sliders, means over them: which part of the "
        "teacher's values lay inside, for people who calibrated nothing (people measured by hand: "
        "five parts in turn; others: by intervals from all people measured by hand), and how wide "
        "they are, 1 being a slider's range. docs/intervals.md says which sliders are told."
    )
    return f"{text}\n\n{markdown_table(head, rows)}\n"


def coverage_text(coverage: Coverage | None) -> str:
    """As in `90.6 % of 92 people`; empty where there is none."""
    if coverage is None or not math.isfinite(coverage.mean):
        return ""
    return f"{100 * coverage.mean:.1f} % of {coverage.people} people"


def intervals_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per route and slider that the teacher moves; widths and shares 0..1."""
    yield (
        *("model", "slider", "told", "width", "width_of_the_average_face"),
        *("held_measured_by_hand", "held_others"),
    )
    for model, one in evaluation.calibrations.items():
        for i in np.flatnonzero(evaluation.labelled):
            others = one.coverage_of_others
            yield (
                *(model, evaluation.slider_names[i], "yes" if one.told[i] else "no"),
                f"{2 * one.intervals.half_widths[i]:.4f}",
                f"{2 * one.average_half_widths[i]:.4f}",
                f"{one.coverage.sliders[i]:.4f}",
                "" if others is None else f"{others.sliders[i]:.4f}",
            )


def several_photos_markdown(evaluation: Evaluation) -> str:
    """A row per model; regression.evaluation.several_photos says what the columns are."""
    first = next(iter(evaluation.several_photos.values()))
    kinds = list(first.single)
    head = [
        "model",
        *(f"r, one {kind} photo" for kind in kinds),
        "r, one photo of any kind",
        "r, all together",
        "gain over any kind",
        *(f"gain over {kind}" for kind in kinds),
        "width of the interval, one",
        "together",
        "held, one",
        "together",
    ]
    rows = [
        [
            model_title(model),
            *(one.single[kind].text() for kind in kinds),
            one.one.text(),
            one.together.text(),
            one.gain.text(3, sign=True),
            *(one.gains[kind].text(3, sign=True) for kind in kinds),
            *(f"{each.width:.3f}" for each in (one.one_interval, one.together_interval)),
            *(f"{100 * each.coverage:.1f} %" for each in (one.one_interval, one.together_interval)),
        ]
        for model, one in evaluation.several_photos.items()
    ]
    text = (
        f"{first.people} people measured by hand, {first.photos:.3g} photos each: mean r of the 14 "
        "proportions of the mean of a person's predictions, beside that of single photos. Any "
        "kind: the mean over the kinds. Gains: on the same people, drawn together. Intervals: 90 % "
        "ones on people who did not calibrate them, means over told sliders."
    )
    return f"{text}\n\n{markdown_table(head, rows)}\n"


def several_photos_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per model and figure."""
    yield "model", "people", "figure", "value", "low", "high"
    for model, one in evaluation.several_photos.items():
        estimates = {
            **{f"r_{kind}": each for kind, each in one.single.items()},
            "r_one": one.one,
            "r_together": one.together,
            "gain_over_one": one.gain,
            **{f"gain_over_{kind}": each for kind, each in one.gains.items()},
        }
        for name, each in estimates.items():
            yield (model, one.people, name, *cells(each))
        for name, interval in (("one", one.one_interval), ("together", one.together_interval)):
            yield model, one.people, f"interval_width_{name}", f"{interval.width:.4f}", "", ""
            yield model, one.people, f"interval_held_{name}", f"{interval.coverage:.4f}", "", ""


def nested_markdown(evaluation: Evaluation) -> str:
    """A row per route: agreement with the choices made inside each fold, and what was chosen."""
    kinds = list(next(iter(evaluation.nested.values())).agreements)
    head = ["model"]
    for kind in kinds:
        head += [f"r, {kind}", "less that of the fixed recipe"]
    head.append("chosen (in how many folds)")
    rows = []
    for model, one in evaluation.nested.items():
        row = [model_title(model)]
        for kind in kinds:
            row += [one.agreements[kind].estimates["r"]["mean"].text()]
            row += [one.changes[kind].text(3, sign=True)]
        rows.append([*row, "; ".join(_chosen(one.chosen))])
    text = (
        "The recipe's numbers chosen anew inside each fold, by a cross-validation over its "
        "training people alone; nobody who is tested had a part in a choice."
    )
    return f"{text}\n\n{markdown_table(head, rows)}\n"


def _chosen(choices: Sequence[Choice]) -> list[str]:
    found = []
    for field in choices[0]:
        counts = Counter(choice[field] for choice in choices)
        numbers = ", ".join(f"{number:g} ({counts[number]})" for number in sorted(counts))
        found.append(f"{words(field)} {numbers}")
    return found


def nested_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per route and kind of photo for r and its change, and per route, fold and choice."""
    yield "split", "model", "figure", "photos_or_fold", "value", "low", "high"
    for model, one in evaluation.nested.items():
        start = (evaluation.split, model)
        for kind, agreement in one.agreements.items():
            yield (*start, "r", kind, *cells(agreement.estimates["r"]["mean"]))
            yield (*start, "r_less_fixed", kind, *cells(one.changes[kind]))
        for number, choice in enumerate(one.chosen):
            for field, value in choice.items():
                yield (*start, field, number, value, "", "")
