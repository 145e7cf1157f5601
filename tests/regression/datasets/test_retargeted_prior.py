"""Faces keep their proportions when their variation is carried to another rig."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.datasets.random_heads import SliderPrior
from regression.datasets.retargeted_prior import (
    MOST_COMPONENTS,
    principal_components,
    retarget_faces,
    retarget_prior,
)
from regression.datasets.synthesis import read_prior, shipped_prior
from rig.landmark_head import LandmarkHead
from rig.rig import Slider
from vision.ratios import PROPORTIONS, measure


@pytest.fixture(scope="module")
def prior() -> SliderPrior:
    return read_prior(shipped_prior())


@pytest.fixture(scope="module")
def stretched(head: LandmarkHead) -> LandmarkHead:
    """The same head in reverse order: sliders half as strong with ranges twice as wide, the first
    half of them turned round."""
    turned = np.arange(len(head.sliders)) < len(head.sliders) // 2
    low, high = (
        np.where(turned[:, None, None], first, second)
        for first, second in ((head.positive, head.negative), (head.negative, head.positive))
    )
    sliders = tuple(
        Slider(f"stranger_{number}", *sorted((sign * 2 * s.minimum, sign * 2 * s.maximum)))
        for number, (s, sign) in enumerate(zip(head.sliders, np.where(turned, -1, 1), strict=True))
    )
    return replace(
        head,
        rig="stranger",
        sliders=sliders[::-1],
        negative=low[::-1] / 2,
        positive=high[::-1] / 2,
    )


def proportions(head: LandmarkHead, prior: SliderPrior, faces: int = 1000) -> np.ndarray:
    random = np.random.default_rng(5)
    values = prior.mean + random.normal(size=(faces, len(prior.factor))) @ prior.factor
    low, high = np.array([(slider.minimum, slider.maximum) for slider in head.sliders]).T
    return measure(head.landmarks(np.clip(values, low, high)), PROPORTIONS)


def test_the_proportions_vary_as_before(head: LandmarkHead, prior: SliderPrior) -> None:
    before = proportions(head, prior)
    after = proportions(head, retarget_prior(prior, head, head, faces=400))
    np.testing.assert_allclose(after.std(axis=0), before.std(axis=0), rtol=0.25)
    assert (np.abs(after.mean(axis=0) - before.mean(axis=0)) < 0.25 * before.std(axis=0)).all()
    together = [np.corrcoef(rows.T) for rows in (before, after)]
    assert np.abs(together[0] - together[1]).max() < 0.35


def test_the_prior_does_not_depend_on_names_order_signs_and_units(
    head: LandmarkHead, stretched: LandmarkHead, prior: SliderPrior
) -> None:
    own = retarget_prior(prior, head, head, faces=60)
    other = retarget_prior(prior, head, stretched, faces=60)
    count = len(head.sliders)
    units = np.where(np.arange(count) < count // 2, -2.0, 2.0)
    np.testing.assert_allclose(other.mean[::-1], own.mean * units, atol=2e-3)
    covariance = own.factor.T @ own.factor * np.outer(units, units)
    np.testing.assert_allclose((other.factor.T @ other.factor)[::-1, ::-1], covariance, atol=2e-3)


def test_sliders_that_vary_together_still_do(head: LandmarkHead) -> None:
    """Planted: the whole variation is one direction of two sliders."""
    moved = [
        head.slider_names.index(f"mouth/mouth-{part}")
        for part in ("scale-horiz-decr|incr", "trans-up|down")
        if f"mouth/mouth-{part}" in head.slider_names
    ]
    assert moved
    factor = np.zeros((1, len(head.sliders)))
    factor[0, moved] = 0.3
    drawn, fitted = retarget_faces(
        SliderPrior(np.zeros(len(head.sliders)), factor), head, head, faces=200
    )
    for slider in moved:
        assert np.corrcoef(drawn[:, slider], fitted[:, slider])[0, 1] > 0.95
    spread = fitted.std(axis=0)
    assert spread[moved].min() > 3 * np.median(spread)


def test_the_same_seed_gives_the_same_prior_and_another_does_not(
    head: LandmarkHead, prior: SliderPrior
) -> None:
    one, same, other = (
        retarget_prior(prior, head, head, faces=50, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.factor, same.factor)
    assert np.abs(one.mean - other.mean).max() > 1e-4


def test_values_stay_inside_the_ranges(
    head: LandmarkHead, stretched: LandmarkHead, prior: SliderPrior
) -> None:
    wide = replace(prior, factor=4 * prior.factor)
    for rig, values in zip(
        (head, stretched), retarget_faces(wide, head, stretched, faces=30), strict=True
    ):
        low, high = np.array([(slider.minimum, slider.maximum) for slider in rig.sliders]).T
        assert (values >= low).all()
        assert (values <= high).all()


def test_components_say_how_faces_vary() -> None:
    random = np.random.default_rng(0)
    faces = random.normal(size=(500, 3)) @ random.normal(size=(3, 60)) + 2.0
    prior = principal_components(faces)
    assert prior.factor.shape == (3, 60)
    np.testing.assert_allclose(prior.factor.T @ prior.factor, np.cov(faces.T), atol=1e-9)
    full = principal_components(random.normal(size=(500, 60)))
    assert len(full.factor) == MOST_COMPONENTS


def test_faces_that_are_all_alike_do_not_vary() -> None:
    assert principal_components(np.ones((5, 4))).factor.shape == (0, 4)


def test_a_prior_of_other_sliders_is_refused(head: LandmarkHead) -> None:
    with pytest.raises(ValueError, match="A prior of the source's sliders"):
        retarget_prior(SliderPrior(np.zeros(3), np.zeros((1, 3))), head, head)
