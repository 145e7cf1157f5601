"""What `fpp compare` draws: training curves, R2 of each slider, heads beside pictures; as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from regression.datasets.figures import new_figure, save_figure
from regression.evaluation.compared_models import Run
from regression.evaluation.route_words import families_of

# Okabe & Ito's colours, which colour-blind readers can tell apart.
_COLOURS = {
    "landmarks": "#0072B2",
    "encoding": "#E69F00",
    "fused": "#D55E00",
    "fit": "#009E73",
    "linear": "#999999",
    "study": "#CC79A7",
}
_OTHERS = ("#56B4E9", "#F0E442", "#000000")
_TRAINING, _VALIDATION = "#0072B2", "#D55E00"
_LOGARITHMIC = 8.0  # an axis is, from this ratio of its ends on
_LOWEST = -0.25  # bars end here; below, a slider is worse than the mean, whatever the number


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """A colour by model; "study by encoding" has that of "study"."""
    spare = iter(_OTHERS * len(names))
    found: dict[str, str] = {}
    for name in names:
        colour = _COLOURS.get(name.partition(" by ")[0])
        found[name] = next(spare) if colour is None or colour in found.values() else colour
    return found


def write_curves_of(runs: Mapping[str, Run], path: Path) -> Path:
    """A row per run: squared and absolute error per epoch, training and validation."""
    figure = new_figure(9.6, 3.0 * len(runs) + 0.4)
    rows = figure.subplots(len(runs), 2, squeeze=False)
    for panels, (name, run) in zip(rows, runs.items(), strict=True):
        for panel, measure in zip(panels, ("mse", "mae"), strict=True):
            for column, colour, label in (
                (measure, _TRAINING, "training rows"),
                (f"validation_{measure}", _VALIDATION, "validation rows"),
            ):
                panel.plot(
                    run.history["epoch"],
                    run.history[column],
                    "o-",
                    markersize=3,
                    color=colour,
                    label=label,
                )
            panel.axhline(
                run.figures[f"held_out_{measure}"],
                color="#555555",
                linestyle=":",
                label="held-out rows, the finished model",
            )
            shown = run.history[[measure, f"validation_{measure}"]].to_numpy()
            if shown.max() > _LOGARITHMIC * shown.min():
                panel.set_yscale("log")
            panel.xaxis.get_major_locator().set_params(integer=True)
            panel.set_title(f"{name}: {measure.upper()}", fontsize=10)
            panel.set_xlabel("epoch", fontsize=9)
            panel.grid(color="#e5e5e5", which="both", linewidth=0.5)
            panel.tick_params(labelsize=8, which="both")
    rows[0][0].legend(frameon=False, fontsize=8)
    return save_figure(figure, path)


def write_slider_bars(
    r2: Mapping[str, np.ndarray], names: Sequence[str], folder: Path
) -> dict[str, Path]:
    """A picture per family of sliders: R2 of each, the models side by side.

    Args:
        r2: by model, (s,).
        names: (s,) of the sliders.
    """
    written = {}
    colours = colours_of([*r2])
    for family, chosen in families_of(names).items():
        places = np.flatnonzero(chosen)
        # The best known first.
        places = places[np.argsort(-np.max([rows[places] for rows in r2.values()], axis=0))]
        thickness = 0.82 / len(r2)
        figure = new_figure(7.2, 0.9 + 0.105 * (len(r2) + 1.2) * len(places))
        panel = figure.subplots()
        for number, (name, rows) in enumerate(r2.items()):
            panel.barh(
                np.arange(len(places)) + (number - (len(r2) - 1) / 2) * thickness,
                np.maximum(rows[places], _LOWEST),
                height=thickness,
                color=colours[name],
                label=name,
            )
        labels = [names[place].partition("/")[2] or names[place] for place in places]
        panel.set_yticks(range(len(places)), labels, fontsize=8)
        panel.set_ylim(len(places) - 0.5, -0.5)
        panel.set_xlim(_LOWEST, 1)
        panel.axvline(0, color="#555555", linewidth=0.8)
        panel.axvline(0.2, color="#555555", linewidth=0.8, linestyle=":")
        panel.grid(axis="x", color="#e5e5e5", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.set_xlabel("R2 on held-out heads (1: exact, 0: the average; dotted: 0.2)", fontsize=9)
        panel.set_title(family, fontsize=11, loc="left")
        figure.legend(
            *panel.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=4,
            fontsize=8,
            frameon=False,
        )
        written[family] = save_figure(figure, folder / f"sliders_{family}.png")
    return written


def write_sheet(
    titles: Sequence[str],
    rows: Sequence[Sequence[np.ndarray]],
    captions: Sequence[Sequence[str]],
    path: Path,
) -> Path:
    """All pictures in a grid, a row per face, a column per title.

    Args:
        rows: of pictures (height, width, 3) uint8.
        captions: a line under each picture.
    """
    figure = new_figure(1.75 * len(titles), 1.95 * len(rows) + 0.3)
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for number, (panels, pictures, lines) in enumerate(zip(grid, rows, captions, strict=True)):
        for panel, picture, line, title in zip(panels, pictures, lines, titles, strict=True):
            panel.imshow(picture)
            panel.set_xticks([])
            panel.set_yticks([])
            panel.set_xlabel(line.replace("`", ""), fontsize=7, labelpad=2)
            for side in panel.spines.values():
                side.set_visible(False)
            if number == 0:
                panel.set_title(title.replace(" by ", "\nby "), fontsize=9)
    return save_figure(figure, path)
