"""Photos in, predictions out: loads every network once and goes from photo to photo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regression.models.average_face import average_values
from regression.models.fitted_model import FittedModel, load_fit
from regression.models.intervals import SliderIntervals
from regression.models.model_files import (
    ModelError,
    TrainedModel,
    folder_for,
    load_model,
    routes_in,
    shipped_models,
)
from regression.models.perspective import camera_distance
from regression.prediction.prediction import (
    Failure,
    PhotoPredictions,
    Prediction,
    RouteValues,
)
from rig.landmark_head import LandmarkHead
from rig.rig import Slider
from vision.encodings import FaceEncoder
from vision.faces import Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, PhotoError, read_photo
from vision.reading import FaceReader, FaceReading

# Photos are decoded no smaller than this on their shorter side, and whole where a face is lower
# than this many pixels then: the networks see faces at 150 to 192 pixels.
_ENOUGH_SIDE = 640
_ENOUGH_HEIGHT = 200


class Predictor:
    """Predicts slider values for every face in photos.

    Example:
        >>> from pathlib import Path
        >>> from regression import Predictor
        >>> for result in Predictor().predict([Path("portrait.jpg")]):
        ...     print(result)
    """

    def __init__(
        self,
        models: Path | None = None,
        model: str = "fused",
        encoder: str = "litert",
        rendered: bool = False,
        with_encodings: bool = False,
        landmarker: Path | None = None,
        quick: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        """Loads the networks.

        Args:
            models: a folder of trained models; those that come with the program when left out.
            model: the route, "encoding", "landmarks" or "fused"; or "fit", the rig fit.
            encoder: the engine of the encoding network, see vision.encodings.
            rendered: whether the pictures are of rendered heads, not photographs of people.
            with_encodings: whether every prediction shall have its encoding, also where the model
                does without.
            landmarker: MediaPipe's face_landmarker.task, for the models that read it too.
            quick: one look at each photo instead of two, see vision.reading.FaceReader.
            also: other routes whose values every prediction shall have too, as `others`, where
                the folder has models for them.

        Raises:
            ModelError: the models folder cannot be used, or is not for this landmarker.
            LandmarkerFileError: the landmarker file cannot be used.
        """
        self._folder = folder = models or shipped_models()
        if landmarker is not None:
            folder = folder_for(folder, "face_landmarker")
        self._model: TrainedModel | FittedModel = (
            load_fit(folder) if model == "fit" else load_model(folder, model)
        )
        if (landmarker is not None) != (self._model.landmarker == "face_landmarker"):
            raise ModelError(
                f"The models in {folder} are for {self._model.landmarker}. "
                + (
                    "Models that read FaceLandmarker were expected for the landmarker file. Leave "
                    "the file out, or train models with `fpp train --landmarker`."
                    if landmarker is not None
                    else "A landmarker file was expected for them. Give one with --landmarker; "
                    "`fpp landmarker fetch` gets it."
                )
            )
        if rendered and not self._model.serves_renders:
            raise ModelError(
                f"The models in {folder} are for photographs only. Photographs were expected. "
                "Leave the landmarker file out for pictures of rendered heads."
            )
        self._rendered = rendered
        others = [route for route in routes_in(folder) if route in also and route != model]
        self._others = [load_model(folder, route) for route in others]
        encodes = with_encodings or any(
            route not in ("landmarks", "fit") for route in (model, *others)
        )
        self._reader = FaceReader(
            FaceLandmarker(),
            FaceEncoder(encoder) if encodes else None,
            FaceLandmarker(task_file=landmarker) if landmarker is not None else None,
            quick,
        )

    @property
    def folder(self) -> Path:
        """Where the models are."""
        return self._folder

    @property
    def head(self) -> LandmarkHead:
        """The rig's sliders and landmarks."""
        return self._model.head

    @property
    def sliders(self) -> tuple[Slider, ...]:
        """The rig's sliders, in the order of every prediction's values."""
        return self._model.head.sliders

    @property
    def average(self) -> np.ndarray:
        """(s,) float32, 0..1: the average person's slider values."""
        return average_values(self._folder, self._model)

    @property
    def intervals(self) -> SliderIntervals:
        """How sure the values are."""
        return self._model.rendered_intervals if self._rendered else self._model.intervals

    def predict(self, photos: Iterable[Path]) -> Iterator[Prediction | Failure]:
        """One Prediction per face, or one Failure per photo without any, in the photos' order."""
        for result in self.predict_each(photos):
            if result.failure is not None:
                yield result.failure
            yield from result.faces

    def predict_each(
        self, photos: Iterable[Path | tuple[Path, bytes]]
    ) -> Iterator[PhotoPredictions]:
        """What each photo gives, in the photos' order; no photo is taken before it is needed.

        photos: files, or names with the bytes that were fetched already.
        """
        for given in photos:
            path, content = given if isinstance(given, tuple) else (given, None)
            try:
                photo, found = self._look_for_faces(path, content)
            except PhotoError as error:
                yield PhotoPredictions(path, None, (), Failure(path, str(error)))
                continue
            faces = tuple(self.predict_photo(photo, found))
            failure = None if faces else Failure(path, _no_face(path))
            yield PhotoPredictions(path, photo, faces, failure)

    def _look_for_faces(self, path: Path, content: bytes | None) -> tuple[Photo, list[Face]]:
        """The photo as large as its faces need it, and these."""
        photo = read_photo(path, enough_side=_ENOUGH_SIDE, content=content)
        found = self._reader.find(photo.pixels)
        heights = [bottom - top for _, top, _, bottom in (face.box for face in found)]
        if photo.scale > 1 and min(heights, default=0) < _ENOUGH_HEIGHT:
            whole = read_photo(path, content=content)
            if whole.scale < photo.scale:
                return whole, self._reader.find(whole.pixels)
        return photo, found

    def predict_photo(self, photo: Photo, found: Sequence[Face] | None = None) -> list[Prediction]:
        """Every face of one decoded photo, largest first.

        found: the faces in it, where they were looked for already.
        """
        readings = self._reader.read(photo.pixels, found)
        if not readings:
            return []
        model = self._model
        features = np.stack([r.features(model.reads, model.landmarker) for r in readings])
        if isinstance(model, FittedModel):
            distances = [camera_distance(r.normalised, photo.focal_length_pixels) for r in readings]
            values = model.predict(features, distances=np.array(distances))
        else:
            values = model.predict(features, self._rendered)
        lower, upper = model.bounds(values, self._rendered)
        predictions = [
            self._prediction(photo, index + 1, reading, values[index], lower[index], upper[index])
            for index, reading in enumerate(readings)
        ]
        others = [self._route_values(other, readings) for other in self._others]
        return [
            replace(prediction, others=tuple(route[index] for route in others))
            for index, prediction in enumerate(predictions)
        ]

    def _route_values(
        self, model: TrainedModel, readings: Sequence[FaceReading]
    ) -> list[RouteValues]:
        features = np.stack([r.features(model.reads, model.landmarker) for r in readings])
        values = model.predict(features, self._rendered)
        lower, upper = model.bounds(values, self._rendered)
        told = model.told_on(self._rendered)
        return [
            RouteValues(model.route, *row, told) for row in zip(values, lower, upper, strict=True)
        ]

    def _prediction(
        self,
        photo: Photo,
        number: int,
        reading: FaceReading,
        values: np.ndarray,
        lower: np.ndarray,
        upper: np.ndarray,
    ) -> Prediction:
        left, top, right, bottom = (side * photo.scale for side in reading.face.box)
        pose = reading.normalised
        return Prediction(
            photo=photo.path,
            face_number=number,
            box=(left, top, right, bottom),
            face_size_pixels=pose.size_pixels * photo.scale,
            face_size_millimetres=pose.size_millimetres,
            yaw=pose.yaw,
            pitch=pose.pitch,
            roll=pose.roll,
            quality=reading.quality,
            model=self._model.route,
            rig=self._model.head.rig,
            slider_names=self._model.head.slider_names,
            values=values,
            lower=lower,
            upper=upper,
            told=self._model.told_on(self._rendered),
            landmarks=reading.face.landmarks * np.float32(photo.scale),
            encoding=reading.encoding,
        )


def _no_face(path: Path) -> str:
    return (
        f"No face was found in {path}. At least one face, larger than about a twentieth of the "
        "picture's height and seen from the front, was expected. Check the picture."
    )
