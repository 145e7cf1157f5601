"""Head pose from face-mesh landmarks, and landmarks with the pose taken out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.mesh_topology import CHIN_BOTTOM, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

IRIS_MILLIMETRES = 11.7
"""Width of the visible iris, nearly the same in all adults (the figure MediaPipe Iris uses)."""

PITCH_LEFT_IN = 10.0
"""Degrees of pitch that stay in the normalised landmarks.

A face's own shape passes for a few degrees of pitch: undoing all of it takes the correlation of 14
proportions with hand-placed points from 0.80 to 0.78 on frontal photos (undoing yaw costs nothing).
"""


CANONICAL_FACE = Path(__file__).with_name("canonical_face.npy")
"""The file of `canonical_face`; `fpp rig map --canonical` writes it."""


@dataclass(frozen=True)
class NormalisedFace:
    """Landmarks in the face's own frame.

    Attributes:
        points: (478, 3) float64; origin midway between the pupils, x to the picture's right, y
            down, z away from the viewer; one unit is the distance pupils to chin bottom in the
            image plane.
        yaw, pitch, roll: degrees; positive yaw turns the face to the picture's right, positive
            pitch lifts the chin, positive roll tilts the head counter-clockwise in the picture;
            turned by yaw first, then pitch, then roll (as in rig.camera.Camera).
        size_pixels: the unit in photo pixels.
        size_millimetres: the unit in millimetres, taking the irises as 11.7 mm wide.
    """

    points: np.ndarray
    yaw: float
    pitch: float
    roll: float
    size_pixels: float
    size_millimetres: float


@cache
def canonical_face() -> np.ndarray:
    """The average rendered head's landmarks, (478, 3) float64, in the frame of NormalisedFace."""
    face = np.load(CANONICAL_FACE).astype(np.float64)
    face.setflags(write=False)
    return face


def head_rotation(landmarks: np.ndarray) -> Rotation:
    """The rotation that takes the canonical face's axes to the photo's.

    Args:
        landmarks: (478, 3), photo pixels.
    """
    return Rotation.from_matrix(_rotation_matrix(np.asarray(landmarks, np.float64)))


def _rotation_matrix(landmarks: np.ndarray) -> np.ndarray:
    """(3, 3) `head_rotation`: the least-squares similarity over the skin landmarks (Umeyama, IEEE
    TPAMI 13(4), 1991), whose scale and shift are not needed."""
    photographed = landmarks[:MESH_COUNT] - landmarks[:MESH_COUNT].mean(axis=0)
    left, _, right = np.linalg.svd(photographed.T @ _centred_canonical_face())
    left[:, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))  # a turn, no mirror
    return np.asarray(left @ right)


@cache
def _centred_canonical_face() -> np.ndarray:
    """(468, 3) the skin landmarks of `canonical_face` about their middle."""
    skin = canonical_face()[:MESH_COUNT]
    return np.asarray(skin - skin.mean(axis=0))


def normalise(landmarks: np.ndarray) -> NormalisedFace:
    """Takes roll, yaw, size and position out of landmarks, and pitch beyond `PITCH_LEFT_IN`.

    Args:
        landmarks: (478, 3), photo pixels.

    Raises:
        ValueError: the landmarks have another shape, are not finite or lie in one point.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    if landmarks.shape != (LANDMARK_COUNT, 3) or not np.isfinite(landmarks).all():
        raise ValueError(
            f"Landmarks of shape {landmarks.shape} came in; finite numbers of shape "
            f"({LANDMARK_COUNT}, 3) were expected. Pass `Face.landmarks` as they are."
        )
    if np.ptp(landmarks[:MESH_COUNT], axis=0).max() <= 0:
        raise ValueError(
            "All landmarks lie in one point; a face with an extent was expected. "
            "Pass landmarks in photo pixels."
        )
    rotation = _rotation_matrix(landmarks)
    # The angles of turns about z, then x, then y, each in the axes of those before it.
    roll, yaw = (
        math.atan2(rotation[0, 1], rotation[1, 1]),
        math.atan2(rotation[2, 0], rotation[2, 2]),
    )
    pitch = -math.asin(min(1.0, max(-1.0, rotation[2, 1])))
    roll, pitch, yaw = (math.degrees(angle) for angle in (roll, pitch, yaw))
    kept = -math.radians(min(PITCH_LEFT_IN, max(-PITCH_LEFT_IN, pitch)))
    cosine, sine = math.cos(kept), math.sin(kept)
    lifted = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    points = landmarks @ (lifted @ rotation.T).T
    points -= pupil_midpoint(points)
    size = float(np.linalg.norm(points[CHIN_BOTTOM, :2]))
    iris = iris_width(landmarks)
    millimetres = size / iris * IRIS_MILLIMETRES if iris > 0 else float("nan")
    return NormalisedFace(
        points=points / size,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        size_pixels=size,
        size_millimetres=millimetres,
    )


def pupil_midpoint(points: np.ndarray) -> np.ndarray:
    """Midpoint of the four eye corners, which blinking and gaze do not move; (..., 3)."""
    return points[..., [*LEFT_EYE_CORNERS, *RIGHT_EYE_CORNERS], :].mean(axis=-2)


def iris_width(landmarks: np.ndarray) -> float:
    """The wider of the two irises, corner to corner in the image plane; the units of the input.

    The wider one, because turning the head narrows the farther eye.
    """
    left = np.linalg.norm(landmarks[469, :2] - landmarks[471, :2])
    right = np.linalg.norm(landmarks[474, :2] - landmarks[476, :2])
    return float(max(left, right))


def inter_ocular_distance(points: np.ndarray) -> float:
    """Between the middles of the eyes (of their two corners), in the units of points (478, 3)."""
    left, right = (points[list(c)].mean(axis=0) for c in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS))
    return float(np.linalg.norm(left - right))
