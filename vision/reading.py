"""From the pixels of a photo to everything the models need to know of each face in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.encodings import FaceEncoder
from vision.faces import Face
from vision.features import feature_names, landmark_features
from vision.landmarks import FaceLandmarker
from vision.pose import NormalisedFace, normalise
from vision.quality import quality_flags


@dataclass(frozen=True, eq=False)
class FaceReading:
    """One face as the models see it.

    Attributes:
        face: the landmarks in photo pixels.
        normalised: the landmarks with the pose taken out, the pose and the size.
        encoding: (128,) float32, or None where it was not asked for.
        quality: flags, see vision.quality.
    """

    face: Face
    normalised: NormalisedFace
    encoding: np.ndarray | None
    quality: tuple[str, ...]

    def features(self, route: str) -> np.ndarray:
        """(len(feature_names(route)),) float32.

        Raises ValueError when the route needs an encoding and there is none.
        """
        if route == "landmarks":
            return landmark_features(self.normalised)
        feature_names(route)
        if self.encoding is None:
            raise ValueError(
                f"The route {route!r} needs an encoding, and this face was read without one. "
                "Give the reader an encoder."
            )
        if route == "encoding":
            return self.encoding
        return np.concatenate([self.encoding, landmark_features(self.normalised)])


class FaceReader:
    """Loads the networks once and reads the faces of one photo after another."""

    def __init__(self, landmarker: FaceLandmarker, encoder: FaceEncoder | None) -> None:
        """encoder: None where only the landmark route is wanted."""
        self._landmarker = landmarker
        self._encoder = encoder

    def read(self, pixels: np.ndarray) -> list[FaceReading]:
        """All faces, largest first.

        Args:
            pixels: (height, width, 3) uint8 RGB.
        """
        faces = self._landmarker.detect(pixels)
        encodings: list[np.ndarray | None] = [None] * len(faces)
        if self._encoder is not None:
            encodings = list(self._encoder.encode(pixels, faces))
        readings = []
        for face, encoding in zip(faces, encodings, strict=True):
            normalised = normalise(face.landmarks)
            flags = quality_flags(pixels, face, normalised.yaw, normalised.pitch)
            readings.append(FaceReading(face, normalised, encoding, flags))
        return readings
