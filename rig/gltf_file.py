"""The container of a glTF 2.0 file: its JSON and its buffers, .glb or .gltf.

Format: Khronos, glTF 2.0 specification, chapters 3 (JSON, buffers) and 4 (GLB). Every length is
compared with the file before memory is taken for it. The single objects are pygltflib's, decoded
when they are asked for.
"""

from __future__ import annotations

import base64
import json
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
import numpy.typing as npt

from rig.rig import RigError

Bytes = npt.NDArray[np.uint8]
Item = TypeVar("Item")

ANEW = "Export the head anew as GLB (glTF 2.0) from the program it was made in"
WITHOUT_COMPRESSION = "Export the head without compression"
COMPRESSIONS = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression")

_MOST_TEXT = 64 << 20  # bytes of JSON in a .glb
_MOST_EMBEDDED_TEXT = 1 << 30  # bytes of a .gltf, which may carry its buffers as text
_MOST_BRACKETS, _MOST_COMMAS = 500_000, 5_000_000  # each takes many times its size once decoded
_HARMLESS = (  # understood, or changing nothing about the shape
    *("KHR_mesh_quantization", "KHR_texture_transform", "KHR_texture_basisu", "EXT_texture_webp"),
    *("KHR_lights_punctual", "KHR_xmp", "KHR_xmp_json_ld", "KHR_animation_pointer", "VRM"),
)
_HARMLESS_BEGINNINGS = ("KHR_materials_", "VRMC_", "EXT_lights_", "EXT_texture_", "MSFT_texture_")


