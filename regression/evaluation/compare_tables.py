"""Tables of the comparison's report: how well, at what cost, and how the training went."""

from __future__ import annotations

import math

import numpy as np

from regression.evaluation.compare import Compared
from regression.evaluation.compare_plots import write_curves_of
from regression.evaluation.compared_models import ComparedModel
from regression.evaluation.compared_runs import STUDY_FACES
from regression.evaluation.document import Block, Heading, Picture, Points, Table, Text
from regression.evaluation.route_words import KNOWN_R2
from regression.training.presets import PRESETS

STUDY = "study by encoding"


_STUDY_OWN_RATIO = 870


def summary_tables(compared: Compared) -> tuple[Table, Table]:
    """How well each model predicts, and what it costs."""
    quality, cost = [], []
    for model in compared.models:
        one = compared.measured[model.name]
        figures, told = one.figures, compared.told
        held = figures.coverage[told]
        quality.append(
            (
                _name(model),
                f"`{model.route}`" if model.route else "none",
                _number(np.nanmean(figures.r2)),
                _number(np.nanmean(figures.r2[told])) if told.any() else "",
                str(int((figures.r2 >= KNOWN_R2).sum())),
                _number(figures.mae.mean(), 3),
                _mean_of_known(figures.rank_correlation),
                f"{100 * held.mean():.0f} %" if len(held) and np.isfinite(held).all() else "",
                f"{one.surface['similarity']:.2f} %",
                _number(one.surface_ratio["similarity"], 3),
                f"{one.surface['rigid']:.2f} %",
                _number(one.surface_ratio["rigid"], 3),
            )
        )
        reading = compared.reading.of(model.route)
        cost.append(
            (
                _name(model),
                f"{one.milliseconds:.2f}" if model.route else "0",
                f"{reading:.0f}",
                f"{one.milliseconds + reading:.0f}",
                f"{model.kilobytes:,.0f}".replace(",", " "),
            )
        )
    count = int(compared.told.sum())
    head = (
        "model",
        "reads",
        "R2, all sliders",
        f"R2, {count} told",
        f"sliders with R2 >= {KNOWN_R2}",
        "error",
        "rank r",
        "interval holds",
        "surface",
        "of the average face's",
        "surface, rigid",
        "of the average face's",
    )
    cost_head = ("model", "network, ms", "reading, ms", "together, ms", "size, kB")
    return Table(head, tuple(quality)), Table(cost_head, tuple(cost))


def summary(compared: Compared) -> list[Block]:
    """The tables, and what their columns are."""
    quality, cost = summary_tables(compared)
    reading = compared.reading
    count = len(compared.surface.vertices)
    points = f"{count} points ({compared.surface.name})"
    return [
        Heading("Summary"),
        quality,
        Text("What the columns are:"),
        Points(
            (
                "**reads**: what the model takes from the picture.",
                "**R2**: part of a slider's variance over the heads that is explained, mean over "
                "sliders; 1 is exact, 0 as good as the average. Told sliders are the "
                f"{int(compared.told.sum())} that the fused network counts as shown by a rendered "
                "head (chosen on training heads).",
                f"**sliders with R2 >= {KNOWN_R2}**: of {len(compared.rows.head.sliders)}.",
                "**error**: mean absolute error over all sliders; 1 is a slider's whole range.",
                "**rank r**: Spearman's correlation over the heads, mean over the sliders that the "
                "model moves.",
                "**interval holds**: how often the 90 % interval of a told slider holds the true "
                "value. Empty where a model has none for rendered heads.",
                f"**surface**: mean distance between the predicted and the true face, at {points}, "
                "in % of the distance between the eyes, after the predicted face was moved, turned "
                "and scaled onto the true one. **Rigid**: moved and turned only, so size counts.",
                "**of the average face's**: that distance by the average face's; below 1 is better "
                "than to show everybody the same face.",
            )
        ),
        Text(
            "Networks count by every slider that they give, told or not. The fit saw no "
            "rendered head: the average rendered head stands for its average person, and its "
            "correction, learned from photographs, is left out."
        ),
        Points(tuple(f"{_name(model)}: {model.about}." for model in compared.models)),
        Heading("Cost", 3),
        cost,
        Text(
            "Median milliseconds for one face on this machine, one face at a time. **Network**: "
            f"from features to slider values. **Reading**: from pixels to features, on "
            f"{reading.pictures} sample pictures, each looked at twice (once in the mirror); "
            f"landmarks take {reading.landmarks:.0f} ms, the encoding {reading.encoding:.0f} ms. "
            "**Size**: the model's own file; landmarks and encoding have theirs."
        ),
    ]


