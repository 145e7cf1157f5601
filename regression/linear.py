"""The linear network, fitted in one step: weighted ridge regression as a Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regression.tables import Examples

if TYPE_CHECKING:
    import keras


def fit_linear(examples: Examples, penalties: np.ndarray) -> keras.Model:
    """Fits a normalised linear map, (n, d) -> (n, s), exactly.

    Minimises the weighted mean squared error plus `penalties` times the squared coefficients of
    the normalised features (Hoerl and Kennard, "Ridge Regression", 1970). Few people and many
    numbers: nothing crooked was found to do better on unseen people.

    Args:
        examples: weighted rows.
        penalties: (d,) not negative; 1 halves the coefficient of a feature on its own.

    Raises:
        ValueError: penalties of another length, or negative ones.
    """
    import keras
    from keras import layers

    if penalties.shape != (examples.features.shape[1],) or (penalties < 0).any():
        raise ValueError(
            f"Penalties of shape {penalties.shape} came in. One number of 0 or more for each of "
            f"the {examples.features.shape[1]} features was expected. Correct the call."
        )
    weights = (examples.weights / examples.weights.sum()).astype(np.float64)
    features = examples.features.astype(np.float64)
    sliders = examples.sliders.astype(np.float64)
    mean, centre = weights @ features, weights @ sliders
    variance = weights @ np.square(features - mean) + 1e-8
    normalised = (features - mean) / np.sqrt(variance)
    weighted = normalised * weights[:, None]
    coefficients = np.linalg.solve(
        normalised.T @ weighted + np.diag(penalties + 1e-9), weighted.T @ (sliders - centre)
    )
    inputs = keras.Input((features.shape[1],), name="features")
    hidden = layers.Normalization(mean=mean, variance=variance)(inputs)
    dense = layers.Dense(sliders.shape[1])
    model = keras.Model(inputs, dense(hidden), name="linear")
    dense.set_weights([coefficients, centre])
    return model


def join_experts(photographed: keras.Model, rendered: keras.Model) -> keras.Model:
    """One network of two, (n, d + 1) -> (n, s): the last column says which of them speaks.

    Args:
        photographed: (n, d) -> (n, s), for rows whose last column is 1.
        rendered: the same for rows whose last column is 0.
    """
    import keras
    from keras import layers

    width = photographed.input_shape[-1]
    inputs = keras.Input((width + 1,), name="features_and_is_photograph")
    features, is_photograph = inputs[:, :width], inputs[:, width:]
    # New models of the same layers leave loss and optimizer behind, which need our code to load.
    photographed = keras.Model(photographed.input, photographed.output, name="photographed")
    rendered = keras.Model(rendered.input, rendered.output, name="rendered")
    from_photograph = layers.Multiply()([photographed(features), is_photograph])
    from_render = layers.Multiply()([rendered(features), 1.0 - is_photograph])
    return keras.Model(inputs, layers.Add()([from_photograph, from_render]), name="face_parameters")
