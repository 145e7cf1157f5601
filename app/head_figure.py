"""The head as a Plotly figure: it turns in the browser, and keeps its turn while sliders move."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from exports.shown_head import ShownHead, rig_columns
from rig.camera import Camera
from rig.rig import FloatArray, Rig, Slider, from_units

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_HEADS = 3

_STEP = 1e-3  # decimetres, 0.1 mm: coordinates are sent as 16-bit integers
_CUT = 0.46  # of the framing's height, below its middle: there the neck ends
_SIDE = 1.5  # of the scene's cube, in heights of the framing: room for large heads, turned ones too
_ZOOM = 2.7  # an orthographic scene shows 2 of its sides' length divided by this
_TITLE_COLOURS = {True: "#e6e9ee", False: "#22262d", None: "#7b838f"}
_TITLE_HEIGHT = 30  # pixels
_SEVERAL_SMALLER = 1.35  # in a part of the figure's width
_EYE = 4.0  # outside of the scene
_LIGHTING = {"ambient": 0.4, "diffuse": 0.7, "specular": 0.12, "roughness": 0.6, "fresnel": 0.05}
# In the viewer's axes, whatever the turn: x right, y up, and z away from the viewer, where one is
# about a thousand of the others.
_LIGHT = {"x": -10_000, "y": 14_000, "z": -110}


@dataclass(frozen=True, eq=False)
class FigureHead:
    """A head ready to be shown, its neck cut off evenly. v vertices, t triangles, s sliders.

    Attributes:
        rig: its whole mesh.
        sliders: the models'.
        columns: (s,) where each of them stands in the rig.
        kept: (v,) the rig's vertices that are shown.
        beside, share: (v,) how a vertex is brought to the cut: by that share to another of the
            rig's vertices; 0 for all that are not at the cut.
        corners: (3, t) the triangles, as small integers as hold them.
        colours: (v,) text "#rrggbb".
        centre: x, y, z of what it turns about.
        reach: half of the scene's side, decimetres.
    """

    rig: Rig
    sliders: tuple[Slider, ...]
    columns: npt.NDArray[np.intp]
    kept: npt.NDArray[np.intp]
    beside: npt.NDArray[np.intp]
    share: FloatArray
    corners: npt.NDArray[np.integer[Any]]
    colours: tuple[str, ...]
    centre: tuple[float, float, float]
    reach: float

    def vertices(self, values: npt.ArrayLike) -> FloatArray:
        """What is shown, (v, 3) decimetres, for slider values (s,), 0..1."""
        amounts = np.zeros(len(self.rig.sliders))
        amounts[self.columns] = rig_units(self.sliders, values)
        whole = self.rig.vertices(amounts)
        own = whole[self.kept]
        return np.asarray(own + self.share[:, None] * (whole[self.beside] - own), np.float32)


def rig_units(sliders: Sequence[Slider], values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Slider values (s,) in rig units, of values 0..1.

    Raises ValueError for values that are not one number in 0..1 per slider.
    """
    units = np.asarray(values, np.float64)
    # Written so that nan fails too.
    if units.shape != (len(sliders),) or not ((units >= 0) & (units <= 1)).all():
        raise ValueError(
            f"Slider values of shape {units.shape} came in. {len(sliders)} numbers from 0 to 1 "
            "were expected, one per slider. Correct the call."
        )
    return from_units(sliders, units)


def figure_head(shown: ShownHead, sliders: tuple[Slider, ...]) -> FigureHead:
    """Makes what all figures of a head share.

    Raises RigError where the rig does not have the sliders.
    """
    rig, framing = shown.rig, shown.framing
    beside, share, seen = _cut(rig, framing.centre[1] - _CUT * framing.height)
    kept, corners = np.unique(rig.triangles[seen], return_inverse=True)
    small = np.uint16 if len(kept) <= 0xFFFF else np.int32
    colours = np.rint(shown.colours[kept] * 255).astype(np.uint8)
    return FigureHead(
        rig,
        sliders,
        rig_columns(rig, [slider.name for slider in sliders]),
        kept.astype(np.intp),
        beside[kept],
        share[kept],
        np.ascontiguousarray(corners.reshape(-1, 3).T.astype(small)),
        tuple("#" + bytes(colour).hex() for colour in colours),
        framing.centre,
        _SIDE / 2 * framing.height,
    )


