"""A head from a folder of Wavefront .obj files: the neutral head, and one file per blendshape.

Every file has the same vertices in the same order; a blendshape is the difference to the neutral
head. Faces, materials and colours are the neutral file's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rig.obj_mesh import read_obj, read_points
from rig.rig import FloatArray, RigError
from rig.source_head import SourceHead, check_size

NEUTRAL_NAMES = ("neutral", "base", "basis", "basemesh", "rest", "default", "head")
"""What the neutral file may be called, in this order, in any case."""

_NEUTRAL_WORDS = ("neutral", "basis", "basemesh")  # that blendshapes hardly have in their names
_MOST_MOVED = 0.25  # of the head's diagonal, by half of its vertices


def read_obj_folder(folder: Path) -> SourceHead:
    """Reads a folder of .obj files; targets are called as their files, spaces become "_".

    Raises RigError where no file, or more than one, can be the neutral head, where a file has
    another number of vertices, and for files that are broken.
    """
    files = obj_files(folder)
    neutral = find_neutral(folder, files)
    targets = [file for file in files if file != neutral]
    mesh = read_obj(neutral)
    check_size(folder, len(targets), len(mesh.vertices))
    size = float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    offsets = np.zeros((len(targets), len(mesh.vertices), 3), np.float32)
    for row, target in enumerate(targets):
        offsets[row] = _offsets(target, neutral, mesh.vertices, size)
    return SourceHead(
        name=_without_spaces(folder.resolve().name) or "head",
        path=folder,
        licence="not stated",
        vertices=mesh.vertices,
        triangles=mesh.triangles,
        parts=mesh.parts,
        part_names=mesh.part_names,
        targets=tuple(_without_spaces(target.stem) for target in targets),
        offsets=offsets,
        weights=np.zeros(len(targets), np.float32),
        colours=mesh.colours,
        hidden=mesh.hidden,
    )


def obj_files(folder: Path) -> list[Path]:
    """The .obj files of a folder, "shape2" before "shape10"; hidden files are none."""
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".obj" and path.name[0] != "." and path.is_file()
    ]
    return sorted(found, key=_natural)


def find_neutral(folder: Path, files: Sequence[Path]) -> Path:
    """The file of the neutral head.

    It is called neutral, base, basis, ... (NEUTRAL_NAMES; the first of them that is there); or it
    is the only one with "neutral" or "basis" as a word of its name; or its name begins all others.
    Raises RigError.
    """
    for name in NEUTRAL_NAMES:
        found = [file for file in files if file.stem.lower() == name]
        if len(found) == 1:
            return found[0]
    worded = [file for file in files if set(_words(file.stem)) & set(_NEUTRAL_WORDS)]
    if len(worded) == 1:
        return worded[0]
    shortest = min(files, key=lambda file: len(file.stem), default=None)
    if (
        shortest is not None
        and len(files) > 1
        and all(file == shortest or file.stem.startswith(shortest.stem) for file in files)
    ):
        return shortest
    names = ", ".join(file.name for file in (worded or files)[:5]) or "no .obj file"
    raise RigError(
        f"{folder} has no file that is clearly the neutral head ({names} could be). Expected one "
        "called neutral.obj, beside one .obj per blendshape. Rename the neutral head's file "
        "to neutral.obj."
    )


def _offsets(target: Path, neutral: Path, vertices: FloatArray, size: float) -> FloatArray:
    points = read_points(target)[:, :3]
    if len(points) != len(vertices):
        raise RigError(
            f"{target} has {len(points)} vertices, {neutral.name} has {len(vertices)}. Expected "
            "the same vertices in the same order. Export all files from the same mesh, "
            "keeping its vertex order."
        )
    offsets = points - vertices
    moved = float(np.median(np.linalg.norm(offsets, axis=1)))
    if moved > _MOST_MOVED * size:
        raise RigError(
            f"{target} moves half of all vertices by more than {moved / size:.0%} of the head's "
            f"size against {neutral.name}. Expected the same vertices in the same order, place and "
            "unit. Export all files from the same mesh, keeping its vertex order."
        )
    return np.asarray(offsets, np.float32)


def _words(name: str) -> list[str]:
    """browDown_L -> brow, down, l"""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return re.findall(r"[a-z]+", apart.lower())


def _natural(path: Path) -> list[tuple[int, int, str]]:
    pieces = re.split(r"(\d+)", path.stem.lower())
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in pieces] + [(0, 0, path.stem)]


def _without_spaces(name: str) -> str:
    return re.sub(r"\s+", "_", name.strip())
