"""The head that models are trained for, kept beside them for exports."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from exports.export_head import HEAD_FILE, NEUTRAL_FILE
from exports.glb_document import pack_document
from exports.glb_file import HeadMesh, mesh_document
from rig.source_head import SourceHead

_METRES = 0.1  # in a decimetre


def keep_head(source: SourceHead, to_source: np.ndarray, models_folder: Path) -> list[Path]:
    """Writes rig/head.glb, and rig/neutral.obj for a folder of .obj files, into a models folder.

    A .glb file is kept as it is; a .gltf file with what lies beside it in one file; .obj files with
    their own coordinates, which a node puts upright and in metres.

    Args:
        source: the head as it was read.
        to_source: (4, 4), see rig.prepared_rig.PreparedRig.
        models_folder: is made where it does not exist.

    Raises:
        RigError: the file cannot be kept.
    """
    target = models_folder / HEAD_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.path.is_dir():
        from rig.obj_folder import find_neutral, obj_files

        _write_objects(source, to_source, target)
        neutral = models_folder / NEUTRAL_FILE
        _copy(find_neutral(source.path, obj_files(source.path)), neutral)
        return [target, neutral]
    if source.path.suffix.lower() == ".gltf":
        pack_document(source.path).save(target)
    else:
        _copy(source.path, target)
    return [target]


def _write_objects(source: SourceHead, to_source: np.ndarray, target: Path) -> None:
    mesh = HeadMesh(
        source.name,
        source.licence,
        source.vertices,
        source.triangles,
        source.parts,
        source.part_names,
        dict(zip(source.targets, source.offsets, strict=True)),
        source.colours,
        one_sided=False,
        numbered=True,
    )
    document = mesh_document(mesh)
    upright = np.diag([_METRES, _METRES, _METRES, 1.0]) @ np.linalg.inv(to_source)
    # glTF has matrices column by column.
    nodes = [{**document.json["nodes"][0], "matrix": upright.T.reshape(-1).tolist()}]
    type(document)({**document.json, "nodes": nodes}, document.binary).save(target)


def _copy(source: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(source, partial)
    os.replace(partial, target)
