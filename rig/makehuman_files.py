"""Readers of MakeHuman's text formats: base mesh, targets, proxies and modifier lists.

Formats: Wavefront .obj; .target (lines `vertex dx dy dz`, vertices counted from 0); .mhclo, the
proxy format (http://www.makehumancommunity.org/wiki/Documentation:Proxies); modifier .json.
All of them raise RigError naming the file, and the line where there is one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, IntegerArray, RigError

DoubleArray = npt.NDArray[np.float64]

_ADVICE = "Fetch the data anew with `fpp rig fetch makehuman`, or name another copy with --rig PATH"


@dataclass(frozen=True)
class Mesh:
    """vertices (v, 3) float64; per group name, its faces as tuples of vertex indices from 0.

    texture: (v, 2) float64, one texture coordinate per vertex (the last one named; NaN if none).
    """

    vertices: DoubleArray
    faces: dict[str, list[tuple[int, ...]]]
    texture: DoubleArray

    def group_vertices(self, name: str) -> npt.NDArray[np.int64]:
        """The sorted vertex indices that the faces of one group use; empty for an unknown group."""
        return np.unique([index for face in self.faces.get(name, []) for index in face]).astype(int)


@dataclass(frozen=True)
class Proxy:
    """A mesh fitted to the base mesh: vertex = sum of weights * base vertices + offset * scale.

    references (p, 3) int32 base vertices; weights (p, 3); offsets (p, 3), float64.
    scales: per axis x, y, z: two base vertices and the distance between them along that axis at
    which the offsets hold as they are.
    """

    mesh_file: Path
    references: IntegerArray
    weights: DoubleArray
    offsets: DoubleArray
    scales: tuple[tuple[int, int, float], ...]

    def fit(self, base: DoubleArray) -> DoubleArray:
        """The proxy's vertices (p, 3) on base vertices (v, 3)."""
        scale = [
            abs(base[first, axis] - base[second, axis]) / distance
            for axis, (first, second, distance) in enumerate(self.scales)
        ]
        return np.asarray(self.follow(base) + self.offsets * np.array(scale))

    def follow(self, base: DoubleArray) -> DoubleArray:
        """The linear part alone: what base offsets (v, 3) do to the proxy's vertices (p, 3)."""
        return np.asarray(np.einsum("pk,pkc->pc", self.weights, base[self.references]))


@dataclass(frozen=True)
class Modifier:
    """A MakeHuman modifier: full name, and target names for -1 (None: one-sided) and for +1."""

    name: str
    negative: str | None
    positive: str

    @property
    def group(self) -> str:
        """The part of the full name before the slash, also the targets' folder."""
        return self.name.split("/")[0]


def read_mesh(path: Path) -> Mesh:
    """Read a Wavefront .obj."""
    vertices: list[list[float]] = []
    coordinates: list[list[float]] = []
    faces: dict[str, list[tuple[int, ...]]] = {}
    texture_of: dict[int, int] = {}
    group = "default"
    for number, line in _lines(path):
        try:
            keyword, *words = line.split()
            if keyword == "v":
                x, y, z = words[:3]
                vertices.append([float(x), float(y), float(z)])
            elif keyword == "vt":
                first, second = words[:2]
                coordinates.append([float(first), float(second)])
            elif keyword == "g":
                group = words[0] if words else "default"
            elif keyword == "f":
                corners = [word.split("/") for word in words]
                face = tuple(int(corner[0]) - 1 for corner in corners)
                if len(face) < 3 or not all(0 <= index < len(vertices) for index in face):
                    raise ValueError(f"face {words} with {len(vertices)} vertices")
                faces.setdefault(group, []).append(face)
                for index, corner in zip(face, corners, strict=True):
                    if len(corner) > 1 and corner[1]:
                        texture_of[index] = int(corner[1]) - 1
        except ValueError as error:
            raise _broken(path, number, line, "Wavefront .obj (v, vt, g, f)") from error
    texture = np.full((len(vertices), 2), np.nan)
    for index, coordinate in texture_of.items():
        if coordinate < len(coordinates):
            texture[index] = coordinates[coordinate]
    return Mesh(np.array(vertices, np.float64).reshape(-1, 3), faces, texture)