@dataclass(frozen=True, eq=False)
class GltfFile:
    """An opened file.

    document: the decoded JSON. binary: the GLB's BIN chunk, not yet read from disk; None without.
    remembered: what later readers want to keep between calls (images).
    """

    path: Path
    document: dict[str, Any]
    binary: Bytes | None
    remembered: dict[Any, Any] = field(default_factory=dict)

    def refuse(
        self, what: str, expected: str = "a file that follows glTF 2.0", advice: str = ANEW
    ) -> NoReturn:
        """Raises the RigError that says: the file WHAT. Expected EXPECTED. ADVICE."""
        raise RigError(f"{self.path} {what}. Expected {expected}. {advice}.")

    def entries(self, key: str) -> list[Any]:
        """one of the document's lists ("nodes", "meshes", ...); empty where it has none."""
        found = self.document.get(key)
        if found is not None and not isinstance(found, list):
            self.refuse(f"has {key} that are no list")
        return found or []

    def raw(self, key: str, index: object, named_by: str = "it") -> dict[str, Any]:
        """Entry `index` of a list as JSON has it. Raises RigError where there is none."""
        entries = self.entries(key)
        number = self.whole(index, f"an index into {key} ({named_by})", 0, len(entries) - 1)
        if not isinstance(entries[number], dict):
            self.refuse(f"has an entry {number} in {key} that is no object")
        return entries[number]

    def item(self, kind: type[Item], key: str, index: object, named_by: str = "it") -> Item:
        """Entry `index` of a list as pygltflib's class. Raises RigError."""
        entry = dict(self.raw(key, index, named_by))
        if not isinstance(entry.get("extras", {}), dict):
            del entry["extras"]  # any JSON is allowed there, but pygltflib takes only objects
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of absent entries, which we check ourselves
                found: Item = kind.from_dict(entry, infer_missing=True)  # type: ignore[attr-defined]
        except Exception as error:  # whatever dataclasses-json raises on malformed entries
            self.refuse(f"has an entry {index} in {key} that cannot be understood ({error})")
        return found

    def whole(self, value: object, what: str, least: int, most: int) -> int:
        """The value as a whole number within limits. Raises RigError."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            shown = "nothing" if value is None else str(value)[:40]
            limits = f"{least} to {most}" if most >= least else "none, because there is none"
            self.refuse(f"has {shown} as {what}", f"a whole number, {limits}")
        return value

    def numbers(self, value: object, what: str, count: int | None = None) -> npt.NDArray[Any]:
        """A JSON list of finite numbers as float64. Raises RigError."""
        fits = isinstance(value, list) and all(
            isinstance(number, int | float) and not isinstance(number, bool) for number in value
        )
        if not fits or (count is not None and len(value) != count):  # type: ignore[arg-type]
            self.refuse(f"has {str(value)[:60]} as {what}", f"a list of {count or 'some'} numbers")
        found = np.array(value, np.float64)
        if not np.isfinite(found).all():
            self.refuse(f"has {str(value)[:60]} as {what}", "finite numbers")
        return found

    def view(self, index: object, named_by: str) -> tuple[Bytes, int | None]:
        """The bytes of a bufferView and its byteStride (None: tightly packed). Raises RigError."""
        from pygltflib import BufferView

        view = self.item(BufferView, "bufferViews", index, named_by)
        content = self._buffer(view.buffer, f"bufferView {index}")
        name = f"bufferView {index} in a buffer of {len(content)} bytes"
        length = self.whole(view.byteLength, f"byteLength of {name}", 1, len(content))
        start = self.whole(view.byteOffset or 0, f"byteOffset of {name}", 0, len(content) - length)
        stride = view.byteStride
        if stride is not None:
            stride = self.whole(stride, f"byteStride of bufferView {index}", 1, 1 << 16)
        return content[start : start + length], stride

    def content(self, uri: str) -> bytes | Bytes:
        """What a data URI, or the URI of a file in this file's own folder, holds.

        Raises RigError for any other place, and for what cannot be read.
        """
        if uri[:5].lower() == "data:":
            return self._embedded(uri)
        folder = self.path.parent.resolve()
        name = unquote(uri)
        inside = "a file in the same folder, or data inside the file"
        if not name or ":" in name or "\\" in name or "\0" in name or name.startswith("/"):
            self.refuse(f"refers to {uri[:80]!r}", inside)
        try:
            target = (folder / name).resolve()
            if not target.is_relative_to(folder):
                self.refuse(f"refers to {uri[:80]!r}, outside its folder", inside)
            if not target.is_file():
                self.refuse(f"refers to {uri[:80]!r}, which is not there", inside)
            return _mapped(target, 0, target.stat().st_size)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
            self.refuse(f"refers to {uri[:80]!r}, which cannot be read ({error})", inside)

    def _embedded(self, uri: str) -> bytes:
        head, comma, data = uri.partition(",")
        try:
            if not comma:
                raise ValueError("no comma")
            if head.lower().endswith(";base64"):
                return base64.b64decode(unquote(data) if "%" in data else data, validate=True)
            return unquote_to_bytes(data)
        except ValueError as error:
            self.refuse(f"has embedded data that cannot be decoded ({error})", "Base64")

    def _buffer(self, index: object, named_by: str) -> Bytes:
        """The bytes of a buffer, as many as it declares. Raises RigError."""
        entry = self.raw("buffers", index, named_by)
        if ("buffer", index) not in self.remembered:
            uri = entry.get("uri")
            found: bytes | Bytes | None = self.content(uri) if isinstance(uri, str) else None
            if found is None and index == 0:
                found = self.binary
            if found is None:
                self.refuse(f"has a buffer {index} without data", advice=self._advice())
            length = self.whole(
                entry.get("byteLength"), f"byteLength of buffer {index}", 1, 1 << 40
            )
            if length > len(found):
                self.refuse(
                    f"has a buffer {index} of which {len(found)} bytes are there",
                    f"{length} bytes",
                    f"The file seems truncated: copy it again. {ANEW}",
                )
            self.remembered["buffer", index] = np.frombuffer(found, np.uint8, length)
        kept: Bytes = self.remembered["buffer", index]
        return kept

    def _advice(self) -> str:
        used = [str(name) for name in self.entries("extensionsUsed")]
        return WITHOUT_COMPRESSION if any(name in used for name in COMPRESSIONS) else ANEW


def open_gltf(path: Path) -> GltfFile:
    """Opens a .glb or .gltf; which of both it is, its first bytes say.

    Raises RigError for another format or version, a truncated file, and required extensions that
    are not understood.
    """
    empty = GltfFile(path, {}, None)
    try:
        if not path.is_file():
            empty.refuse("is no file", "a .glb or .gltf file", "Check the path")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(12)
            if start[:4] == b"glTF":
                text, binary = _chunks(empty, file, start, size)
            else:
                if size > _MOST_EMBEDDED_TEXT:
                    empty.refuse(f"has {size} bytes", f"at most {_MOST_EMBEDDED_TEXT} of a .gltf")
                text, binary = start + file.read(), None
    except OSError as error:
        empty.refuse(f"cannot be read ({error})", "a .glb or .gltf file", "Check the path")
    opened = GltfFile(path, _document(empty, text), binary)
    _check_version(opened)
    _check_extensions(opened)
    return opened


def _chunks(file: GltfFile, stream: Any, start: bytes, size: int) -> tuple[bytes, Bytes | None]:
    """The JSON chunk's text and the BIN chunk, if there is one."""
    truncated = f"The file seems truncated: copy it again. {ANEW}"
    if len(start) < 12:
        file.refuse(f"ends after {len(start)} bytes", "a GLB header of 12 bytes", truncated)
    version, length = struct.unpack("<II", start[4:])
    if version != 2:
        file.refuse(f"is GLB version {version}", "version 2")
    if length > size:
        file.refuse(f"has {size} bytes", f"as its header says, {length} bytes", truncated)
    chunks: list[tuple[bytes, int, int]] = []
    place = 12
    while place + 8 <= length and len(chunks) < 2:
        stream.seek(place)
        chunk_length, kind = struct.unpack("<I4s", stream.read(8))
        place += 8
        if chunk_length > length - place:
            file.refuse(
                f"has a chunk that claims {chunk_length} bytes",
                f"at most the {length - place} bytes that are left of the file",
                truncated,
            )
        chunks.append((kind, place, chunk_length))
        place += chunk_length + -chunk_length % 4
    if not chunks or chunks[0][0] != b"JSON":
        file.refuse("does not begin with a JSON chunk", "a GLB with JSON first")
    _, place, chunk_length = chunks[0]
    if chunk_length > _MOST_TEXT:
        file.refuse(f"has {chunk_length} bytes of JSON", f"at most {_MOST_TEXT}")
    stream.seek(place)
    text = stream.read(chunk_length)
    if len(chunks) < 2 or chunks[1][0] != b"BIN\0":
        return text, None
    return text, _mapped(file.path, *chunks[1][1:])


