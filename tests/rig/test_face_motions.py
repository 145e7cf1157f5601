"""Motions that leave a face's shape alone, on random points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rig.face_motions import placings

POINTS = np.random.default_rng(0).normal(size=(200, 3)) + [5, 0, -3]


def test_they_are_orthonormal() -> None:
    basis = placings(POINTS.astype(np.float32))
    assert basis.shape == (600, 7)
    assert basis.dtype == np.float64
    assert basis.T @ basis == pytest.approx(np.eye(7), abs=1e-12)


def test_small_motions_are_made_of_them_and_other_changes_are_not() -> None:
    basis = placings(POINTS)
    turn = Rotation.from_rotvec([1e-6, -2e-6, 3e-6])
    moved = 1.000002 * turn.apply(POINTS) + [1e-6, 2e-6, -1e-6] - POINTS
    wider = POINTS * [1e-6, 0, 0]
    for change, most, least in ((moved, 1e-5, 0.0), (wider, 1.0, 0.1)):
        flat = change.ravel()
        left = np.linalg.norm(flat - basis @ (basis.T @ flat)) / np.linalg.norm(flat)
        assert least <= left < most
