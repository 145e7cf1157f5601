"""face_recognition's encoder as a LiteRT model: the same numbers, some ten times faster.

The weights are read from the file that face_recognition_models installs, in dlib's serialised
form, the network is built from them in Keras and converted. vision.encoder_cache does that once
on a machine and checks the result against dlib's own network.

Architecture: dlib's `dnn_face_recognition_ex.cpp` (public domain), a ResNet with 29
convolutions (He et al. 2016, with fewer layers and half the filters).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CHIP_SIDE = 150
ENCODING_SIZE = 128

_PACKAGE = "face_recognition_models"
_WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"
_PREDICTOR = "shape_predictor_5_face_landmarks.dat"
_CONVOLUTIONS = 29
_MEANS = (122.782, 117.001, 104.298)  # red, green, blue
_SCALE = 1 / 256

# Filters and strides of the residual blocks' first convolutions, from the picture on.
_BLOCKS = (
    *((32, 1),) * 3,
    (64, 2),
    *((64, 1),) * 3,
    (128, 2),
    *((128, 1),) * 2,
    (256, 2),
    *((256, 1),) * 2,
    (256, 2),
)


class EncoderError(Exception):
    """The encoder cannot be set up. The message says what is missing and what to do."""


@dataclass(frozen=True)
class Convolution:
    """A convolution with the affine layer behind it folded in.

    kernel: (height, width, inputs, filters) float32, Keras's order.
    bias: (filters,) float32.
    """

    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class EncoderWeights:
    """convolutions: the 29, from the picture on; projection: (256, 128) float32."""

    convolutions: tuple[Convolution, ...]
    projection: np.ndarray


def weights_path() -> Path:
    """dlib's encoder as face_recognition_models installs it. Raises EncoderError if missing."""
    return _model_file(_WEIGHTS)


def predictor_path() -> Path:
    """dlib's 5-point predictor (public domain). Raises EncoderError if missing."""
    return _model_file(_PREDICTOR)


def _model_file(name: str) -> Path:
    # Importing the package needs pkg_resources, which setuptools dropped; its folder does not.
    found = importlib.util.find_spec(_PACKAGE)
    folders = list(found.submodule_search_locations or []) if found else []
    for folder in folders:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise EncoderError(
        f"The model file {name} is missing: expected it in the package face-recognition-models; "
        "install it with `pip install face-recognition-models`."
    )


def read_weights(path: Path) -> EncoderWeights:
    """Read the encoder from dlib's serialised network.

    dlib writes a layer as its name and its tensors, a tensor as version, four sizes and raw
    little-endian floats (dlib/cuda/tensor.h); an integer as a byte that counts bytes, and those.
    Layers come from the picture on, each convolution followed by its affine layer.

    Raises EncoderError if the file holds anything else.
    """
    data = Path(path).read_bytes()
    try:
        return _parse_weights(data)
    except (ValueError, IndexError) as error:
        raise EncoderError(
            f"{path} is not the encoder that was expected ({error}): expected dlib's "
            f"{_WEIGHTS}; reinstall face-recognition-models."
        ) from error


def _parse_weights(data: bytes) -> EncoderWeights:
    widths = [(7, 3, 32)]
    previous = 32
    for filters, _ in _BLOCKS:
        widths += [(3, previous, filters), (3, filters, filters)]
        previous = filters
    if len(widths) != _CONVOLUTIONS:
        raise ValueError(f"{len(widths)} convolutions")
    convolutions = []
    position = 0
    for side, inputs, filters in widths:
        values, position = _next_tensor(data, b"\x05con_4", position)
        kernel = values[:-filters].reshape(filters, inputs, side, side)
        bias = values[-filters:]
        values, position = _next_tensor(data, b"\x07affine_", position)
        gamma, beta = values.reshape(2, filters)
        convolutions.append(
            Convolution(
                np.ascontiguousarray((kernel * gamma[:, None, None, None]).transpose(2, 3, 1, 0)),
                bias * gamma + beta,
            )
        )
    # The last layer gives its numbers of outputs and inputs before its tensor.
    sizes = b"\x01\x80\x02\x00\x01"
    values, position = _next_tensor(data, b"\x04fc_2" + sizes, position)
    return EncoderWeights(tuple(convolutions), values.reshape(previous, ENCODING_SIZE))


