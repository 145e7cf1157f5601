"""glTF documents in memory: the JSON, the binary, and what is read from and added to them.

The container (.glb) and accessors follow "glTF 2.0 Specification" (Khronos Group, 2021), sections
3.6 and 4.4. The JSON stays as it is in the file: what we do not know of a file is kept.
"""

from __future__ import annotations

import copy
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.gltf_accessors import read_numbers, read_whole_numbers
from rig.gltf_file import GltfFile, open_gltf
from rig.gltf_meshes import target_names
from rig.rig import FloatArray

MAGIC, VERSION = 0x46546C67, 2
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942

FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True, eq=False)
class Document:
    """json: the file's JSON. binary: its one buffer."""

    json: Mapping[str, Any]
    binary: bytes

    @cached_property
    def file(self) -> GltfFile:
        """The same for the readers of glTF files."""
        return GltfFile(Path("head.glb"), dict(self.json), np.frombuffer(self.binary, np.uint8))

    @cached_property
    def target_names(self) -> tuple[tuple[str, ...], ...]:
        """For each mesh the names of its morph targets, as `rig.gltf_head` reads them.

        Raises RigError for a document whose meshes are none.
        """
        meshes = self.file.entries("meshes")
        return tuple(tuple(target_names(self.file, mesh, mesh["primitives"])) for mesh in meshes)

    def save(self, path: Path) -> None:
        """Writes a .glb beside its place and puts it there."""
        text = json.dumps(self.json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        head = text.encode("utf-8")
        head += b" " * (-len(head) % 4)
        padding = -len(self.binary) % 4
        length = 12 + 8 + len(head) + 8 + len(self.binary) + padding
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            file.write(struct.pack("<III", MAGIC, VERSION, length))
            file.write(struct.pack("<II", len(head), _JSON_CHUNK) + head)
            file.write(struct.pack("<II", len(self.binary) + padding, _BINARY_CHUNK))
            file.write(self.binary)
            file.write(bytes(padding))
        os.replace(partial, path)


def read_document(path: Path) -> Document:
    """Reads a .glb file that holds all that belongs to it; its bytes stay as they are.

    Raises RigError for a file that is broken or not supported, or needs others.
    """
    file = open_gltf(path)
    buffers = file.entries("buffers")
    if len(buffers) != 1 or "uri" in buffers[0] or file.binary is None or _loose_images(file):
        file.refuse("needs other files", "A .glb file with all its data inside")
    length = file.whole(buffers[0].get("byteLength"), "byteLength", 0, len(file.binary))
    return Document(file.document, file.binary[:length].tobytes())


def pack_document(path: Path) -> Document:
    """Reads a .glb or .gltf file with its buffers and images, from its folder or inside as text.

    Raises RigError for a file that is broken or not supported.
    """
    file = open_gltf(path)
    pieces: list[bytes] = []
    views = [{**view} for view in file.entries("bufferViews")]
    for number, view in enumerate(views):
        found, _ = file.view(number, "the head")
        view |= {"buffer": 0, "byteOffset": sum(map(len, pieces))}
        pieces.append(found.tobytes() + bytes(-len(found) % 4))
    packed = [{**image} for image in file.entries("images")]
    for number in _loose_images(file):
        found_image = bytes(file.content(packed[number].pop("uri")))
        entry = {"buffer": 0, "byteOffset": sum(map(len, pieces)), "byteLength": len(found_image)}
        packed[number]["bufferView"] = len(views)
        packed[number].setdefault("mimeType", _image_kind(found_image))
        views.append(entry)
        pieces.append(found_image + bytes(-len(found_image) % 4))
    binary = b"".join(pieces)
    changed: dict[str, Any] = {"buffers": [{"byteLength": len(binary)}], "bufferViews": views}
    changed |= {"images": packed} if packed else {}
    return Document({**file.document, **changed}, binary)


def _loose_images(file: GltfFile) -> list[int]:
    return [number for number, image in enumerate(file.entries("images")) if "uri" in image]


def _image_kind(content: bytes) -> str:
    return "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"


class Additions:
    """A document that grows: numbers are appended to its buffer, and accessors to its JSON."""

    def __init__(self, document: Document | None = None) -> None:
        self.json: dict[str, Any] = copy.deepcopy(dict(document.json)) if document else {}
        self._pieces: list[bytes] = [document.binary] if document else []
        self._length = len(document.binary) if document else 0

    def document(self) -> Document:
        """What it has grown to."""
        self.json["buffers"] = [{"byteLength": self._length}]
        return Document(self.json, b"".join(self._pieces))

    def accessor(
        self,
        values: npt.NDArray[Any],
        target: int | None = ARRAY_BUFFER,
        limits: bool = False,
        normalized: bool = False,
    ) -> int:
        """The number of a new accessor of values (n,) or (n, 2 to 4), float32, uint16 or uint32.

        limits: whether it says its least and largest values, as positions must.
        """
        entry = {"bufferView": self._view(values, target), **_described(values)}
        if limits:
            entry |= limits_of(values)
        if normalized:
            entry["normalized"] = True
        return self._add("accessors", entry)

    def sparse_accessor(self, values: npt.NDArray[np.float32], limits: bool) -> int:
        """The same for float32 values (n, 3) of which most rows are 0.

        Rows of zeros are left out where that makes it smaller.
        """
        rows = np.flatnonzero(values.any(axis=1))
        small = len(values) <= 1 << 16
        indices = rows.astype(np.uint16 if small else np.uint32)
        if len(rows) and indices.nbytes + values[rows].nbytes >= values.nbytes:
            return self.accessor(values, limits=limits)
        entry = _described(values)
        if limits:
            entry |= limits_of(values)
        if len(rows):
            kind = UNSIGNED_SHORT if small else UNSIGNED_INT
            entry["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self._view(indices, None), "componentType": kind},
                "values": {"bufferView": self._view(values[rows], None)},
            }
        return self._add("accessors", entry)

    def _add(self, kind: str, entry: dict[str, Any]) -> int:
        entries: list[dict[str, Any]] = self.json.setdefault(kind, [])
        entries.append(entry)
        return len(entries) - 1

    def _view(self, values: npt.NDArray[Any], target: int | None) -> int:
        padding = -self._length % 4
        content = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        view = {"buffer": 0, "byteOffset": self._length + padding, "byteLength": len(content)}
        if target is not None:
            view["target"] = target
        self._pieces += [bytes(padding), content]
        self._length += padding + len(content)
        return self._add("bufferViews", view)


def limits_of(values: npt.NDArray[Any]) -> dict[str, list[float]]:
    """An accessor's `min` and `max` for values (n, c)."""
    return {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}


def read_accessor(document: Document, number: int) -> FloatArray:
    """The numbers of an accessor, (n, c) float32; whole numbers that stand for 0..1 become that.

    Raises RigError for one that is broken.
    """
    return read_numbers(document.file, number, "the head", tuple(WIDTHS))


def read_corners(document: Document, number: int) -> npt.NDArray[np.int64]:
    """The whole numbers of an accessor, (n,). Raises RigError for one that is broken."""
    return read_whole_numbers(document.file, number, "the head", tuple(WIDTHS))[:, 0]


def _described(values: npt.NDArray[Any]) -> dict[str, Any]:
    kinds = {"f4": FLOAT, "u2": UNSIGNED_SHORT, "u4": UNSIGNED_INT}
    width = 1 if values.ndim == 1 else values.shape[1]
    names = {number: name for name, number in WIDTHS.items()}
    return {
        "componentType": kinds[values.dtype.str[1:]],
        "count": len(values),
        "type": names[width],
    }
