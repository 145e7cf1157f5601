from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rig.gltf_head import read_gltf_head
from rig.rig import RigError
from tests.rig.gltf_samples import (
    FLOAT,
    TRIANGLE,
    Sample,
    glb_bytes,
    primitive_of,
    random_sample,
    simple_sample,
    textured,
)


def text_of(sample: Sample) -> bytes:
    return json.dumps(sample.document | {"buffers": [{"byteLength": len(sample.blob)}]}).encode()


def glb(text: bytes | None = None, blob: bytes | None = None) -> bytes:
    sample = simple_sample()
    return glb_bytes(
        text_of(sample) if text is None else text, bytes(sample.blob) if blob is None else blob
    )


def patched(place: int, content: bytes) -> bytes:
    whole = glb()
    return whole[:place] + content + whole[place + len(content) :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither a GLB file nor glTF JSON"),
        (b"glTF", "ends after 4 bytes"),
        (b"PK" + glb()[2:], "neither a GLB file nor glTF JSON"),
        (patched(4, struct.pack("<I", 1)), "is GLB version 1"),
        (patched(8, struct.pack("<I", 1 << 31)), "as its header says, 2147483648 bytes"),
        (patched(12, struct.pack("<I", 1 << 31)), "a chunk that claims 2147483648 bytes"),
        (patched(16, b"BIN\0"), "does not begin with a JSON chunk"),
        (glb()[:-4], "The file seems truncated"),
        (struct.pack("<4sII", b"glTF", 2, 12), "does not begin with a JSON chunk"),
        (glb(text=b"[1]"), "is JSON, but no glTF"),
        (glb(text=b"{}"), "does not say its glTF version"),
        (glb(text=b"\xff{}"), "neither a GLB file nor glTF JSON"),
        (glb(text=b"[" * 100_000 + b"]" * 100_000), "neither a GLB file nor glTF JSON"),
        (glb(text=b'{"asset":{"version":NaN}}'), "NaN is no JSON number"),
        (glb(text=b'{"asset":{"version":"1.0"}}'), "is glTF 1.0"),
        (glb(text=b'{"asset":{"version":"2.0","minVersion":"2.1"}}'), "needs 2.1"),
        (glb(text=b'{"a":[' + b"[]," * 600_000 + b"[]]}"), "too many entries"),
        (glb(blob=b"\0" * 40), "a buffer 0 of which 40 bytes are there"),
        (b'{"asset":{"version":"2.0"}', "neither a GLB file nor glTF JSON"),
    ],
)
def test_a_broken_container_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "head.glb"
    path.write_bytes(content)
    with pytest.raises(RigError, match=message) as caught:
        read_gltf_head(path)
    assert str(caught.value).startswith(str(path))
    assert ". Expected " in str(caught.value)


def test_bytes_behind_the_end_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "head.glb"
    path.write_bytes(glb() + b"more")
    assert read_gltf_head(path).targets == ("smile", "jaw_open")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none.glb", tmp_path):
        with pytest.raises(RigError, match="is no file"):
            read_gltf_head(path)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("KHR_draco_mesh_compression", "without compression"),
        ("EXT_meshopt_compression", "without compression"),
        ("EXT_mesh_gpu_instancing", "without this extension"),
        ("ACME_secret", "without this extension"),
    ],
)
def test_required_extensions_are_refused_by_name(tmp_path: Path, name: str, advice: str) -> None:
    sample = simple_sample()
    sample.document |= {"extensionsUsed": [name], "extensionsRequired": [name]}
    with pytest.raises(RigError, match=f"requires {name}, which is not supported.*{advice}"):
        read_gltf_head(sample.written(tmp_path / "head.glb"))


@pytest.mark.parametrize("name", ["KHR_draco_mesh_compression", "EXT_meshopt_compression"])
def test_compressed_data_is_named_though_not_required(tmp_path: Path, name: str) -> None:
    sample = simple_sample()
    sample.document["extensionsUsed"] = [name]
    del sample.document["accessors"][0]["bufferView"]
    with pytest.raises(RigError, match="compressed data.*without compression"):
        read_gltf_head(sample.written(tmp_path / "head.glb"))


