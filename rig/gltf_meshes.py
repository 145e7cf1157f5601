"""Meshes of a glTF 2.0 file: which triangles its scene shows, and which targets move them.

Specification: Khronos, glTF 2.0, section 3.7.2. Names of morph targets stand in
mesh.extras.targetNames, by convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rig.gltf_accessors import MOST_ELEMENTS, element_count, read_whole_numbers
from rig.gltf_file import GltfFile
from rig.gltf_nodes import DoubleArray, shown_nodes, skin_matrices
from rig.rig import IntegerArray
from rig.source_head import check_size

MOST_VERTICES = 5_000_000
MOST_PRIMITIVES = 10_000
MOST_TARGETS = 5_000

_ALONE = "Export the head alone, without its body, or with fewer vertices"
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


@dataclass(frozen=True, eq=False)
class Block:
    """Vertices of one primitive, or of several that share them.

    start, stop: which vertices of the whole head. targets: name -> accessor of its offsets.
    matrix: what places them, (4, 4), or (n, 4, 4) by a skin.
    """

    start: int
    stop: int
    attributes: Mapping[str, Any]
    targets: Mapping[str, object]
    matrix: DoubleArray

    @property
    def count(self) -> int:
        """How many vertices."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles (t, 3) of the whole head's vertices, with the index of their material."""

    block: Block
    triangles: IntegerArray
    material: object


def find_surfaces(file: GltfFile, world: DoubleArray) -> tuple[list[Surface], dict[str, float]]:
    """All triangles that the scene shows, and the targets' names with their weights.

    world: the nodes' matrices. Sizes are checked; targets are not decoded. Raises RigError.
    """
    surfaces: list[Surface] = []
    weights: dict[str, float] = {}
    blocks: dict[str, Block] = {}
    vertex_count = corner_count = 0
    for node_index, mesh_index in _shown_meshes(file):
        node = file.raw("nodes", node_index) if node_index is not None else {}
        mesh = file.raw("meshes", mesh_index, f"node {node_index}")
        primitives = mesh.get("primitives")
        if not isinstance(primitives, list) or not all(isinstance(p, dict) for p in primitives):
            file.refuse(f"has a mesh {mesh_index} without primitives")
        drawn = [primitive for primitive in primitives if _mode(file, primitive) >= _TRIANGLES]
        names = target_names(file, mesh, drawn)
        for name, weight in zip(names, _weights(file, node, mesh, len(names)), strict=True):
            weights.setdefault(name, weight)
        for primitive in drawn:
            attributes, targets = _attributes(file, primitive, names, mesh_index)
            key = f"{node_index} {sorted(attributes.items(), key=str)} {targets}"
            if key not in blocks:
                count = element_count(file, attributes["POSITION"], "positions")
                vertex_count += count
                if vertex_count > MOST_VERTICES:
                    file.refuse(f"has more than {MOST_VERTICES:,} vertices", "fewer", _ALONE)
                check_size(file.path, len(weights), vertex_count)
                matrix = np.eye(4) if node_index is None else world[node_index]
                if node.get("skin") is not None:
                    posed = skin_matrices(file, node["skin"], attributes, count, world)
                    matrix = matrix if posed is None else posed
                start = vertex_count - count
                blocks[key] = Block(start, vertex_count, attributes, targets, matrix)
            triangles = _triangles(file, primitive, blocks[key])
            corner_count += triangles.size
            if corner_count > MOST_ELEMENTS or len(surfaces) >= MOST_PRIMITIVES:
                file.refuse(
                    f"has {len(surfaces) + 1} meshes with {corner_count // 3:,} triangles",
                    f"at most {MOST_PRIMITIVES:,} and {MOST_ELEMENTS // 3:,}",
                    _ALONE,
                )
            surfaces.append(Surface(blocks[key], triangles, primitive.get("material")))
    check_size(file.path, len(weights), vertex_count)
    return surfaces, weights


