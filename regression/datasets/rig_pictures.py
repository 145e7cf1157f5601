"""Pictures of a prepared rig: the neutral head, its landmarks, and every slider at its ends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.workers import call_apart
from rig.camera import Camera, project
from rig.paint import vertex_colours
from rig.portrait import frame_head
from rig.prepared_rig import PreparedRig, load_prepared

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 640  # pixels, of the neutral head
_SMALL = 190  # of a head on a sheet
_SLIDERS_PER_SHEET = 32
_COLUMNS = 4
_LABEL = 34
_DISTANCE = 15.0  # decimetres, a portrait photographer's distance
_THREE_QUARTER = 35.0  # degrees
_BACKGROUND = (0.80, 0.83, 0.86)
_GREY = np.array([0.72, 0.70, 0.68])
_RED = np.array([0.85, 0.16, 0.10])


@dataclass(frozen=True)
class _End:
    """One head of a sheet: a slider or an expression unit at a value."""

    name: str
    value: float


def write_rig_pictures(prepared_file: Path, folder: Path) -> list[Path]:
    """Draws neutral.png, landmarks.png and sliders_1.png, sliders_2.png, ... into a folder.

    On the sheets each slider stands at both its ends, an expression unit at full strength; what it
    moves is red, the more the redder.

    Args:
        prepared_file: written by rig.prepared_rig.save_prepared.
        folder: is made where it does not exist.

    Raises:
        RigError: the file cannot be read.
        rig.render.RenderError: nothing can be rendered here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Apart: OpenGL does not go with MediaPipe, which the caller may have used.
    return list(call_apart(_draw_all, prepared_file, folder))


def _draw_all(prepared_file: Path, folder: Path) -> list[Path]:
    prepared = load_prepared(prepared_file)
    written = [_save(picture, folder / f"{name}.png") for name, picture in _draw_neutral(prepared)]
    pairs = _ends(prepared)
    sheets = [pairs[i : i + _SLIDERS_PER_SHEET] for i in range(0, len(pairs), _SLIDERS_PER_SHEET)]
    for number, sheet in enumerate(sheets, start=1):
        written.append(_save(_draw_sheet(prepared, sheet), folder / f"sliders_{number}.png"))
    return written


def _draw_neutral(prepared: PreparedRig) -> Iterator[tuple[str, Image]]:
    """The neutral head from two sides, and its front with the landmarks."""
    from PIL import Image, ImageDraw

    from rig.render import Renderer

    rig = prepared.rig
    cameras = [frame_head(rig).camera(_DISTANCE, yaw) for yaw in (0.0, _THREE_QUARTER)]
    with Renderer(_SIDE, _SIDE) as renderer:
        front, side = (
            renderer.render(
                rig.neutral, rig.triangles, vertex_colours(rig), camera, background=_BACKGROUND
            )
            for camera in cameras
        )
    yield "neutral", Image.fromarray(np.hstack([front, side]))
    marked = Image.fromarray(np.hstack([front, side]))
    draw = ImageDraw.Draw(marked)
    for number, camera in enumerate(cameras):
        points = project(prepared.landmarks.landmarks(rig.neutral), camera, _SIDE, _SIDE)
        for index, (x, y, _) in enumerate(points):
            x += number * _SIDE
            colour = (20, 90, 220) if index >= 468 else (0, 150, 60)
            draw.ellipse((x - 1.6, y - 1.6, x + 1.6, y + 1.6), fill=colour)
    yield "landmarks", marked


def _ends(prepared: PreparedRig) -> list[tuple[_End, _End]]:
    """For each slider its two ends; for each expression unit rest and full strength."""
    sliders = [
        (_End(slider.name, slider.minimum), _End(slider.name, slider.maximum))
        for slider in prepared.rig.sliders
    ]
    return sliders + [(_End(name, 0.0), _End(name, 1.0)) for name in prepared.expression_names]


def _draw_sheet(prepared: PreparedRig, pairs: Sequence[tuple[_End, _End]]) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    from rig.render import Renderer

    rig = prepared.rig
    rows = -(-len(pairs) // _COLUMNS)
    cell = (2 * _SMALL + 8, _SMALL + _LABEL)
    sheet = Image.new("RGB", (_COLUMNS * cell[0], rows * cell[1]), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    camera = frame_head(rig).camera(_DISTANCE, _THREE_QUARTER / 2)
    camera = _closer(camera)
    with Renderer(_SMALL, _SMALL) as renderer:
        for number, pair in enumerate(pairs):
            left, top = (number % _COLUMNS) * cell[0], (number // _COLUMNS) * cell[1]
            meshes = [_mesh(prepared, end) for end in pair]
            moved = [np.linalg.norm(mesh - rig.neutral, axis=1) for mesh in meshes]
            most = max(float(max(part.max() for part in moved)), 1e-6)
            for place, (mesh, part) in enumerate(zip(meshes, moved, strict=True)):
                redness = np.sqrt(part / most)[:, None]
                colours = _GREY + redness * (_RED - _GREY)
                picture = renderer.render(
                    mesh, rig.triangles, colours, camera, background=_BACKGROUND
                )
                sheet.paste(Image.fromarray(picture), (left + place * _SMALL, top + _LABEL))
            low, high = (f"{end.value:g}" for end in pair)
            draw.text((left + 4, top + 3), _shortened(pair[0].name), (0, 0, 0), font)
            draw.text((left + 4, top + 18), low, (90, 90, 90), font)
            draw.text((left + _SMALL + 4, top + 18), high, (90, 90, 90), font)
    return sheet


def _mesh(prepared: PreparedRig, end: _End) -> np.ndarray:
    """(v, 3) of the head with one slider or unit moved."""
    rig = prepared.rig
    if end.name in rig.slider_names:
        values = np.zeros(len(rig.sliders))
        values[rig.slider_names.index(end.name)] = end.value
        return rig.vertices(values)
    unit = prepared.expressions[prepared.expression_names.index(end.name)]
    return rig.neutral + np.float32(end.value) * unit


def _closer(camera: Camera) -> Camera:
    """The same camera with the face filling the picture."""
    return Camera(
        camera.target, camera.distance, 0.62 * camera.field_of_view, camera.yaw, camera.pitch
    )


def _shortened(name: str) -> str:
    most = 52
    return name if len(name) <= most else f"{name[: most // 2]}...{name[-most // 2 :]}"


def _save(picture: Image, path: Path) -> Path:
    partial = path.with_name(path.name + ".partial")
    picture.save(partial, format="PNG")
    os.replace(partial, path)
    return path
