from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rig.camera import project
from rig.landmark_head import load_landmark_head
from rig.makehuman import load_makehuman
from rig.portrait import Framing, frame_head
from rig.rig import Rig, RigError

SIDE = 200
MODELS = Path(__file__).parents[2] / "models"


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
    with pytest.raises(RigError, match="no region 'pupil'.*Expected"):
        frame_head(replace(rig, regions={}))


def by_chin(rig: Rig, eyes: tuple[float, ...], chin: tuple[float, ...]) -> Rig:
    """The rig framed by two of its vertices, which are put to these places."""
    regions, neutral = {}, rig.neutral.copy()
    for row, (name, place) in enumerate((("eyes_middle", eyes), ("chin", chin))):
        regions[name] = np.zeros(len(neutral), np.float32)
        regions[name][row] = 0.5
        neutral[row] = place
    return replace(rig, regions={**rig.regions, **regions}, neutral=neutral)


def test_eyes_and_chin_frame_a_head_whatever_it_wears(rig: Rig) -> None:
    marked = by_chin(rig, (0.1, 7.3, 1.2), (0.1, 6.3, 1.1))
    framing = frame_head(marked)
    hat = marked.neutral.copy()
    hat[2:, 1] += 3
    assert frame_head(marked, hat) == framing
    larger = frame_head(marked, 2 * marked.neutral)
    assert larger.height == pytest.approx(2 * framing.height)
    np.testing.assert_allclose(larger.centre, 2 * np.array(framing.centre), rtol=1e-6)
    camera = framing.camera(20.0)
    eyes, chin = project(marked.neutral[:2], camera, SIDE, SIDE)
    np.testing.assert_allclose([eyes[0], chin[0]], SIDE / 2, atol=0.1)
    assert 0.3 * SIDE < eyes[1] < chin[1] < 0.8 * SIDE


def test_makehumans_eyes_and_chin_frame_it_as_its_crown_does(real_folder: Path) -> None:
    rig = load_makehuman(real_folder)
    head = load_landmark_head(MODELS / "head.npz")
    points = head.neutral * [1, -1, -1]
    eyes = points[[33, 133, 362, 263]].mean(axis=0)
    found = frame_head(by_chin(rig, tuple(eyes), tuple(points[152])))
    known = frame_head(rig)
    assert found.height == pytest.approx(known.height, rel=0.01)
    np.testing.assert_allclose(found.centre, known.centre, atol=0.03)
