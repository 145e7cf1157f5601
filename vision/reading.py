"""From the pixels of a photo to everything the models need to know of each face in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vision.encodings import FaceEncoder
from vision.faces import EXPRESSION_NAMES, Box, Face, overlap
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

_SAME_FACE = 0.3  # intersection over union of two boxes


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
        mirror: bool = True,
    ) -> None:
        """How to read.

        Args:
            landmarker: the face mesh; finds the faces.
            encoder: None where only the landmark route is wanted.
            second: FaceLandmarker by its task file, for models that read it too.
            mirror: read every photo a second time, mirrored, and average what is read: half of
                the networks' errors do not follow the face into the mirror. Takes twice the time.
        """
        self._landmarker = landmarker
        self._encoder = encoder
        self._second = second
        self._mirror = mirror

    def read(self, pixels: np.ndarray) -> list[FaceReading]:
        """All faces, largest first.

        Args:
            pixels: (height, width, 3) uint8 RGB.
        """
        readings = [
            replace(
                one,
                quality=quality_flags(pixels, one.face, one.normalised.yaw, one.normalised.pitch),
            )
            for one in self._read_once(pixels)
        ]
        if not readings or not self._mirror:
            return readings
        mirrored = self._read_once(np.ascontiguousarray(pixels[:, ::-1]))
        width = pixels.shape[1]
        return [
            replace(reading, mirrored=_same_face(_mirrored_box(reading.face, width), mirrored))
            for reading in readings
        ]

    def _read_once(self, pixels: np.ndarray) -> list[FaceReading]:
        """One look at a picture, without judging its quality."""
        faces = self._landmarker.detect(pixels)
        encodings: list[np.ndarray | None] = [None] * len(faces)
        if self._encoder is not None:
            encodings = list(self._encoder.encode(pixels, faces))
        seconds: list[Face | None] = [None] * len(faces)
        if self._second is not None and faces:
            seconds = [*_seen_again(faces, self._second.detect(pixels))]
        readings = []
        for face, encoding, second in zip(faces, encodings, seconds, strict=True):
            readings.append(FaceReading(face, normalise(face.landmarks), encoding, second, ()))
        return readings


def _seen_again(faces: Sequence[Face], others: Sequence[Face]) -> list[Face]:
    """Each face as another landmarker sees it; the first one's view where that misses it."""
    seen = []
    for face in faces:
        best = max(others, key=lambda other: overlap(face.box, other.box), default=None)
        if best is None or overlap(face.box, best.box) < _SAME_FACE:
            best = replace(face, expressions=np.zeros(len(EXPRESSION_NAMES), np.float32))
        seen.append(best)
    return seen


def _same_face(box: Box, readings: Sequence[FaceReading]) -> FaceReading | None:
    best = max(readings, key=lambda reading: overlap(box, reading.face.box), default=None)
    return best if best is not None and overlap(box, best.face.box) >= _SAME_FACE else None


def _mirrored_box(face: Face, width: int) -> Box:
    left, top, right, bottom = face.box
    return width - right, top, width - left, bottom
