"""Pictures as all models see them: read once, and what reading takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.evaluation.compared_models import ComparedModel
from regression.models.perspective import camera_distance
from vision.encodings import FaceEncoder
from vision.features import ROUTES
from vision.landmarks import FaceLandmarker
from vision.photos import PhotoError, read_photo
from vision.reading import FaceReader, FaceReading

PICTURE_SIDE = 256


_AROUND_FACE = 1.7  # side of a photo's cut-out by the face's height


@dataclass(frozen=True, eq=False)
class SeenFace:
    """The largest face of a picture.

    Attributes:
        path: of the picture.
        pixels: (PICTURE_SIDE, PICTURE_SIDE, 3) uint8, cut out around the face.
        features: by route, (1, d) float32.
        distance: from the camera, face heights; nan where unknown.
    """

    path: Path
    pixels: np.ndarray
    features: Mapping[str, np.ndarray]
    distance: float


@dataclass(frozen=True)
class ReadingCost:
    """Milliseconds for one face, both looks at it, medians over the samples.

    Attributes:
        pictures: how many were read.
        landmarks: finding the face and its landmarks.
        encoding: encoding it, beside that.
    """

    pictures: int
    landmarks: float
    encoding: float

    def of(self, route: str) -> float:
        """What reading takes for a route; 0 where no picture is read."""
        if not route:
            return 0.0
        return self.landmarks + (0.0 if route == "landmarks" else self.encoding)


def read_samples(folder: Path) -> tuple[list[SeenFace], ReadingCost]:
    """The faces of a folder's PNGs, in the order of their names, and what reading one takes.

    Raises:
        PhotoError: no picture there shows a face.
    """
    pictures = [read_photo(path) for path in sorted(folder.glob("*.png"))]
    with FaceLandmarker(maximum_faces=1) as landmarker:
        encoder = FaceEncoder()
        quick, whole = FaceReader(landmarker, None), FaceReader(landmarker, encoder)
        faces, times = [], []
        for number, picture in enumerate(pictures):
            if number == 0:
                whole.read(picture.pixels)  # the first time is longer
            started = time.perf_counter()
            quick.read(picture.pixels)
            between = time.perf_counter()
            readings = whole.read(picture.pixels)
            done = time.perf_counter()
            if readings:
                faces.append(_seen(picture.path, picture.pixels, readings[0], np.nan))
                times.append((between - started, done - between))
    if not faces:
        raise PhotoError(
            f"{folder} holds no PNG with a face. The sample heads with their sliders.csv were "
            "expected. Restore the folder from the repository, or make it with "
            "`fpp synthesize --portraits`."
        )
    landmarks, both = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    return faces, ReadingCost(len(faces), landmarks, max(both - landmarks, 0.0))


def read_faces(paths: Sequence[Path]) -> list[SeenFace]:
    """The largest face of each photo; photos without one are left out."""
    faces = []
    with FaceLandmarker(maximum_faces=1) as landmarker:
        reader = FaceReader(landmarker, FaceEncoder())
        for path in paths:
            photo = read_photo(path)
            readings = reader.read(photo.pixels)
            if readings:
                distance = camera_distance(readings[0].normalised, photo.focal_length_pixels)
                faces.append(_seen(path, photo.pixels, readings[0], distance))
    return faces


def _seen(path: Path, pixels: np.ndarray, reading: FaceReading, distance: float) -> SeenFace:
    features = {route: reading.features(route)[None].astype(np.float32) for route in ROUTES}
    return SeenFace(path, _around_face(pixels, reading), features, distance)


def _around_face(pixels: np.ndarray, reading: FaceReading) -> np.ndarray:
    from PIL import Image

    left, top, right, bottom = reading.face.box
    half = _AROUND_FACE * (bottom - top) / 2
    across, down = (left + right) / 2, (top + bottom) / 2 - 0.08 * (bottom - top)
    box = tuple(round(x) for x in (across - half, down - half, across + half, down + half))
    height, width = pixels.shape[:2]
    # What lies beyond the picture repeats its edge.
    rows = np.clip(np.arange(box[1], box[3]), 0, height - 1)
    columns = np.clip(np.arange(box[0], box[2]), 0, width - 1)
    cut = np.ascontiguousarray(pixels[rows][:, columns])
    side = (PICTURE_SIDE, PICTURE_SIDE)
    return np.asarray(Image.fromarray(cut).resize(side, Image.Resampling.LANCZOS))


def picture_values(model: ComparedModel, faces: Sequence[SeenFace], rendered: bool) -> np.ndarray:
    """(k, s) what a user gets for the faces."""
    features = np.concatenate([face.features[model.route or "landmarks"] for face in faces])
    distances = np.array([face.distance for face in faces])
    return model.of_pictures(features, rendered, distances)
