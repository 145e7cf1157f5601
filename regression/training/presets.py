"""Named ways to train a model on tables of faces: the network, its optimizer and its loss.

`study` is the network that this project grew from, as far as its report says: 128 inputs, dense
layers of 256, 512, 1024 and 2048, the sliders; stochastic gradient descent with Nesterov momentum,
one row per step, 200 epochs, mean squared error. The report does not say the activation, the
learning rate and the momentum; ReLU and 0.9, the usual values, and 0.01, Keras's default, stand in
for them. Unlike the others it gives slider values as they are, without a last layer that returns
to their mean and spread, and keeps the last epoch's weights, not the best one's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import Examples
from regression.measures.markdown import write_text
from regression.models.network import NetworkSettings, build_network
from rig.landmark_head import LandmarkHead

if TYPE_CHECKING:
    import keras

LOSSES = ("mse", "mae", "huber", "mse+mae")
SLIDER_WEIGHTS = ("equal", "spread", "surface")

_CHOICES = {
    "kind": ("mean", "dense"),
    "activation": ("relu", "gelu", "elu", "selu", "silu", "tanh"),
    "optimizer": ("sgd", "adam", "adamax", "adamw"),
    "schedule": ("constant", "cosine"),
    "loss": LOSSES,
    "slider_weights": SLIDER_WEIGHTS,
    "keep": ("best", "last"),
}
_AT_LEAST = {
    "dropout": 0.0,
    "encoding_noise": 0.0,
    "landmark_noise": 0.0,
    "learning_rate": 0.0,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "batch_size": 1,
    "epochs": 1,
    "clip_norm": 0.0,
    "patience": 0,
}
_LEAST_SPREAD = 1e-4  # of a slider's range, so that one that never moves divides by no zero
_LEAST_EFFECT = 0.05  # of the average slider's; less and a slider would not be learned at all
_ROWS_PER_CALL = 512  # that tensorflow runs through before it returns to Python


class PresetError(Exception):
    """A preset that cannot be used. The message says what, why and what to do."""


@dataclass(frozen=True)
class Preset:
    """How a model is built and trained.

    Attributes:
        name: by which it is found, and which stands in reports.
        description: one sentence.
        kind: "mean" (the training rows' mean for everybody) or "dense" (a network).
        units: width of each hidden layer; none makes the network linear.
        activation: of the hidden layers.
        dropout: fraction of hidden units left out in training, below 1.
        encoding_noise, landmark_noise: standard deviation of Gaussian noise on the normalised
            features in training.
        shortcut: a linear layer beside the hidden ones (regression.models.network), "gelu" only.
        raw_outputs: the last layer gives slider values as they are, not in units of their spread.
        optimizer: "sgd", "adam", "adamax" or "adamw".
        learning_rate: at the start, above 0.
        momentum: of "sgd", by Nesterov; 0 for none.
        weight_decay: on all weights; 0 for none.
        schedule: "constant", or "cosine", which falls to zero over all epochs.
        batch_size: rows per step.
        epochs: passes over the training rows, at most.
        clip_norm: the greatest norm of a step's gradient, over all weights; 0 for no limit.
        loss: "mse", "mae", "huber" (squares up to one spread of the slider, then straight) or
            "mse+mae" (their sum).
        slider_weights: "equal"; "spread", errors in units of each slider's spread in the training
            rows; or "surface", errors by how far they move the face's points.
        patience: epochs without a better validation MSE after which training stops; 0 for never.
        keep: whose weights are the model's, the "best" epoch's by validation MSE or the "last"'s.

    Raises PresetError for values that make no sense.
    """

    name: str
    description: str
    kind: str = "dense"
    units: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: float = 0.0
    encoding_noise: float = 0.0
    landmark_noise: float = 0.0
    shortcut: bool = False
    raw_outputs: bool = False
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    batch_size: int = 256
    epochs: int = 40
    clip_norm: float = 0.0
    loss: str = "mse"
    slider_weights: str = "equal"
    patience: int = 0
    keep: str = "best"

    def __post_init__(self) -> None:
        for field, known in _CHOICES.items():
            if getattr(self, field) not in known:
                raise self._refused(field, f"one of {', '.join(known)}")
        for field, least in _AT_LEAST.items():
            value = getattr(self, field)
            kinds = (int,) if isinstance(least, int) else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
                number = "whole number" if isinstance(least, int) else "number"
                raise self._refused(field, f"a {number}, at least {least}")
        if not (self.dropout < 1 and self.momentum < 1):
            raise self._refused("dropout" if self.dropout >= 1 else "momentum", "less than 1")
        if not 0 < self.learning_rate < float("inf"):
            raise self._refused("learning_rate", "a number above 0")
        if not all(isinstance(width, int) and width > 0 for width in self.units):
            raise self._refused("units", "whole numbers above 0")
        if self.shortcut and (self.activation != "gelu" or self.raw_outputs):
            raise self._refused("shortcut", "the activation gelu and no raw outputs beside it")

    def _refused(self, field: str, expected: str) -> PresetError:
        return PresetError(
            f"The preset {self.name!r} has {field} {getattr(self, field)!r}. Expected: {expected}. "
            "Correct it."
        )


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("mean", "The mean of the training rows for everybody: what needs no photo.", "mean"),
        Preset(
            "linear",
            "Multiple linear regression: one dense layer on normalised features, by Adam.",
            learning_rate=0.02,
            schedule="cosine",
            batch_size=512,
            epochs=100,
        ),
        Preset(
            "study",
            "The study's network as its report describes it, by gradient descent row by row.",
            units=(256, 512, 1024, 2048),
            raw_outputs=True,
            optimizer="sgd",
            learning_rate=0.01,
            momentum=0.9,
            batch_size=1,
            epochs=200,
            keep="last",
        ),
        Preset(
            "study-adamax",
            "The study's network by Adamax in batches of 32, stopped when validation says so.",
            units=(256, 512, 1024, 2048),
            raw_outputs=True,
            optimizer="adamax",
            batch_size=32,
            epochs=100,
            patience=10,
        ),
        Preset(
            "dense",
            "Two dense layers beside a linear one, with noise and dropout, by AdamW.",
            units=(768, 768),
            activation="gelu",
            dropout=0.4,
            encoding_noise=0.1,
            landmark_noise=0.02,
            shortcut=True,
            optimizer="adamw",
            learning_rate=1.5e-3,
            weight_decay=0.01,
            schedule="cosine",
            clip_norm=1.0,
            slider_weights="spread",
        ),
    )
}


def find_preset(name_or_path: str) -> Preset:
    """The preset of that name, else presets/NAME.json in the working folder, else a .json file.

    Raises:
        PresetError: there is none, or its file cannot be used.
    """
    if name_or_path in PRESETS:
        return PRESETS[name_or_path]
    for path in (Path("presets") / f"{name_or_path}.json", Path(name_or_path)):
        if path.suffix == ".json" and path.is_file():
            return load_preset(path)
    raise PresetError(
        f"There is no preset {name_or_path!r}. One of {', '.join(PRESETS)}, the name of a file "
        "presets/NAME.json or the path of a .json file was expected. Name one of them."
    )


def save_preset(preset: Preset, path: Path) -> None:
    """Writes a preset as JSON, so that find_preset finds it by the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(preset), indent=1) + "\n")


