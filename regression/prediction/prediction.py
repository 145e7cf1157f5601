"""What a predicted face is: one frozen record that every export reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vision.photos import Photo


@dataclass(frozen=True, eq=False)
class RouteValues:
    """What another route says of the same face. s sliders, as in Prediction.

    Attributes:
        model: the route.
        values, lower, upper: (s,) float32, 0..1.
        told: (s,) bool.
    """

    model: str
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    told: np.ndarray


@dataclass(frozen=True)
class Prediction:
    """The slider values of one face of one photo.

    Attributes:
        photo: the photo's path as the user gave it.
        face_number: 1 for the largest face of the photo, 2 for the next, ...
        box: left, top, right, bottom of the landmarks, in photo pixels.
        face_size_pixels: face height in photo pixels, pose removed.
        face_size_millimetres: the same in millimetres, by the iris (11.7 mm in everyone);
            nan where the iris is hidden.
        yaw, pitch, roll: head pose in degrees; 0, 0, 0 looks into the camera.
        quality: flags, see `vision.quality`; empty when nothing is wrong.
        model: the model that predicted, "encoding", "landmarks" or "fused".
        rig: the rig's name.
        slider_names: the rig's sliders, in the rig's order.
        values: (sliders,) float32, 0..1 over each slider's range.
        lower, upper: (sliders,) float32, 0..1: the interval that holds the true value with a
            probability of 90 %, see `regression.models.intervals`; 0 and 1 where not told.
        told: (sliders,) bool; False where the photo cannot tell the slider and its value is
            the rig's neutral.
        landmarks: (478, 3) float32, photo pixels.
        encoding: (128,) float32, or None where it was not asked for. It tells people apart and is
            never written to disk.
        others: what other routes say, where they were asked for.
    """

    photo: Path
    face_number: int
    box: tuple[float, float, float, float]
    face_size_pixels: float
    face_size_millimetres: float
    yaw: float
    pitch: float
    roll: float
    quality: tuple[str, ...]
    model: str
    rig: str
    slider_names: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    told: np.ndarray
    landmarks: np.ndarray
    encoding: np.ndarray | None = field(default=None, repr=False)
    others: tuple[RouteValues, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        check_slider_values(
            f"A prediction for {self.photo}",
            self.slider_names,
            self.values,
            self.lower,
            self.upper,
            self.told,
        )
        if self.encoding is not None and self.encoding.shape != (128,):
            raise ValueError(
                f"A prediction for {self.photo} has an encoding of shape {self.encoding.shape}; "
                "(128,) was expected. Take it from a FaceReading, or pass None."
            )


def check_slider_values(
    whose: str,
    slider_names: tuple[str, ...],
    values: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    told: np.ndarray,
) -> None:
    """Raises ValueError for arrays that are not one entry per slider, or values outside bounds.

    whose: the first words of the message.
    """
    expected = (len(slider_names),)
    arrays = {"values": values, "lower": lower, "upper": upper, "told": told}
    for name, array in arrays.items():
        if array.shape != expected:
            raise ValueError(
                f"{whose} has {name} of shape {array.shape}; {expected} was expected, one per "
                "slider. Pass one entry for each slider name."
            )
    # Written so that nan fails too.
    if not ((lower <= values) & (values <= upper)).all():
        raise ValueError(
            f"{whose} has values outside their intervals. lower <= value <= upper was expected for "
            "every slider. Take them from SliderIntervals.bounds."
        )


@dataclass(frozen=True)
class Failure:
    """A photo that gave no prediction, and why in one sentence."""

    photo: Path
    reason: str


@dataclass(frozen=True, eq=False)
class PhotoPredictions:
    """All that one photo gave.

    Attributes:
        path: as the user gave it.
        photo: decoded as the networks saw it, perhaps reduced (`photo.scale`); None where it
            cannot be decoded.
        faces: largest first; empty where there is none.
        failure: why there is no face; None exactly where there are faces.
    """

    path: Path
    photo: Photo | None = field(repr=False)
    faces: tuple[Prediction, ...]
    failure: Failure | None

    def __post_init__(self) -> None:
        if bool(self.faces) == (self.failure is not None):
            raise ValueError(
                f"{self.path} came with {len(self.faces)} faces and the failure {self.failure}. "
                "Faces or a failure were expected, not both and not neither. Correct the call."
            )
