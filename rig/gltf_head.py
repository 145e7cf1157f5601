"""A head from a glTF 2.0 file (.glb, .gltf): all meshes of its scene, merged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rig.gltf_accessors import read_numbers
from rig.gltf_file import ANEW, GltfFile, open_gltf
from rig.gltf_materials import Look, look, material_name
from rig.gltf_meshes import Block, Surface, find_surfaces, free_name
from rig.gltf_nodes import DoubleArray, world_matrices
from rig.rig import FloatArray, RigError
from rig.source_head import SourceHead

MOST_PARTS = 255
NOT_STATED = "not stated"


def read_gltf_head(path: Path) -> SourceHead:
    """Reads a .glb or .gltf file; of the latter's other files, only those in its own folder.

    Targets of the same name in several meshes are one target; a mesh without it stays still. Spaces
    in names become "_"; a name that occurs twice in a mesh gets "_2". Targets without a name are
    "target_000" and so on. `weights` are those of the first mesh that has the target. Colours are
    sRGB; there are none where a texture cannot be read. Skins stand as the file poses them. Hidden
    are triangles of materials that transmit light, or are blended or masked and not opaque there -
    unless that would hide everything.

    Raises RigError, with what the file has, for every file that is broken or not supported.
    """
    file = open_gltf(path)
    try:
        with np.errstate(all="ignore"):  # numbers that are not finite are found and refused
            return _read(file)
    except RigError:
        raise
    except (
        *(ArithmeticError, AttributeError, LookupError, MemoryError, OSError),
        *(RecursionError, TypeError, ValueError),
    ) as error:
        raise RigError(
            f"{path} cannot be understood ({error!r}). Expected a file that follows glTF 2.0. "
            f"{ANEW}."
        ) from error


def _read(file: GltfFile) -> SourceHead:
    surfaces, weights = find_surfaces(file, world_matrices(file))
    if not any(len(surface.triangles) for surface in surfaces):
        file.refuse("shows no triangles", "a head made of triangles")
    blocks = list(dict.fromkeys(surface.block for surface in surfaces))
    vertices = np.zeros((blocks[-1].stop, 3), np.float32)
    offsets = np.zeros((len(weights), len(vertices), 3), np.float32)
    for block in blocks:
        points = read_numbers(file, block.attributes["POSITION"], "positions", ["VEC3"])
        here = slice(block.start, block.stop)
        vertices[here] = _turned(block.matrix, points) + block.matrix[..., :3, 3]
        for row, name in enumerate(weights):
            if name in block.targets:
                accessor = block.targets[name]
                added = read_numbers(file, accessor, f"target {name}", ["VEC3"], block.count)
                offsets[row, here] = _turned(block.matrix, added)
    parts, part_names = _parts(file, surfaces)
    colours, hidden = _colours(file, surfaces, len(vertices))
    return SourceHead(
        name=re.sub(r"\s+", "_", file.path.stem.strip()) or "head",
        path=file.path,
        licence=_licence(file),
        vertices=vertices,
        triangles=np.concatenate([surface.triangles for surface in surfaces]),
        parts=parts,
        part_names=part_names,
        targets=tuple(weights),
        offsets=offsets,
        weights=np.array(list(weights.values()), np.float32),
        colours=colours,
        hidden=hidden,
    )


def _turned(matrix: DoubleArray, vectors: FloatArray) -> npt.NDArray[np.floating]:
    """Vectors (n, 3) by the linear part of one matrix (4, 4), or of one each (n, 4, 4)."""
    linear = matrix[..., :3, :3]
    if linear.ndim == 2:
        return np.asarray(vectors @ linear.T)
    return np.asarray((linear @ vectors[..., None])[..., 0])


def _parts(
    file: GltfFile, surfaces: Sequence[Surface]
) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Which material each triangle has, and the materials' names; the last takes what is left."""
    numbers: dict[str, int] = {}
    names: list[str] = []
    rows = []
    for surface in surfaces:
        key = str(surface.material)
        if key not in numbers:
            numbers[key] = min(len(names), MOST_PARTS - 1)
            if len(names) < MOST_PARTS:
                names.append(free_name(material_name(file, surface.material), set(names)))
            else:
                names[-1] = free_name("others", set(names[:-1]))
        rows.append(np.full(len(surface.triangles), numbers[key], np.uint8))
    return np.concatenate(rows), tuple(names)


def _colours(
    file: GltfFile, surfaces: Sequence[Surface], count: int
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Colours of the vertices, if the visible ones differ, and which triangles are hidden."""
    looks: dict[tuple[Block, str], Look] = {}
    colours = np.ones((count, 3), np.float32)
    visible = np.zeros(count, bool)
    hidden = []
    for surface in surfaces:
        block = surface.block
        key = (block, str(surface.material))
        if key not in looks:
            looks[key] = look(file, surface.material, block.attributes, block.count)
        hidden.append(looks[key].through[surface.triangles - block.start].sum(axis=1) >= 2)
        visible[surface.triangles[~hidden[-1]]] = True
    # Where surfaces share vertices, the visible one gives the colour.
    for surface, _ in sorted(
        zip(surfaces, hidden, strict=True), key=lambda pair: not pair[1].all()
    ):
        block = surface.block
        painted = looks[block, str(surface.material)].colours
        if painted is not None:
            used = np.unique(surface.triangles)
            colours[used] = painted[used - block.start]
    readable = all(seen.colours is not None for seen in looks.values())
    see_through = np.concatenate(hidden)
    if see_through.all():
        see_through[:] = False
        visible[:] = True
    if not readable or np.ptp(colours[visible], axis=0).max() < 1 / 255:
        colours = np.zeros((0, 3), np.float32)
    return colours, see_through


def _licence(file: GltfFile) -> str:
    """What the file says of its licence and copyright, on one line."""
    asset = file.document["asset"]
    scenes = [scene for scene in file.entries("scenes") if isinstance(scene, dict)]
    said: dict[str, None] = {}
    for owner in (asset, *scenes):
        extras = owner.get("extras")
        for key, text in extras.items() if isinstance(extras, dict) else ():
            if key.lower() in ("licence", "license") and isinstance(text, str):
                said.setdefault(" ".join(text.split()))
    if isinstance(asset.get("copyright"), str):
        said.setdefault(" ".join(asset["copyright"].split()))
    return "; ".join(text for text in said if text)[:300] or NOT_STATED
