"""Heads as GLB files (glTF 2.0): with morph targets and their weights, or baked.

glTF is in metres, y up, the front towards +z, x to the person's left: a rig's own axes; its
decimetres become metres here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exports.glb_document import ELEMENT_ARRAY_BUFFER, Additions, Document
from exports.morph_targets import morph_targets
from exports.normals import vertex_normals
from rig.paint import vertex_colours
from rig.rig import FloatArray, IntegerArray, Rig

GENERATOR = "Face Parameters Predictor"
METRES_PER_UNIT = 0.1
"""A rig's unit is the decimetre."""

_ROUGHNESS = {"eye": 0.2, "teeth": 0.35}  # of parts that shine more than skin
_SKIN_ROUGHNESS = 0.6
_SMALL = 1e-7  # metres: offsets below are rounding


@dataclass(frozen=True, eq=False)
class HeadMesh:
    """A mesh with morph targets, to be written. v vertices, t triangles.

    name: what to call it.
    licence: of its data.
    vertices: (v, 3), metres, in glTF's axes.
    triangles: (t, 3), counter-clockwise seen from outside.
    parts: (t,) index into part_names; each part gets a material of its own.
    targets: name -> (v, 3) metres, what the target adds at weight 1.
    colours: (v, 3) 0..1 sRGB; (0, 3) for plain grey.
    one_sided: False shows the triangles from behind too.
    numbered: whether the file says in the attribute `_SOURCE_VERTEX` which of these vertices each
        of its own is, as parts have their own.
    """

    name: str
    licence: str
    vertices: FloatArray
    triangles: IntegerArray
    parts: npt.NDArray[np.uint8]
    part_names: tuple[str, ...]
    targets: Mapping[str, FloatArray]
    colours: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    one_sided: bool = True
    numbered: bool = False


def rig_mesh(rig: Rig, more_targets: Mapping[str, FloatArray] | None = None) -> HeadMesh:
    """A rig's head with a target for each direction of each slider.

    more_targets: name -> offsets (v, 3) in the rig's units: expression units and the like.

    Raises RigError for sliders that no morph targets can stand for.
    """
    targets = morph_targets(rig.sliders, rig.negative, rig.positive, rig.name)
    return HeadMesh(
        rig.name,
        rig.licence,
        rig.neutral * np.float32(METRES_PER_UNIT),
        rig.triangles,
        rig.parts,
        rig.part_names,
        {
            name: offsets * np.float32(METRES_PER_UNIT)
            for name, offsets in (targets | dict(more_targets or {})).items()
        },
        rig.colours if len(rig.colours) else vertex_colours(rig),
    )


def write_rig_glb(
    path: Path,
    mesh: HeadMesh,
    weights: Mapping[str, float] | None = None,
    extras: Mapping[str, Any] | None = None,
) -> None:
    """Writes a mesh with all its morph targets.

    weights: target name -> weight; 0 where left out.
    extras: what the file says of itself, in `asset.extras`.
    """
    document = mesh_document(mesh)
    with_extras(weighted(document, weights or {}), extras or {}).save(path)


def mesh_document(mesh: HeadMesh) -> Document:
    """A mesh as a glTF document: one primitive and one material per part, weights 0."""
    additions = Additions()
    names = list(mesh.targets)
    numbers = [part for part in range(len(mesh.part_names)) if (mesh.parts == part).any()]
    primitives = []
    normals = vertex_normals(mesh.vertices, mesh.triangles)
    for number, part in enumerate(numbers):
        used, corners = np.unique(mesh.triangles[mesh.parts == part], return_inverse=True)
        attributes = {
            "POSITION": additions.accessor(_floats(mesh.vertices[used]), limits=True),
            "NORMAL": additions.accessor(_floats(normals[used])),
        }
        factor = np.full(3, 0.5)
        if len(mesh.colours):
            linear = _linear(mesh.colours[used])
            factor = linear.max(axis=0)
            attributes["COLOR_0"] = _colours(additions, linear / np.maximum(factor, 1e-6))
        if mesh.numbered:
            attributes["_SOURCE_VERTEX"] = additions.accessor(_floats(used))
        kind = np.uint16 if len(used) < 65535 else np.uint32  # 65535 itself is reserved
        indices = additions.accessor(corners.reshape(-1).astype(kind), ELEMENT_ARRAY_BUFFER)
        primitives.append(
            {
                "attributes": attributes,
                "indices": indices,
                "material": number,
                "targets": _targets(additions, mesh, used),
            }
        )
        if not names:
            del primitives[-1]["targets"]
        additions.json.setdefault("materials", []).append(
            {
                "name": mesh.part_names[part],
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*factor.tolist(), 1.0],
                    "metallicFactor": 0.0,
                    "roughnessFactor": _ROUGHNESS.get(mesh.part_names[part], _SKIN_ROUGHNESS),
                },
                **({} if mesh.one_sided else {"doubleSided": True}),
            }
        )
    described: dict[str, Any] = {"name": mesh.name, "primitives": primitives}
    if names:
        described |= {"weights": [0.0] * len(names), "extras": {"targetNames": names}}
    additions.json |= {
        "asset": {"version": "2.0", "generator": GENERATOR, "copyright": mesh.licence},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": mesh.name, "mesh": 0}],
        "meshes": [described],
    }
    return additions.document()


def weighted(document: Document, weights: Mapping[str, float]) -> Document:
    """The same document with its meshes' weights set by name; targets not named get 0.

    Nodes lose weights of their own, which would hide those of their mesh.
    """
    meshes = [
        {**mesh, "weights": [round(float(weights.get(name, 0.0)), 6) for name in names]}
        if names
        else mesh
        for mesh, names in zip(document.json["meshes"], document.target_names, strict=True)
    ]
    nodes = [
        {key: value for key, value in node.items() if key != "weights"}
        for node in document.json.get("nodes", [])
    ]
    changed = {**document.json, "meshes": meshes}
    return Document(changed | ({"nodes": nodes} if nodes else {}), document.binary)


def with_extras(document: Document, extras: Mapping[str, Any]) -> Document:
    """The same document, saying more of itself: in `asset.extras`, beside what is there."""
    asset = document.json["asset"]
    before = asset.get("extras")
    kept = before if isinstance(before, dict) else {}
    return Document(
        {**document.json, "asset": {**asset, "extras": {**kept, **extras}}}, document.binary
    )


def _targets(
    additions: Additions, mesh: HeadMesh, used: npt.NDArray[np.integer[Any]]
) -> list[dict[str, int]]:
    """A part's morph targets; those that do not move it share one accessor of zeros."""
    nothing = -1
    targets = []
    for offsets in mesh.targets.values():
        moved = _floats(offsets[used])
        moved[np.abs(moved).max(axis=1) < _SMALL] = 0
        if moved.any():
            targets.append({"POSITION": additions.sparse_accessor(moved, limits=True)})
            continue
        if nothing < 0:
            nothing = additions.sparse_accessor(moved, limits=True)
        targets.append({"POSITION": nothing})
    return targets


def _floats(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32, order="C")


def _linear(colours: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """sRGB 0..1 as light (IEC 61966-2-1), which glTF's numbers are."""
    values = np.clip(np.asarray(colours, np.float64), 0, 1)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _colours(additions: Additions, linear: npt.NDArray[np.float64]) -> int:
    """COLOR_0 as 16-bit numbers; with opacity, so that rows keep glTF's alignment."""
    opaque = np.concatenate([linear, np.ones((len(linear), 1))], axis=1)
    return additions.accessor((opaque * 65535).round().astype(np.uint16), normalized=True)
