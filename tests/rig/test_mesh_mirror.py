"""What a mesh has on one side, on the other."""

from __future__ import annotations

import numpy as np
import pytest

from rig.mesh_mirror import find_mirror
from tests.rig.smooth_targets import bump, ellipsoid, mirrored_bump

CHEEK = (0.4, -0.2, 0.7)


def test_the_mirror_carries_offsets_to_the_other_side() -> None:
    points = ellipsoid()
    here, there = bump(points, CHEEK, (1, 2, 3)), mirrored_bump(points, CHEEK, (1, 2, 3))
    mirror = find_mirror(points, np.arange(len(points)), 0.62)
    assert mirror.mirrored(here) == pytest.approx(there, abs=1e-5)
    assert mirror.mirrored(mirror.mirrored(here)) == pytest.approx(here, abs=1e-5)
