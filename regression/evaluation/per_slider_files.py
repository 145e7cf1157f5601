"""What `fpp evaluate --per-slider` writes: tables, and what they say in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from regression.evaluation.per_slider import (
    CONDITIONS,
    LINEAR,
    MEAN,
    PerSlider,
    SurfaceFigures,
    linear_name,
)
from regression.evaluation.per_slider_pictures import write_pictures
from regression.measures.markdown import markdown_table, write_text
from regression.measures.surface import ALIGNMENTS
from regression.models.intervals import COVERAGE

KNOWN = 0.2
"""A slider with an R2 of this on held-out heads, or more, is known."""

_ALIGNMENT_WORDS = {
    "similarity": "moved, turned and scaled onto the true face",
    "rigid": "moved and turned",
    "none": "as predicted",
}
_CONDITION_WORDS = dict(
    zip(
        CONDITIONS,
        ("the strength of the expression", "the camera's distance in millimetres"),
        strict=True,
    )
)


def write_per_slider(
    evaluation: PerSlider,
    folder: Path,
    rig_folder: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Writes per_slider.csv and .md, surface.csv and .md, and the pictures.

    Args:
        rig_folder: MakeHuman's data, where whole heads are to be drawn; that happens in a process
            of its own.
        report: gets a line where something could not be drawn.

    Returns:
        The files written. Nothing of the surface where the sliders move no head.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = [_heading(evaluation)]
    written = [_write_csv(folder / "per_slider.csv", slider_rows(evaluation))]
    if evaluation.surfaces:
        surface = surface_markdown(evaluation)
        written.append(_write_csv(folder / "surface.csv", surface_rows(evaluation)))
        written.append(write_text(folder / "surface.md", surface))
        sections.append(surface)
    sections += [sliders_markdown(evaluation, route) for route in evaluation.routes]
    sections.append(f"## In words\n\n{in_words(evaluation)}\n")
    written.append(write_text(folder / "per_slider.md", "\n".join(sections)))
    return [*written, *write_pictures(evaluation, folder, rig_folder, report)]


def summary_table(evaluation: PerSlider) -> str:
    """A row per route, as Markdown."""
    rows = []
    for route, figures in evaluation.routes.items():
        told = evaluation.predictions[route].told
        row = [
            route,
            f"{told.sum()} of {len(told)}",
            str(int((figures.values.r2[told] >= KNOWN).sum())),
            *(
                _number(_mean(values), digits)
                for values, digits in (
                    (figures.values.r2[told], 2),
                    (figures.linear.r2[told], 2),
                    (figures.values.mae[told], 3),
                    (figures.linear.mae[told], 3),
                    (evaluation.mean.mae[told], 3),
                    (figures.values.coverage[told], 2),
                )
            ),
        ]
        for one in evaluation.surfaces:
            found = one.estimates
            row += [
                f"{found[route, 'similarity'][0].value:.2f} %",
                found[route, "similarity"][1].text(3),
                f"{found[linear_name(route), 'similarity'][1].value:.3f}",
            ]
        rows.append(row)
    head = [
        "route",
        "told sliders",
        f"with R2 of {KNOWN} or more",
        "R2",
        "linear's R2",
        "MAE",
        "linear's MAE",
        "mean's MAE",
        f"{100 * COVERAGE:.0f} % intervals hold",
    ]
    for one in evaluation.surfaces:
        name = one.surface.name
        head += [f"surface error, {name}", "by the average face's", "linear's"]
    return markdown_table(head, rows)


def sliders_markdown(evaluation: PerSlider, route: str) -> str:
    """A row per slider: told ones first, the best known first."""
    figures, told = evaluation.routes[route], evaluation.predictions[route].told
    shown = [
        (figures.values.r2, 2),
        (figures.values.rank_correlation, 2),
        (figures.values.mae, 3),
        (figures.values.rmse, 3),
        (figures.values.coverage, 2),
        (figures.values.mean_width, 2),
        (figures.linear.r2, 2),
        (figures.linear.mae, 3),
        (evaluation.mean.r2, 2),
        (evaluation.mean.mae, 3),
    ]
    rows = [
        [
            f"`{figures.values.names[i]}`".replace("|", "\\|"),
            "yes" if told[i] else "",
            *(_number(values[i], digits) for values, digits in shown),
        ]
        for i in sorted_sliders(evaluation, route)
    ]
    head = [
        "slider",
        "told",
        "R2",
        "rank correlation",
        "MAE",
        "RMSE",
        "held",
        "width",
        "linear's R2",
        "linear's MAE",
        "mean's R2",
        "mean's MAE",
    ]
    return f"## Sliders by the route {route}\n\n{markdown_table(head, rows)}\n"


def surface_markdown(evaluation: PerSlider) -> str:
    """A table per surface, a row per who predicts, two columns per alignment."""
    parts = [
        "## Surface\n\nMean distance between a point of the predicted face and the same point of "
        "the true one, in % of the neutral head's inter-ocular distance, and that by the average "
        "face's, with 95 % bootstrap intervals over heads. The first pair of columns is the one "
        "to look at: a photo shows neither how large a head is nor where it stands."
    ]
    for one in evaluation.surfaces:
        found = one.estimates
        rows = [
            [
                who,
                *(
                    text
                    for alignment in ALIGNMENTS
                    for text in (
                        found[who, alignment][0].text(),
                        found[who, alignment][1].text(3),
                    )
                ),
            ]
            for who in one.errors
        ]
        head = ["predicted by"]
        for alignment in ALIGNMENTS:
            head += [f"{_ALIGNMENT_WORDS[alignment]}, %", "by the average face's"]
        count = len(one.surface.vertices)
        parts.append(f"### {_title(one)}, {count} points\n\n{markdown_table(head, rows)}")
    return "\n\n".join(parts) + "\n"


def slider_rows(evaluation: PerSlider) -> Iterable[Sequence[object]]:
    """A row per route and slider; cells are empty where a figure does not exist."""
    figures = ("mae", "rmse", "r2", "rank_correlation")
    predicted_by = (LINEAR, MEAN)
    yield (
        *("route", "slider", "told", *figures, "coverage", "mean_width"),
        *(f"{who}_{name}" for who in predicted_by for name in figures),
    )
    for route, one in evaluation.routes.items():
        told = evaluation.predictions[route].told
        for i in sorted_sliders(evaluation, route):
            yield (
                *(route, one.values.names[i], int(told[i])),
                *(_cell(getattr(one.values, name)[i]) for name in figures),
                *(_cell(one.values.coverage[i]), _cell(one.values.mean_width[i])),
                *(
                    _cell(getattr(who, name)[i])
                    for who in (one.linear, evaluation.mean)
                    for name in figures
                ),
            )


def surface_rows(evaluation: PerSlider) -> Iterable[Sequence[object]]:
    """A row per surface, alignment and who predicts."""
    ends = ("low", "high")
    yield (
        *("surface", "points", "alignment", "predicted_by"),
        *("error_percent", *(f"error_{end}" for end in ends)),
        *("ratio_to_average_face", *(f"ratio_{end}" for end in ends)),
    )
    for one in evaluation.surfaces:
        for (who, alignment), both in one.estimates.items():
            cells = (_cell(x) for each in both for x in (each.value, each.low, each.high))
            yield (one.surface.name, len(one.surface.vertices), alignment, who, *cells)


def sorted_sliders(evaluation: PerSlider, route: str) -> list[int]:
    """The sliders' numbers: told before untold, then by R2."""
    told = evaluation.predictions[route].told
    r2 = np.nan_to_num(evaluation.routes[route].values.r2, nan=-np.inf)
    return sorted(range(len(told)), key=lambda i: (not told[i], -r2[i], i))


