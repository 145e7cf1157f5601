"""From the pixels of a photo to everything the models need to know of each face in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vision.encodings import FaceEncoder
from vision.faces import EXPRESSION_NAMES, Box, Face
from vision.features import (
    ALL_FEATURES,
    ENCODING_FEATURES,
    SECOND_FEATURES,
    expression_features,
    feature_names,
    landmark_features,
)
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
        second: the face as FaceLandmarker sees it, or None where it was not asked for.
        quality: flags, see vision.quality; none for a mirrored photo.
        mirrored: the same face read from the mirrored photo, or None.
    """

    face: Face
    normalised: NormalisedFace
    encoding: np.ndarray | None
    second: Face | None
    quality: tuple[str, ...]
    mirrored: FaceReading | None = None

    def features(self, route: str, landmarker: str = "face_mesh") -> np.ndarray:
        """(len(feature_names(route, landmarker)),) float32; the mean with the mirrored photo's.

        Raises ValueError when something was not read that they need.
        """
        names = feature_names(route, landmarker)
        values = self.all_features()
        if self.mirrored is not None:
            values = (values + self.mirrored.all_features()) / 2
        chosen = values[[_POSITION[name] for name in names]]
        if np.isnan(chosen).any():
            lacking = names[int(np.flatnonzero(np.isnan(chosen))[0])]
            raise ValueError(
                f"The feature {lacking!r} of the route {route!r} is not known for this face. A "
                "face read with all that the route needs was expected. Give the reader an encoder, "
                "and the second landmarker where the models need it."
            )
        return chosen

    def all_features(self) -> np.ndarray:
        """(len(ALL_FEATURES),) float32 of this photo alone; nan for what was not read."""
        unknown = np.full(len(ENCODING_FEATURES), np.nan, np.float32)
        parts = [
            self.encoding if self.encoding is not None else unknown,
            landmark_features(self.normalised),
        ]
        if self.second is None or self.second.expressions is None:
            parts.append(np.full(len(SECOND_FEATURES), np.nan, np.float32))
        else:
            parts.append(landmark_features(normalise(self.second.landmarks)))
            parts.append(expression_features(self.second.expressions))
        return np.concatenate(parts)


_POSITION = {name: position for position, name in enumerate(ALL_FEATURES)}


class FaceReader:
    """Loads the networks once and reads the faces of one photo after another."""

    def __init__(
        self,
        landmarker: FaceLandmarker,
        encoder: FaceEncoder | None,
        second: FaceLandmarker | None = None,
        quick: bool = False,
    ) -> None:
        """How to read.

        Args:
            landmarker: the face mesh; finds the faces.
            encoder: None where only the landmark route is wanted.
            second: FaceLandmarker by its task file, for models that read it too.
            quick: look at every photo once. Otherwise it is read a second time, mirrored, and
                what is read is averaged: half of the networks' errors do not follow the face into
                the mirror. Quick readings also pass by small faces beside a large one, see
                `FaceLandmarker.detect`. They take half the time.
        """
        self._landmarker = landmarker
        self._encoder = encoder
        self._second = second
        self._quick = quick

    def find(self, pixels: np.ndarray) -> list[Face]:
        """The faces that `read` reads, largest first.

        Args:
            pixels: (height, width, 3) uint8 RGB.
        """
        return self._landmarker.detect(pixels, everybody=not self._quick)

    def read(self, pixels: np.ndarray, found: Sequence[Face] | None = None) -> list[FaceReading]:
        """All faces, largest first.

        Args:
            pixels: (height, width, 3) uint8 RGB.
            found: the faces in it, where `find` was asked already.
        """
        found = self.find(pixels) if found is None else found
        readings = [
            replace(
                one,
                quality=quality_flags(pixels, one.face, one.normalised.yaw, one.normalised.pitch),
            )
            for one in self._read_faces(pixels, found)
        ]
        if not readings or self._quick:
            return readings
        import cv2

        mirrored_pixels = np.asarray(cv2.flip(pixels, 1))
        boxes = [_mirrored_box(reading.face, pixels.shape[1]) for reading in readings]
        again = self._landmarker.look_again(mirrored_pixels, boxes)
        mirrored = iter(self._read_faces(mirrored_pixels, [face for face in again if face]))
        return [
            replace(reading, mirrored=next(mirrored) if face else None)
            for reading, face in zip(readings, again, strict=True)
        ]

    def _read_faces(self, pixels: np.ndarray, faces: Sequence[Face]) -> list[FaceReading]:
        """What is to be known of faces that were found, but for their quality."""
        encodings: list[np.ndarray | None] = [None] * len(faces)
        if self._encoder is not None:
            encodings = list(self._encoder.encode(pixels, faces))
        seconds: list[Face | None] = [None] * len(faces)
        if self._second is not None and faces:
            seconds = [*self._seen_again(self._second, pixels, faces)]
        readings = []
        for face, encoding, second in zip(faces, encodings, seconds, strict=True):
            readings.append(FaceReading(face, normalise(face.landmarks), encoding, second, ()))
        return readings

    @staticmethod
    def _seen_again(
        second: FaceLandmarker, pixels: np.ndarray, faces: Sequence[Face]
    ) -> list[Face]:
        """Each face as another landmarker sees it; the first one's view where that misses it."""
        found = second.look_again(pixels, [face.box for face in faces])
        unexpressive = np.zeros(len(EXPRESSION_NAMES), np.float32)
        return [
            other or replace(face, expressions=unexpressive)
            for face, other in zip(faces, found, strict=True)
        ]


def _mirrored_box(face: Face, width: int) -> Box:
    left, top, right, bottom = face.box
    return width - right, top, width - left, bottom
