"""What a synthesis draws heads of: MakeHuman's data folder, or a prepared rig's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regression.datasets.random_heads import SliderPrior, random_modes
from regression.datasets.report_files import checksum
from rig.makehuman import load_expressions, load_makehuman
from rig.prepared_rig import load_prepared
from rig.rig import FloatArray, Rig, RigError

Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class DrawnRig:
    """A rig with its expressions. s sliders, e expression units, v vertices.

    Attributes:
        rig: the sliders and the mesh.
        expressions: (e, v, 3) float32 offsets at full strength.
        source: what the tables say of where their faces come from.
        modes: (s,) bool, the sliders that go both ways by one and the same target, as those of
            statistical heads do; none of MakeHuman's.
    """

    rig: Rig
    expressions: FloatArray
    source: str
    modes: npt.NDArray[np.bool_]

    def random_sliders(self, random: Random, prior: SliderPrior | None) -> np.ndarray:
        """One head's slider values, (s,) float64, rig units, inside the ranges."""
        return random_modes(self.rig.sliders, self.modes, random, prior)

    def mesh(self, values: np.ndarray, expression: np.ndarray) -> FloatArray:
        """(v, 3) for slider values (s,) in rig units and an expression (e,) 0..1."""
        offsets = np.tensordot(expression.astype(np.float32), self.expressions, axes=1)
        return np.asarray(self.rig.vertices(values) + offsets)


def is_prepared(rig_path: Path) -> bool:
    """Whether a path names a prepared rig's file, not MakeHuman's data folder."""
    return rig_path.suffix == ".npz"


def load_drawn_rig(rig_path: Path) -> DrawnRig:
    """Loads what `is_prepared` tells apart.

    Raises RigError.
    """
    if not is_prepared(rig_path):
        rig = load_makehuman(rig_path)
        none = np.zeros(len(rig.sliders), bool)
        expressions = load_expressions(rig_path, rig)[1]
        return DrawnRig(rig, expressions, "render of MakeHuman's head, CC0", none)
    prepared = load_prepared(rig_path)
    rig = prepared.rig
    return DrawnRig(
        rig,
        prepared.expressions,
        f"render of the rig {rig.name}, licence: {rig.licence}",
        find_modes(rig),
    )


def find_modes(rig: Rig) -> npt.NDArray[np.bool_]:
    """(s,) bool, the sliders whose two directions are the same offsets, turned round.

    Up to a thousandth of the largest: they were rounded on their way.
    """
    return np.array(
        [
            slider.minimum < 0 < slider.maximum
            and np.allclose(low, -high, rtol=0, atol=1e-3 * float(np.abs(high).max(initial=0)))
            for slider, low, high in zip(rig.sliders, rig.negative, rig.positive, strict=True)
        ],
        bool,
    )


def fingerprint(path: Path) -> str:
    """The file's SHA-256.

    Raises RigError where it cannot be read.
    """
    try:
        return checksum(path)
    except OSError as error:
        raise RigError(
            f"{path} cannot be read ({error}). A prepared rig's .npz file was expected. Make it "
            "with `fpp rig train`, or name another."
        ) from error
