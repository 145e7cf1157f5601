"""What a camera nearby does to a face: parts nearer to it look larger.

Distances are in face heights: from the camera to the eyes, divided by the distance from the pupils
to the chin bottom. A photo tells it when its focal length is known, by the focal length in pixels
divided by the face's height in pixels, whatever the size of the person.
"""

from __future__ import annotations

import numpy as np

from vision.mesh_topology import CHIN_BOTTOM
from vision.pose import NormalisedFace, pupil_midpoint

PORTRAIT_DISTANCE = 13.0
"""Face heights, about 1.5 metres: what is assumed of a photo that does not tell."""

NEAREST, FARTHEST = 1.5, 100.0
"""Face heights, about 17 cm and 12 m; nearer cameras are an error of the file."""


def camera_distance(face: NormalisedFace, focal_length_pixels: float | None) -> float:
    """Face heights between the camera and the eyes; nan where the focal length is not known.

    Args:
        focal_length_pixels: as vision.photos.Photo has it.
    """
    if not focal_length_pixels:
        return float("nan")
    return focal_length_pixels / face.size_pixels


def known_distance(distance: float) -> float:
    """A distance to reckon with: a portrait's where it is not known, else within the limits."""
    return float(np.clip(distance, NEAREST, FARTHEST)) if distance > 0 else PORTRAIT_DISTANCE


def seen_from(points: np.ndarray, distance: float) -> np.ndarray:
    """Points of faces as a pinhole camera in front of them sees them.

    The eyes keep their scale; depths stay what they are.

    Args:
        points: (..., 478, 3) or (..., 468, 3), in the axes of landmarks, looking straight ahead.
        distance: face heights, where the face's height is the one that is seen.

    Raises:
        ValueError: the distance is not positive and finite.
    """
    if not 0 < distance < np.inf:
        raise ValueError(
            f"The distance is {distance}. A positive number of face heights was expected. Pass "
            "PORTRAIT_DISTANCE where it is not known."
        )
    points = np.asarray(points)
    eyes = pupil_midpoint(points)
    chin = points[..., CHIN_BOTTOM, :]
    middle = (eyes[..., None, :2] + chin[..., None, :2]) / 2
    depth = points[..., 2] - eyes[..., None, 2]
    height = np.linalg.norm(chin[..., :2] - eyes[..., :2], axis=-1)
    # The chin's own depth changes the height that is seen: twice around settles it.
    seen = height
    for _ in range(2):
        seen = height * distance * seen / (distance * seen + depth[..., CHIN_BOTTOM])
    away = (distance * seen)[..., None]
    flat = middle + (points[..., :2] - middle) * (away / (away + depth))[..., None]
    return np.concatenate([flat, points[..., 2:]], axis=-1)