def training(compared: Compared) -> list[Block]:
    """Errors in training and held out, and the curves; draws training.png."""
    runs = {model.name: model.run for model in compared.models if model.run is not None}
    if not runs:
        return []
    rows = []
    for name, run in runs.items():
        figures = run.figures
        ratio = figures["held_out_mse"] / max(figures["train_mse"], 1e-30)
        full = PRESETS[run.preset].epochs if run.preset in PRESETS else run.epochs
        done = len(run.history)
        rows.append(
            (
                f"`{name}`",
                f"{done}" if done == full else f"{done} of {full}",
                f"{figures['train_rows']:.0f}",
                f"{figures['train_mse']:.5f}",
                f"{figures['held_out_mse']:.5f}",
                f"{ratio:.2f}",
                f"{figures['train_r2_mean']:.2f}",
                f"{figures['held_out_r2_mean']:.2f}",
                f"{figures['parameters']:.0f}",
                duration(float(run.history["seconds"].sum())),
            )
        )
    head = (
        "model",
        "epochs",
        "training rows",
        "MSE, training",
        "MSE, held out",
        "ratio",
        "R2, training",
        "R2, held out",
        "parameters",
        "time",
    )
    folder = compared.plan.out
    curves = {name: run for name, run in runs.items() if name == STUDY or run.preset != "mean"}
    return [
        Heading("Training"),
        Text(study_words(compared)),
        Table(head, tuple(rows)),
        Text(
            "MSE: mean squared error over all sliders, of the finished model; the average face has "
            f"{compared.rows.average_error:.5f} on the held-out rows. **Ratio**: held out by "
            "training; 1 is no overfitting."
        ),
        Picture(
            write_curves_of(curves, folder / "training.png"),
            "Squared and absolute error after each epoch, training rows and validation rows",
        ),
        Text(
            "Error after each epoch; the axes do not begin at 0. Training rows are measured while "
            "they are learned, validation rows after the epoch. Dotted: the held-out rows."
        ),
    ]


def study_words(compared: Compared) -> str:
    """How the study's network did on these rows, beside what it did in the study."""
    model = next((one for one in compared.models if one.name == STUDY), None)
    if model is None or model.run is None:
        return "The study's network was not trained."
    figures, done = model.run.figures, len(model.run.history)
    ratio = figures["held_out_mse"] / max(figures["train_mse"], 1e-30)
    full = PRESETS["study"].epochs
    short = (
        f" It was trained for {done} of the study's {full} epochs here, to keep this report quick: "
        "it had less time to learn its rows by heart than the study's own. `--run` takes a longer "
        "run."
        if done < full
        else f" It was trained for all {done} epochs."
    )
    # A run from elsewhere may have learned from any number.
    faces = f" ({STUDY_FACES}, as many as the study had)" if not compared.plan.runs else ""
    average = figures["held_out_mse"] / compared.rows.average_error
    return (
        "The study's own network had a held-out error "
        f"{_STUDY_OWN_RATIO} times its training error (its test forgot the normalisation that "
        "training had used; here it is a layer of the network). The same network on our "
        f"rows{faces}: "
        f"{figures['held_out_mse']:.5f} held out, {figures['train_mse']:.5f} in training, "
        f"{ratio:.2f} times as much; {average:.2f} times the average face's.{short}"
    )


def _name(model: ComparedModel) -> str:
    return f"`{model.name}`"


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else ""


def _mean_of_known(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return _number(float(known.mean())) if len(known) else ""


def duration(seconds: float) -> str:
    """As in `12 s` or `3.4 min`."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
