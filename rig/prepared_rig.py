"""Any rig made ready for photos: face found, axes and scale known, sliders told apart."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rig.correspondence import Correspondence
from rig.landmark_head import LandmarkHead, extract_landmark_head
from rig.npz_arrays import read_arrays
from rig.rig import FloatArray, Rig, RigError, Slider

_ARRAYS = ("neutral", "triangles", "parts", "source_vertices", "colours")


@dataclass(frozen=True, eq=False)
class PreparedRig:
    """What training, inspection and exports need of a rig. v vertices, e expression units.

    rig: the sliders that shape the face symmetrically, and the mesh as it is drawn: decimetres, x
        to the person's left, y up, z towards the viewer. Its triangles may be finer than the
        file's; `rig.source_vertices` says which vertex of the file each is, -1 for new ones.
    expression_names, expressions: units of expression, and their offsets (e, v, 3) float32 at full
        strength.
    expression_targets: (e,) the rig's own names that each unit is written to.
    landmarks: the 478 landmarks on the rig's surface.
    to_source: (4, 4) float64, from the rig's coordinates to those of the file.
    left_out: target name -> why it is neither slider nor expression.
    """

    rig: Rig
    expression_names: tuple[str, ...]
    expressions: FloatArray
    expression_targets: tuple[tuple[str, ...], ...]
    landmarks: Correspondence
    to_source: npt.NDArray[np.float64]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> LandmarkHead:
        """The landmarks as a function of the sliders: what ships with models."""
        return extract_landmark_head(
            self.rig, self.landmarks, self.expression_names, self.expressions
        )


def save_prepared(prepared: PreparedRig, path: Path) -> None:
    """Writes a .npz (offsets as 16-bit floats: a rounding of about 0.01 mm); beside, then moved."""
    rig = prepared.rig
    description = {
        "name": rig.name,
        "licence": rig.licence,
        "sliders": [vars(slider) for slider in rig.sliders],
        "part_names": rig.part_names,
        "regions": list(rig.regions),
        "expressions": list(prepared.expression_names),
        "expression_targets": prepared.expression_targets,
        "left_out": dict(prepared.left_out),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            description=json.dumps(description),
            negative=rig.negative.astype(np.float16),
            positive=rig.positive.astype(np.float16),
            expression_offsets=prepared.expressions.astype(np.float16),
            region_weights=np.array([*rig.regions.values()], np.float32),
            landmark_vertices=prepared.landmarks.vertices,
            landmark_weights=prepared.landmarks.weights,
            to_source=prepared.to_source,
            **{name: getattr(rig, name) for name in _ARRAYS},
        )
    os.replace(partial, path)


def load_prepared(path: Path) -> PreparedRig:
    """Reads what save_prepared wrote.

    Raises:
        RigError: the file is missing or is not such a file.
    """
    try:
        arrays = read_arrays(path)
        about = json.loads(str(arrays["description"]))
        rig = Rig(
            name=about["name"],
            licence=about["licence"],
            sliders=tuple(Slider.from_json(slider) for slider in about["sliders"]),
            negative=arrays["negative"],
            positive=arrays["positive"],
            part_names=tuple(about["part_names"]),
            regions=dict(zip(about["regions"], arrays["region_weights"], strict=True)),
            **{name: arrays[name] for name in _ARRAYS},
        )
        prepared = PreparedRig(
            rig,
            tuple(about["expressions"]),
            arrays["expression_offsets"].astype(np.float32),
            tuple(tuple(names) for names in about["expression_targets"]),
            Correspondence(arrays["landmark_vertices"], arrays["landmark_weights"]),
            arrays["to_source"],
            about["left_out"],
        )
        _check_shapes(prepared)
        return prepared
    except (
        *(OSError, KeyError, ValueError, TypeError, AttributeError),
        *(IndexError, RecursionError, RigError),
    ) as error:
        raise RigError(
            f"{path} cannot be read as a prepared rig ({error}). A .npz file written by "
            "`fpp rig inspect` or `fpp rig train` was expected. Make it again."
        ) from error


def _check_shapes(prepared: PreparedRig) -> None:
    """Raises ValueError for arrays that do not fit together."""
    vertices, units = len(prepared.rig.neutral), len(prepared.expression_names)
    corners = prepared.landmarks.vertices
    if not (
        prepared.expressions.shape == (units, vertices, 3)
        and len(prepared.expression_targets) == units
        and np.issubdtype(corners.dtype, np.integer)
        and prepared.landmarks.weights.dtype.kind == prepared.to_source.dtype.kind == "f"
        and corners.shape == prepared.landmarks.weights.shape == (len(corners), 3)
        and 0 <= corners.min(initial=0) <= corners.max(initial=0) < vertices
        and prepared.to_source.shape == (4, 4)
    ):
        raise ValueError("its arrays do not fit together")
