"""Nodes of a glTF 2.0 file: which meshes the scene shows, where they stand, and their skins.

Specification: Khronos, glTF 2.0, sections 3.5 (scenes, nodes) and 3.7.3 (skins).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.gltf_accessors import read_numbers, read_whole_numbers
from rig.gltf_file import GltfFile

DoubleArray = npt.NDArray[np.float64]

MOST_NODES = 20_000


def world_matrices(file: GltfFile) -> DoubleArray:
    """Per node its (4, 4) matrix in the scene, (n, 4, 4) float64.

    Raises RigError for nodes with two parents, in a cycle, or with transforms that are none.
    """
    nodes = file.entries("nodes")
    if len(nodes) > MOST_NODES:
        file.refuse(f"has {len(nodes)} nodes", f"at most {MOST_NODES}", "Export the head alone")
    parents = np.full(len(nodes), -1)
    for parent in range(len(nodes)):
        for child in _children(file, parent):
            if parents[child] >= 0:
                file.refuse(f"has a node {child} with two parents", "a tree of nodes")
            parents[child] = parent
    matrices = np.zeros((len(nodes), 4, 4))
    open_nodes = [int(node) for node in np.flatnonzero(parents < 0)]
    seen = 0
    while open_nodes:
        node = open_nodes.pop()
        seen += 1
        own = _own_matrix(file, node)
        matrices[node] = matrices[parents[node]] @ own if parents[node] >= 0 else own
        open_nodes += _children(file, node)
    if seen < len(nodes):
        file.refuse("has nodes that are their own ancestors (a cycle)", "a tree of nodes")
    if not np.isfinite(matrices).all():
        file.refuse("has nodes whose transforms are not finite", "finite numbers")
    return matrices


def shown_nodes(file: GltfFile) -> list[int]:
    """The nodes of the default scene, parents before children; of a file without scenes, all.

    Call world_matrices first, which refuses cycles.
    """
    nodes = range(len(file.entries("nodes")))
    if not file.entries("scenes"):
        return list(nodes)
    scene = file.raw("scenes", file.document.get("scene", 0), "the default scene")
    roots = scene.get("nodes", [])
    if not isinstance(roots, list):
        file.refuse("has a scene whose nodes are no list")
    shown: dict[int, None] = {}
    waiting = [file.whole(node, "a node of the scene", 0, len(nodes) - 1) for node in roots[::-1]]
    while waiting:
        node = waiting.pop()
        if node not in shown:
            shown[node] = None
            waiting += _children(file, node)[::-1]
    return list(shown)


def skin_matrices(
    file: GltfFile, skin: object, attributes: Mapping[str, Any], count: int, world: DoubleArray
) -> DoubleArray | None:
    """What a skin does to vertices in the file's pose: (4, 4), or (n, 4, 4) where they differ.

    None where the vertices carry no joints. Raises RigError.
    """
    if "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
        return None
    entry = file.raw("skins", skin, "a node")
    listed = entry.get("joints")
    if not isinstance(listed, list) or not listed or len(listed) > MOST_NODES:
        file.refuse(f"has a skin {skin} without joints", "a list of nodes")
    joints = [file.whole(node, f"a joint of skin {skin}", 0, len(world) - 1) for node in listed]
    moves = world[joints]
    if entry.get("inverseBindMatrices") is not None:
        inverse = read_numbers(
            file, entry["inverseBindMatrices"], f"inverse bind matrices of skin {skin}", ["MAT4"]
        )
        if len(inverse) < len(joints):
            file.refuse(f"has {len(inverse)} inverse bind matrices", f"{len(joints)}, one a joint")
        moves = moves @ inverse[: len(joints)].reshape(-1, 4, 4).swapaxes(1, 2)
    if np.abs(moves - moves[0]).max() <= 1e-6 * max(1.0, np.abs(moves[0]).max()):
        return np.asarray(moves[0])
    blended = np.zeros((count, 4, 4))
    total = np.zeros((count, 1, 1))
    for number in range(16):
        if not {f"JOINTS_{number}", f"WEIGHTS_{number}"} <= attributes.keys():
            break
        places = read_whole_numbers(file, attributes[f"JOINTS_{number}"], "joints", ["VEC4"], count)
        weights = read_numbers(file, attributes[f"WEIGHTS_{number}"], "weights", ["VEC4"], count)
        if places.max() >= len(joints):
            file.refuse(f"has vertices that name joint {places.max()}", f"0 to {len(joints) - 1}")
        for column in range(4):
            weight = weights[:, column, None, None].astype(np.float64)
            blended += weight * moves[places[:, column]]
            total += weight
    without = total[:, 0, 0] <= 1e-6
    blended[without], total[without] = np.eye(4), 1
    return np.asarray(blended / total)


def _children(file: GltfFile, node: int) -> list[int]:
    children = file.raw("nodes", node).get("children") or []
    if not isinstance(children, list):
        file.refuse(f"has a node {node} whose children are no list")
    last = len(file.entries("nodes")) - 1
    return [file.whole(child, f"a child of node {node}", 0, last) for child in children]


def _own_matrix(file: GltfFile, index: int) -> DoubleArray:
    """A node's own transform: its matrix, or translation * rotation * scale."""
    node = file.raw("nodes", index)
    if node.get("matrix") is not None:
        return file.numbers(node["matrix"], f"matrix of node {index}", 16).reshape(4, 4).T
    matrix = np.eye(4)
    if node.get("rotation") is not None:
        x, y, z, w = file.numbers(node["rotation"], f"rotation of node {index}", 4)
        length = np.sqrt(x * x + y * y + z * z + w * w)
        if length > 0:
            x, y, z, w = np.array([x, y, z, w]) / length
            matrix[:3, :3] = [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
    if node.get("scale") is not None:
        matrix[:3, :3] *= file.numbers(node["scale"], f"scale of node {index}", 3)
    if node.get("translation") is not None:
        matrix[:3, 3] = file.numbers(node["translation"], f"translation of node {index}", 3)
    return matrix
