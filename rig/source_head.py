"""A head as a file of somebody's rig has it: a mesh and morph targets, nothing known of either.

Axes, units and the meaning of the targets are the file's own. What makes a Rig of it: the face is
found on it (regression.datasets.face_finding) and its targets are told apart (rig.target_sliders).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, IntegerArray, RigError

MOST_NUMBERS = 300_000_000
"""Targets times vertices times three; more would not fit a laptop's memory (1.2 GB)."""


@dataclass(frozen=True, eq=False)
class SourceHead:
    """A mesh with morph targets. v vertices, t triangles, k targets.

    name: of the rig, without spaces.
    path: the file or folder it was read from.
    licence: what the file says of its licence or copyright; "not stated" where it says nothing.
    vertices: (v, 3) float32, the mesh with all targets at 0, node transforms applied.
    triangles: (t, 3) int32, counter-clockwise seen from outside.
    parts: (t,) uint8 index into part_names: materials, or groups.
    targets: (k,) their names, unique, no spaces.
    offsets: (k, v, 3) float32, what a target at 1 adds.
    weights: (k,) float32, what the file sets each target to.
    colours: (v, 3) float32 0..1 of the materials, textures included; (0, 3) where the file has none
        or only one plain colour.
    hidden: (t,) bool, triangles that are not drawn when the face is looked for: glass and the like.

    Arrays are converted, validated and made read-only. Raises RigError when they do not fit
    together, there are no targets, or too many numbers for memory.
    """

    name: str
    path: Path
    licence: str
    vertices: FloatArray
    triangles: IntegerArray
    parts: npt.NDArray[np.uint8]
    part_names: tuple[str, ...]
    targets: tuple[str, ...]
    offsets: FloatArray
    weights: FloatArray
    colours: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    hidden: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        if not self.targets:
            raise RigError(
                f"{self.path} has no morph targets. A head whose shape can be changed by them was "
                "expected. Export it with its shape keys (blendshapes, morph targets)."
            )
        count, vertices, triangles = len(self.targets), len(self.vertices), len(self.triangles)
        if len(self.hidden) == 0:
            object.__setattr__(self, "hidden", np.zeros(triangles, bool))
        shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
            "vertices": (np.float32, (vertices, 3)),
            "triangles": (np.int32, (triangles, 3)),
            "parts": (np.uint8, (triangles,)),
            "offsets": (np.float32, (count, vertices, 3)),
            "weights": (np.float32, (count,)),
            "colours": (np.float32, (vertices if len(self.colours) else 0, 3)),
            "hidden": (np.bool_, (triangles,)),
        }
        for name, (kind, shape) in shapes.items():
            value = np.asarray(getattr(self, name), kind)
            if value.shape != shape:
                raise self._refuse(f"{name} of shape {value.shape}", f"shape {shape}")
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise self._refuse(f"{name} that are not finite", "finite numbers")
            value = value.view()
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if not vertices or not triangles:
            raise self._refuse("no vertices or no triangles", "a mesh")
        if self.triangles.min() < 0 or self.triangles.max() >= vertices:
            raise self._refuse("triangles of vertices that are not there", f"0..{vertices - 1}")
        if self.parts.max() >= len(self.part_names):
            raise self._refuse("parts without a name", f"0..{len(self.part_names) - 1}")
        if len(set(self.targets)) != count:
            twice = sorted({name for name in self.targets if self.targets.count(name) > 1})
            raise self._refuse(f"several targets called {', '.join(twice)}", "unique names")

    def _refuse(self, what: str, expected: str) -> RigError:
        return RigError(
            f"{self.path} has {what}. Expected {expected}. Export the head anew from the program "
            "it was made in."
        )


def check_size(path: Path, targets: int, vertices: int) -> None:
    """Refuses what would not fit memory; call it before reading the numbers.

    Raises RigError.
    """
    if targets * vertices * 3 > MOST_NUMBERS:
        raise RigError(
            f"{path} has {targets} morph targets on {vertices} vertices. At most "
            f"{MOST_NUMBERS // 3:,} of both multiplied were expected, to fit memory. Export the "
            "head alone, without its body, or with fewer vertices."
        )
