"""Baked heads as Wavefront OBJ files.

Heads made here are in metres, y up, the front towards +z; those of a file keep its axes and units.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from exports.glb_document import read_accessor
from exports.glb_file import METRES_PER_UNIT
from exports.normals import vertex_normals
from rig.rig import RigError

if TYPE_CHECKING:
    from exports.export_head import ExportHead


def write_obj(
    path: Path, head: ExportHead, values: npt.ArrayLike, about: Mapping[str, Any]
) -> None:
    """Writes a head as slider values (s,) in rig units shape it.

    A rig of .obj files keeps its polygons, groups and texture coordinates in their order; only its
    vertices move, and its normals, which would be wrong, are left out.

    about: what the file says of itself in its first lines, beside rig, licence and slider values.

    Raises RigError for values that are not one finite number per slider.
    """
    if head.neutral is not None:
        body = _moved(head, values)
    elif head.surface is not None:
        body = _polygons(
            head.vertices(values) * METRES_PER_UNIT,
            head.surface.triangles,
            head.surface.parts,
            head.surface.part_names,
        )
    else:
        body = _of_file(head, values)
    partial = path.with_name(path.name + ".partial")
    comments = "".join(f"# {line}\n" for line in _comments(head, values, about))
    partial.write_text(comments + body, encoding="utf-8", errors="backslashreplace")
    os.replace(partial, path)


def _comments(head: ExportHead, values: npt.ArrayLike, about: Mapping[str, Any]) -> list[str]:
    units = "metres; x to the person's left, y up, z to the viewer"
    extras = head.extras(values, about)
    sliders = extras.pop("sliders")
    lines = [f"{name}: {_one_line(value)}" for name, value in extras.items()]
    lines.append(f"units: {units if head.surface is not None else 'those of the rig'}")
    return lines + [f"slider {name} {value}" for name, value in sliders.items()]


def _one_line(value: Any) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return " ".join(text.split())


def _polygons(
    vertices: npt.NDArray[np.floating[Any]],
    triangles: npt.NDArray[np.integer[Any]],
    parts: npt.NDArray[np.integer[Any]],
    part_names: tuple[str, ...],
) -> str:
    normals = vertex_normals(vertices, triangles)
    text = _rows("v %.7g %.7g %.7g", vertices) + _rows("vn %.4f %.4f %.4f", normals)
    for number, name in enumerate(part_names):
        chosen = triangles[parts == number] + 1
        if len(chosen):
            corners = np.repeat(chosen, 2, axis=1)
            text += f"g {'_'.join(name.split())}\n" + _rows("f %d//%d %d//%d %d//%d", corners)
    return text


def _rows(form: str, rows: npt.NDArray[Any]) -> str:
    return (form + "\n") * len(rows) % tuple(rows.reshape(-1).tolist())


def _moved(head: ExportHead, values: npt.ArrayLike) -> str:
    """The neutral .obj with other vertices. Which is which, head.glb's `_SOURCE_VERTEX` says."""
    assert head.neutral is not None
    baked = head.baker.bake(head.weights(values))
    moved: dict[int, npt.NDArray[np.float32]] = {}
    for mesh in baked.json["meshes"]:
        for primitive in mesh["primitives"]:
            attributes = primitive["attributes"]
            numbers = read_accessor(baked, attributes["_SOURCE_VERTEX"])[:, 0].astype(int)
            moved |= zip(
                numbers.tolist(), read_accessor(baked, attributes["POSITION"]), strict=True
            )
    lines, vertex = [], 0
    for line in head.neutral.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        kind = line.split(maxsplit=1)[:1]
        if kind == ["v"]:
            if vertex in moved:
                colour = line.split()[4:]  # some programs write one behind the coordinates
                line = " ".join(["v", *(f"{number:.7g}" for number in moved[vertex]), *colour])
            vertex += 1
        elif kind == ["vn"]:
            continue
        elif kind == ["f"]:
            line = " ".join(["f", *(_without_normal(corner) for corner in line.split()[1:])])
        lines.append(line)
    if any(number >= vertex for number in moved):
        raise RigError(
            f"{head.neutral} has {vertex} vertices, {head.path} names others. The two files that "
            "`fpp rig train` put there were expected. Train again, or restore them."
        )
    return "\n".join(lines) + "\n"


def _without_normal(corner: str) -> str:
    vertex, _, rest = corner.partition("/")
    texture = rest.partition("/")[0]
    return f"{vertex}/{texture}" if texture else vertex


def _of_file(head: ExportHead, values: npt.ArrayLike) -> str:
    source = head.source
    weights = head.weights(values)
    vertices = source.vertices.astype(np.float64)
    for name, offsets in zip(source.targets, source.offsets, strict=True):
        if weights.get(name):
            vertices += weights[name] * offsets
    return _polygons(vertices, source.triangles, source.parts, source.part_names)
