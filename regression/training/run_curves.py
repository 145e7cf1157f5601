"""The curves of a training run: errors per epoch, validation beside training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regression.datasets.figures import new_figure, save_figure

if TYPE_CHECKING:
    import pandas as pd

# Okabe & Ito's colours, which colour-blind readers can tell apart.
_TRAINING, _VALIDATION, _KEPT = "#0072B2", "#D55E00", "#555555"
_FAR = 5  # times the least error
_PANELS = {"mse": "mean squared error", "mae": "mean absolute error"}


def write_curves(history: pd.DataFrame, kept_epoch: int, title: str, path: Path) -> Path:
    """Draws history.csv as a PNG: panels for MSE and MAE, logarithmic where errors fall far.

    Args:
        history: columns epoch, mse, mae, validation_mse, validation_mae; a row per epoch.
        kept_epoch: whose weights are the model's; marked by a line.
    """
    figure = new_figure(9.6, 3.8)
    figure.suptitle(title)
    for panel, (measure, label) in zip(figure.subplots(1, 2), _PANELS.items(), strict=True):
        for column, colour, rows in (
            (measure, _TRAINING, "training rows, while they were learned"),
            (f"validation_{measure}", _VALIDATION, "validation rows, after the epoch"),
        ):
            panel.plot(
                history["epoch"], history[column], ".-", color=colour, linewidth=1.2, label=rows
            )
        panel.axvline(kept_epoch, color=_KEPT, linestyle=":", label="the model's epoch")
        columns = history[[measure, f"validation_{measure}"]].to_numpy()
        if columns.max() > _FAR * columns.min() > 0:
            panel.set_yscale("log")
        panel.set_xlabel("epoch")
        panel.set_ylabel(label)
        panel.grid(color="#e5e5e5")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return save_figure(figure, path)
