"""Baked heads: a glTF document without its morph targets, their sum written into the mesh.

For viewers that know no morph targets, or only the first eight.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from exports.glb_document import Additions, Document, read_accessor, read_corners
from exports.normals import unit, vertex_normals

_TRIANGLES = 4  # a primitive's mode

# Extensions that refer to neither accessors nor buffer views: with others, nothing is renumbered.
_HARMLESS = (
    "KHR_materials_",
    "KHR_texture_",
    "KHR_lights_",
    "KHR_mesh_quantization",
    "EXT_texture_",
)


@dataclass(frozen=True, eq=False)
class _Shape:
    """What one or more primitives share: the numbers that morph targets change.

    base: attribute -> (v, c). offsets: target name -> attribute -> (v, c), read when first asked.
    triangles: (t, 3); none where the primitive is not made of triangles.
    same: (v,) which vertices are one point of the surface.
    """

    base: Mapping[str, npt.NDArray[np.float32]]
    accessors: Mapping[str, Mapping[str, int]]
    triangles: npt.NDArray[np.int64]
    same: npt.NDArray[np.int64]
    base_normals: npt.NDArray[np.float64]
    offsets: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)


class Baker:
    """Bakes heads of one document; what they share is made once.

    Raises RigError for a document whose numbers are not there.
    """

    def __init__(self, document: Document) -> None:
        self._source = document
        self._shapes: list[_Shape] = []
        self._rest = self._without_targets(document)

    def bake(self, weights: Mapping[str, float]) -> Document:
        """The head with these weights, by target name; targets not named count as 0."""
        additions = Additions(self._rest)
        numbers = []
        for shape in self._shapes:
            changed = self._shaped(shape, weights)
            numbers.append(
                {
                    name: additions.accessor(values, limits=name == "POSITION")
                    for name, values in changed.items()
                }
            )
        for primitive in _primitives(additions.json):
            number = primitive.pop("shape", None)
            if number is not None:
                primitive["attributes"] |= numbers[number]
        return additions.document()

    def _shaped(
        self, shape: _Shape, weights: Mapping[str, float]
    ) -> dict[str, npt.NDArray[np.float32]]:
        values = {name: base.copy() for name, base in shape.base.items()}
        for target, attributes in shape.accessors.items():
            weight = weights.get(target, 0.0)
            if weight == 0:
                continue
            for name, number in attributes.items():
                if number not in shape.offsets:
                    shape.offsets[number] = read_accessor(self._source, number)
                offsets = shape.offsets[number]
                values[name][:, : offsets.shape[1]] += np.float32(weight) * offsets
        if "NORMAL" in values:
            values["NORMAL"] = self._normals(shape, values)
        if "TANGENT" in values:
            values["TANGENT"][:, :3] = _across(values["TANGENT"][:, :3], values["NORMAL"])
        return values

    def _normals(
        self, shape: _Shape, values: Mapping[str, npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        """The file's own normals, turned by as much as the surface turned."""
        normals = shape.base["NORMAL"].astype(np.float64)
        turned = vertex_normals(values["POSITION"], shape.triangles, shape.same)
        return unit(normals + turned - shape.base_normals).astype(np.float32)

    def _without_targets(self, document: Document) -> Document:
        """The document without targets; `shape` in a primitive says what it is to get."""
        content: dict[str, Any] = copy.deepcopy(dict(document.json))
        known: dict[str, int] = {}
        for mesh, targets in zip(content["meshes"], document.target_names, strict=True):
            mesh.pop("weights", None)
            if isinstance(mesh.get("extras"), dict):
                mesh["extras"].pop("targetNames", None)
                if not mesh["extras"]:
                    del mesh["extras"]
            for primitive in mesh["primitives"]:
                morphs = primitive.pop("targets", None)
                if not morphs:
                    continue
                changed = sorted({"POSITION", *(name for morph in morphs for name in morph)})
                changed += [
                    name
                    for name in ("NORMAL", "TANGENT")
                    if name in primitive["attributes"] and name not in changed
                ]
                key = json.dumps([primitive, morphs, targets], sort_keys=True)
                if key not in known:
                    known[key] = len(self._shapes)
                    self._shapes.append(_read_shape(document, primitive, morphs, targets, changed))
                primitive["shape"] = known[key]
                for name in changed:
                    primitive["attributes"].pop(name, None)
        for node in content.get("nodes", []):
            node.pop("weights", None)
        content = dict(without_weight_animations(Document(content, document.binary)).json)
        return _without_unused(Document(content, document.binary))


