"""Pictures of a described table: how its columns are distributed and correlated; as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.description import Description
from regression.datasets.duplicates import spreads
from regression.datasets.figures import new_figure, save_figure
from vision.features import ENCODING_FEATURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 60
_ROW_INCHES = 0.1
_REACH = 6.0  # spreads


def draw_distributions(description: Description, path: Path) -> None:
    """A panel each for encoding, landmark features and sliders, a line of it per column: the
    darker, the more rows have that value."""
    schema, table = description.schema, description.table
    panels: list[tuple[str, list[str]]] = []
    if schema.encoding:
        panels.append(("encoding", list(ENCODING_FEATURES)))
    if schema.landmarks:
        panels.append(("landmark features", list(schema.landmarks)))
    panels.append(("sliders", list(schema.slider_names)))
    tallest = max(len(names) for _, names in panels)
    figure = new_figure(5.6 * len(panels), max(4.0, _ROW_INCHES * tallest + 1.2))
    axes: list[Axes] = list(figure.subplots(1, len(panels), squeeze=False)[0])
    for panel, (title, names) in zip(axes, panels, strict=True):
        numbers = table[names].to_numpy(np.float64)
        if title == "sliders":
            low, high, unit = 0.0, 1.0, "value"
        else:
            with np.errstate(all="ignore"):
                numbers = (numbers - np.nanmedian(numbers, axis=0)) / spreads(numbers)
            low, high, unit = -_REACH, _REACH, "robust standard deviations from the median"
        counts = np.stack(
            [
                np.histogram(column[np.isfinite(column)].clip(low, high), _BINS, (low, high))[0]
                for column in numbers.T
            ]
        )
        # The root: a few rows far out would not be seen beside the many in the middle.
        shades = np.sqrt(counts / np.maximum(counts.max(axis=1, keepdims=True), 1))
        extent = (low, high, len(names) - 0.5, -0.5)
        panel.imshow(shades, aspect="auto", cmap="Blues", extent=extent, interpolation="nearest")
        panel.set_yticks(range(len(names)), names, fontsize=5)
        panel.set_xlabel(f"{unit}; the ends hold what is beyond", fontsize=8)
        panel.set_title(f"{title} ({len(names)} columns)", fontsize=10)
    figure.suptitle(f"Distribution of each column over {len(table)} rows; shade: root of the share")
    save_figure(figure, path)


def draw_correlations(description: Description, path: Path) -> None:
    """Two panels: features with sliders, and sliders with sliders."""
    schema = description.schema
    sliders, features = list(schema.slider_names), list(schema.features)
    height = max(5.0, _ROW_INCHES * max(len(features), len(sliders)) + 2.2)
    figure = new_figure(2 * max(5.0, 0.7 * _ROW_INCHES * len(sliders) + 2.5), height)
    panels = (
        ("features and sliders", description.feature_sliders, features),
        ("sliders and sliders", description.slider_sliders, sliders),
    )
    image = None
    axes: list[Axes] = list(figure.subplots(1, 2))
    for panel, (title, matrix, names) in zip(axes, panels, strict=True):
        panel.set_facecolor("#dddddd")  # where there is no correlation: a column never varies
        image = panel.imshow(
            matrix, vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto", interpolation="nearest"
        )
        panel.set_yticks(range(len(names)), names, fontsize=5)
        panel.set_xticks(range(len(sliders)), sliders, fontsize=5, rotation=90)
        panel.set_title(title, fontsize=10)
    if image is not None:
        figure.colorbar(image, ax=axes, label="Pearson's r", shrink=0.5)
    save_figure(figure, path)
