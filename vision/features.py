"""The named numbers that the trained models read from a face."""

from __future__ import annotations

import numpy as np

from vision.pose import NormalisedFace
from vision.ratios import RATIO_NAMES, measure

ROUTES = ("encoding", "landmarks", "fused")

ENCODING_FEATURES = tuple(f"encoding_{index:03d}" for index in range(128))
"""face_recognition's numbers, each about -0.5..0.5."""

LANDMARK_FEATURES = (
    *(f"ratio_{name}" for name in RATIO_NAMES),
    "face_size_millimetres",
    "pose_yaw_magnitude",
    "pose_pitch",
)
"""Ratios by face height, the face's size by the iris, degrees. Equal for a mirrored photo."""


def feature_names(route: str) -> tuple[str, ...]:
    """The features that a route's models read, in order.

    Raises ValueError for a route that is not in ROUTES.
    """
    if route not in ROUTES:
        raise ValueError(
            f"The route {route!r} is not known; one of {', '.join(ROUTES)} was expected. "
            "Choose one of them."
        )
    names: tuple[str, ...] = ()
    if route != "landmarks":
        names += ENCODING_FEATURES
    if route != "encoding":
        names += LANDMARK_FEATURES
    return names


def encoding_width(route: str) -> int:
    """How many of a route's features, the first ones, are the encoding's: 0 or 128."""
    return 0 if route == "landmarks" else len(ENCODING_FEATURES)


def landmark_features(face: NormalisedFace) -> np.ndarray:
    """(len(LANDMARK_FEATURES),) float32, in the order of LANDMARK_FEATURES."""
    size = [face.size_millimetres, abs(face.yaw), face.pitch]
    return np.concatenate([measure(face.points), size]).astype(np.float32)