def in_words(evaluation: PerSlider) -> str:
    """What the figures say, a paragraph per route and one on the hard cases."""
    paragraphs = [_route_in_words(evaluation, route) for route in evaluation.routes]
    if evaluation.surfaces and evaluation.conditions:
        paragraphs.append(_hard_cases_in_words(evaluation))
    return "\n\n".join(paragraphs)


def _route_in_words(evaluation: PerSlider, route: str) -> str:
    figures, told = evaluation.routes[route], evaluation.predictions[route].told
    r2 = figures.values.r2
    if not told.any():
        return f"The route {route} tells no slider of a rendered head."
    best = [i for i in sorted_sliders(evaluation, route) if told[i]]
    better = int((r2[told] > figures.linear.r2[told]).sum())
    silent = int((~told & (r2 >= KNOWN)).sum())
    sentences = [
        f"The route {route} tells {told.sum()} of {len(told)} sliders; on {len(evaluation.true)} "
        f"held-out heads {int((r2[told] >= KNOWN).sum())} of them have an R2 of {KNOWN} or more, "
        f"and the mean over them is {_mean(r2[told]):.2f}.",
        f"It knows best {_listed(evaluation, best[:3], r2)}, and least "
        f"{_listed(evaluation, best[-3:], r2)}.",
        f"It is better than least squares from the same features on {better} of them.",
    ]
    if silent:
        sentences.append(
            f"It has an R2 of {KNOWN} or more on {silent} further sliders that its card does not "
            "count as told, for want of margin."
        )
    coverage = figures.values.coverage[told]
    if np.isfinite(coverage).any():
        sentences.append(
            f"Its {100 * COVERAGE:.0f} % intervals hold {100 * _mean(coverage):.1f} % of the true "
            f"values, between {100 * np.nanmin(coverage):.0f} and "
            f"{100 * np.nanmax(coverage):.0f} % by slider."
        )
    for one in evaluation.surfaces:
        found = one.estimates
        error, ratio = found[route, "similarity"]
        linear = found[linear_name(route), "similarity"][1]
        sentences.append(
            f"On the surface of the {one.surface.name} it is off by {error.value:.1f} % of the "
            f"inter-ocular distance, {ratio.text(3)} times as far as the average face (linear: "
            f"{linear.value:.3f})."
        )
    return " ".join(sentences)


