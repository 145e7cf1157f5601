"""Train a network on rendered and real faces together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.tables import Examples
from regression.models.network import NetworkSettings, build_network

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        epochs: passes over the data.
        batch_size: rows per step.
        learning_rate: at the start; it falls to zero along a cosine.
        seed: of the weights, the order of rows and the noise.
    """

    epochs: int = 40
    batch_size: int = 256
    learning_rate: float = 1.5e-3
    seed: int = 0


class TrainingError(Exception):
    """Training cannot go on. The message says what, why and what to do."""


def train_network(
    examples: Examples,
    network: NetworkSettings,
    settings: TrainingSettings,
    encoding_features: int = 0,
    validation: Examples | None = None,
    report: Callable[[int, dict[str, float]], None] | None = None,
    shape: np.ndarray | None = None,
) -> keras.Model:
    """Fits a network to weighted examples by AdamW with gradient clipping.

    The loss is the squared error of each slider in units of its spread over the examples, so a
    slider that hardly moves counts as much as the others; and where `shape` is given, that of the
    face's shape beside it.

    Args:
        examples: training rows; `weights` say how much each counts.
        encoding_features: how many of the feature columns, the first ones, are an encoding's.
        validation: rows that only the progress report sees.
        report: called after each epoch with its number and figures.
        shape: (s, r) from regression.training.shape_loss.

    Raises:
        TrainingError: the loss is no longer a finite number, or OpenGL is in use in this process.
    """
    if "glcontext" in sys.modules and "tensorflow" not in sys.modules:
        # Mesa's software renderer and tensorflow both bring LLVM, and the second hangs.
        raise TrainingError(
            "OpenGL is in use in this process, and tensorflow does not live beside it. A process "
            "without OpenGL was expected. Train in a process of its own."
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else tensorflow lists the machine's CPU
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    model = build_network(examples.features, examples.sliders, encoding_features, network)
    steps = max(1, -(-len(examples) // settings.batch_size)) * settings.epochs
    spread = tf.constant(examples.sliders.std(axis=0) + 1e-4, tf.float32)

    def loss(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
        of_sliders = tf.reduce_mean(tf.square((true - predicted) / spread), axis=-1)
        if shape is None:
            return of_sliders
        return of_sliders + tf.reduce_sum(tf.square((true - predicted) @ shape), axis=-1)

    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps),
            weight_decay=network.weight_decay,
            clipnorm=1.0,
        ),
        loss=loss,
        weighted_metrics=["mae"],
    )

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            figures = {name: float(value) for name, value in (logs or {}).items()}
            if not np.isfinite(figures.get("loss", 0.0)):
                raise TrainingError(
                    f"The loss of epoch {epoch + 1} is not a finite number. A falling loss was "
                    "expected. Lower the learning rate, or look for outliers in the table."
                )
            if report is not None:
                report(epoch + 1, figures)

    model.fit(
        examples.features,
        examples.sliders,
        sample_weight=examples.weights / examples.weights.mean(),
        validation_data=(
            (validation.features, validation.sliders) if validation is not None else None
        ),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        callbacks=[Progress()],
        verbose=0,
    )
    return model


def predict_values(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """A trained network's slider values, (n, d) -> (n, s) float32, clipped to 0..1."""
    return np.clip(np.asarray(model(features, training=False)), 0.0, 1.0)