def _next_tensor(data: bytes, name: bytes, position: int) -> tuple[np.ndarray, int]:
    """The float tensor behind the next layer of a name, flat, and the position behind it."""
    position = data.index(name, position) + len(name)
    version, position = _integer(data, position)
    if version != 2:
        raise ValueError(f"a tensor of version {version}")
    count = 1
    for _ in range(4):
        size, position = _integer(data, position)
        count *= size
    values = np.frombuffer(data, dtype="<f4", count=count, offset=position)
    return values.astype(np.float32), position + 4 * count


def _integer(data: bytes, position: int) -> tuple[int, int]:
    count = data[position] & 0x0F  # the upper half holds the sign, which no size needs
    return int.from_bytes(data[position + 1 : position + 1 + count], "little"), position + 1 + count


def build_network(weights: EncoderWeights) -> Any:
    """Build the encoder in Keras (imports tensorflow).

    Returns a keras.Model from (n, 150, 150, 3) float32 RGB of 0..255 to (n, 128) float32.
    """
    import keras

    layers = keras.layers
    remaining = iter(weights.convolutions)

    def convolve(tensor: Any, stride: int) -> Any:
        convolution = next(remaining)
        side, _, _, filters = convolution.kernel.shape
        layer = layers.Conv2D(
            filters, side, strides=stride, padding="valid" if stride > 1 else "same"
        )
        result = layer(tensor)
        layer.set_weights([convolution.kernel, convolution.bias])
        return result

    def grow(tensor: Any, height: int, width: int, channels: int) -> Any:
        """Add zeros below, to the right and behind: dlib adds tensors of unequal sizes so."""
        down, right = height - tensor.shape[1], width - tensor.shape[2]
        if down or right:
            tensor = layers.ZeroPadding2D(((0, down), (0, right)))(tensor)
        behind = channels - tensor.shape[3]
        if behind:
            # As many channels as there are: the padded half is a product with zero.
            nothing = layers.Rescaling(0.0)(tensor)
            tensor = layers.Concatenate()([tensor, nothing])
        return tensor

    picture = keras.Input((CHIP_SIDE, CHIP_SIDE, 3), dtype="float32")
    tensor = layers.Rescaling(_SCALE, offset=[-mean * _SCALE for mean in _MEANS])(picture)
    tensor = layers.ReLU()(convolve(tensor, 2))
    tensor = layers.MaxPooling2D(3, strides=2)(tensor)
    for _, stride in _BLOCKS:
        shortcut = layers.AveragePooling2D(2)(tensor) if stride > 1 else tensor
        tensor = layers.ReLU()(convolve(tensor, stride))
        tensor = convolve(tensor, 1)
        sizes = [max(pair) for pair in zip(tensor.shape[1:], shortcut.shape[1:], strict=True)]
        tensor = layers.ReLU()(layers.Add()([grow(tensor, *sizes), grow(shortcut, *sizes)]))
    tensor = layers.GlobalAveragePooling2D()(tensor)
    projection = layers.Dense(ENCODING_SIZE, use_bias=False)
    vector = projection(tensor)
    projection.set_weights([weights.projection])
    return keras.Model(picture, vector)


def convert(network: Any) -> bytes:
    """Convert a Keras model to LiteRT's flat buffer, in 32-bit floats, one picture at a time."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    @tf.function(input_signature=[tf.TensorSpec((1, *network.input_shape[1:]), tf.float32)])
    def call(picture: Any) -> Any:
        return network(picture, training=False)

    # The converter leaves out the variables of Keras 3 models unless they are constants.
    frozen = convert_variables_to_constants_v2(call.get_concrete_function())
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
