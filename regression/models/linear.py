"""The linear map for photographs: weighted ridge regression, exactly solved, as a Keras model.

What the map is fitted from is kept as moments (means and second moments of features and targets).
Moments of two sets of photos add up, so a map can be fitted anew to old and new people together
long after the old photos are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.tables import Examples

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over weighted rows of d features and o targets, all float64.

    Attributes:
        weight: the sum of the rows' weights.
        features: (d,) their weighted mean.
        targets: (o,) their weighted mean.
        spread: (d, d) weighted mean product of the features' differences from their mean.
        product: (d, o) weighted mean product of features' and targets' differences.
        target_variance: (o,) weighted variance of the targets.
        pairs: how many pairs of photos of one person `change` comes from.
        change: (d, d) mean product of the differences between two photos of one person.
    """

    weight: float
    features: np.ndarray
    targets: np.ndarray
    spread: np.ndarray
    product: np.ndarray
    target_variance: np.ndarray
    pairs: float
    change: np.ndarray

    def __add__(self, other: Moments) -> Moments:
        """The moments of both sets of rows together."""
        weight = self.weight + other.weight
        part = other.weight / weight
        shift = other.features - self.features
        shift_targets = other.targets - self.targets
        between = part * (1 - part)
        pairs = self.pairs + other.pairs
        return Moments(
            weight,
            self.features + part * shift,
            self.targets + part * shift_targets,
            (1 - part) * self.spread + part * other.spread + between * np.outer(shift, shift),
            (1 - part) * self.product
            + part * other.product
            + between * np.outer(shift, shift_targets),
            (1 - part) * self.target_variance
            + part * other.target_variance
            + between * np.square(shift_targets),
            pairs,
            (self.pairs * self.change + other.pairs * other.change) / max(pairs, 1e-12),
        )


def moments_of(examples: Examples, targets: np.ndarray | None = None) -> Moments:
    """The moments of weighted rows.

    Args:
        examples: rows; photos of one person have that person's name.
        targets: (n, o) instead of the examples' sliders.
    """
    values = (examples.sliders if targets is None else targets).astype(np.float64)
    weights = examples.weights.astype(np.float64)
    weight = float(weights.sum())
    weights /= weight
    features = examples.features.astype(np.float64)
    mean, centre = weights @ features, weights @ values
    apart = features - mean
    weighted = apart * weights[:, None]
    pairs, change = _within_people(features, examples.people)
    return Moments(
        weight,
        mean,
        centre,
        apart.T @ weighted,
        weighted.T @ (values - centre),
        weights @ np.square(values - centre),
        pairs,
        change,
    )


def _within_people(features: np.ndarray, people: np.ndarray) -> tuple[float, np.ndarray]:
    """How many pairs of photos there are, and (d, d) the mean product of their differences."""
    _, who = np.unique(people, return_inverse=True)
    photos = np.bincount(who)
    pairs = float((photos - 1).sum())
    several = photos[who] > 1
    if not several.any():
        return 0.0, np.zeros((features.shape[1], features.shape[1]))
    sums = np.zeros((len(photos), features.shape[1]))
    np.add.at(sums, who, features)
    apart = features[several] - (sums / photos[:, None])[who[several]]
    return pairs, 2 * apart.T @ apart / pairs


def solve(
    moments: Moments,
    penalties: np.ndarray,
    steadiness: np.ndarray,
    expected: np.ndarray | None = None,
) -> np.ndarray:
    """Coefficients (d, o) of the raw features' differences from their mean.

    Minimises, for each target, the weighted mean squared error, plus penalty times the squared
    difference of the normalised features' coefficients from what is expected of them (Hoerl and
    Kennard, "Ridge Regression", 1970), plus
    steadiness times the mean squared difference between two photos of one person, who should get
    the same values whatever the expression.

    Args:
        penalties: (d, o), 0 or more; 1 halves the coefficient of a feature on its own.
        steadiness: (o,), 0 or more.
        expected: (d, o) coefficients to hold to without evidence; None for 0.

    Raises:
        ValueError: shapes that do not fit the moments, or negative numbers.
    """
    if (
        penalties.shape != moments.product.shape
        or steadiness.shape != moments.targets.shape
        or (penalties < 0).any()
        or (steadiness < 0).any()
    ):
        raise ValueError(
            f"Penalties of shape {penalties.shape} and steadiness of shape {steadiness.shape} came "
            f"in. Numbers of 0 or more of shapes {moments.product.shape} and "
            f"{moments.targets.shape} were expected, one for each of the features and targets. "
            "Correct the call."
        )
    scale = np.sqrt(np.diag(moments.spread) + 1e-8)
    spread = moments.spread / np.outer(scale, scale)
    change = moments.change / np.outer(scale, scale)
    product = moments.product / scale[:, None]
    if expected is not None:
        product = product + penalties * expected * scale[:, None]
    coefficients = np.zeros(product.shape)
    rows = np.vstack([penalties, steadiness])
    # Targets that are fitted alike are solved together.
    kinds, kind = np.unique(rows.round(12), axis=1, return_inverse=True)
    for number, column in enumerate(kinds.T):
        alike = kind.ravel() == number
        matrix = spread + column[-1] * change + np.diag(column[:-1] + 1e-9)
        coefficients[:, alike] = np.linalg.solve(matrix, product[:, alike])
    return np.asarray(coefficients / scale[:, None])


def linear_network(moments: Moments, coefficients: np.ndarray) -> keras.Model:
    """The fitted map as a Keras model, (n, d) -> (n, o), normalisation inside."""
    import keras
    from keras import layers

    variance = np.diag(moments.spread) + 1e-8
    inputs = keras.Input((len(variance),), name="features")
    hidden = layers.Normalization(mean=moments.features, variance=variance)(inputs)
    dense = layers.Dense(coefficients.shape[1])
    model = keras.Model(inputs, dense(hidden), name="linear")
    dense.set_weights([coefficients * np.sqrt(variance)[:, None], moments.targets])
    return model


def fit_linear(examples: Examples, penalties: np.ndarray) -> keras.Model:
    """Fits every slider alike, without steadiness, (n, d) -> (n, s).

    Args:
        penalties: (d,), see `solve`.
    """
    moments = moments_of(examples)
    count = examples.sliders.shape[1]
    every = np.tile(np.asarray(penalties)[:, None], count)
    return linear_network(moments, solve(moments, every, np.zeros(count)))


def join_experts(photographed: keras.Model, rendered: keras.Model) -> keras.Model:
    """One network of two, (n, d + 1) -> (n, o): the last column says which of them speaks.

    Args:
        photographed: (n, d) -> (n, o), for rows whose last column is 1.
        rendered: the same for rows whose last column is 0; what it gives less of is 0.
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
    lacking = photographed.output_shape[-1] - rendered.output_shape[-1]
    if lacking:
        nothing = layers.Multiply()([is_photograph, 0.0 * is_photograph])
        from_render = layers.Concatenate()([from_render] + [nothing] * lacking)
    return keras.Model(inputs, layers.Add()([from_photograph, from_render]), name="face_parameters")