def _hard_cases_in_words(evaluation: PerSlider) -> str:
    """How the error goes with the conditions."""
    from scipy.stats import spearmanr

    route = evaluation.main_route
    errors = evaluation.surfaces[-1].errors[route].heads["similarity"]
    hard = errors >= np.quantile(errors, 0.95)
    parts = []
    for name, values in evaluation.conditions.items():
        if np.ptp(values) == 0:
            continue
        r = float(spearmanr(errors, values).statistic)
        how = "hardly goes with" if abs(r) < 0.1 else "grows with" if r > 0 else "falls with"
        parts.append(
            f"it {how} {_CONDITION_WORDS.get(name, name)} (rank correlation {r:.2f}; mean "
            f"{values[hard].mean():.4g} in the worst twentieth, {values.mean():.4g} in all)"
        )
    middle, worst = np.median(errors), errors.max()
    return (
        f"Head by head the surface error of {route} is {middle:.1f} % in the middle and "
        f"{worst:.1f} % at worst" + (f"; {'; '.join(parts)}" if parts else "") + "."
    )


def _heading(evaluation: PerSlider) -> str:
    return (
        f"# Per slider\n\n{len(evaluation.true)} held-out rendered heads of "
        f"{len(set(evaluation.people))} people; `mean` (the mean training slider for everybody) "
        "and `linear` (least squares from the same features, in closed form) learned from "
        f"{evaluation.training_faces} faces.\n\n{summary_table(evaluation)}\n\nMeans over told "
        "sliders. MAE, RMSE and widths are parts of a slider's range. R2 is 1 for perfect values, "
        "0 for the mean of the true ones. Of a rendered head the program gives "
        "every slider, a guess where it is not told. Held: which part of the true values lies in "
        f"the {100 * COVERAGE:.0f} % interval.\n"
    )


def _title(one: SurfaceFigures) -> str:
    name = one.surface.name
    return name[0].upper() + name[1:]


def _listed(evaluation: PerSlider, sliders: Sequence[int], r2: np.ndarray) -> str:
    names = evaluation.head.slider_names
    return ", ".join(f"`{names[i]}` ({_number(r2[i], 2)})" for i in sliders)


def _mean(values: np.ndarray) -> float:
    """Of those that exist; nan without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _number(value: float, digits: int) -> str:
    # Adding 0 makes -0.00 a plain 0.00.
    return f"{round(float(value), digits) + 0.0:.{digits}f}" if np.isfinite(value) else ""


def _cell(value: float) -> float | str:
    return round(float(value), 6) if np.isfinite(value) else ""


def _write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(rows)
    return write_text(path, table.getvalue())
