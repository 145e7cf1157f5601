from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.models.network import NetworkSettings, build_network

SETTINGS = NetworkSettings(units=(16,), dropout=0.5, encoding_noise=0.5, landmark_noise=0.1)


def data(rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    features = random.normal(size=(rows, 6)) * [1e-3, 1, 1e3, 1, 1, 1] + [0, 5, 1e5, 0, 0, 0]
    sliders = random.uniform(size=(rows, 4)) * [1, 0.1, 0.01, 0.5] + [0, 0.3, 0.9, 0.2]
    return features.astype(np.float32), sliders.astype(np.float32)


def test_it_starts_at_the_mean_and_spread_of_the_sliders() -> None:
    """Normalisation is inside: raw features in, slider values out, before any training."""
    features, sliders = data()
    model = build_network(features, sliders, 3, SETTINGS)
    (shortcut,) = [layer for layer in model.layers if layer.name == "shortcut"]
    weights = np.zeros((6, 4), np.float32)
    weights[[0, 2, 3, 5], [0, 1, 2, 3]] = 1
    shortcut.set_weights([weights, np.zeros(4, np.float32)])
    values = np.asarray(model(features, training=False))
    np.testing.assert_allclose(values.mean(axis=0), sliders.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(values.std(axis=0), sliders.std(axis=0), rtol=0.01)
    for feature, slider in ((0, 0), (2, 1), (3, 2), (5, 3)):
        assert np.corrcoef(features[:, feature], values[:, slider])[0, 1] > 0.999


def test_units_of_features_do_not_matter() -> None:
    import keras

    features, sliders = data()
    scale, shift = np.float32([10, 0.1, 1, 3, 1, 1e3]), np.float32([0, 1, 0, -4, 2, 0])
    values = []
    for given in (features, features * scale + shift):
        keras.utils.set_random_seed(0)
        values.append(np.asarray(build_network(given, sliders, 3, SETTINGS)(given)))
    np.testing.assert_allclose(values[0], values[1], atol=2e-3)
    assert values[0].std(axis=0).min() > 0


@pytest.mark.parametrize(("encoding_features", "noisy"), [(0, range(6)), (2, range(2, 6)), (6, ())])
def test_noise_falls_on_the_columns_of_its_route(
    encoding_features: int, noisy: range | tuple[int, ...]
) -> None:
    """With noise on landmarks only, training differs from inference by those columns alone."""
    features, sliders = data(4000)
    settings = replace(SETTINGS, dropout=0.0, encoding_noise=0.0, landmark_noise=0.3)
    for column in range(6):
        model = build_network(features, sliders, encoding_features, settings)
        (shortcut,) = [layer for layer in model.layers if layer.name == "shortcut"]
        weights = np.zeros((6, 4), np.float32)
        weights[column] = 1
        shortcut.set_weights([weights, np.zeros(4, np.float32)])
        calm, shaken = (np.asarray(model(features, training=t)) for t in (False, True))
        spread = ((shaken - calm) / sliders.std(axis=0)).std()
        assert spread == pytest.approx(0.3 if column in noisy else 0.0, abs=0.02)


def test_it_does_the_same_every_time_outside_training() -> None:
    features, sliders = data()
    model = build_network(features, sliders, 3, SETTINGS)
    once, twice = (np.asarray(model(features, training=False)) for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    assert model.input_shape == (None, 6)
    assert model.output_shape == (None, 4)
