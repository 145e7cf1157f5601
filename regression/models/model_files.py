"""A folder of trained models: what is in it, and how it is written and read.

head.npz                 sliders, ranges and the decoder from sliders to landmarks
ROUTE.keras              the trained network, for Keras
ROUTE.tflite             the same network, for inference without tensorflow
ROUTE.json, ROUTE.md     its model card; the JSON also has the intervals of the told sliders, and
                         the SHA-256 of the files above and below that go with it
ROUTE.moments.npz        what the map for photographs was fitted from, for `fpp adapt`
fit.npz, fit.json        the rig fit (regression.models.fitted_model) and its card
face_landmarker/         the same files for models that read FaceLandmarker's landmarks too
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.models.fingerprints import difference
from regression.models.intervals import SliderIntervals, told_bounds
from regression.models.settling import PROPORTION_COUNT, Settler
from rig.landmark_head import LandmarkHead, load_landmark_head
from vision.features import LANDMARKERS, ROUTES, feature_names
from vision.mediapipe_import import without_log_lines

if TYPE_CHECKING:
    import keras


class ModelError(Exception):
    """A models folder that cannot be used. The message says what, why and what to do."""


def shipped_models() -> Path:
    """The models folder that comes with the program."""
    return Path(__file__).resolve().parents[2] / "models"


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """One route's network, ready to predict. d features, s sliders.

    Attributes:
        route: "encoding", "landmarks" or "fused".
        head: the rig's sliders and landmarks.
        labelled: (s,) bool, the sliders that the teacher moved.
        told: (s,) bool, those of them that a photo tells by this route.
        rendered_told: (s,) bool, those that the picture of a rendered head tells by it.
        card: the model card's JSON.
        network: (n, d + 1) float32 -> (n, s) or (n, s + 14) float32: slider values, and the
            proportions to settle them on; the last column is 1 for photographs and 0 for rendered
            heads. Without that column it serves photographs alone, or, where `from_tables`, all
            pictures alike.
        settler: settles the sliders.
        landmarker: one of vision.features.LANDMARKERS.
        intervals, rendered_intervals: how sure it is of photographs and of rendered heads.
        from_tables: whether the network was trained on a table alone (`fpp train --preset`).
    """

    route: str
    head: LandmarkHead
    labelled: np.ndarray
    told: np.ndarray
    rendered_told: np.ndarray
    card: dict[str, Any]
    network: InferenceNetwork
    settler: Settler
    landmarker: str
    intervals: SliderIntervals
    rendered_intervals: SliderIntervals
    from_tables: bool = False

    def predict(self, features: np.ndarray, rendered: bool = False) -> np.ndarray:
        """Slider values 0..1 over their ranges, (n, s) float32.

        Of photographs, sliders that are not told are neutral; of rendered heads, guessed.

        Args:
            features: (n, d) float32, columns as `feature_names(route)`.
            rendered: whether the pictures are of rendered heads, not photographs of people.
        """
        expected = len(feature_names(self.route, self.landmarker))
        if features.ndim != 2 or features.shape[1] != expected:
            raise ValueError(
                f"Features of shape {features.shape} came in; (n, {expected}) was expected for the "
                f"route {self.route!r}. Take them from FaceReading.features."
            )
        if rendered and not self.serves_renders:
            raise ModelError(
                f"The model {self.route!r} for {self.landmarker} was made for photographs only. "
                "Photographs were expected. Use the models for the face mesh for rendered heads."
            )
        inputs = features
        if self.serves_renders and not self.from_tables:
            is_photograph = np.full((len(features), 1), 0.0 if rendered else 1.0)
            inputs = np.hstack([features, is_photograph])
        outputs = self.network(inputs.astype(np.float32))
        if rendered:
            # Also where not told: the network's guess errs less than the neutral value would.
            return np.clip(outputs[:, : len(self.told)], 0.0, 1.0).astype(np.float32)
        return self.settler.finish(outputs)

    def told_on(self, rendered: bool) -> np.ndarray:
        """(s,) bool, the sliders told by photographs, or by pictures of rendered heads."""
        return self.rendered_told if rendered else self.told

    @property
    def reads(self) -> str:
        """The route whose features it takes."""
        return self.route

    @property
    def serves_renders(self) -> bool:
        """Whether pictures of rendered heads can be predicted too."""
        features = len(feature_names(self.route, self.landmarker))
        return self.from_tables or self.network.shape[0] > features

    def bounds(self, values: np.ndarray, rendered: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of each value's interval, (n, s) float32; 0 and 1 where not told."""
        intervals = self.rendered_intervals if rendered else self.intervals
        return told_bounds(intervals, values, self.told_on(rendered))


class InferenceNetwork:
    """A .tflite network run by LiteRT; loads in a few milliseconds.

    LiteRT checks a file's structure only in part and may crash on a forged one: the content has to
    be that which its model card names (`checked_bytes`).
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._rows = -1

    @property
    def shape(self) -> tuple[int, int]:
        """Number of features and of sliders."""
        return int(self._input["shape"][-1]), int(self._output["shape"][-1])

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(n, d) float32 -> (n, s) float32."""
        if len(features) == 0:
            return np.zeros((0, self.shape[1]), np.float32)
        if len(features) != self._rows:
            self._interpreter.resize_tensor_input(self._input["index"], features.shape)
            with without_log_lines():
                self._interpreter.allocate_tensors()
            self._rows = len(features)
        self._interpreter.set_tensor(self._input["index"], features)
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output["index"]))


