"""What `fpp evaluate --per-slider` draws: sliders, errors on the head, the worst cases; as PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.figures import new_figure, save_figure
from regression.datasets.workers import call_apart
from regression.evaluation.head_pictures import (
    COLOUR_MAP,
    HeadSheet,
    draw_rig_sheets,
    draw_sheet,
)
from regression.evaluation.per_slider import MEAN, PerSlider, SurfaceFigures
from regression.measures.surface import distances
from rig.render import RenderError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORST, COMPARED = 8, 4
"""How many of the worst heads are shown, and how many of the middle and of the best."""

_SLIDER_COLUMNS = 8
_CASE_COLUMNS = 4
_TURNED = 35.0  # degrees
_HEAT_SIZE, _CASE_SIZE = 320, 200  # pixels of a head
_BLUE = "#0072B2"
_CONDITION_TEXTS: dict[str, Callable[[float], str]] = {
    "expression_strength": lambda value: f"expression {value:.2f}",
    "camera_distance_mm": lambda value: f"camera {value / 10:.0f} cm",
}


def write_pictures(
    evaluation: PerSlider,
    folder: Path,
    rig_folder: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Writes predicted_true.png, heat.png and worst.png.

    The first and the last are of the fused route, or the last one. The last two show whole heads
    where the evaluation has their surface and a rig is given, else the face mesh.

    Args:
        rig_folder: MakeHuman's data.
        report: gets a line where whole heads cannot be drawn.

    Returns:
        The files written: without told sliders no first one, without a surface no others.
    """
    written = []
    if evaluation.predictions[evaluation.main_route].told.any():
        written.append(save_figure(_scatter(evaluation), folder / "predicted_true.png"))
    if not evaluation.surfaces:
        return written
    mesh, *whole = evaluation.surfaces
    most = max(float(np.percentile(one.errors[MEAN].points, 96)) for one in evaluation.surfaces)
    heat = [draw_sheet(evaluation.head, sheet) for sheet in _heat_sheets(evaluation, mesh, most)]
    cases, pictures = None, None
    if whole and rig_folder is not None:
        cases = _find_cases(evaluation, whole[0])
        sheets = [*_heat_sheets(evaluation, whole[0], most), cases.sheet]
        try:
            *more, pictures = call_apart(
                draw_rig_sheets, rig_folder, whole[0].surface.vertices, sheets
            )
            heat += more
        except RenderError as error:
            report(f"Whole heads are left out. {error}")
    if cases is None or pictures is None:
        cases = _find_cases(evaluation, mesh)
        pictures = draw_sheet(evaluation.head, cases.sheet)
    written.append(save_figure(_heat(evaluation, heat, most), folder / "heat.png"))
    written.append(save_figure(_case_figure(evaluation, cases, pictures), folder / "worst.png"))
    return written


@dataclass(frozen=True, eq=False)
class _Cases:
    """Heads to look at: the worst, then those of the middle, then the best.

    Attributes:
        rows: which of the heads.
        errors: of these, % of the inter-ocular distance.
        most: the error at the end of the colour scale, likewise.
        sheet: the true head, the predicted one, and its error on it, of each in turn.
    """

    rows: np.ndarray
    errors: np.ndarray
    most: float
    sheet: HeadSheet