@pytest.mark.parametrize("name", ["KHR_materials_unlit", "KHR_texture_transform", "VRMC_vrm"])
def test_harmless_extensions_are_read(tmp_path: Path, name: str) -> None:
    sample = simple_sample()
    sample.document |= {"extensionsUsed": [name], "extensionsRequired": [name]}
    assert len(read_gltf_head(sample.written(tmp_path / "head.glb")).vertices) == 4


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("../beside.bin", "outside its folder"),
        ("..%2Fbeside.bin", "outside its folder"),
        ("deeper/../../beside.bin", "outside its folder"),
        ("link.bin", "outside its folder"),
        ("none.bin", "which is not there"),
        ("deeper", "which is not there"),
        ("/etc/passwd", "refers to '/etc/passwd'"),
        ("C:\\data.bin", "refers to"),
        ("..\\beside.bin", "refers to"),
        ("file:///etc/passwd", "refers to"),
        ("http://example.org/data.bin", "refers to 'http"),
        ("", "refers to"),
        ("%00", "refers to"),
        ("data:application/octet-stream;base64,@@@@", "cannot be decoded"),
        ("data:application/octet-stream;base64", "cannot be decoded"),
        ("data:application/octet-stream;base64,AAAA", "of which 3 bytes are there"),
        (7, "buffer 0 without data"),
    ],
)
def test_other_places_are_refused(tmp_path: Path, uri: object, message: str) -> None:
    sample = simple_sample()
    folder = tmp_path / "rig"
    (folder / "deeper").mkdir(parents=True)
    (tmp_path / "beside.bin").write_bytes(sample.blob)
    (folder / "link.bin").symlink_to(tmp_path / "beside.bin")
    buffer = {"byteLength": len(sample.blob), "uri": uri}
    path = folder / "head.gltf"
    path.write_text(json.dumps(sample.document | {"buffers": [buffer]}))
    with pytest.raises(RigError, match=message) as caught:
        read_gltf_head(path)
    assert ". Expected " in str(caught.value)


@pytest.mark.parametrize(
    "uri", ["deeper/data.bin", "deeper/../deeper/data.bin", "deeper%2Fdata.bin"]
)
def test_places_below_are_read(tmp_path: Path, uri: str) -> None:
    sample = simple_sample()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "data.bin").write_bytes(sample.blob)
    buffer = {"byteLength": len(sample.blob), "uri": uri}
    path = tmp_path / "head.gltf"
    path.write_text(json.dumps(sample.document | {"buffers": [buffer]}), encoding="utf-8-sig")
    assert len(read_gltf_head(path).vertices) == 4


def test_buffers_as_other_text(tmp_path: Path) -> None:
    sample = simple_sample()
    path = tmp_path / "head.gltf"
    escaped = "".join(f"%{byte:02x}" for byte in sample.blob)
    padded = base64.b64encode(sample.blob).decode().replace("=", "%3D")
    for uri in (f"data:,{escaped}", f"DATA:;base64,{padded}"):
        buffer = {"byteLength": len(sample.blob), "uri": uri}
        path.write_text(json.dumps(sample.document | {"buffers": [buffer]}))
        assert len(read_gltf_head(path).vertices) == 4


def change(**entries: Any) -> Callable[[Sample], None]:
    return lambda sample: sample.document.update(entries)


def in_first(key: str, **entries: Any) -> Callable[[Sample], None]:
    return lambda sample: sample.document[key][0].update(entries)


def in_primitive(**entries: Any) -> Callable[[Sample], None]:
    return lambda sample: primitive_of(sample).update(entries)


def two_parents(sample: Sample) -> None:
    sample.add("nodes", {"children": [0]})
    sample.add("nodes", {"children": [0]})


def not_a_number(sample: Sample) -> None:
    start = sample.document["bufferViews"][0]["byteOffset"]
    sample.blob[start : start + 4] = np.float32(np.nan).tobytes()


def no_targets(sample: Sample) -> None:
    del primitive_of(sample)["targets"]


def other_target_count(sample: Sample) -> None:
    primitive_of(sample)["targets"][0]["POSITION"] = sample.accessor(TRIANGLE)


def huge_targets(sample: Sample) -> None:
    """Claims without data: 4000 targets on four million vertices."""
    sample.document["accessors"][0] = {"componentType": FLOAT, "count": 4_000_000, "type": "VEC3"}
    primitive_of(sample)["targets"] = [{"POSITION": 0}] * 4000


def sparse_beyond(sample: Sample) -> None:
    _, last = sample.vectors(np.zeros((4, 3)), "sparse")
    del last
    sparse = sample.document["accessors"][-1]["sparse"]
    sparse["indices"]["bufferView"] = sample.view(np.array([9], "<u2").tobytes())
    primitive_of(sample)["targets"][0]["POSITION"] = len(sample.document["accessors"]) - 1


def skin_not_there(sample: Sample) -> None:
    sample.document["nodes"][0]["skin"] = 3
    primitive_of(sample)["attributes"].update(JOINTS_0=0, WEIGHTS_0=0)


