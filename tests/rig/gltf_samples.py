"""Small glTF files made by hand, in the many ways that the specification allows."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

FLOAT, BYTE, UBYTE, SHORT, USHORT, UINT = 5126, 5120, 5121, 5122, 5123, 5125
DTYPES = {FLOAT: "<f4", BYTE: "<i1", UBYTE: "<u1", SHORT: "<i2", USHORT: "<u2", UINT: "<u4"}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
STORED = ("plain", "interleaved", "sparse", "sparse alone", "short", "byte", "normalised")


@dataclass
class Sample:
    """A document that grows, and its one buffer."""

    document: dict[str, Any] = field(
        default_factory=lambda: {
            "asset": {"version": "2.0"},
            **{key: [] for key in ("accessors", "bufferViews", "meshes", "nodes")},
        }
    )
    blob: bytearray = field(default_factory=bytearray)

    def add(self, key: str, entry: dict[str, Any]) -> int:
        self.document.setdefault(key, []).append(entry)
        return len(self.document[key]) - 1

    def view(self, data: bytes, **more: Any) -> int:
        self.blob.extend(bytes(-len(self.blob) % 4))
        start = len(self.blob)
        self.blob.extend(data)
        return self.add(
            "bufferViews", {"buffer": 0, "byteOffset": start, "byteLength": len(data), **more}
        )

    def accessor(self, values: Any, component: int = FLOAT, **more: Any) -> int:
        """Plain values."""
        array = np.asarray(values, DTYPES[component])
        array = array.reshape(len(array), -1)
        entry = {
            "bufferView": self.view(array.tobytes()),
            "componentType": component,
            "count": len(array),
            "type": TYPES[array.shape[1]],
            **more,
        }
        if component == FLOAT and np.isfinite(array).all():
            entry |= {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        return self.add("accessors", entry)

    def vectors(self, values: np.ndarray, how: str) -> tuple[int, np.ndarray]:
        """(n, 3) values in one of the ways of STORED; and what the file then says they are."""
        count = len(values)
        if how == "plain":
            return self.accessor(values), np.float32(values)
        if how == "interleaved":
            rows = np.full((count, 5), 99, "<f4")  # something else stands between
            rows[:, 1:4] = values
            entry: dict[str, Any] = {
                "bufferView": self.view(rows.tobytes(), byteStride=20),
                "byteOffset": 4,
                "componentType": FLOAT,
            }
            stored = np.float32(values)
        elif how.startswith("sparse"):
            changed = np.flatnonzero(np.arange(count) % 3 == 1)
            base = np.zeros_like(values) if how == "sparse alone" else values.round(1)
            stored = np.float32(base)
            stored[changed] = values[changed]
            entry = {
                "componentType": FLOAT,
                "sparse": {
                    "count": len(changed),
                    "indices": {
                        "bufferView": self.view(changed.astype("<u2").tobytes()),
                        "componentType": USHORT,
                    },
                    "values": {"bufferView": self.view(np.float32(values[changed]).tobytes())},
                },
            }
            if how == "sparse":
                entry["bufferView"] = self.view(np.float32(base).tobytes())
        else:
            component = BYTE if how == "byte" else SHORT
            most = np.iinfo(DTYPES[component]).max
            rows = np.zeros((count, 4), DTYPES[component])  # padded to four bytes, as required
            scale = most if how == "normalised" else 20
            rows[:, :3] = np.clip((values * scale).round(), -most, most)
            stored = rows[:, :3] / (most if how == "normalised" else 1)
            entry = {
                "bufferView": self.view(rows.tobytes(), byteStride=rows.dtype.itemsize * 4),
                "componentType": component,
                "normalized": how == "normalised",
            }
            for key in ("extensionsUsed", "extensionsRequired"):
                self.document[key] = ["KHR_mesh_quantization"]
        bounds = stored if entry["componentType"] == FLOAT else rows[:, :3]
        entry |= {"count": count, "type": "VEC3"}
        entry |= {"min": bounds.min(0).tolist(), "max": bounds.max(0).tolist()}
        return self.add("accessors", entry), np.asarray(stored, np.float64)

    def mesh(self, points: Any, targets: dict[str, Any], triangles: Any = None, **more: Any) -> int:
        """A mesh of one primitive, stored plainly; `more` goes into the primitive."""
        primitive = {"attributes": {"POSITION": self.accessor(points)}, **more}
        if triangles is not None:
            primitive["indices"] = self.accessor(np.ravel(triangles), USHORT)
        entry: dict[str, Any] = {"primitives": [primitive]}
        if targets:
            primitive["targets"] = [{"POSITION": self.accessor(t)} for t in targets.values()]
            entry["extras"] = {"targetNames": list(targets)}
        return self.add("meshes", entry)

    def show(self, mesh: int, **more: Any) -> int:
        """A node of the mesh in the scene."""
        node = self.add("nodes", {"mesh": mesh, **more})
        self.document.setdefault("scenes", [{"nodes": []}])[0]["nodes"].append(node)
        return node

    def written(self, path: Path, container: str = "glb") -> Path:
        """Writes it as "glb", "embedded" or "beside" (a .bin file)."""
        document = {key: value for key, value in self.document.items() if value != []}
        if container == "glb":
            document["buffers"] = [{"byteLength": len(self.blob)}]
            path.write_bytes(glb_bytes(json.dumps(document).encode(), bytes(self.blob)))
            return path
        path = path.with_suffix(".gltf")
        uri = "data:application/octet-stream;base64," + base64.b64encode(self.blob).decode()
        if container == "beside":
            uri = "its%20data.bin"
            path.with_name("its data.bin").write_bytes(self.blob)
        document["buffers"] = [{"byteLength": len(self.blob), "uri": uri}]
        path.write_text(json.dumps(document), encoding="utf-8")
        return path


def glb_bytes(text: bytes, blob: bytes) -> bytes:
    text += b" " * (-len(text) % 4)
    blob += bytes(-len(blob) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def simple_sample() -> Sample:
    """A square of two triangles with the targets "smile" and "jaw open"."""
    sample = Sample()
    points = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    smile, jaw = np.zeros((4, 3)), np.zeros((4, 3))
    smile[1, 0], jaw[0, 1] = 0.5, -0.25
    targets = {"smile": smile, "jaw open": jaw}
    sample.show(sample.mesh(points, targets, [[0, 1, 2], [0, 2, 3]]))
    return sample


TRIANGLE = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])


def one_triangle(**primitive: Any) -> Sample:
    """TRIANGLE with the target "smile", which doubles it; `primitive` goes into its primitive."""
    sample = Sample()
    sample.show(sample.mesh(TRIANGLE, {"smile": TRIANGLE}, **primitive))
    return sample


def primitive_of(sample: Sample) -> dict[str, Any]:
    """The first primitive, to change it."""
    found: dict[str, Any] = sample.document["meshes"][0]["primitives"][0]
    return found


def textured(content: bytes, coordinates: Any, component: int = FLOAT, **more: Any) -> Sample:
    """A triangle with an image; `more` goes into the use of the texture, "sampler" apart."""
    sample = one_triangle(material=0)
    normalised = {} if component == FLOAT else {"normalized": True}
    primitive_of(sample)["attributes"]["TEXCOORD_0"] = sample.accessor(
        coordinates, component, **normalised
    )
    sample.add("images", {"bufferView": sample.view(content), "mimeType": "image/png"})
    sample.add("samplers", more.pop("sampler", {}))
    sample.add("textures", {"source": 0, "sampler": 0})
    sample.add("materials", {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **more}}})
    return sample


@dataclass
class Instance:
    """What a primitive of a shown node is."""

    points: np.ndarray
    targets: dict[str, np.ndarray]
    matrix: np.ndarray

    def at(self, weights: dict[str, float]) -> np.ndarray:
        moved = self.points + sum(weights[n] * offsets for n, offsets in self.targets.items())
        return (np.c_[moved, np.ones(len(moved))] @ self.matrix.T)[:, :3]


def random_sample(random: np.random.Generator) -> tuple[Sample, list[Instance]]:
    """Random meshes, stored in random ways, on a random tree; the instances in scene order."""
    sample = Sample()
    meshes = [_random_mesh(sample, random) for _ in range(3)]

    def grow(depth: int, above: np.ndarray, into: list[Instance]) -> int:
        node, own = _random_transform(random)
        matrix = above @ own
        if random.random() < 0.7 or depth == 0:
            node["mesh"] = int(random.integers(len(meshes)))
            into += [Instance(*primitive, matrix) for primitive in meshes[node["mesh"]]]
        index = sample.add("nodes", node)
        if depth < 3:
            children = [grow(depth + 1, matrix, into) for _ in range(random.integers(1, 3))]
            sample.document["nodes"][index]["children"] = children
        return index

    shown: list[Instance] = []
    roots = [grow(0, np.eye(4), shown) for _ in range(2)]
    outside = grow(2, np.eye(4), [])
    sample.document["scenes"] = [{"nodes": [outside]}, {"nodes": roots}]
    sample.document["scene"] = 1
    return sample, shown


def _random_mesh(
    sample: Sample, random: np.random.Generator
) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Adds a mesh of one or two primitives; what each of them stores."""
    names = list(random.permutation(["smile", "jawOpen", "nose", "brow"])[: random.integers(0, 5)])
    primitives, told = [], []
    for _ in range(random.integers(1, 3)):
        count = int(random.integers(3, 30))
        accessor, points = sample.vectors(random.normal(size=(count, 3)), random.choice(STORED))
        corners = random.integers(0, count, 3 * count)
        corners[:3] = 0, 1, 2
        primitive: dict[str, Any] = {"attributes": {"POSITION": accessor}}
        primitive["indices"] = sample.accessor(corners, int(random.choice([UBYTE, USHORT, UINT])))
        targets = {}
        for name in names:
            offsets = random.normal(size=(count, 3))
            accessor, targets[str(name)] = sample.vectors(offsets, random.choice(STORED))
            primitive.setdefault("targets", []).append({"POSITION": accessor})
        primitives.append(primitive)
        told.append((points, targets))
    extras = {"targetNames": [str(name) for name in names]}
    sample.add("meshes", {"primitives": primitives, "extras": extras})
    return told


def _random_transform(random: np.random.Generator) -> tuple[dict[str, Any], np.ndarray]:
    """A node's transform, written in one of the two ways, and its matrix."""
    turn, matrix = Rotation.random(random_state=int(random.integers(1 << 30))), np.eye(4)
    scale = random.uniform(0.5, 2, 3) * random.choice([-1, 1], 3)
    shift = random.normal(size=3)
    matrix[:3, :3], matrix[:3, 3] = turn.as_matrix() @ np.diag(scale), shift
    if random.random() < 0.5:
        return {"matrix": matrix.T.ravel().tolist()}, matrix
    rotation = turn.as_quat().tolist()
    node = {"translation": shift.tolist(), "rotation": rotation, "scale": scale.tolist()}
    return node, matrix
