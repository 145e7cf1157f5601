"""Errors of sliders counted by what they do to the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.measures.surface import landmark_surface, surface_errors
from regression.models.network import NetworkSettings
from regression.training.network_training import TrainingSettings, predict_values, train_network
from regression.training.shape_loss import shape_directions
from rig.landmark_head import LandmarkHead
from rig.rig import Slider


def values_of(head: LandmarkHead, rows: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.uniform(0.3, 0.7, (rows, len(head.sliders))).astype(np.float32)


def test_the_training_mean_has_an_error_of_one(head: LandmarkHead) -> None:
    values = values_of(head, 300)
    errors = (values - values.mean(axis=0)) @ shape_directions(head, values)
    assert np.square(errors).sum(axis=1).mean() == pytest.approx(1.0, rel=1e-3)


def test_errors_go_with_the_distance_between_surfaces(head: LandmarkHead) -> None:
    values, others = values_of(head, 80), values_of(head, 80, seed=1)
    shares = np.linspace(0, 1, 80)[:, None]
    others = values + shares * (others - values)
    found = np.linalg.norm((others - values) @ shape_directions(head, values), axis=1)
    distances = surface_errors(landmark_surface(head), others, values).heads["similarity"]
    assert np.corrcoef(found, distances)[0, 1] > 0.98


def placed(head: LandmarkHead) -> LandmarkHead:
    """Its first sliders move, scale and turn the whole head."""
    points = head.neutral - head.neutral.mean(axis=0)
    ways = (np.ones_like(points), points, np.cross(points, [0.0, 1.0, 0.0]).astype(np.float32))
    positive, negative = head.positive.copy(), head.negative.copy()
    for number, way in enumerate(ways):
        positive[number], negative[number] = 0.1 * way, -0.1 * way
    sliders = tuple(Slider(s.name, -1, 1) for s in head.sliders[:3]) + head.sliders[3:]
    return replace(head, positive=positive, negative=negative, sliders=sliders)


def test_where_the_head_is_does_not_count(head: LandmarkHead) -> None:
    moved = placed(head)
    effects = np.linalg.norm(shape_directions(moved, values_of(moved, 100)), axis=1)
    assert effects[:3].max() < 0.05 * np.median(effects[3:][effects[3:] > 0])


def test_sliders_that_move_nothing_give_no_directions(head: LandmarkHead) -> None:
    still = replace(
        head, positive=np.zeros_like(head.positive), negative=np.zeros_like(head.negative)
    )
    assert shape_directions(still, values_of(still, 10)).shape == (len(head.sliders), 0)


def test_a_network_that_learns_by_shape_gets_closer_faces(head: LandmarkHead) -> None:
    """Planted: features that tell the sliders with noise, few rows, few units to do it with."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(len(head.sliders), 40)) / 6

    def rows(count: int, seed: int) -> Examples:
        values = values_of(head, count, seed)
        noise = 0.2 * np.random.default_rng(seed).normal(size=(count, 40))
        features = ((values - 0.5) @ mixing * 8 + noise).astype(np.float32)
        ones = np.ones(count, np.float32)
        return Examples(features, values, np.arange(count).astype(str), ones)

    train, test = rows(400, 1), rows(200, 2)
    network, settings = NetworkSettings(units=(8,), dropout=0.0), TrainingSettings(epochs=15)
    found = [
        surface_errors(
            landmark_surface(head),
            predict_values(train_network(train, network, settings, shape=shape), test.features),
            test.sliders,
        ).heads["similarity"]
        for shape in (None, shape_directions(head, train.sliders))
    ]
    assert found[1].mean() < 0.99 * found[0].mean()