def _document(file: GltfFile, text: bytes) -> dict[str, Any]:
    if text.count(b"{") + text.count(b"[") > _MOST_BRACKETS or text.count(b",") > _MOST_COMMAS:
        file.refuse("has too many entries", f"at most {_MOST_BRACKETS:,} objects and lists")

    def refuse_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON number")

    try:
        document = json.loads(text.decode("utf-8-sig"), parse_constant=refuse_constant)
    except (ValueError, RecursionError, MemoryError) as error:
        file.refuse(f"is neither a GLB file nor glTF JSON ({str(error)[:100]})")
    if not isinstance(document, dict):
        file.refuse("is JSON, but no glTF", "an object with `asset`")
    return document


def _check_version(file: GltfFile) -> None:
    asset = file.document.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(asset, dict) or not isinstance(version, str):
        file.refuse("does not say its glTF version", "an `asset` with version 2.0")
    needed = asset.get("minVersion", "2.0")
    if version.split(".")[0] != "2" or needed != "2.0":
        file.refuse(f"is glTF {version} (needs {needed})", "version 2.0")


def _check_extensions(file: GltfFile) -> None:
    unknown = [
        str(name)
        for name in file.entries("extensionsRequired")
        if name not in _HARMLESS and not str(name).startswith(_HARMLESS_BEGINNINGS)
    ]
    if unknown:
        compressed = any(name in COMPRESSIONS for name in unknown)
        file.refuse(
            f"requires {', '.join(unknown)[:200]}, which is not supported",
            "a file without it",
            WITHOUT_COMPRESSION if compressed else "Export the head without this extension",
        )


def _mapped(path: Path, offset: int, length: int) -> Bytes:
    """Part of a file, read when it is looked at."""
    if length == 0:
        return np.zeros(0, np.uint8)
    return np.memmap(path, np.uint8, "r", offset, (length,))
