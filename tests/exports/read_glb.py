"""A second reading of GLB files, by pygltflib; it shares nothing with the code that writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pygltflib

KINDS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def accessor(gltf: pygltflib.GLTF2, number: int) -> np.ndarray:
    """(n, c) as stored, sparse rows filled in."""
    entry = gltf.accessors[number]
    width = WIDTHS[entry.type]

    def numbers(place, kind: int, count: int, wide: int) -> np.ndarray:
        view = gltf.bufferViews[place.bufferView]
        start = (view.byteOffset or 0) + (place.byteOffset or 0)
        assert view.byteStride is None
        assert start % np.dtype(KINDS[kind]).itemsize == 0
        found = np.frombuffer(gltf.binary_blob(), KINDS[kind], count * wide, start)
        return found.reshape(count, wide)

    values = np.zeros((entry.count, width), KINDS[entry.componentType])
    if entry.bufferView is not None:
        values = numbers(entry, entry.componentType, entry.count, width).copy()
    if entry.sparse is not None:
        sparse = entry.sparse
        rows = numbers(sparse.indices, sparse.indices.componentType, sparse.count, 1)[:, 0]
        assert (np.diff(rows.astype(int)) > 0).all()
        values[rows] = numbers(sparse.values, entry.componentType, sparse.count, width)
    if entry.min:
        np.testing.assert_array_equal(values.min(axis=0), np.array(entry.min, np.float32))
        np.testing.assert_array_equal(values.max(axis=0), np.array(entry.max, np.float32))
    return values


def open_glb(path: Path) -> pygltflib.GLTF2:
    opened = pygltflib.GLTF2().load_binary(str(path))
    assert opened is not None
    return opened


def json_of(path: Path) -> dict:
    """The file's JSON as it stands; pygltflib leaves out what it does not know."""
    content = path.read_bytes()
    return json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])


def weights_of(gltf: pygltflib.GLTF2) -> dict[str, float]:
    """Target name -> weight, which all meshes with that target agree on."""
    found: dict[str, float] = {}
    for mesh in gltf.meshes:
        for name, weight in zip(
            mesh.extras.get("targetNames", []), mesh.weights or [], strict=True
        ):
            assert found.setdefault(name, weight) == weight
    return found


def surface(gltf: pygltflib.GLTF2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices with the weights applied, their normals as stored, and triangles, of all meshes."""
    vertices, normals, triangles, count = [], [], [], 0
    for mesh in gltf.meshes:
        for primitive in mesh.primitives:
            shaped = accessor(gltf, primitive.attributes.POSITION).astype(np.float64)
            for weight, target in zip(mesh.weights or [], primitive.targets or [], strict=True):
                shaped += weight * accessor(gltf, target["POSITION"])
            vertices.append(shaped)
            normals.append(accessor(gltf, primitive.attributes.NORMAL))
            triangles.append(accessor(gltf, primitive.indices).reshape(-1, 3).astype(int) + count)
            count += len(shaped)
    return np.concatenate(vertices), np.concatenate(normals), np.concatenate(triangles)
