"""How far numbered modes go, on points and modes made here."""

from __future__ import annotations

import numpy as np
import pytest

from rig.mode_range import IN_DEVIATIONS, OTHERWISE, mode_range, shape_deviation


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 3))


def test_moving_turning_and_scaling_change_no_shape(points):
    centred = points - points.mean(axis=0)
    motions = [np.tile([1.0, 2.0, 3.0], (200, 1)), np.cross([0.1, 0.2, -0.3], centred), 2 * centred]
    assert shape_deviation(points, np.array(motions, np.float32)) < 1e-5


def test_the_deviation_is_that_of_random_faces(points):
    random = np.random.default_rng(1)
    modes = random.normal(size=(40, 200, 3)).astype(np.float32)
    faces = np.einsum("fm,mnc->fnc", random.normal(size=(4000, 40)), modes)
    drawn = np.sqrt(np.square(faces).sum(axis=2).mean())
    # Random modes have a little of every motion in them.
    assert shape_deviation(points, modes) == pytest.approx(drawn, rel=0.05)


@pytest.mark.parametrize(("percent", "expected"), [(4.0, IN_DEVIATIONS), (20.0, OTHERWISE)])
def test_the_range_follows_from_how_much_faces_vary(points, percent, expected):
    modes = np.random.default_rng(2).normal(size=(30, 200, 3)).astype(np.float32)
    modes *= percent / 100 / shape_deviation(points, modes)
    assert mode_range(points, modes, 1.0) == expected
    assert mode_range(10 * points, 10 * modes, 10.0) == expected
