"""What `fpp evaluate` draws: agreement and amplitude per proportion, scatter, drift; as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.figures import new_figure, save_figure
from regression.evaluation.evaluate import AVERAGE, MEASURED, MODELS, Evaluation
from regression.measures.agreement import MEAN, compared_photos
from vision.ratios import PROPORTION_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which colour-blind readers can tell apart.
_COLOURS = {
    "landmarks": "#0072B2",
    "encoding": "#E69F00",
    "fused": "#D55E00",
    "fit": "#009E73",
    MEASURED: "#555555",
}
_KIND_COLOURS = {"neutral": "#0072B2", "smiling": "#E69F00"}
_TITLES = {
    "r": "Pearson r with hand-measured people",
    "slope": "slope: 1 is the right amplitude, less is pulled to the average",
}


def write_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Writes agreement.png, slopes.png and scatter.png, and drift.png where there is drift.

    They hold figures of people and no photo of anyone. `scatter.png` is of the fused model, or of
    the last one evaluated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "agreement.png": _dot_plot(evaluation, "r"),
        "slopes.png": _dot_plot(evaluation, "slope"),
        "scatter.png": _scatter(evaluation),
    }
    if any(evaluation.drift.values()):
        figures["drift.png"] = _drift_plot(evaluation)
    return [save_figure(figure, folder / name) for name, figure in figures.items()]


def _dot_plot(evaluation: Evaluation, statistic: str) -> Figure:
    """A row per proportion, a dot with its interval per model, a panel per kind of photo."""
    models = [model for model in evaluation.models if model != AVERAGE]
    kinds = list(evaluation.agreements[MEASURED])
    names = (MEAN, *PROPORTION_NAMES)
    figure = new_figure(5.2 * len(kinds) + 1.8, 9.0)
    panels: Sequence[Axes] = figure.subplots(
        1, len(kinds), sharey=True, sharex=True, squeeze=False
    )[0]
    offsets = np.linspace(-0.3, 0.3, len(models)) if len(models) > 1 else np.zeros(1)
    for panel, kind in zip(panels, kinds, strict=True):
        for row in range(0, len(names), 2):
            panel.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", zorder=0)
        for model, offset in zip(models, offsets, strict=True):
            result = evaluation.agreements[model][kind]
            found = [result.estimates[statistic][name] for name in names]
            value = np.array([one.value for one in found])
            panel.errorbar(
                value,
                np.arange(len(names)) + offset,
                xerr=np.abs([[one.low, one.high] for one in found] - value[:, None]).T,
                fmt="o",
                markersize=4,
                linewidth=1.2,
                color=_colour(model),
                markerfacecolor=_filling(model),
                label=model,
            )
        panel.axhline(0.5, color="#999999", linewidth=0.8)
        people = evaluation.agreements[MEASURED][kind].people
        panel.set_title(f"{kind} photos ({people} people)", fontsize=11)
        panel.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.grid(axis="x", color="#dddddd", linewidth=0.6)
        panel.axvline(1 if statistic == "slope" else 0, color="#999999", linewidth=0.8)
    figure.suptitle(f"{_TITLES[statistic]}, with 95 % intervals", fontsize=12)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _scatter(evaluation: Evaluation) -> Figure:
    """Predicted against measured by hand, 14 panels."""
    models = [name for name in evaluation.proportions if name in MODELS]
    model = "fused" if "fused" in models else (models or [MEASURED])[-1]
    proportions = evaluation.proportions[model]
    figure = new_figure(12.5, 8.0)
    panels: list[Axes] = list(figure.subplots(3, 5).flat)
    compared = compared_photos(proportions, evaluation.faces)
    for column, (name, panel) in enumerate(zip(PROPORTION_NAMES, panels, strict=False)):
        reach = 0.0
        for kind, photos in compared.items():
            by_hand, predicted = (
                100 * (side - side.mean())
                for side in (photos.by_hand[:, column], proportions[photos.rows, column])
            )
            reach = max(reach, np.abs(by_hand).max(), np.abs(predicted).max())
            r = evaluation.agreements[model][kind].estimates["r"][name].value
            label = f"{kind}, r {r:.2f}"
            panel.plot(
                by_hand,
                predicted,
                "o",
                markersize=3,
                alpha=0.6,
                color=_KIND_COLOURS[kind],
                label=label,
            )
        reach *= 1.1
        panel.plot([-reach, reach], [-reach, reach], color="#999999", linewidth=0.8, zorder=0)
        panel.set(xlim=(-reach, reach), ylim=(-reach, reach))
        panel.set_aspect("equal")
        panel.locator_params(nbins=5)
        panel.set_title(name.replace("_", " "), fontsize=10)
        panel.tick_params(labelsize=8)
        panel.legend(fontsize=7, loc="upper left", handletextpad=0, borderpad=0.2, frameon=False)
    for panel in panels[len(PROPORTION_NAMES) :]:
        panel.axis("off")
    figure.suptitle(f"{model}: differences from the average person, % of the face height")
    figure.supxlabel("measured by hand", fontsize=10)
    figure.supylabel("on the predicted head (the line: equal)", fontsize=10)
    return figure


def _drift_plot(evaluation: Evaluation) -> Figure:
    """A panel per condition, a line per model."""
    conditions = list(
        dict.fromkeys(one.condition for drift in evaluation.drift.values() for one in drift)
    )
    figure = new_figure(5.2 * len(conditions), 4.2)
    panels: Sequence[Axes] = figure.subplots(1, len(conditions), sharey=True, squeeze=False)[0]
    for panel, condition in zip(panels, conditions, strict=True):
        for model, drift in evaluation.drift.items():
            found = [one for one in drift if one.condition == condition]
            value = np.array([one.movement.value for one in found])
            ends = np.array([[one.movement.low, one.movement.high] for one in found])
            panel.errorbar(
                [(one.low + one.high) / 2 for one in found],
                value,
                yerr=np.nan_to_num(np.abs(ends - value[:, None])).T,
                fmt="o-",
                markersize=4,
                linewidth=1.2,
                capsize=2,
                color=_colour(model),
                markerfacecolor=_filling(model),
                label=model,
            )
        panel.set_xlabel(condition.replace("_", " "))
        panel.grid(color="#dddddd", linewidth=0.6)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("moved from the reference photo\n(1: as people differ from the average)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _colour(model: str) -> str:
    return _COLOURS.get(model.partition(" with ")[0], "#CC79A7")


def _filling(model: str) -> str:
    """Hollow where the model reads the second landmarker."""
    return "white" if " with " in model else _colour(model)
