"""The named numbers that the trained models read from a face."""

from __future__ import annotations

import numpy as np

from vision.faces import EXPRESSION_NAMES
from vision.pose import NormalisedFace
from vision.ratios import RATIO_NAMES, measure

ROUTES = ("encoding", "landmarks", "fused")

LANDMARKERS = ("face_mesh", "face_landmarker")
"""Whose landmarks the models read: the face mesh's alone, or those of FaceLandmarker beside them
(vision.landmark_networks)."""

ENCODING_FEATURES = tuple(f"encoding_{index:03d}" for index in range(128))
"""face_recognition's numbers, each about -0.5..0.5."""

LANDMARK_FEATURES = (
    *(f"ratio_{name}" for name in RATIO_NAMES),
    "face_size_millimetres",
    "pose_yaw_magnitude",
    "pose_pitch",
)
"""Ratios by face height, the face's size by the iris, degrees. Equal for a mirrored photo."""


def _without_side(name: str) -> str:
    return name.replace("Left", "").replace("Right", "")


_EXPRESSIONS = tuple(dict.fromkeys(_without_side(name) for name in EXPRESSION_NAMES[1:]))

EXPRESSION_FEATURES = tuple(f"expression_{name}" for name in _EXPRESSIONS)
"""Expression scores, 0..1, left and right averaged, so equal for a mirrored photo."""

SECOND_FEATURES = (
    *(f"face_landmarker_{name}" for name in LANDMARK_FEATURES),
    *EXPRESSION_FEATURES,
)
"""What FaceLandmarker's landmarks and expressions add to the face mesh's."""

ALL_FEATURES = (*ENCODING_FEATURES, *LANDMARK_FEATURES, *SECOND_FEATURES)


def feature_names(route: str, landmarker: str = "face_mesh") -> tuple[str, ...]:
    """The features that a route's models read, in order.

    Raises ValueError for a route that is not in ROUTES or a landmarker that is not in LANDMARKERS.
    """
    for value, what, known in ((route, "route", ROUTES), (landmarker, "landmarker", LANDMARKERS)):
        if value not in known:
            raise ValueError(
                f"The {what} {value!r} is not known; one of {', '.join(known)} was expected. "
                "Choose one of them."
            )
    names: tuple[str, ...] = ()
    if route != "landmarks":
        names += ENCODING_FEATURES
    if route != "encoding":
        names += LANDMARK_FEATURES
        if landmarker == "face_landmarker":
            names += SECOND_FEATURES
    return names


def encoding_width(route: str) -> int:
    """How many of a route's features, the first ones, are the encoding's: 0 or 128."""
    return 0 if route == "landmarks" else len(ENCODING_FEATURES)


def landmark_features(face: NormalisedFace) -> np.ndarray:
    """(len(LANDMARK_FEATURES),) float32, in the order of LANDMARK_FEATURES."""
    size = [face.size_millimetres, abs(face.yaw), face.pitch]
    return np.concatenate([measure(face.points), size]).astype(np.float32)


def expression_features(scores: np.ndarray) -> np.ndarray:
    """(len(EXPRESSION_FEATURES),) float32.

    Args:
        scores: (52,) 0..1, in the order of EXPRESSION_NAMES.
    """
    sides = np.array([_EXPRESSIONS.index(_without_side(name)) for name in EXPRESSION_NAMES[1:]])
    sums = np.bincount(sides, weights=scores[1:])
    return (sums / np.bincount(sides)).astype(np.float32)