BROKEN: dict[str, tuple[Callable[[Sample], None], str]] = {
    "cycle": (in_first("nodes", children=[0]), "their own ancestors"),
    "two parents": (two_parents, "node 0 with two parents"),
    "child twice": (
        lambda s: s.document["nodes"].append({"children": [0, 0]}),
        "node 0 with two parents",
    ),
    "child not there": (in_first("nodes", children=[7]), "has 7 as a child of node 0"),
    "nodes no list": (change(nodes={"a": 1}), "nodes that are no list"),
    "node no object": (change(nodes=[3]), "no object"),
    "mesh not there": (in_first("nodes", mesh=5), "has 5 as an index into meshes"),
    "mesh as text": (in_first("nodes", mesh="0"), "has 0 as an index into meshes"),
    "scene not there": (change(scene=4), "has 4 as an index into scenes"),
    "rotation": (in_first("nodes", rotation=[0, 0, 1]), "as rotation of node 0"),
    "scale": (in_first("nodes", scale=[1, 1]), "as scale of node 0"),
    "matrix of text": (in_first("nodes", matrix=["a"] * 16), "as matrix of node 0"),
    "no targets": (no_targets, "no morph targets"),
    "no positions": (in_primitive(attributes={}), "has no positions in mesh 0"),
    "no primitives": (in_first("meshes", primitives=None), "without primitives"),
    "mode": (in_primitive(mode=9), "has 9 as mode"),
    "only lines": (in_primitive(mode=1), "shows no triangles"),
    "material not there": (in_primitive(material=2), "has 2 as an index into materials"),
    "index too large": (in_primitive(indices=0), "in accessor 0 \\(indices\\)"),
    "count of 2 GB": (in_first("accessors", count=1 << 28), "count of accessor 0"),
    "count too large": (in_first("accessors", count=5), "as its count says, 60 bytes"),
    "count negative": (in_first("accessors", count=-4), "has -4 as count of accessor 0"),
    "count of text": (in_first("accessors", count="many"), "has many as count of accessor 0"),
    "wrong type": (in_first("accessors", type="VEC2"), "has VEC2 in accessor 0"),
    "wrong kind": (in_first("accessors", componentType=5124), "5124 as componentType"),
    "target of other size": (other_target_count, "has 3 elements in accessor 4 \\(target smile\\)"),
    "view not there": (in_first("accessors", bufferView=44), "has 44 as an index into bufferViews"),
    "view too long": (in_first("bufferViews", byteLength=1 << 31), "as byteLength of bufferView 0"),
    "view too late": (in_first("bufferViews", byteOffset=1 << 31), "as byteOffset of bufferView 0"),
    "view negative": (in_first("bufferViews", byteOffset=-4), "has -4 as byteOffset"),
    "stride too small": (in_first("bufferViews", byteStride=4), "of 12 bytes every 4 bytes"),
    "stride too large": (in_first("bufferViews", byteStride=252), "as its count says"),
    "buffer not there": (in_first("bufferViews", buffer=3), "has 3 as an index into buffers"),
    "not a number": (not_a_number, "not finite in accessor 0"),
    "sparse index": (sparse_beyond, "for sparse indices of accessor|beyond the 4 elements"),
    "sparse of text": (in_first("accessors", sparse="all"), "entry 0 in accessors"),
    "weights of text": (in_first("meshes", weights=["a", "b"]), "as weights"),
    "too much for memory": (huge_targets, "4000 morph targets on 4000000 vertices"),
    "skin not there": (skin_not_there, "has 3 as an index into skins"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_said(tmp_path: Path, case: str) -> None:
    breaks, message = BROKEN[case]
    sample = simple_sample()
    breaks(sample)
    with pytest.raises(RigError, match=message) as caught:
        read_gltf_head(sample.written(tmp_path / "head.glb"))
    three_parts = str(caught.value)
    assert three_parts.startswith(str(tmp_path / "head.glb"))
    assert "xpected" in three_parts
    assert "Export" in three_parts


def complaint(path: Path) -> str | None:
    """The RigError's message, None where the file can be read; other exceptions are bugs."""
    try:
        read_gltf_head(path)
    except RigError as error:
        return str(error)
    return None


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), (200, 100, 50)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("seed", range(200))
def test_damage_is_survived_or_said(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    sample, _ = random_sample(np.random.default_rng(3))
    sample.document["nodes"].append({"mesh": sample.mesh(TRIANGLE, {"smile": TRIANGLE})})
    content = bytearray(sample.written(tmp_path / "head.glb").read_bytes())
    if seed % 4 == 0:
        del content[random.integers(len(content)) :]
    else:
        # Half of the damage goes into the JSON, where most can go wrong.
        last = 20 + int.from_bytes(content[12:16], "little") if seed % 2 else len(content)
        for place in random.integers(0, last, random.integers(1, 6)):
            content[place] = random.integers(32, 127) if place >= 20 else random.integers(256)
    path = tmp_path / "damaged.glb"
    path.write_bytes(content)
    message = complaint(path)
    assert message is None or (message.startswith(str(path)) and "xpected" in message)


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 1.5, True, 1 << 70, [[]], [None]])
def test_any_entry_may_be_wrong(tmp_path: Path, value: Any) -> None:
    """Every value of the JSON, one after the other, becomes another: success or RigError."""
    path = tmp_path / "head.glb"
    sample = textured(png(), TRIANGLE[:, :2])
    sample.vectors(TRIANGLE, "sparse")
    primitive_of(sample)["targets"].append({"POSITION": len(sample.document["accessors"]) - 1})
    places: list[tuple[Any, Any]] = []

    def walk(entry: Any) -> None:
        for key in entry if isinstance(entry, dict) else range(len(entry)):
            places.append((entry, key))
            if isinstance(entry[key], dict | list):
                walk(entry[key])

    walk(sample.document)
    assert len(places) > 60
    for owner, key in places:
        kept, owner[key] = owner[key], value
        message = complaint(sample.written(path))
        assert message is None or "xpected" in message
        owner[key] = kept
    assert read_gltf_head(sample.written(path)).targets[0] == "smile"
