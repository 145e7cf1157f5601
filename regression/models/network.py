"""The Keras network: named features in, every slider's value out, normalisation inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NetworkSettings:
    """The shape of the network.

    Attributes:
        units: width of each hidden layer.
        dropout: fraction of hidden units left out in training.
        encoding_noise, landmark_noise: standard deviation of Gaussian noise on the normalised
            features of each route in training; the encoding's many numbers need more of it.
        weight_decay: of AdamW, on all weights.
    """

    units: tuple[int, ...] = (768, 768)
    dropout: float = 0.4
    encoding_noise: float = 0.1
    landmark_noise: float = 0.02
    weight_decay: float = 0.01


def build_network(
    features: np.ndarray, sliders: np.ndarray, encoding_features: int, settings: NetworkSettings
) -> keras.Model:
    """A dense network beside a linear shortcut, (n, d) -> (n, s).

    The first layer normalises by the mean and variance of `features`, the last returns to the
    mean and variance of `sliders`, so the saved model takes raw features and gives 0..1 values
    (not clipped). The linear part learns what little data can teach; the hidden layers the rest.

    Args:
        features: (n, d) float32 training features.
        sliders: (n, s) float32 training values, 0..1.
        encoding_features: how many of the columns, the first ones, are an encoding's.
    """
    import keras
    from keras import layers

    mean, variance = features.mean(axis=0), features.var(axis=0) + 1e-8
    inputs = keras.Input((features.shape[1],), name="features")
    normalised = layers.Normalization(mean=mean, variance=variance, name="normalise")(inputs)
    parts = [
        layers.GaussianNoise(noise)(part)
        for part, noise in (
            (normalised[:, :encoding_features], settings.encoding_noise),
            (normalised[:, encoding_features:], settings.landmark_noise),
        )
        if part.shape[1]
    ]
    normalised = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    hidden = normalised
    for width in settings.units:
        hidden = layers.Dense(width, activation="gelu")(hidden)
        hidden = layers.Dropout(settings.dropout)(hidden)
    count = sliders.shape[1]
    values = layers.Add()(
        [
            layers.Dense(count, name="shortcut")(normalised),
            layers.Dense(count, kernel_initializer="zeros", name="detail")(hidden),
        ]
    )
    outputs = layers.Normalization(
        mean=sliders.mean(axis=0),
        variance=sliders.var(axis=0) + 1e-8,
        invert=True,
        name="to_slider_values",
    )(values)
    return keras.Model(inputs, outputs, name="face_parameters")
