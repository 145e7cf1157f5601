"""Sections of the evaluation's report: agreement, consistency, drift; what all tables need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from regression.evaluation.evaluate import AVERAGE, MEASURED, NO_SPLIT, Evaluation
from regression.measures.agreement import MEAN, STATISTICS
from regression.measures.bootstrap import DRAWS, Estimate
from regression.measures.markdown import markdown_table
from vision.ratios import PROPORTION_NAMES

_BASELINE_TITLES = {
    AVERAGE: "(the average face for everyone)",
    MEASURED: "(landmarks measured directly, no rig)",
}
SPLIT_TITLES = {
    "people": "people left out",
    "collections": "whole collections left out",
    NO_SPLIT: "models as they are",
}
TESTED = {
    "people": "Tested on people that no model saw.",
    "collections": "Tested on whole collections that no model saw.",
    NO_SPLIT: "The models as they are: figures count for people whom they did not learn from.",
}
"""What was tested, by split."""

_STATISTIC_TITLES = {
    "r": "Pearson r",
    "slope": "Slope (1 is the right amplitude, less is pulled to the average)",
    "error": "Mean absolute error (% of the face height, differences from the average person)",
}
_KINDS = ("neutral", "smiling")


def summary_table(evaluation: Evaluation) -> str:
    """Markdown: a row per model, the means over the 14 proportions by kind of photo."""
    counts = people_by_kind(evaluation)
    head = ["model"]
    for kind, people in counts.items():
        head += [f"r, {kind} ({people} people)", "slope", "error %", "r less that of measured"]
    rows = []
    for model in evaluation.models:
        row = [model_title(model)]
        for kind in counts:
            result = evaluation.agreements[model].get(kind)
            gain = evaluation.gains.get(model, {}).get(kind)
            row += [result.estimates[s][MEAN].text() if result else "" for s in STATISTICS]
            row.append(gain.text(3, sign=True) if gain else "")
        rows.append(row)
    return markdown_table(head, rows)


def agreement_markdown(evaluation: Evaluation) -> str:
    """The summary, then a table per kind of photo and statistic: proportions by models."""
    parts = [
        f"{TESTED[evaluation.split]} In brackets: 95 % intervals "
        f"({DRAWS} bootstrap draws of people).",
        summary_table(evaluation),
    ]
    for kind in people_by_kind(evaluation):
        for statistic in STATISTICS:
            models = [m for m in evaluation.models if kind in evaluation.agreements[m]]
            estimates = [evaluation.agreements[m][kind].estimates[statistic] for m in models]
            rows = [
                [words(name), *(one[name].text() for one in estimates)]
                for name in (*PROPORTION_NAMES, MEAN)
            ]
            parts += [
                f"### {_STATISTIC_TITLES[statistic]}, {kind} photos",
                markdown_table(["proportion", *models], rows),
            ]
    return "\n\n".join(parts) + "\n"


def consistency_markdown(evaluation: Evaluation) -> str:
    """A row per model; regression.measures.consistency says what the columns are."""
    people = next(iter(evaluation.consistency.values())).people
    rows = [
        [
            model_title(model),
            one.spread.text(),
            one.median_spread.text(),
            one.spread_without_shift.text(),
            percent(one.recognised),
            percent(one.recognised_plainly),
        ]
        for model, one in evaluation.consistency.items()
    ]
    head = [
        "model",
        "spread within a person / between people",
        "median over sliders",
        "without what moves in everyone",
        "recognised",
        "recognised, plain distance",
    ]
    text = (
        f"{people} people with several photos, values by models that did not see the person "
        "(people of different folds by different models). Recognised: the person's other photo is "
        f"the nearest among one of each person; guessing gives {100 / people:.0f} %."
    )
    return f"{text}\n\n{markdown_table(head, rows)}\n"


def drift_markdown(evaluation: Evaluation) -> str:
    """A row per model, condition and bin; regression.measures.drift says what the columns are."""
    rows = [
        [
            model_title(model),
            words(one.condition),
            f"{one.low:.4g}" if one.low == one.high else f"{one.low:.4g} to {one.high:.4g}",
            f"{one.reference:.4g}",
            str(one.photos),
            str(one.people),
            one.movement.text(),
            f"`{one.most_moved}` {one.most_moved_by:+.2f}".replace("|", "\\|"),
        ]
        for model, drift in evaluation.drift.items()
        for one in drift
    ]
    head = ["model", "condition", "value", "reference", "photos", "people", "moved", "most moved"]
    text = (
        "How far sliders move from the same person's reference photo; 1 is as far as people differ "
        "from the average person."
    )
    return f"{text}\n\n{markdown_table(head, rows)}\n"


def agreement_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per model, kind of photo, statistic and proportion."""
    yield "split", "model", "photos", "people", "proportion", "statistic", "value", "low", "high"
    for model, by_kind in evaluation.agreements.items():
        for kind, result in by_kind.items():
            start = (evaluation.split, model, kind, result.people)
            for statistic, by_name in result.estimates.items():
                for name, one in by_name.items():
                    yield (*start, name, statistic, *cells(one))
            if kind in evaluation.gains.get(model, {}):
                gain = cells(evaluation.gains[model][kind])
                yield (*start, MEAN, "r_less_that_of_measured", *gain)


def consistency_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per model and figure."""
    yield "split", "model", "people", "statistic", "value", "low", "high"
    for model, result in evaluation.consistency.items():
        for statistic, one in vars(result).items():
            if isinstance(one, Estimate):
                yield (evaluation.split, model, result.people, statistic, *cells(one))


def drift_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    """A row per model, condition and bin."""
    yield (
        *("split", "model", "condition", "from", "to", "reference", "photos", "people"),
        *("moved", "low", "high", "most_moved", "most_moved_by"),
    )
    for model, drift in evaluation.drift.items():
        for one in drift:
            yield (
                *(evaluation.split, model, one.condition, one.low, one.high, one.reference),
                *(one.photos, one.people, *cells(one.movement)),
                *(one.most_moved, f"{one.most_moved_by:.4f}"),
            )


def model_title(model: str) -> str:
    """A model's name in tables; as in `fused` with face_landmarker."""
    name, _, landmarker = model.partition(" with ")
    title = _BASELINE_TITLES.get(name, f"`{name}`")
    if not landmarker:
        return title
    if title.startswith("("):
        return f"{title[:-1]}, with {landmarker})"
    return f"{title} with {landmarker}"


def people_by_kind(evaluation: Evaluation) -> dict[str, int]:
    """How many people were compared by kind of photo."""
    return {
        kind: by_kind[kind].people
        for kind in _KINDS
        for by_kind in [evaluation.agreements[MEASURED]]
        if kind in by_kind
    }


def cells(one: Estimate) -> list[str]:
    """Value, low and high; empty where unknown."""
    return [f"{x:.4f}" if math.isfinite(x) else "" for x in (one.value, one.low, one.high)]


def percent(one: Estimate) -> str:
    """A share 0..1 as text, in %, with its interval."""
    return Estimate(100 * one.value, 100 * one.low, 100 * one.high).text(0) + " %"


def words(name: str) -> str:
    """A name in Python as words."""
    return name.replace("_", " ")
