"""A models folder of a rig that is nobody's: a head file with what files of studios have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exports.glb_document import Additions
from exports.glb_file import HeadMesh, mesh_document
from rig.landmark_head import LandmarkHead
from rig.rig import Rig, Slider

SLIDERS = (
    Slider("identity000", -3.0, 3.0),
    Slider("identity001", -3.0, 3.0),
    Slider("noseWide", -1.0, 1.0, 0.0, ("noseWide",), ("noseNarrow",)),
    Slider("brow_down_L", 0.0, 1.0, 0.0, ("brow_down_L", "brow_down_R")),
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c6338b1a00700042801f539cc2d1d0000000049454e44ae426082"
)


def foreign_mesh(rig: Rig) -> HeadMesh:
    """The rig's mesh in centimetres under other targets, one of which is an expression."""
    random = np.random.default_rng(5)
    share = random.normal(size=(2, len(rig.sliders)))
    identities = 0.3 * np.einsum("is,svc->ivc", share, rig.positive)
    left = (rig.neutral[:, :1] > 0) * rig.positive[-1]
    targets = {
        "identity000": identities[0],
        "identity001": identities[1],
        "noseWide": rig.positive[3],
        "noseNarrow": rig.negative[3],
        "brow down L": left,
        "brow down R": rig.positive[-1] - left,
        "jawOpen": rig.positive[1],
    }
    return HeadMesh(
        "Hero",
        "CC-BY-4.0 Some Studio",
        rig.neutral * 10,
        rig.triangles,
        rig.parts,
        rig.part_names,
        {name: (10 * offsets).astype(np.float32) for name, offsets in targets.items()},
    )


def landmark_head(sliders: tuple[Slider, ...] = SLIDERS, rig: str = "hero") -> LandmarkHead:
    """What models would have of the rig; its landmarks do not move."""
    neutral = np.random.default_rng(6).normal(size=(478, 3)).astype(np.float32)
    still = np.zeros((len(sliders), 478, 3), np.float32)
    return LandmarkHead(rig, "CC-BY-4.0 Some Studio", sliders, neutral, still, still)


def write_foreign_models(folder: Path, mesh: HeadMesh) -> Path:
    """A models folder with rig/head.glb: weights set on mesh and node, a texture, a tangent, morph
    normals, a second mesh with some of the targets, an animation, and what only its maker knows."""
    skin = replace(
        mesh, triangles=mesh.triangles[mesh.parts == 0], parts=mesh.parts[mesh.parts == 0]
    )
    rest = {name: mesh.targets[name] for name in ("jawOpen", "identity001")}
    other = replace(
        mesh,
        triangles=mesh.triangles[mesh.parts > 0],
        parts=mesh.parts[mesh.parts > 0],
        targets=rest,
    )
    additions = Additions(mesh_document(skin))
    content = additions.json
    _dress(additions, content["meshes"][0]["primitives"][0])
    _append(additions, other)
    content["nodes"] = [
        {"name": "Root", "children": [1, 2], "scale": [0.01, 0.01, 0.01], "extras": {"made by": 7}},
        {"name": "Skin", "mesh": 0, "weights": [0.5] * len(mesh.targets)},
        {"name": "Rest", "mesh": 1},
    ]
    for one in content["meshes"]:
        one["weights"] = [
            0.4 if name == "jawOpen" else 0.0 for name in one["extras"]["targetNames"]
        ]
    times = additions.accessor(np.array([0, 1], np.float32), None, limits=True)
    poses = additions.accessor(np.zeros(2 * len(rest), np.float32), None)
    moves = additions.accessor(np.zeros((2, 3), np.float32), None)
    content["accessors"][times] |= {"min": [0.0], "max": [1.0]}
    content["animations"] = [
        {
            "channels": [
                {"sampler": 0, "target": {"node": 2, "path": "weights"}},
                {"sampler": 1, "target": {"node": 0, "path": "translation"}},
            ],
            "samplers": [{"input": times, "output": poses}, {"input": times, "output": moves}],
        }
    ]
    content["asset"] |= {"generator": "Some Studio's tool", "extras": {"project": "Hero"}}
    path = folder / "rig" / "head.glb"
    path.parent.mkdir(parents=True)
    additions.document().save(path)
    return folder


def _dress(additions: Additions, primitive: dict[str, Any]) -> None:
    """Texture coordinates, tangents, a texture, and morph normals for the first target."""
    count = additions.json["accessors"][primitive["attributes"]["POSITION"]]["count"]
    coordinates = np.random.default_rng(7).uniform(size=(count, 2)).astype(np.float32)
    tangents = np.tile(np.array([1, 0, 0, 1], np.float32), (count, 1))
    primitive["attributes"] |= {
        "TEXCOORD_0": additions.accessor(coordinates),
        "TANGENT": additions.accessor(tangents),
    }
    still = additions.accessor(np.zeros((count, 3), np.float32))
    for target in primitive["targets"]:
        target["NORMAL"] = still
    view = additions.accessor(np.frombuffer(PIXEL + bytes(-len(PIXEL) % 4), "<u4"), None)
    entry = additions.json["accessors"].pop(view)
    additions.json["images"] = [{"bufferView": entry["bufferView"], "mimeType": "image/png"}]
    additions.json["textures"] = [{"source": 0}]
    material = additions.json["materials"][primitive["material"]]
    material["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    material["extras"] = {"shader": "ours"}


def _append(additions: Additions, mesh: HeadMesh) -> None:
    """Puts the mesh of another document behind those that are there."""
    document = mesh_document(mesh)
    content, there = dict(document.json), additions.json
    first = {kind: len(there[kind]) for kind in ("accessors", "materials")}
    packed = np.frombuffer(document.binary + bytes(-len(document.binary) % 4), "<u4")
    number = additions.accessor(packed, None)
    there["accessors"].pop(number)
    block = there["bufferViews"].pop()
    views = len(there["bufferViews"])
    for view in content["bufferViews"]:
        there["bufferViews"].append(
            {**view, "byteOffset": view["byteOffset"] + block["byteOffset"]}
        )
    for accessor in content["accessors"]:
        for user in (
            accessor,
            *(accessor.get("sparse", {}).get(k, {}) for k in ("indices", "values")),
        ):
            if "bufferView" in user:
                user["bufferView"] += views
        there["accessors"].append(accessor)
    for one in content["meshes"]:
        for primitive in one["primitives"]:
            primitive["indices"] += first["accessors"]
            primitive["material"] += first["materials"]
            for attributes in (primitive["attributes"], *primitive["targets"]):
                for name in attributes:
                    attributes[name] += first["accessors"]
        there["meshes"].append(one)
    there["materials"] += content["materials"]
