"""How much a frame of a video says of its face's shape, next to a perfect one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vision.faces import Face
from vision.features import LANDMARK_FEATURES
from vision.pose import NormalisedFace
from vision.quality import SMALLEST_HEIGHT, sharpness

# Degrees that cost nothing, and by how many more the weight falls to 1/e. Rendered heads are
# predicted no worse up to about these angles; at the limits of vision.quality a seventh is left.
_FREE_YAW, _YAW_FALL = 10.0, 11.0
_FREE_PITCH, _PITCH_FALL = 10.0, 8.0

# Ratios of 52 people, neutral and smiling: mouth opening 0.002 (0.002) and 0.052 (0.043), height of
# the mouth's corners -0.015 (0.013) and 0.029 (0.027). The smile moves their sliders by 0.3 of the
# half width of their intervals.
_OPENING_FALL = 0.06
_CORNER_NEUTRAL, _CORNER_FALL = 0.0, 0.04
_SMILING = 0.1  # of who smiles all the time: better that than nothing

# Sharpness of sharp photos and of useless ones, see vision.quality.
_SHARP, _BLURRED = 0.075, 0.02

# A face this many times SMALLEST_HEIGHT high is as good as larger ones.
_AMPLE = 2.0

LEAST_WEIGHT = 0.05
"""Frames that weigh less say nothing: they are passed over."""

_OPENING = LANDMARK_FEATURES.index("ratio_mouth_opening")
_CORNERS = LANDMARK_FEATURES.index("ratio_mouth_corner_height")

# Two frames are different looks of a face if they differ by a step of one of these.
_LOOK_DEGREES = 8.0
_LOOK_OPENING = 0.05
_LOOK_CORNERS = 0.025

Look = tuple[int, int, int, int]
"""A coarse description of pose and expression, to count how many there were."""


class FrameWeight(NamedTuple):
    """What a frame counts for.

    weight: 0..1; 1 for a frontal, neutral, sharp face that is large enough.
    reason: what costs most, "turned", "speaking or smiling", "blurred" or "too small"; "" where
        nothing costs much.
    """

    weight: float
    reason: str


def frame_weight(
    pixels: np.ndarray, face: Face, pose: NormalisedFace, features: np.ndarray
) -> FrameWeight:
    """What a frame counts for among the frames of a person.

    Args:
        pixels: (height, width, 3) uint8 RGB, the frame.
        face: found in it.
        pose: the face, normalised.
        features: (len(LANDMARK_FEATURES),), the face's.
    """
    turned = _beyond(pose.yaw, _FREE_YAW, _YAW_FALL) + _beyond(pose.pitch, _FREE_PITCH, _PITCH_FALL)
    opening = float(features[_OPENING]) / _OPENING_FALL
    corners = max(0.0, float(features[_CORNERS]) - _CORNER_NEUTRAL) / _CORNER_FALL
    _, top, _, bottom = face.box
    calm = float(np.exp(-(opening**2) - corners**2))
    parts = {
        "turned": float(np.exp(-turned)),
        "speaking or smiling": _SMILING + (1 - _SMILING) * calm,
        "blurred": float(np.clip((sharpness(pixels, face) - _BLURRED) / (_SHARP - _BLURRED), 0, 1)),
        "too small": float(np.clip((bottom - top) / (_AMPLE * SMALLEST_HEIGHT), 0, 1)) ** 2,
    }
    worst = min(parts, key=lambda name: parts[name])
    return FrameWeight(float(np.prod(list(parts.values()))), worst if parts[worst] < 0.5 else "")


def look_of(pose: NormalisedFace, features: np.ndarray) -> Look:
    """Pose and expression in coarse steps: frames of one look err alike."""
    return (
        round(pose.yaw / _LOOK_DEGREES),
        round(pose.pitch / _LOOK_DEGREES),
        round(float(features[_OPENING]) / _LOOK_OPENING),
        round(float(features[_CORNERS]) / _LOOK_CORNERS),
    )


def _beyond(angle: float, free: float, fall: float) -> float:
    return (max(0.0, abs(angle) - free) / fall) ** 2
