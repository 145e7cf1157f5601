"""One Wavefront .obj file: its vertices, or its whole mesh with materials.

Format: Wavefront, Advanced Visualizer manual, appendix B1; colours behind the coordinates of a
vertex are a common addition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, IntegerArray, RigError

MOST_BYTES = 200 << 20
MOST_PARTS = 255
PLAIN = "default"

_VERTEX = re.compile(rb"^[ \t]*v[ \t]+([^\r\n]*)", re.MULTILINE)
_ADVICE = "Export the file anew as Wavefront .obj"


@dataclass(frozen=True, eq=False)
class ObjMesh:
    """vertices (v, 3) float32; triangles (t, 3) int32; parts (t,) uint8 into part_names.

    colours: (v, 3) float32 0..1, (0, 3) where the file has none or one plain colour.
    hidden: (t,) bool, triangles of materials that are seen through.
    """

    vertices: FloatArray
    triangles: IntegerArray
    parts: npt.NDArray[np.uint8]
    part_names: tuple[str, ...]
    colours: FloatArray
    hidden: npt.NDArray[np.bool_]


def read_points(path: Path) -> FloatArray:
    """The vertices of an .obj file, (v, 3..8) float32: x, y, z and what stands behind.

    Raises RigError naming the file.
    """
    return _points(path, _content(path))


def read_obj(path: Path) -> ObjMesh:
    """A whole .obj file; polygons become fans of triangles, `usemtl` parts.

    Colours are those of the vertices, or the materials' Kd where no material has an image. Raises
    RigError naming the file, and the line where there is one.
    """
    content = _content(path)
    table = _points(path, content)
    polygons: list[list[int]] = []
    materials: dict[str, int] = {}
    rows: list[int] = []
    libraries: list[str] = []
    material = PLAIN
    passed = 0  # vertices above the line; negative indices count back from there
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        keyword, rest = [*line.split(maxsplit=1), "", ""][:2]
        if keyword == "v":
            passed += 1
        elif keyword == "f":
            polygons.append(_corners(path, number, rest, passed, len(table)))
            rows.append(materials.setdefault(material, len(materials)))
        elif keyword == "usemtl":
            material = rest.strip() or PLAIN
        elif keyword == "mtllib":
            libraries.append(rest.strip())
    sizes = np.array([len(polygon) - 2 for polygon in polygons], np.int64)
    triangles = np.array(
        [
            (polygon[0], second, third)
            for polygon in polygons
            for second, third in zip(polygon[1:], polygon[2:], strict=False)
        ],
        np.int32,
    ).reshape(-1, 3)
    names = list(materials)
    if len(names) > MOST_PARTS:
        names[MOST_PARTS - 1 :] = ["others"]
    every = np.repeat(np.array(rows, np.int64), sizes)
    colours, see_through = _painted(path, libraries, list(materials), every, triangles, table)
    return ObjMesh(
        np.ascontiguousarray(table[:, :3]),
        triangles,
        np.minimum(every, MOST_PARTS - 1).astype(np.uint8),
        tuple(names),
        colours,
        see_through,
    )


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file() or size > MOST_BYTES:
            _refuse(path, f" has {size} bytes", f"a file of at most {MOST_BYTES}", _ADVICE)
        return path.read_bytes()
    except OSError as error:
        _refuse(path, f" cannot be read ({error})", "a Wavefront .obj file", "Check the path")


def _points(path: Path, content: bytes) -> FloatArray:
    lines = [line.decode("latin-1") for line in _VERTEX.findall(content)]
    if not lines:
        _refuse(path, " has no vertices", "lines `v x y z`", _ADVICE)
    try:
        table = np.loadtxt(lines, np.float32, comments="#", ndmin=2)
    except ValueError as error:
        reason = str(error).split(";")[0][:100]
        _refuse(path, f" has vertices that are no numbers ({reason})", "lines `v x y z`", _ADVICE)
    if not 3 <= table.shape[1] <= 8 or len(table) != len(lines):
        _refuse(path, f" has vertices of {table.shape[1]} numbers", "lines `v x y z`", _ADVICE)
    if not np.isfinite(table).all():
        _refuse(path, " has vertices that are not finite", "numbers", _ADVICE)
    return table


def _corners(path: Path, number: int, text: str, passed: int, count: int) -> list[int]:
    """A face's vertices from 0."""
    try:
        indices = [int(word.partition("/")[0]) for word in text.partition("#")[0].split()]
    except ValueError:
        indices = []
    corners = [index - 1 if index > 0 else passed + index for index in indices]
    if len(corners) < 3 or 0 in indices or min(corners) < 0 or max(corners) >= count:
        _refuse(
            path,
            f", line {number}, has a face {text.strip()[:60]!r}",
            f"at least three vertices of 1 to {count}",
            _ADVICE,
        )
    return corners


def _painted(
    path: Path,
    libraries: list[str],
    names: list[str],
    rows: npt.NDArray[np.int64],
    triangles: IntegerArray,
    table: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Colours of the vertices, and which triangles are seen through."""
    materials = {name: values for library in libraries for name, values in _library(path, library)}
    clear = np.array([materials.get(name, {}).get("opacity", [1.0])[0] < 0.9 for name in names])
    hidden = clear[rows] if len(names) else np.zeros(0, bool)
    if hidden.all():
        hidden = np.zeros(len(triangles), bool)
    colours = np.zeros((0, 3), np.float32)
    if table.shape[1] >= 6:
        colours = table[:, 3:6] / (255 if table[:, 3:6].max() > 1 else 1)
    elif any(materials.get(name, {}).get("Kd") for name in names) and not any(
        "image" in materials.get(name, {}) for name in names
    ):
        colours = np.full((len(table), 3), 0.8, np.float32)
        shades = np.array([materials.get(name, {}).get("Kd") or [0.8] * 3 for name in names])
        # Where surfaces share vertices, the visible one gives the colour.
        for drawn in (hidden, ~hidden):
            for corner in triangles[drawn].T:
                colours[corner] = shades[rows[drawn]]
    colours = np.clip(colours, 0, 1).astype(np.float32)
    visible = triangles[~hidden].ravel()
    if len(colours) and len(visible) and np.ptp(colours[visible], axis=0).max() < 1 / 255:
        colours = np.zeros((0, 3), np.float32)
    return colours, hidden


def _library(path: Path, name: str) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """The materials of a .mtl file beside the .obj; none where it cannot be read."""
    folder = path.parent.resolve()
    library = (folder / name).resolve() if name and "\0" not in name else folder
    try:
        if not library.is_relative_to(folder) or not library.is_file():
            return
        if library.stat().st_size > MOST_BYTES // 10:
            return
        lines = library.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    values: dict[str, list[float]] = {}
    for line in lines:
        keyword, *words = line.split() or [""]
        if keyword == "newmtl":
            values = {}
            yield " ".join(words) or PLAIN, values
        elif keyword == "map_Kd":
            values["image"] = []
        elif keyword in ("Kd", "d", "Tr"):
            try:
                found = [float(word) for word in words[:3]]
            except ValueError:
                continue
            if keyword == "Kd" and len(found) == 3 and np.isfinite(found).all():
                values["Kd"] = found
            elif keyword != "Kd" and found:
                values["opacity"] = [found[0] if keyword == "d" else 1 - found[0]]


def _refuse(path: Path, what: str, expected: str, advice: str) -> NoReturn:
    raise RigError(f"{path}{what}. Expected {expected}. {advice}.")