def _read_shape(
    document: Document,
    primitive: Mapping[str, Any],
    morphs: list[dict[str, int]],
    targets: tuple[str, ...],
    changed: list[str],
) -> _Shape:
    base = {
        name: read_accessor(document, primitive["attributes"][name])
        for name in changed
        if name in primitive["attributes"]
    }
    count = len(base["POSITION"])
    triangles = np.zeros((0, 3), np.int64)
    if primitive.get("mode", _TRIANGLES) == _TRIANGLES:
        corners = np.arange(count)
        if "indices" in primitive:
            corners = read_corners(document, primitive["indices"])
        triangles = corners[: len(corners) // 3 * 3].reshape(-1, 3)
    # The two sides of a seam in the texture are one point; a hard edge has two normals.
    parts = [base[name] for name in ("POSITION", "NORMAL") if name in base]
    _, same = np.unique(np.concatenate(parts, axis=1), axis=0, return_inverse=True)
    same = np.asarray(same, np.int64).reshape(-1)
    accessors = {
        target: {name: number for name, number in morph.items() if name in base}
        for target, morph in zip(targets, morphs, strict=True)
    }
    for attributes in accessors.values():
        attributes.pop("NORMAL", None)  # they are measured on the shaped surface
    return _Shape(
        base, accessors, triangles, same, vertex_normals(base["POSITION"], triangles, same)
    )


def _across(
    vectors: npt.NDArray[np.float32], normals: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Unit vectors at a right angle to the normals, (v, 3) each."""
    along = (vectors * normals).sum(axis=1, keepdims=True)
    return unit(vectors - along * normals).astype(np.float32)


def _primitives(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for mesh in content["meshes"]:
        yield from mesh["primitives"]


def without_weight_animations(document: Document) -> Document:
    """The document without what animates morph targets, and without animations empty then.

    They would put the head's shape back to the file's.
    """
    kept = []
    for animation in document.json.get("animations", []):
        channels = [c for c in animation["channels"] if c["target"].get("path") != "weights"]
        used = sorted({channel["sampler"] for channel in channels})
        if channels:
            samplers = [dict(animation["samplers"][number]) for number in used]
            channels = [{**c, "sampler": used.index(c["sampler"])} for c in channels]
            kept.append({**animation, "channels": channels, "samplers": samplers})
    content = {key: value for key, value in document.json.items() if key != "animations"}
    return Document(content | ({"animations": kept} if kept else {}), document.binary)


def _without_unused(document: Document) -> Document:
    """The document with only those accessors, buffer views and bytes that something uses.

    With extensions that may refer to them, all stay.
    """
    content = dict(document.json)
    extensions = content.get("extensionsUsed", [])
    if not all(name.startswith(_HARMLESS) for name in extensions):
        return document
    accessors = _Kept(content.get("accessors", []))
    for primitive in _primitives(content):
        primitive["attributes"] = {
            name: accessors.keep(number) for name, number in primitive["attributes"].items()
        }
        if "indices" in primitive:
            primitive["indices"] = accessors.keep(primitive["indices"])
    for animation in content.get("animations", []):
        for sampler in animation["samplers"]:
            sampler |= {name: accessors.keep(sampler[name]) for name in ("input", "output")}
    for skin in content.get("skins", []):
        if "inverseBindMatrices" in skin:
            skin["inverseBindMatrices"] = accessors.keep(skin["inverseBindMatrices"])
    views = _Kept(content.get("bufferViews", []))
    users = [*accessors.kept, *content.get("images", [])]
    for accessor in accessors.kept:
        if "sparse" in accessor:
            users += [accessor["sparse"]["indices"], accessor["sparse"]["values"]]
    for user in users:
        if "bufferView" in user:
            user["bufferView"] = views.keep(user["bufferView"])
    pieces, length = [], 0
    for view in views.kept:
        start = view.get("byteOffset", 0)
        piece = document.binary[start : start + view["byteLength"]]
        view["byteOffset"] = length
        pieces.append(piece + bytes(-len(piece) % 4))
        length += len(pieces[-1])
    content |= {"accessors": accessors.kept, "bufferViews": views.kept}
    return Document(content, b"".join(pieces))


class _Kept:
    """Entries of a list that are used, in the order of their first use."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._entries = entries
        self._numbers: dict[int, int] = {}
        self.kept: list[dict[str, Any]] = []

    def keep(self, number: int) -> int:
        """The entry's new number."""
        if number not in self._numbers:
            self._numbers[number] = len(self.kept)
            self.kept.append(self._entries[number])
        return self._numbers[number]
