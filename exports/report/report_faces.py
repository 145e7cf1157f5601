"""What a report says of one face and of one failure, as JSON takes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from exports.names import path_text
from exports.report.report_pictures import FacePicture
from regression.prediction.prediction import Failure, Prediction, RouteValues

WARNINGS = {
    "too_small": "The face is small in the photo: fine differences are lost. A larger picture of "
    "it would tell more.",
    "blurred": "The face is blurred: its shape is less certain than the intervals say.",
    "strongly_turned": "The head is turned far from the camera: what it hides is guessed.",
    "cut_by_frame": "The photo's edge cuts the face: what is outside is guessed.",
}
"""What each of vision.quality.QUALITY_FLAGS means for the reader."""


def face_record(
    prediction: Prediction, of: int, picture: FacePicture | None = None
) -> dict[str, Any]:
    """A face: where it is from, what is wrong with it, its pose, its curves and its values.

    The encoding, which tells people apart, is left out.

    of: how many faces its photo has.
    """
    routes: list[Prediction | RouteValues] = [prediction, *prediction.others]
    return {
        "photo": path_text(prediction.photo),
        "number": prediction.face_number,
        "of": of,
        "yaw": round(float(prediction.yaw), 2),
        "pitch": round(float(prediction.pitch), 2),
        "roll": round(float(prediction.roll), 2),
        "pixels": round(float(prediction.face_size_pixels)),
        "warnings": [WARNINGS.get(flag, flag.replace("_", " ")) for flag in prediction.quality],
        "picture": None if picture is None else _picture_record(picture),
        "routes": [_route_record(route) for route in routes],
    }


def failure_record(failure: Failure) -> dict[str, str]:
    """A photo without a prediction, and why."""
    return {"photo": path_text(failure.photo), "reason": path_text(failure.reason)}


def _picture_record(picture: FacePicture) -> dict[str, Any]:
    return {
        "width": picture.width,
        "height": picture.height,
        "curves": [
            {"closed": closed, "points": [round(float(one), 1) for one in points.reshape(-1)]}
            for closed, points in picture.curves
        ],
    }


def _route_record(route: Prediction | RouteValues) -> dict[str, Any]:
    return {
        "model": route.model,
        "values": _rounded(route.values, 6),
        "lower": _rounded(route.lower, 4),
        "upper": _rounded(route.upper, 4),
        "told": "".join("1" if told else "0" for told in route.told),
    }


def _rounded(numbers: np.ndarray, digits: int) -> list[float]:
    return [round(float(one), digits) for one in numbers]
