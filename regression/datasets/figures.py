"""Plots as PNG files, drawn without a window."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches."""
    # No pyplot: it keeps state and may open a window's backend. A bare Figure draws by Agg.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a PNG file beside the path, then moves it there; makes the folder where it misses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    # No version of matplotlib in it: the same figures give the same file.
    figure.savefig(partial, format="png", metadata={"Software": None})
    os.replace(partial, path)
    return path