def read_target(path: Path, vertex_count: int) -> FloatArray:
    """Read a .target as offsets (vertex_count, 3) float32; others stay."""
    offsets = np.zeros((vertex_count, 3), np.float32)
    for number, line in _lines(path):
        try:
            index, x, y, z = line.split()
            if not 0 <= int(index) < vertex_count:
                raise ValueError(f"vertex {index} of {vertex_count}")
            offsets[int(index)] = float(x), float(y), float(z)
        except ValueError as error:
            expected = f"`vertex dx dy dz`, vertex below {vertex_count}"
            raise _broken(path, number, line, expected) from error
    return offsets


def read_proxy(path: Path, vertex_count: int) -> Proxy:
    """Read a .mhclo whose references lie below vertex_count."""
    scales: dict[str, tuple[int, int, float]] = {}
    rows: list[list[float]] = []
    mesh_file: Path | None = None
    reading_vertices = False
    for number, line in _lines(path):
        words = line.split()
        try:
            if words[0] == "obj_file":
                mesh_file = path.parent / words[1]
            elif words[0] in ("x_scale", "y_scale", "z_scale"):
                scales[words[0]] = (int(words[1]), int(words[2]), float(words[3]))
            elif words[0] == "verts":
                reading_vertices = True
            elif reading_vertices:
                if not words[0].isdigit():  # the next section
                    reading_vertices = False
                    continue
                numbers = [float(word) for word in words]
                if len(numbers) == 1:  # one base vertex, exactly
                    numbers = [numbers[0]] * 3 + [1, 0, 0, 0, 0, 0]
                elif len(numbers) == 6:
                    numbers += [0, 0, 0]
                if len(numbers) != 9 or max(numbers[:3]) >= vertex_count:
                    raise ValueError(f"{len(words)} numbers, vertices below {vertex_count}")
                rows.append(numbers)
        except (ValueError, IndexError) as error:
            expected = "MakeHuman's proxy format (3 vertices, 3 weights, 3 offsets)"
            raise _broken(path, number, line, expected) from error
    if mesh_file is None or not rows:
        raise RigError(
            f"{path} names no mesh or no vertices. Expected a MakeHuman .mhclo with `obj_file` "
            f"and `verts`. {_ADVICE}."
        )
    table = np.array(rows, np.float64)
    return Proxy(
        mesh_file=mesh_file,
        references=table[:, :3].astype(np.int32),
        weights=table[:, 3:6],
        offsets=table[:, 6:],
        scales=tuple(scales.get(f"{axis}_scale", (0, 0, 1.0)) for axis in "xyz"),
    )


def read_modifiers(path: Path) -> list[Modifier]:
    """Read the target modifiers of a modifier .json, in file order, without the macros."""
    try:
        with open(path, encoding="utf-8") as stream:
            groups = json.load(stream)
        modifiers = []
        for group in groups:
            for entry in group["modifiers"]:
                if "target" not in entry:
                    continue
                target = entry["target"]
                name = f"{group['group']}/{target}"
                if "min" in entry:
                    low, high = entry["min"], entry["max"]
                    modifiers.append(
                        Modifier(f"{name}-{low}|{high}", f"{target}-{low}", f"{target}-{high}")
                    )
                else:
                    modifiers.append(Modifier(name, None, target))
    except OSError as error:
        raise _missing(path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RigError(
            f"{path} is not a modifier list ({error!r}). Expected JSON: groups, each with "
            f"modifiers that name a target. {_ADVICE}."
        ) from error
    return modifiers


def _lines(path: Path) -> list[tuple[int, str]]:
    """The numbered lines of a text file that are neither empty nor comments."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _missing(path) from error
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line) for number, line in lines if line.strip() and line.lstrip()[0] != "#"]


def _missing(path: Path) -> RigError:
    return RigError(
        f"{path} cannot be read. Expected it as part of MakeHuman's data folder, in MakeHuman's "
        f"text form (installed copies may hold compiled .npz files only). {_ADVICE}."
    )


def _broken(path: Path, number: int, line: str, expected: str) -> RigError:
    return RigError(
        f"{path}, line {number}, cannot be understood: {line[:60]!r}. Expected {expected}. "
        f"{_ADVICE}."
    )
