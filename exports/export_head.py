"""The head that a models folder's slider values shape, as far as it is on disk.

The rig's own file where the models were trained for one; MakeHuman's head where its data is here;
else the face mesh of the previews, and the files say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exports.face_mesh import face_mesh_rig
from exports.glb_baking import Baker, without_weight_animations
from exports.glb_document import Document, read_document
from exports.glb_file import mesh_document, rig_mesh, weighted, with_extras
from exports.morph_targets import MAKEHUMAN, target_weights
from rig.fetch import rig_folder_if_there
from rig.gltf_head import read_gltf_head
from rig.landmark_head import LandmarkHead
from rig.rig import FloatArray, Rig, RigError, Slider
from rig.source_head import SourceHead

KINDS = ("makehuman", "file", "face mesh")

HEAD_FILE = "rig/head.glb"
"""In a models folder: the head of the rig that the models were trained for."""

NEUTRAL_FILE = "rig/neutral.obj"
"""Beside it, where that rig is a folder of .obj files: the neutral one, as it is there."""

_FACE_MESH_NOTE = (
    "A preview: the face mesh of 468 landmarks, not the head. For MakeHuman's head run "
    "`fpp rig fetch makehuman`, or name its data with --rig, and export again."
)


@dataclass(frozen=True, eq=False)
class ExportHead:
    """A head to be written to files, and what its sliders are called there. s sliders.

    What all files of it share is made once and kept; keep one for all photos.

    kind: one of KINDS.
    rig, licence: the rig's name, and the licence of its data.
    sliders: those of the models, in the order of every (s,) array.
    document: the neutral head with all its morph targets as glTF.
    surface: the same as a rig; None for a file's.
    neutral: the .obj whose lines an exported one keeps; None where the head has none.
    path: of the file; None where it was made here.
    """

    kind: str
    rig: str
    licence: str
    sliders: tuple[Slider, ...]
    document: Document
    surface: Rig | None = None
    neutral: Path | None = None
    path: Path | None = None

    @cached_property
    def baker(self) -> Baker:
        """What bakes this head."""
        return Baker(self.document)

    @cached_property
    def source(self) -> SourceHead:
        """A file's head with its nodes' transforms applied; for heads that have a path."""
        if self.path is None:
            raise ValueError("A head that was made here came in. One of a file was expected.")
        return read_gltf_head(self.path)

    def weights(self, values: npt.ArrayLike) -> dict[str, float]:
        """Morph target -> weight, for slider values (s,) in rig units.

        Raises RigError for values that are not one finite number per slider.
        """
        return target_weights(self.sliders, values, self.rig if self.surface else "")

    def vertices(self, values: npt.ArrayLike) -> FloatArray:
        """The surface (v, 3) for slider values (s,), decimetres; for heads that have a surface.

        Raises RigError for values that are not one finite number per slider.
        """
        if self.surface is None:
            raise ValueError("A file's head came in. One with a surface was expected.")
        amounts = self._clipped(values)
        number = {name: column for column, name in enumerate(self.surface.slider_names)}
        every = np.zeros(len(number))
        every[[number[slider.name] for slider in self.sliders]] = amounts
        return self.surface.vertices(every)

    def extras(self, values: npt.ArrayLike, about: Mapping[str, Any]) -> dict[str, Any]:
        """What a file says of itself: what it was made of, rig, licence, and slider values."""
        amounts = self._clipped(values)
        names = (slider.name for slider in self.sliders)
        note = {"note": _FACE_MESH_NOTE} if self.kind == "face mesh" else {}
        return {
            **note,
            **about,
            "rig": self.rig,
            "rig_licence": self.licence,
            "sliders": {
                name: round(float(value), 6) for name, value in zip(names, amounts, strict=True)
            },
        }

    def _clipped(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        target_weights(self.sliders, values, self.rig)  # refuses what are no values
        low = [slider.minimum for slider in self.sliders]
        high = [slider.maximum for slider in self.sliders]
        return np.asarray(np.clip(np.asarray(values, np.float64), low, high))


def head_for_exports(models_folder: Path, rig_path: Path | None, head: LandmarkHead) -> ExportHead:
    """The head to export, the first that is there: the rig's file, MakeHuman's, the face mesh.

    models_folder: of the models that predict.
    rig_path: MakeHuman's data folder; None for the one of FPP_RIG or the one that was fetched.
    head: of the models; its sliders are those that values come for.

    Raises RigError for a rig that is named, or lies in the models folder, and cannot be used.
    """
    if (models_folder / HEAD_FILE).is_file():
        return _file_head(models_folder, head)
    folder = rig_folder_if_there(rig_path) if head.rig == MAKEHUMAN else None
    if folder is None:
        return face_mesh_head(head)
    from rig.makehuman import load_expressions, load_makehuman

    rig = load_makehuman(folder)
    missing = sorted(set(head.slider_names) - set(rig.slider_names))
    if missing:
        raise RigError(
            f"The rig in {folder} has no slider {missing[0]}, which the models in {models_folder} "
            "predict. The rig that they were trained for was expected. Name it with --rig, or use "
            "models of this one."
        )
    return makehuman_head(rig, *load_expressions(folder, rig), sliders=head.sliders)


def makehuman_head(
    rig: Rig,
    expression_names: tuple[str, ...] = (),
    expressions: FloatArray | None = None,
    sliders: tuple[Slider, ...] | None = None,
) -> ExportHead:
    """MakeHuman's head, or another rig's like it, with its expression units as further targets.

    expressions: (e, v, 3) offsets at full strength; their targets are called `expression/NAME`.
    sliders: those that values come for; the rig's own by default.
    """
    units = {} if expressions is None else dict(zip(expression_names, expressions, strict=True))
    mesh = rig_mesh(rig, {f"expression/{name}": offsets for name, offsets in units.items()})
    chosen = rig.sliders if sliders is None else sliders
    return ExportHead("makehuman", rig.name, rig.licence, chosen, mesh_document(mesh), rig)


def face_mesh_head(head: LandmarkHead) -> ExportHead:
    """The face mesh of a landmark head: a preview."""
    rig = face_mesh_rig(head)
    mesh = replace(rig_mesh(rig), name="Face mesh preview, not the head", one_sided=False)
    return ExportHead("face mesh", head.rig, head.licence, head.sliders, mesh_document(mesh), rig)


def _file_head(models_folder: Path, head: LandmarkHead) -> ExportHead:
    """The head that models were trained for.

    Raises RigError where it does not have the targets that the sliders are written to.
    """
    path = models_folder / HEAD_FILE
    try:
        document = without_weight_animations(read_document(path))
        there = {name for names in document.target_names for name in names}
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise RigError(
            f"{path} cannot be read as a head ({error!r}). The file that the models were trained "
            "for was expected. Train again, or restore it."
        ) from error
    wanted = {name for slider in head.sliders for name in (*slider.modifiers, *slider.opposites)}
    if wanted - there:
        raise RigError(
            f"{path} has no morph target {min(wanted - there)}, which the models in "
            f"{models_folder} predict. The head that they were trained for was expected. Train "
            "again, or restore the file."
        )
    neutral = models_folder / NEUTRAL_FILE
    return ExportHead(
        "file",
        head.rig,
        head.licence,
        head.sliders,
        document,
        neutral=neutral if neutral.is_file() else None,
        path=path,
    )


def write_glb(
    path: Path, head: ExportHead, values: npt.ArrayLike, about: Mapping[str, Any], baked: bool
) -> None:
    """Writes a head as slider values shape it.

    values: (s,) rig units; clipped to the sliders' ranges.
    about: what the file says of itself in `asset.extras`, beside rig, licence and slider values.
    baked: the shaped head alone, without morph targets; else the neutral head, all its targets and
        their weights.

    Raises RigError for values that are not one finite number per slider.
    """
    weights = head.weights(values)
    document = head.baker.bake(weights) if baked else weighted(head.document, weights)
    with_extras(document, head.extras(values, about)).save(path)
