"""Motions of a whole face that are no change of its shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def placings(points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(3 n, 7) orthonormal: moving, turning and scaling points (n, 3), to first order.

    With `basis` for it, `flat - (flat @ basis) @ basis.T` takes them out of offsets (k, 3 n).
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    axes = np.eye(3)
    moved = [np.broadcast_to(axis, centred.shape) for axis in axes]
    turned = [np.cross(axis, centred) for axis in axes]
    ways = np.stack([way.ravel() for way in (*moved, *turned, centred)], axis=1)
    return np.asarray(np.linalg.qr(ways)[0])
