"""Sliders are moved until the head has the proportions that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from regression.measures.agreement import head_proportions
from regression.models.settling import Settler
from rig.landmark_head import LandmarkHead

PEOPLE = 30


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.arange(len(head.sliders)) % 9 != 0


@pytest.fixture(scope="module")
def planted(head: LandmarkHead, told: np.ndarray) -> np.ndarray:
    """(people, s) 0..1, of heads that differ in told sliders."""
    random = np.random.default_rng(0)
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    moved = np.clip(neutral + random.normal(0, 0.08, (PEOPLE, len(told))), 0, 1)
    return np.where(told, moved, neutral)


@pytest.fixture(scope="module")
def settler(head: LandmarkHead, told: np.ndarray) -> Settler:
    return Settler(head, told, np.full(len(told), 0.1))


def test_heads_get_the_proportions(
    head: LandmarkHead, settler: Settler, planted: np.ndarray
) -> None:
    proportions = head_proportions(head, planted)
    noise = np.random.default_rng(1).normal(0, 0.04, planted.shape)
    start = np.clip(planted + noise, 0, 1)
    before = np.abs(head_proportions(head, start) - proportions)
    settled = settler.settle(start, proportions)
    after = np.abs(head_proportions(head, settled) - proportions)
    assert after.mean() < before.mean() / 3
    assert settled.dtype == np.float32
    assert settled.min() >= 0
    assert settled.max() <= 1


def test_a_head_that_has_the_proportions_is_left_alone(
    head: LandmarkHead, settler: Settler, planted: np.ndarray
) -> None:
    settled = settler.settle(planted, head_proportions(head, planted))
    np.testing.assert_allclose(settled, planted, atol=1e-4)


def test_what_is_not_told_stays_neutral(
    head: LandmarkHead, told: np.ndarray, settler: Settler, planted: np.ndarray
) -> None:
    random = np.random.default_rng(2)
    outputs = np.hstack([random.uniform(-0.5, 1.5, planted.shape), head_proportions(head, planted)])
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    values = settler.finish(outputs)
    np.testing.assert_allclose(values[:, ~told], np.tile(neutral, (PEOPLE, 1))[:, ~told], atol=1e-7)
    assert values.min() >= 0
    assert values.max() <= 1


def test_without_proportions_values_are_only_clipped(
    told: np.ndarray, settler: Settler, planted: np.ndarray
) -> None:
    values = settler.finish(planted * 3 - 1)
    np.testing.assert_allclose(values[:, told], np.clip(planted * 3 - 1, 0, 1)[:, told], atol=1e-6)


def test_sliders_that_differ_more_between_people_move_more(
    head: LandmarkHead, told: np.ndarray, planted: np.ndarray
) -> None:
    likely = np.where(np.arange(len(told)) % 4 == 0, 0.2, 0.02)
    wanted = head_proportions(head, planted)
    start = np.tile(planted.mean(axis=0), (PEOPLE, 1))
    moves = np.abs(Settler(head, told, likely).settle(start, wanted) - start).mean(axis=0)
    assert moves[told & (likely > 0.1)].mean() > 3 * moves[told & (likely < 0.1)].mean()


def test_nobody_is_settled_to_nobody(settler: Settler, told: np.ndarray) -> None:
    assert settler.finish(np.zeros((0, len(told) + 14))).shape == (0, len(told))
