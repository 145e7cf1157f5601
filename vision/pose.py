"""Head pose from face-mesh landmarks, and landmarks with the pose taken out."""

from __future__ import annotations

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

    Least-squares similarity over the skin landmarks (Umeyama, IEEE TPAMI 13(4), 1991).

    Args:
        landmarks: (478, 3), photo pixels.
    """
    canonical = canonical_face()[:MESH_COUNT]
    canonical = canonical - canonical.mean(axis=0)
    photographed = landmarks[:MESH_COUNT] - landmarks[:MESH_COUNT].mean(axis=0)
    rotation, _ = Rotation.align_vectors(
        photographed / np.linalg.norm(photographed), canonical / np.linalg.norm(canonical)
    )
    return rotation


def normalise(landmarks: np.ndarray) -> NormalisedFace:
    """Takes roll, yaw, size and position out of landmarks, and pitch beyond `PITCH_LEFT_IN`.

    Args:
        landmarks: (478, 3), photo pixels.

    Raises:
        ValueError: the landmarks have another shape, are not finite or lie in one point.
    """
    landmarks = np.array(landmarks, dtype=np.float64)  # a copy: rotating needs it writable
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
    rotation = head_rotation(landmarks)
    roll, pitch, yaw = -rotation.as_euler("ZXY", degrees=True)
    kept_pitch = float(np.clip(pitch, -PITCH_LEFT_IN, PITCH_LEFT_IN))
    upright = Rotation.from_euler("X", -kept_pitch, degrees=True) * rotation.inv()
    points = upright.apply(landmarks)
    points -= pupil_midpoint(points)
    size = float(np.linalg.norm(points[CHIN_BOTTOM, :2]))
    iris = iris_width(landmarks)
    millimetres = size / iris * IRIS_MILLIMETRES if iris > 0 else float("nan")
    return NormalisedFace(
        points=points / size,
        yaw=float(yaw),
        pitch=float(pitch),
        roll=float(roll),
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
