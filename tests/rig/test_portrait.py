from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rig.camera import project
from rig.portrait import Framing, frame_head
from rig.rig import Rig, RigError

SIDE = 200


@pytest.mark.parametrize("distance", [3.0, 20.0, 300.0])
def test_the_picture_is_as_tall_as_said_at_its_centre(distance: float) -> None:
    framing = Framing((0.2, 7.0, 0.4), 3.5)
    camera = framing.camera(distance, yaw=20, pitch=-5, roll=3)
    assert (camera.yaw, camera.pitch, camera.roll) == (20, -5, 3)
    up = camera.rotation.T @ [0, framing.height / 2, 0]
    for point, row in ((framing.centre + up, 0), (framing.centre - up, SIDE)):
        place = project(point, camera, SIDE, SIDE)[:2]
        np.testing.assert_allclose(place, [SIDE / 2, row], atol=1e-9)


@pytest.mark.parametrize("distance", [4.0, 30.0])
def test_eyes_and_crown_are_in_the_picture(rig: Rig, distance: float) -> None:
    camera = frame_head(rig).camera(distance)
    eyes = project(rig.neutral[rig.regions["pupil"] > 0.5], camera, SIDE, SIDE)
    crown = project(rig.neutral[rig.neutral[:, 1].argmax()], camera, SIDE, SIDE)
    assert 0 < crown[1] < eyes[:, 1].min()
    assert eyes[:, 1].max() < SIDE / 2
    np.testing.assert_allclose(eyes[:, 0].mean(), SIDE / 2, atol=0.5)
    assert 10 < np.ptp(eyes[:, 0]) < SIDE / 2


def test_a_head_in_another_shape_is_framed_alike(rig: Rig) -> None:
    camera = frame_head(rig).camera(10.0)
    before = project(rig.neutral, camera, SIDE, SIDE)
    larger = rig.neutral * 1.3 + np.array([0, 0.5, -0.2], np.float32)
    after = project(larger, frame_head(rig, larger).camera(13.0), SIDE, SIDE)
    np.testing.assert_allclose(after[:, :2], before[:, :2], atol=0.01)


def test_without_a_shape_it_is_the_neutral_one(rig: Rig) -> None:
    assert frame_head(rig) == frame_head(rig, rig.vertices(np.zeros(len(rig.sliders))))


def test_a_rig_without_pupils_is_refused(rig: Rig) -> None:
    with pytest.raises(RigError, match="no region 'pupil'. Expected"):
        frame_head(replace(rig, regions={}))
