"""Encode faces: face_recognition's 128 numbers, in which one person's photos lie close."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vision.encoder_cache import load_encoder
from vision.encoder_network import CHIP_SIDE, ENCODING_SIZE, EncoderError, predictor_path
from vision.faces import Face

__all__ = ["ENCODING_SIZE", "EncoderError", "FaceEncoder", "encoding_box"]

# What dlib's compute_face_descriptor leaves around the face.
CHIP_PADDING = 0.25

# dlib's 5-point predictor expects the square that face_recognition's own detector (HOG) draws.
# This square on the mesh's box is nearest to it: fractions of the mesh's height.
_BOX_SIDE = 0.879
_BOX_RIGHT = 0.0009
_BOX_DOWN = 0.0168

# Around that square, this many times its side is all that predictor and chip look at.
_CROP_FACTOR = 3.0


Engine = Callable[[np.ndarray, tuple[int, int, int, int]], np.ndarray]
"""From pixels (height, width, 3) and a box (left, top, right, bottom) to (128,)."""


class FaceEncoder:
    """Encodes faces with dlib's network (King 2017, dlib_face_recognition_resnet_model_v1).

    The face is found by its mesh, not by dlib's detector; dlib's 5-point predictor then aligns
    it. (The 68-point predictor, whose licence forbids commercial use, plays no part.)

    engine: the engine in use, which after a fall-back is not the one asked for.
    """

    def __init__(self, engine: str = "litert") -> None:
        """Load the network.

        engine: "litert" runs the network in LiteRT (6 ms a face); the first use on a machine
            converts it (15 s). Where that cannot be done it warns and uses the other engine.
            "face_recognition" runs that package's own functions (80 ms a face). Both give the
            same numbers within 1e-4.

        Raises EncoderError if the models are missing, ValueError for any other engine.
        """
        if engine not in ("litert", "face_recognition"):
            raise ValueError(
                f'engine is {engine!r}; expected "litert" or "face_recognition"; choose one.'
            )
        self._encode: Engine
        if engine == "litert":
            try:
                self._encode = _litert_engine()
            except EncoderError as error:
                warnings.warn(
                    f"{error} The slower engine face_recognition is used instead.",
                    RuntimeWarning,
                    stacklevel=2,
                )
                engine = "face_recognition"
        if engine == "face_recognition":
            self._encode = _face_recognition_engine()
        self.engine = engine

    def encode(self, pixels: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Encode the faces of one photo.

        pixels: (height, width, 3) uint8 RGB, the photo that the faces were found in.

        Returns (len(faces), 128) float32, in the order of the faces.
        """
        vectors = np.empty((len(faces), ENCODING_SIZE), dtype=np.float32)
        for row, face in enumerate(faces):
            vectors[row] = self._encode(*_crop(pixels, face))
        return vectors


def _litert_engine() -> Engine:
    network = load_encoder()
    import dlib

    predictor = dlib.shape_predictor(str(predictor_path()))

    def encode(pixels: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        points = predictor(pixels, dlib.rectangle(*box))
        return network(dlib.get_face_chip(pixels, points, size=CHIP_SIDE, padding=CHIP_PADDING))

    return encode


def _face_recognition_engine() -> Engine:
    package = _import_face_recognition()

    def encode(pixels: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        left, top, right, bottom = box
        location = (top, right, bottom, left)
        vectors = package.face_encodings(pixels, known_face_locations=[location], model="small")
        return np.asarray(vectors[0])

    return encode


def encoding_box(face: Face) -> tuple[int, int, int, int]:
    """The square that stands for face_recognition's detection: (left, top, right, bottom)."""
    left, top, right, bottom = face.box
    height = bottom - top
    half = _BOX_SIDE * height / 2
    across = (left + right) / 2 + _BOX_RIGHT * height
    down = (top + bottom) / 2 + _BOX_DOWN * height
    return (round(across - half), round(down - half), round(across + half), round(down + half))


def _crop(pixels: np.ndarray, face: Face) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The face with ample surroundings, and its square in them: dlib copies what it is given."""
    height, width = pixels.shape[:2]
    if (face.photo_width, face.photo_height) != (width, height):
        raise ValueError(
            f"The face comes from a photo of {face.photo_width}x{face.photo_height} pixels and "
            f"this one has {width}x{height}; pass the photo that the face was found in."
        )
    left, top, right, bottom = encoding_box(face)
    margin = round((_CROP_FACTOR - 1) / 2 * (right - left))
    x, y = max(0, left - margin), max(0, top - margin)
    crop = np.ascontiguousarray(pixels[y : max(0, bottom + margin), x : max(0, right + margin)])
    return crop, (left - x, top - y, right - x, bottom - y)


def _import_face_recognition() -> Any:
    """Import face_recognition, whose import may print, warn, end the program and alter Pillow."""
    from PIL import ImageFile

    truncated = ImageFile.LOAD_TRUNCATED_IMAGES
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pkg_resources announces its end
            import face_recognition
    except (ImportError, SystemExit, NameError, RuntimeError) as error:
        # Without its models it prints advice and calls quit(), which exits with code 0.
        raise EncoderError(
            "face_recognition or its models cannot be imported "
            f"({' '.join(printed.getvalue().split()) or error}): expected the packages "
            "face-recognition, face-recognition-models and setuptools < 81; install them with "
            "`pip install face-recognition face-recognition-models 'setuptools<81'`."
        ) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    return face_recognition