def _cut(rig: Rig, level: float) -> tuple[npt.NDArray[np.intp], FloatArray, npt.NDArray[np.bool_]]:
    """Where the neutral mesh is cut off: at a height y, shoulders and body are below.

    Returns for each vertex the neighbour above the cut that it goes towards, and by what share of
    the way, both 0 for those that stay; and (t,) which triangles are left.
    """
    height = rig.neutral[:, 1]
    above = height >= level
    beside = np.zeros(len(height), np.intp)
    share = np.zeros(len(height), np.float32)
    for one, other in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
        low, high = rig.triangles[:, one], rig.triangles[:, other]
        crossing = ~above[low] & above[high]
        low, high = low[crossing], high[crossing]
        beside[low] = high
        share[low] = (level - height[low]) / (height[high] - height[low])
    return beside, share, above[rig.triangles].any(axis=1)


def head_figure(
    head: FigureHead,
    heads: Sequence[tuple[str, npt.ArrayLike]],
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0),
    dark: bool | None = None,
    view: str = "",
) -> Figure:
    """One to three heads side by side, each to be turned by mouse or finger.

    As long as pose, number of heads and `view` stay the same, a browser that shows one figure after
    the other keeps the turn (Plotly's `uirevision`).

    Args:
        heads: titles, and slider values (s,), 0..1.
        pose: yaw, pitch and roll in degrees, as in rig.camera.Camera.
        dark: whether the page is; None for titles that read on both.
        view: any text.

    Raises:
        ValueError: no head or too many, or values that are none.
    """
    from plotly import graph_objects

    if not 1 <= len(heads) <= MOST_HEADS:
        raise ValueError(
            f"{len(heads)} heads were to be shown. 1 to {MOST_HEADS} were expected. Correct the "
            "call."
        )
    revision = f"{view} {len(heads)} " + " ".join(f"{angle:.2f}" for angle in pose)
    meshes, notes = [], []
    scenes: dict[str, Any] = {}
    for number, (title, values) in enumerate(heads):
        name = "scene" if number == 0 else f"scene{number + 1}"
        left, right = number / len(heads), (number + 1) / len(heads)
        meshes.append(graph_objects.Mesh3d(scene=name, **_mesh(head, values, pose)))
        zoom = _ZOOM if len(heads) == 1 else _ZOOM / _SEVERAL_SMALLER
        scenes[name] = _scene(head, (left, right), zoom, revision)
        notes.append(_title(title, (left + right) / 2, dark))
    clear = "rgba(0,0,0,0)"
    layout = {
        **scenes,
        "annotations": notes,
        "uirevision": revision,
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "margin": {"l": 0, "r": 0, "t": _TITLE_HEIGHT, "b": 0},
        "showlegend": False,
        "font": {"family": "system-ui, sans-serif"},
        "modebar": {"bgcolor": clear, "remove": ["orbitRotation", "tableRotation", "pan3d"]},
    }
    return graph_objects.Figure(meshes, layout)


def _mesh(
    head: FigureHead, values: npt.ArrayLike, pose: tuple[float, float, float]
) -> dict[str, Any]:
    turn = Camera(yaw=pose[0], pitch=pose[1], roll=pose[2]).rotation
    points = (head.vertices(values) - np.array(head.centre, np.float32)) @ turn.T
    across, up, near = np.clip(np.rint(points.T / _STEP), -32767, 32767).astype(np.int16)
    # Plotly's z is up, and its viewer stands where y is negative.
    corners = dict(zip("ijk", head.corners, strict=True))
    return {
        **{"x": across, "y": -near, "z": up},
        **corners,
        "vertexcolor": head.colours,
        "flatshading": False,
        "lighting": _LIGHTING,
        "lightposition": _LIGHT,
        "hoverinfo": "skip",
    }


def _scene(
    head: FigureHead, across: tuple[float, float], zoom: float, revision: str
) -> dict[str, Any]:
    reach = head.reach / _STEP
    axis = {"visible": False, "range": [-reach, reach]}
    return {
        **dict.fromkeys(("xaxis", "yaxis", "zaxis"), axis),
        "aspectmode": "manual",
        "aspectratio": dict.fromkeys("xyz", zoom),
        "domain": {"x": list(across), "y": [0, 1]},
        "dragmode": "turntable",
        "uirevision": revision,
        "camera": {
            "eye": {"x": 0, "y": -_EYE, "z": 0},
            "up": {"x": 0, "y": 0, "z": 1},
            "center": {"x": 0, "y": 0, "z": 0},
            "projection": {"type": "orthographic"},
        },
    }


def _title(text: str, across: float, dark: bool | None) -> dict[str, Any]:
    return {
        # Plotly takes some HTML in texts; a file's name may look like it.
        "text": html.escape(text, quote=False),
        "x": across,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 15, "color": _TITLE_COLOURS[dark]},
    }
