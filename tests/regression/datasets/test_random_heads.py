from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.random_heads import (
    SliderPrior,
    one_moved_slider,
    random_camera,
    random_colours,
    random_expression,
    random_light,
    random_sliders,
)
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman
from rig.portrait import Framing
from rig.rig import Rig

FRAMING = Framing((0.0, 7.0, 0.5), 3.0)


@pytest.fixture(scope="module")
def prior(head: LandmarkHead) -> SliderPrior:
    """Sliders 20 and 21 vary as one, and 22 against them."""
    factor = np.zeros((2, len(head.sliders)))
    factor[0, [20, 21, 22]] = [0.3, 0.3, -0.3]
    factor[1, 40:60] = 0.1
    return SliderPrior(np.zeros(len(head.sliders)), factor)


@pytest.fixture(scope="module")
def tiny_rig(tiny_rig_folder: Path) -> Rig:
    return load_makehuman(tiny_rig_folder)


def many_heads(
    head: LandmarkHead, prior: SliderPrior | None, count: int = 1000, seed: int = 0
) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.array([random_sliders(head.sliders, random, prior) for _ in range(count)])


@pytest.mark.parametrize("with_prior", [False, True])
def test_values_stay_inside_the_ranges_and_use_them(
    head: LandmarkHead, prior: SliderPrior, with_prior: bool
) -> None:
    values = many_heads(head, prior if with_prior else None)
    low = np.array([slider.minimum for slider in head.sliders])
    high = np.array([slider.maximum for slider in head.sliders])
    assert (values >= low).all()
    assert (values <= high).all()
    assert (values.max(axis=0) > 0.7 * high).all()
    assert (values.min(axis=0) <= 0.7 * low).all()
    moved = (values != 0).mean(axis=0)
    # One-sided sliders are at work as often as the others.
    assert moved[low == 0].min() > 0.8 * np.median(moved[low < 0])


def test_heads_follow_the_prior(head: LandmarkHead, prior: SliderPrior) -> None:
    correlation = np.corrcoef(many_heads(head, prior).T)
    assert correlation[20, 21] > 0.4
    assert correlation[20, 22] < -0.4
    alone = np.corrcoef(many_heads(head, None).T)
    assert abs(alone[20, 21]) < 0.15


def test_heads_vary_about_the_priors_mean(head: LandmarkHead) -> None:
    mean = np.where(np.arange(len(head.sliders)) % 2, 0.4, 0.1)
    prior = SliderPrior(mean, np.zeros((1, len(mean))))
    np.testing.assert_allclose(np.median(many_heads(head, prior), axis=0), mean, atol=1e-9)


@pytest.mark.parametrize("with_prior", [False, True])
def test_a_seed_gives_its_heads_again_and_another_gives_others(
    head: LandmarkHead, prior: SliderPrior, with_prior: bool
) -> None:
    chosen = prior if with_prior else None
    first = many_heads(head, chosen, 20, seed=5)
    np.testing.assert_array_equal(many_heads(head, chosen, 20, seed=5), first)
    assert not np.array_equal(many_heads(head, chosen, 20, seed=6), first)
    assert len(np.unique(first, axis=0)) == 20


def test_expressions_are_weights_and_many_faces_have_none() -> None:
    random = np.random.default_rng(0)
    weights = np.array([random_expression(30, random) for _ in range(1000)])
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert 0.35 < (weights == 0).all(axis=1).mean() < 0.5
    assert (weights.max(axis=0) > 0.3).all()


def test_cameras_are_near_and_far_and_mostly_in_front() -> None:
    random = np.random.default_rng(0)
    cameras = [random_camera(FRAMING, random) for _ in range(1000)]
    distances = np.array([camera.distance for camera in cameras])
    assert 4 <= distances.min() < 5
    assert 25 < distances.max() <= 30
    angles = np.array([(camera.yaw, camera.pitch, camera.roll) for camera in cameras])
    assert (np.abs(np.median(angles, axis=0)) < 1).all()
    assert (np.percentile(np.abs(angles), 90, axis=0) < 15).all()
    assert (angles.std(axis=0) > 2).all()
    # The head fills the picture alike from near and far, never cut at the sides of the framing.
    heights = 2 * distances * np.tan(np.radians([c.field_of_view / 2 for c in cameras]))
    assert heights.min() > 0.55 * FRAMING.height
    assert heights.max() < FRAMING.height
    assert {camera.target for camera in cameras} == {FRAMING.centre}


def test_lamps_shine_from_the_front_and_never_leave_darkness() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        light = random_light(random)
        assert light.direction[2] > 0
        assert min(light.ambient) >= 0.2
        assert 0.9 < np.mean(light.ambient) + np.mean(light.colour) < 1.3


def test_colours_are_colours_of_every_skin(tiny_rig: Rig) -> None:
    random = np.random.default_rng(0)
    brightness = []
    for _ in range(60):
        colours = random_colours(tiny_rig, random)
        assert colours.shape == tiny_rig.neutral.shape
        assert colours.min() >= 0
        assert colours.max() <= 1
        skin = colours[tiny_rig.neutral[:, 1].argmax()]
        assert skin[0] >= skin[2]  # skin is never bluish
        brightness.append(skin.mean())
        lips = colours[tiny_rig.regions["lips"] > 0.9].mean()
        assert lips < skin.mean()
    assert min(brightness) < 0.3
    assert max(brightness) > 0.65


def test_one_moved_slider_moves_alone_and_to_either_side(head: LandmarkHead) -> None:
    random = np.random.default_rng(3)
    neutral = np.array([slider.neutral for slider in head.sliders])
    for moved, slider in enumerate(head.sliders):
        heads = np.array([one_moved_slider(head.sliders, moved, random) for _ in range(30)])
        assert (np.delete(heads, moved, axis=1) == np.delete(neutral, moved)).all()
        way = heads[:, moved] - slider.neutral
        reach = np.where(way > 0, slider.maximum - slider.neutral, slider.neutral - slider.minimum)
        assert (np.abs(way) >= 0.2 * reach).all()
        assert (np.abs(way) <= 0.6 * reach).all()
        both_sides = slider.minimum < slider.neutral < slider.maximum
        assert len(set(np.sign(way))) == (2 if both_sides else 1)