def _find_cases(evaluation: PerSlider, one: SurfaceFigures) -> _Cases:
    route = evaluation.main_route
    errors = one.errors[route].heads["similarity"]
    order = np.argsort(-errors, kind="stable")
    middle = max(0, (len(order) - COMPARED) // 2)
    rows = np.concatenate(
        [order[:WORST], order[middle : middle + COMPARED], order[::-1][:COMPARED]]
    )
    true, predicted = evaluation.true[rows], evaluation.predictions[route].values[rows]
    found = distances(one.surface, predicted, true)
    most = float(np.percentile(found, 99.5))
    amounts = found / max(most, 1e-9)
    skin = np.full_like(amounts, np.nan)
    sheet = HeadSheet(
        np.stack([true, predicted, predicted], axis=1).reshape(-1, true.shape[1]),
        np.stack([skin, skin, amounts], axis=1).reshape(-1, amounts.shape[1]),
        _CASE_SIZE,
    )
    return _Cases(rows, errors[rows], most, sheet)


def _heat_sheets(evaluation: PerSlider, one: SurfaceFigures, most: float) -> list[HeadSheet]:
    """The average head with the mean error of each predictor, from the front and turned."""
    who = (MEAN, *evaluation.routes)
    amounts = np.array([one.errors[name].points for name in who]) / max(most, 1e-9)
    average = np.tile(evaluation.average, (len(who), 1))
    return [HeadSheet(average, amounts, _HEAT_SIZE, yaw) for yaw in (0.0, _TURNED)]


def _heat(evaluation: PerSlider, rows: Sequence[np.ndarray], most: float) -> Figure:
    """A column per predictor, a row per view."""
    who = (MEAN, *evaluation.routes)
    figure = new_figure(2.5 * len(who) + 1.0, 2.35 * len(rows) + 0.9)
    panels = figure.subplots(len(rows), len(who), squeeze=False)
    for panel_row, pictures in zip(panels, rows, strict=True):
        for panel, picture in zip(panel_row, pictures, strict=True):
            panel.imshow(picture)
            panel.axis("off")
    shown = evaluation.surfaces[-1] if len(rows) > 2 else evaluation.surfaces[0]
    mean = shown.errors[MEAN].heads["similarity"].mean()
    for panel, name in zip(panels[0], who, strict=True):
        error = shown.errors[name].heads["similarity"].mean()
        title = "average face" if name == MEAN else name
        part = "" if name == MEAN else f" ({error / mean:.2f} times)"
        panel.set_title(f"{title}\n{error:.1f} %{part}", fontsize=11)
    _colour_bar(figure, list(panels.flat), most, 0.5)
    figure.suptitle("Mean error of each point of the face on held-out heads", fontsize=12)
    return figure


def _case_figure(evaluation: PerSlider, cases: _Cases, pictures: np.ndarray) -> Figure:
    """Rows of heads: true, predicted, and the error on the predicted one, with a line below."""
    count = len(cases.rows)
    compared = min(COMPARED, count // 2)
    blocks = {
        "the worst": range(count - 2 * compared),
        "of the middle": range(count - 2 * compared, count - compared),
        "the best": range(count - compared, count),
    }
    lines = [
        (name, block[start : start + _CASE_COLUMNS])
        for name, block in blocks.items()
        for start in range(0, len(block), _CASE_COLUMNS)
    ]
    figure = new_figure(16.0, 1.85 * len(lines) + 0.6)
    panels = figure.subplots(len(lines), _CASE_COLUMNS, squeeze=False)
    for panel in panels.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    for panel_row, (name, block) in zip(panels, lines, strict=True):
        panel_row[0].set_ylabel(name, fontsize=11)
        for panel, i in zip(panel_row, block, strict=False):
            panel.imshow(_side_by_side(pictures[3 * i : 3 * i + 3]))
            panel.set_xlabel(_case_text(evaluation, cases, i), fontsize=9)
    _colour_bar(figure, list(panels.flat), cases.most, 0.4)
    figure.suptitle(
        f"Held-out heads by the route {evaluation.main_route}: true, predicted, and the error of "
        "the surface on the predicted head",
        fontsize=12,
    )
    return figure


def _case_text(evaluation: PerSlider, cases: _Cases, i: int) -> str:
    parts = [f"{cases.errors[i]:.1f} %"]
    for name, values in evaluation.conditions.items():
        text = _CONDITION_TEXTS.get(name, lambda value, name=name: f"{name} {value:.3g}")
        parts.append(text(float(values[cases.rows[i]])))
    return ", ".join(parts)


def _side_by_side(pictures: np.ndarray) -> np.ndarray:
    """Three pictures as one, without the white at their sides."""
    margin = pictures.shape[2] // 12
    return np.hstack([picture[:, margin:-margin] for picture in pictures])


def _colour_bar(figure: Figure, panels: Sequence[Axes], most: float, shrink: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(
        ScalarMappable(Normalize(0, most), COLOUR_MAP),
        ax=list(panels),
        shrink=shrink,
        aspect=30,
        pad=0.01,
        extend="max",
    )
    bar.set_label("% of the inter-ocular distance", fontsize=9)
    bar.ax.tick_params(labelsize=8)


def _scatter(evaluation: PerSlider) -> Figure:
    """Predicted against true, a panel per told slider, the best known first."""
    route = evaluation.main_route
    predicted, r2 = evaluation.predictions[route], evaluation.routes[route].values.r2
    told = np.flatnonzero(predicted.told)
    told = told[np.argsort(-np.nan_to_num(r2[told], nan=-np.inf), kind="stable")]
    columns = min(_SLIDER_COLUMNS, len(told))
    rows = -(-len(told) // columns)
    figure = new_figure(max(1.75 * columns, 5.0), 1.95 * rows + 0.9)
    panels: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, i in zip(panels, told, strict=False):
        true, values = evaluation.true[:, i], predicted.values[:, i]
        low, high = np.percentile(np.concatenate([true, values]), [0.3, 99.7])
        margin = max(0.05 * (high - low), 1e-3)
        ends = (low - margin, high + margin)
        panel.plot(ends, ends, color="#999999", linewidth=0.8, zorder=0)
        panel.plot(true, values, ".", markersize=1.5, alpha=0.35, color=_BLUE, rasterized=True)
        panel.set(xlim=ends, ylim=ends)
        panel.set_aspect("equal")
        panel.locator_params(nbins=3)
        panel.tick_params(labelsize=6)
        name = evaluation.head.slider_names[i].rpartition("/")[2]
        panel.set_title(f"{name}\nR2 {r2[i]:.2f}", fontsize=6.5)
    for panel in panels[len(told) :]:
        panel.axis("off")
    figure.suptitle(f"Sliders that {route} tells, 0..1 over their ranges, on held-out heads")
    figure.supxlabel("true", fontsize=10)
    figure.supylabel("predicted (the line: equal)", fontsize=10)
    return figure