def target_names(
    file: GltfFile, mesh: Mapping[str, Any], primitives: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What a mesh's targets are called here: unique, no spaces; "target_000", ... without a name.

    Raises RigError for more than MOST_TARGETS.
    """
    count = max((len(primitive.get("targets") or []) for primitive in primitives), default=0)
    if count > MOST_TARGETS:
        file.refuse(f"has {count} morph targets", f"at most {MOST_TARGETS}")
    given: list[Any] = []
    for owner in (mesh, *primitives):  # VRM writes them to the primitives
        extras = owner.get("extras")
        found = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(found, list) and not given:
            given = [_clean(name) if isinstance(name, str) else "" for name in found[:count]]
    given += [""] * (count - len(given))
    names: list[str] = []
    for number, name in enumerate(given):
        name = name or f"target_{number:03d}"
        # A further name must not take what a later target is called.
        taken = {*names, *given} if name in names else set()
        names.append(free_name(name, taken))
    return names


def free_name(name: str, taken: set[str]) -> str:
    """The name, or where it is taken, with the first "_2", "_3", ... that is free."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _shown_meshes(file: GltfFile) -> list[tuple[int | None, object]]:
    """Nodes of the scene with their meshes; of a file without nodes, its meshes."""
    if not file.entries("nodes"):
        return [(None, mesh) for mesh in range(len(file.entries("meshes")))]
    return [
        (node, file.raw("nodes", node)["mesh"])
        for node in shown_nodes(file)
        if file.raw("nodes", node).get("mesh") is not None
    ]


def _mode(file: GltfFile, primitive: Mapping[str, Any]) -> int:
    """How corners make triangles; below 4 are points and lines."""
    return file.whole(primitive.get("mode", _TRIANGLES), "mode of a primitive", 0, _FAN)


def _clean(name: str) -> str:
    """A name without spaces, nor characters that cannot be printed."""
    kept = "".join("_" if character.isspace() else character for character in name.strip())
    return "".join(character for character in kept if character.isprintable())


def _weights(
    file: GltfFile, node: Mapping[str, Any], mesh: Mapping[str, Any], count: int
) -> list[float]:
    """What the file sets the targets to: the node's weights before the mesh's."""
    given = node.get("weights") or mesh.get("weights") or []
    found = file.numbers(given, "weights of a mesh")[:count]
    return [*map(float, found), *[0.0] * (count - len(found))]


def _attributes(
    file: GltfFile, primitive: Mapping[str, Any], names: Sequence[str], mesh: object
) -> tuple[dict[str, Any], dict[str, object]]:
    """A primitive's attributes, and per target name the accessor of its offsets."""
    attributes = primitive.get("attributes")
    targets = primitive.get("targets") or []
    if not isinstance(attributes, dict) or attributes.get("POSITION") is None:
        file.refuse(f"has no positions in mesh {mesh}", "POSITION in each primitive")
    if not isinstance(targets, list) or not all(isinstance(target, dict) for target in targets):
        file.refuse(f"has targets in mesh {mesh} that are no objects")
    return attributes, {
        name: target["POSITION"]
        for name, target in zip(names, targets, strict=False)
        if target.get("POSITION") is not None
    }


def _triangles(file: GltfFile, primitive: Mapping[str, Any], block: Block) -> IntegerArray:
    """A primitive's triangles (t, 3), counter-clockwise after the block's transform."""
    if primitive.get("indices") is None:
        corners = np.arange(block.count)
    else:
        corners = read_whole_numbers(file, primitive["indices"], "indices", ["SCALAR"])[:, 0]
        if corners.max() >= block.count:
            file.refuse(
                f"has an index {corners.max()} in accessor {primitive['indices']} (indices)",
                f"at most {block.count - 1}, the last vertex",
            )
    mode = _mode(file, primitive)
    if mode == _TRIANGLES:
        triangles = corners[: len(corners) // 3 * 3].reshape(-1, 3)
    else:
        rows = np.arange(max(len(corners) - 2, 0))
        if mode == _STRIP:
            odd = rows % 2
            picked = (rows, rows + 1 + odd, rows + 2 - odd)
        else:
            picked = (rows + 1, rows + 2, 0 * rows)
        triangles = corners[np.stack(picked, axis=1)]
    first, second, third = triangles.T
    triangles = triangles[(first != second) & (second != third) & (third != first)]
    linear = block.matrix[..., :3, :3].reshape(-1, 3, 3).mean(axis=0)
    if np.linalg.det(linear) < 0:
        triangles = triangles[:, ::-1]
    return (triangles + block.start).astype(np.int32)
