"""Slider errors as what they do to the face: the part of the loss that counts shapes, not sliders.

Many sliders pull at the same spot and some hardly move anything. A network that is only told how
far each slider is off spends most of its attention on what nobody sees.
"""

from __future__ import annotations

import numpy as np

from regression.measures.surface import landmark_surface
from rig.face_motions import placings
from rig.landmark_head import LandmarkHead

_LEAST = 1e-3  # of the greatest direction; smaller ones are left out


def shape_directions(head: LandmarkHead, sliders: np.ndarray) -> np.ndarray:
    """(s, r) float32 by which errors of sliders (n, s), 0..1, become errors of the face's shape.

    Shape is where the face mesh's landmarks lie, but for moving, turning and scaling all of them,
    to first order about the neutral head. The mean of the training rows has a summed squared error
    of 1. No directions (r = 0) where the sliders move nothing.

    Args:
        head: of the same sliders.
        sliders: (n, s) training values, 0..1.
    """
    surface = landmark_surface(head).head
    low, high = np.array([(slider.minimum, slider.maximum) for slider in head.sliders]).T
    moves = high[:, None, None] * surface.positive - (-low)[:, None, None] * surface.negative
    effects = moves.reshape(len(low), -1).astype(np.float64)
    basis = placings(surface.neutral)
    effects -= (effects @ basis) @ basis.T
    left, sizes, _ = np.linalg.svd(effects, full_matrices=False)
    directions = (left * sizes)[:, sizes > _LEAST * sizes.max(initial=1e-12)]
    spread = float(np.sqrt((sliders.astype(np.float64) @ directions).var(axis=0).sum()))
    if spread == 0:
        directions = directions[:, :0]
    return np.asarray(directions / max(spread, 1e-12), np.float32)
