"""Planted relations between features and sliders are learned, on rows that training never saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.network import NetworkSettings
from regression.training.network_training import (
    TrainingError,
    TrainingSettings,
    predict_values,
    train_network,
)

SMALL = NetworkSettings(units=(32,), dropout=0.0, encoding_noise=0.05, landmark_noise=0.05)
SHORT = TrainingSettings(epochs=10, batch_size=32, learning_rate=1e-2, seed=3)
ENCODING = 6  # of the 10 features


def planted(rows: int, seed: int, crooked: bool = False) -> Examples:
    """Ten features on very different scales; five sliders, one of which hardly moves."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(rows, 10))
    mixing = np.random.default_rng(99).normal(size=(10, 5)) / 10**0.5
    values = hidden @ mixing
    if crooked:
        values[:, 0] = np.abs(hidden[:, 0] + hidden[:, 7]) - 1
    values = np.clip(0.5 + values * [0.1, 0.1, 0.1, 0.1, 0.002], 0, 1)
    scales, offsets = 10.0 ** np.arange(-4, 6), np.linspace(-3, 300, 10)
    return Examples(
        (hidden * scales + offsets * scales).astype(np.float32),
        values.astype(np.float32),
        np.arange(rows).astype(str),
        np.ones(rows, np.float32),
    )


def explained(model: object, test: Examples) -> np.ndarray:
    """R2 of each slider; what the mean reaches is 0."""
    error = np.square(predict_values(model, test.features) - test.sliders).mean(axis=0)
    return 1 - error / test.sliders.var(axis=0)


@pytest.fixture(scope="module")
def train() -> Examples:
    return planted(1000, seed=0)


@pytest.fixture(scope="module")
def test() -> Examples:
    return planted(300, seed=1)


@pytest.fixture(scope="module")
def model(train: Examples) -> object:
    return train_network(train, SMALL, SHORT, ENCODING)


def test_a_linear_relation_is_learned_for_every_slider(model: object, test: Examples) -> None:
    assert explained(model, test).min() > 0.9


def test_a_crooked_relation_is_learned_by_the_hidden_layers() -> None:
    train, test = planted(2000, 0, crooked=True), planted(300, 1, crooked=True)
    with_layers = explained(train_network(train, SMALL, SHORT, ENCODING), test)[0]
    without = replace(SMALL, units=())
    assert with_layers > 0.6
    assert explained(train_network(train, without, SHORT, ENCODING), test)[0] < 0.3


def test_the_same_seed_gives_the_same_network_and_another_does_not(
    model: object, train: Examples, test: Examples
) -> None:
    predicted = predict_values(model, test.features)
    again = train_network(train, SMALL, SHORT, ENCODING)
    np.testing.assert_array_equal(predict_values(again, test.features), predicted)
    other = train_network(train, SMALL, replace(SHORT, seed=4), ENCODING)
    assert np.abs(predict_values(other, test.features) - predicted).max() > 1e-4


def test_validation_and_reports_do_not_touch_the_training(
    model: object, train: Examples, test: Examples
) -> None:
    reports: list[tuple[int, dict[str, float]]] = []
    watched = train_network(
        train, SMALL, SHORT, ENCODING, test, lambda epoch, figures: reports.append((epoch, figures))
    )
    np.testing.assert_array_equal(
        predict_values(watched, test.features), predict_values(model, test.features)
    )
    assert [epoch for epoch, _ in reports] == list(range(1, SHORT.epochs + 1))
    losses = np.array([(figures["loss"], figures["val_loss"]) for _, figures in reports])
    assert np.isfinite(losses).all()
    assert (losses[-1] < losses[0] / 3).all()


def test_rows_count_by_their_weight(train: Examples, test: Examples) -> None:
    """Half of the rows have sliders turned upside down; weights say which half is right."""
    wrong = np.arange(len(train)) % 2 == 1
    sliders = np.where(wrong[:, None], 1 - train.sliders, train.sliders)
    weights = np.where(wrong, 0.001, 5.0).astype(np.float32)
    mixed = Examples(train.features, sliders, train.people, weights)
    assert explained(train_network(mixed, SMALL, SHORT, ENCODING), test).min() > 0.85
    even = replace(mixed, weights=np.ones_like(weights))
    assert explained(train_network(even, SMALL, SHORT, ENCODING), test).max() < 0.2


def test_only_the_size_of_weights_among_each_other_matters(
    model: object, train: Examples, test: Examples
) -> None:
    heavy = replace(train, weights=train.weights * 64)
    np.testing.assert_allclose(
        predict_values(train_network(heavy, SMALL, SHORT, ENCODING), test.features),
        predict_values(model, test.features),
        atol=1e-5,
    )


def test_values_are_clipped_to_their_range(model: object, test: Examples) -> None:
    far = test.features.mean(axis=0) + 50 * (test.features - test.features.mean(axis=0))
    values = predict_values(model, far.astype(np.float32))
    assert values.min() == 0
    assert values.max() == 1
    assert values.dtype == np.float32


@pytest.mark.parametrize("encoding_features", [0, ENCODING, 10])
def test_each_route_can_be_trained(train: Examples, test: Examples, encoding_features: int) -> None:
    short = replace(SHORT, epochs=4)
    assert explained(train_network(train, SMALL, short, encoding_features), test).mean() > 0.5


def test_fewer_rows_than_a_batch_are_enough(train: Examples) -> None:
    few = train.rows(np.arange(3))
    network = train_network(few, SMALL, replace(SHORT, epochs=2), ENCODING)
    assert np.isfinite(predict_values(network, train.features)).all()


def test_a_slider_and_a_feature_that_never_move_do_no_harm(train: Examples, test: Examples) -> None:
    def still(examples: Examples) -> Examples:
        features, sliders = examples.features.copy(), examples.sliders.copy()
        features[:, 4], sliders[:, 2] = 7.0, 0.5
        return replace(examples, features=features, sliders=sliders)

    network = train_network(still(train), SMALL, replace(SHORT, epochs=4), ENCODING)
    values = predict_values(network, still(test).features)
    np.testing.assert_allclose(values[:, 2], 0.5, atol=0.01)
    assert np.isfinite(values).all()


def test_a_loss_that_is_no_number_stops_the_training(train: Examples) -> None:
    with pytest.raises(TrainingError, match=r"epoch 1 is not .* expected\. Lower the learning"):
        train_network(train, SMALL, replace(SHORT, learning_rate=1e30), ENCODING)