def load_model(folder: Path, route: str) -> TrainedModel:
    """Reads one route's model.

    Raises:
        ModelError: a file is missing, does not fit the others, or is not the one that the card
            names.
        ValueError: a route that is not known.
    """
    feature_names(route)
    paths = {name: folder / f"{route}.{name}" for name in ("json", "tflite")}
    head_path = folder / "head.npz"
    missing = [path for path in (head_path, *paths.values()) if not path.is_file()]
    if missing:
        raise ModelError(
            f"The models folder {folder} has no file {missing[0].name}. A folder written by "
            f"`fpp train` with a model for the route {route!r} was expected. Name such a folder "
            "with --models, or leave the option out to use the models that come with the program."
        )
    card = read_card(folder, route)
    head = load_landmark_head(head_path, checked_bytes(head_path, card))
    try:
        labelled, told, rendered_told = (
            np.isin(head.slider_names, list(card.get(key, card["told_sliders"])))
            for key in ("labelled_sliders", "told_sliders", "told_sliders_on_renders")
        )
        landmarker = card.get("landmarker", LANDMARKERS[0])
        feature_count = len(feature_names(route, landmarker))
        intervals, rendered_intervals = (
            SliderIntervals.from_json(card["intervals"][domain], head.slider_names)
            if card.get("intervals", {}).get(domain)
            else SliderIntervals.unknown(len(told))
            for domain in ("photographs", "rendered")
        )
        spread = np.array([card.get("spread", {}).get(name, 0.0) for name in head.slider_names])
        settler = Settler(head, told, spread)
        network = InferenceNetwork(checked_bytes(paths["tflite"], card))
        shape = network.shape
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"The model {route!r} in {folder} cannot be read ({error}). Files written by "
            "`fpp train` were expected. Restore them, or train the model again."
        ) from error
    count = len(head.sliders)
    if shape[0] - feature_count not in (0, 1) or shape[1] - count not in (0, PROPORTION_COUNT):
        raise ModelError(
            f"The network {paths['tflite']} takes {shape[0]} features and gives {shape[1]} "
            f"sliders; {feature_count} and {count} were expected. Use the files of one training "
            "run together."
        )
    return TrainedModel(
        route,
        head,
        labelled,
        told,
        rendered_told,
        card,
        network,
        settler,
        landmarker,
        intervals,
        rendered_intervals,
        card.get("trained_on") == "tables",
    )


def read_card(folder: Path, route: str) -> dict[str, Any]:
    """The JSON of a route's model card, or of the rig fit's ("fit").

    Raises:
        ModelError: it is missing, or no JSON object.
    """
    path = folder / f"{route}.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(card, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"The model {route!r} in {folder} cannot be read ({error}). A model card, {path.name}, "
            "written by `fpp train` was expected. Restore it, or train the model again."
        ) from error
    return card


def checked_bytes(path: Path, card: Mapping[str, Any]) -> bytes:
    """The content of one of a model's files, after it was compared with the model's card.

    Raises:
        ModelError: the file cannot be read, or its SHA-256 is not that of the card.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error}). A file written by `fpp train` was expected. Restore "
            "it, or change its permissions."
        ) from error
    if problem := difference(card, path, content):
        raise ModelError(problem)
    return content


def load_keras(folder: Path, route: str, card: Mapping[str, Any]) -> keras.Model:
    """ROUTE.keras, in Keras's safe mode, which runs no code that the file brings.

    Raises:
        ModelError: the file cannot be read, or is not the one that the card names.
    """
    import keras

    path = folder / f"{route}.keras"
    checked_bytes(path, card)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras lets through whatever a damaged configuration raises
        raise ModelError(
            f"{path} cannot be used ({str(error)[:200]}). The Keras file that `fpp train` writes "
            "was expected. Restore the file, or train the models again."
        ) from error


def routes_in(folder: Path) -> tuple[str, ...]:
    """The routes that a folder has models for, in the order of ROUTES."""
    return tuple(route for route in ROUTES if (folder / f"{route}.json").is_file())


def folder_for(folder: Path, landmarker: str) -> Path:
    """Where a models folder keeps the models for a landmarker."""
    within = folder / landmarker
    return within if within.is_dir() else folder


def save_network(model: keras.Model, folder: Path, route: str) -> None:
    """Writes ROUTE.keras and ROUTE.tflite; each beside its place, then moved there."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{route}.partial.keras"
    # The same layers without loss and optimizer: those hold a function of ours, which Keras's safe
    # mode refuses to load, and twice the weights.
    keras.Model(model.input, model.output, name=model.name).save(partial)
    os.replace(partial, folder / f"{route}.keras")

    function = tf.function(
        lambda features: model(features, training=False),
        input_signature=[tf.TensorSpec([None, model.input_shape[-1]], tf.float32)],
    )
    partial = folder / f"{route}.tflite.partial"
    with without_log_lines():
        # Frozen first: the converter would leave the weights as variables, without their values.
        frozen = convert_variables_to_constants_v2(function.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], model)
        partial.write_bytes(converter.convert())
    os.replace(partial, folder / f"{route}.tflite")