def load_preset(path: Path) -> Preset:
    """Reads what save_preset wrote; what is left out has its default.

    Raises:
        PresetError: the file cannot be read, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        unknown = set(values) - {field.name for field in fields(Preset)}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]!r} is no part of a preset")
        return Preset(**{**values, "units": tuple(values.get("units", ()))})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PresetError(
            f"{path} cannot be read as a preset ({error}). A JSON object with name, description "
            "and any of the parts of a preset was expected. Correct the file."
        ) from error


def slider_effects(head: LandmarkHead) -> np.ndarray:
    """(s,) float64: how far each slider moves the head's points from one end to the other.

    Root mean square over the points, in mesh units.
    """
    down, up = (
        np.sqrt(np.square(offsets, dtype=np.float64).sum(axis=2).mean(axis=1))
        for offsets in (head.negative, head.positive)
    )
    lowest = np.array([min(slider.minimum, 0.0) for slider in head.sliders])
    highest = np.array([max(slider.maximum, 0.0) for slider in head.sliders])
    return np.asarray(highest * up - lowest * down)


def error_scales(
    slider_weights: str, sliders: np.ndarray, effects: np.ndarray | None = None
) -> np.ndarray:
    """(s,) float32 by which errors 0..1 are multiplied before the loss.

    By "spread" and "surface" the mean of the training rows has a mean squared error near 1.

    Args:
        slider_weights: one of SLIDER_WEIGHTS.
        sliders: (n, s) of the training rows.
        effects: (s,) from slider_effects, for "surface".

    Raises:
        PresetError: "surface" for sliders whose effect on the face is not known.
    """
    spread = sliders.astype(np.float64).std(axis=0) + _LEAST_SPREAD
    if slider_weights == "equal":
        return np.ones(len(spread), np.float32)
    if slider_weights == "spread":
        return (1 / spread).astype(np.float32)
    if effects is None or not effects.any():
        raise PresetError(
            "The weights 'surface' were asked for, but how far these sliders move the face is not "
            "known. A head with the table's sliders was expected. Name it with --head, or use the "
            "weights 'spread'."
        )
    effects = np.maximum(effects, _LEAST_EFFECT * effects.mean())
    return (effects / np.sqrt(np.square(effects * spread).mean())).astype(np.float32)


def build_model(
    preset: Preset,
    train: Examples,
    encoding_features: int,
    slider_effects: np.ndarray | None = None,
) -> keras.Model:
    """The compiled model: raw features (n, d) -> slider values (n, s), not clipped.

    Normalisation is inside, by the training rows' mean and variance. Its layers are Keras's own.
    With weights or a loss that Keras does not have, the loss is a function of ours:
    regression.models.model_files.save_network leaves it out, so that safe mode loads the file.

    Args:
        train: the training rows; they count alike.
        encoding_features: how many of the columns, the first ones, are an encoding's.
        slider_effects: (s,) for the weights "surface", see the function of that name.

    Raises:
        PresetError: weights "surface" without effects.
    """
    if preset.kind == "mean":
        model = _mean_model(train)
    elif preset.shortcut:
        model = build_network(
            train.features,
            train.sliders,
            encoding_features,
            NetworkSettings(
                preset.units, preset.dropout, preset.encoding_noise, preset.landmark_noise
            ),
        )
    else:
        model = _layered_model(preset, train, encoding_features)
    steps = -(-len(train) // preset.batch_size)
    model.compile(
        optimizer=_optimizer(preset, steps),
        loss=_loss(preset, train, slider_effects),
        metrics=["mse", "mae"],
        steps_per_execution=max(1, min(steps, _ROWS_PER_CALL // preset.batch_size)),
    )
    return model


def _mean_model(train: Examples) -> keras.Model:
    import keras

    inputs = keras.Input((train.features.shape[1],), name="features")
    layer = keras.layers.Dense(train.sliders.shape[1], name="mean", trainable=False)
    model = keras.Model(inputs, layer(inputs), name="face_parameters")
    mean = train.sliders.mean(axis=0, dtype=np.float64).astype(np.float32)
    layer.set_weights([np.zeros((train.features.shape[1], len(mean)), np.float32), mean])
    return model


def _layered_model(preset: Preset, train: Examples, encoding_features: int) -> keras.Model:
    """Normalisation, noise, hidden layers and the sliders, one after the other."""
    import keras
    from keras import layers

    def normalisation(rows: np.ndarray, name: str, invert: bool = False) -> keras.Layer:
        mean, variance = rows.mean(axis=0), rows.var(axis=0) + 1e-8
        return layers.Normalization(mean=mean, variance=variance, invert=invert, name=name)

    inputs = keras.Input((train.features.shape[1],), name="features")
    values = normalisation(train.features, "normalise")(inputs)
    parts = [
        layers.GaussianNoise(noise)(part) if noise else part
        for part, noise in (
            (values[:, :encoding_features], preset.encoding_noise),
            (values[:, encoding_features:], preset.landmark_noise),
        )
        if part.shape[1] and (preset.encoding_noise or preset.landmark_noise)
    ]
    if parts:
        values = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for width in preset.units:
        values = layers.Dense(width, activation=preset.activation)(values)
        if preset.dropout:
            values = layers.Dropout(preset.dropout)(values)
    # From the mean on: a network without hidden layers has no symmetry that must be broken.
    start = "glorot_uniform" if preset.units else "zeros"
    values = layers.Dense(train.sliders.shape[1], kernel_initializer=start, name="sliders")(values)
    if not preset.raw_outputs:
        values = normalisation(train.sliders, "to_slider_values", invert=True)(values)
    return keras.Model(inputs, values, name="face_parameters")


def _optimizer(preset: Preset, steps: int) -> keras.Optimizer:
    import keras

    rate: Any = preset.learning_rate
    if preset.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps * preset.epochs)
    options: dict[str, Any] = {
        "weight_decay": preset.weight_decay or None,
        "global_clipnorm": preset.clip_norm or None,
    }
    if preset.optimizer == "sgd":
        return keras.optimizers.SGD(
            rate, momentum=preset.momentum, nesterov=preset.momentum > 0, **options
        )
    if preset.optimizer == "adamw":
        options["weight_decay"] = preset.weight_decay
        return keras.optimizers.AdamW(rate, **options)
    kinds = {"adam": keras.optimizers.Adam, "adamax": keras.optimizers.Adamax}
    return kinds[preset.optimizer](rate, **options)


def _loss(
    preset: Preset, train: Examples, effects: np.ndarray | None
) -> str | Callable[[Any, Any], Any]:
    """Keras's own by its name where there is one, else a function."""
    import tensorflow as tf

    if preset.loss in ("mse", "mae") and preset.slider_weights == "equal":
        return preset.loss
    scales = error_scales(preset.slider_weights, train.sliders, effects)
    threshold = (scales * (train.sliders.std(axis=0) + _LEAST_SPREAD)).astype(np.float32)

    def loss(true: Any, predicted: Any) -> Any:
        errors = (true - predicted) * scales
        sizes = tf.abs(errors)
        if preset.loss == "mse":
            each = tf.square(errors)
        elif preset.loss == "mae":
            each = sizes
        elif preset.loss == "mse+mae":
            each = tf.square(errors) + sizes
        else:
            inside = tf.minimum(sizes, threshold)
            each = inside * (sizes - 0.5 * inside)
        return tf.reduce_mean(each, axis=-1)

    return loss
