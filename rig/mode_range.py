"""How far the numbered modes of a statistical head may go.

Their unit is the standard deviation over people in some files, and something large in others. Which
it is shows in how much all modes at random, each with deviation 1, change a face.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rig.face_motions import placings
from rig.rig import FloatArray

IN_DEVIATIONS = (-3.0, 3.0)
OTHERWISE = (-1.0, 1.0)

_MOST_VARIED = 8.0
"""Percent of the inter-ocular distance. Real faces laid onto each other vary by about 4 to 6 of it;
more than that, and a mode at 1 is rare already."""


def mode_range(
    points: npt.NDArray[np.floating], offsets: FloatArray, inter_ocular_distance: float
) -> tuple[float, float]:
    """The range of all modes of a head.

    Args:
        points: (n, 3) of the neutral face. offsets: (m, n, 3) of its modes at 1, in the same units.
    """
    varies = 100 * shape_deviation(points, offsets) / inter_ocular_distance
    return IN_DEVIATIONS if varies <= _MOST_VARIED else OTHERWISE


def shape_deviation(points: npt.NDArray[np.floating], offsets: FloatArray) -> float:
    """How far points of random faces lie from the neutral ones, root mean square, in their units.

    Moving, turning and scaling the whole face is taken out, to first order.

    Args:
        points, offsets: as for mode_range.
    """
    basis = placings(points)
    flat = np.asarray(offsets, np.float64).reshape(len(offsets), points.size)
    shapes = flat - (flat @ basis) @ basis.T
    return float(np.sqrt(np.square(shapes).sum() / len(points)))
