"""What one frame shows of the face that is followed, measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live.video.frames import Frame
from vision.faces import Face
from vision.features import landmark_features
from vision.frame_weight import LEAST_WEIGHT, Look, frame_weight, look_of
from vision.pose import NormalisedFace, normalise
from vision.quality import quality_flags


@dataclass(frozen=True, eq=False)
class SeenFace:
    """The face of one frame.

    Attributes:
        face: its landmarks.
        pose: the landmarks with the pose taken out, the pose and the size.
        features: (len(LANDMARK_FEATURES),) float32.
        quality: flags, see vision.quality.
        weight: 0..1, what the frame counts for; 0 where it says too little to be used.
        reason: what costs most of it, see vision.frame_weight.
        look: see vision.frame_weight.
    """

    face: Face
    pose: NormalisedFace
    features: np.ndarray
    quality: tuple[str, ...]
    weight: float
    reason: str
    look: Look


def look_at(frame: Frame, face: Face) -> SeenFace:
    """Measures a face of a frame."""
    pose = normalise(face.landmarks)
    features = landmark_features(pose)
    quality = quality_flags(frame.pixels, face, pose.yaw, pose.pitch)
    weight, reason = frame_weight(frame.pixels, face, pose, features)
    used = weight if weight >= LEAST_WEIGHT else 0.0
    return SeenFace(face, pose, features, quality, used, reason, look_of(pose, features))
