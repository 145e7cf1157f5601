"""The benchmark's plot: photos per second, alone and over many photos, and memory; as one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.figures import new_figure, save_figure
from runs.benchmark.loop import LOOKS
from runs.benchmark.measurements import (
    BOUND,
    GROWTH,
    OURS,
    PLAIN,
    Measurement,
    chosen,
    middle,
)
from vision.features import ROUTES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
_BOUND_COLOUR = "#555555"


def write_plot(path: Path, measurements: Sequence[Measurement]) -> Path:
    """Draw what was measured; panels of what was not stay empty."""
    figure = new_figure(13.0, 4.6)
    speed, growth, memory = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
    _draw_speed(speed, measurements)
    _draw_growth(growth, measurements, memory=False)
    _draw_growth(memory, measurements, memory=True)
    return save_figure(figure, path)


def _draw_speed(axes: Axes, measurements: Sequence[Measurement]) -> None:
    """A group of bars per way to predict, a bar per number of processes, the bound as a line."""
    counts = sorted({one.processes for one in chosen(measurements, OURS)})
    ways = [(route, looks) for route in ROUTES for looks in LOOKS]
    width = 0.8 / max(1, len(counts))
    for index, count in enumerate(counts):
        rates = [
            _rate(measurements, OURS, name=route, looks=looks, overlay=True, processes=count)
            for route, looks in ways
        ]
        rates.append(_rate(measurements, PLAIN, processes=count))
        places = np.arange(len(rates)) + (index - (len(counts) - 1) / 2) * width
        label = "1 process" if count == 1 else f"{count} processes"
        bars = axes.bar(places, rates, width, color=_COLOURS[index % len(_COLOURS)], label=label)
        axes.bar_label(bars, [f"{one:.3g}" if one else "" for one in rates], fontsize=7)
    bounds = [_rate(measurements, BOUND, name=route, looks=looks) for route, looks in ways]
    known = [(place, value) for place, value in enumerate(bounds) if value]
    if known:
        places = np.array([place for place, _ in known])
        axes.hlines(
            [value for _, value in known],
            places - 0.45,
            places + 0.45,
            color=_BOUND_COLOUR,
            linestyles="dashed",
            label="bound, 1 process",
        )
    names = [f"{route}\n{'--quick' if looks == 1 else 'default'}" for route, looks in ways]
    axes.set_xticks(range(len(ways) + 1), [*names, "plain face_\nrecognition"], fontsize=7)
    axes.set_title("photos per second", fontsize=10)
    if counts or known:
        axes.legend(fontsize=8)


def _draw_growth(axes: Axes, measurements: Sequence[Measurement], memory: bool) -> None:
    """Speed or memory over the number of photos, a line per way to predict."""
    grown = chosen(measurements, GROWTH)
    ways = dict.fromkeys((one.name, one.looks) for one in grown)
    for index, (name, looks) in enumerate(ways):
        points = [
            (one.photos, value)
            for one in sorted(grown, key=lambda one: one.photos)
            if (one.name, one.looks) == (name, looks)
            and (value := one.peak_megabytes if memory else one.photos_per_second_with_start)
        ]
        if points:
            label = f"{name} --quick" if looks == 1 else name
            axes.plot(*zip(*points, strict=True), "o-", color=_COLOURS[index % 4], label=label)
    if ways:
        axes.set_xscale("log")
        axes.legend(fontsize=8, loc="lower right")
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
    axes.set_xlabel("photos in one run")
    title = "memory of all processes, MB" if memory else "photos per second, with start-up"
    axes.set_title(title, fontsize=10)


def _rate(measurements: Sequence[Measurement], what: str, **wanted: object) -> float:
    """The median of photos per second; 0 where it was not measured."""
    return middle(chosen(measurements, what, **wanted), lambda one: one.photos_per_second) or 0.0
