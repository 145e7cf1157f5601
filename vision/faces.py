"""One face found in a photo: the landmarks that every later step measures on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LANDMARK_COUNT = 478
"""MediaPipe's face mesh (468 points) and five points on each iris (468-472 and 473-477)."""

MESH_COUNT = 468
"""The first landmarks, which lie on the skin; the others are the irises."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face's landmarks in the pixels of its photo.

    landmarks: (478, 3) float32: x to the right, y down, from the photo's top left corner; z away
        from the camera, in the same scale, around 0 at the face's middle (MediaPipe's
        convention). Points may lie outside the photo. Kept as a read-only copy.
    photo_width, photo_height: the photo's size in pixels.
    """

    landmarks: np.ndarray = field(repr=False)
    photo_width: int
    photo_height: int

    def __post_init__(self) -> None:
        landmarks = np.array(self.landmarks, dtype=np.float32)
        if landmarks.shape != (LANDMARK_COUNT, 3) or not np.isfinite(landmarks).all():
            raise ValueError(
                f"Face.landmarks is {landmarks.shape} or not finite; expected "
                f"({LANDMARK_COUNT}, 3) finite numbers; take them from FaceLandmarker.detect."
            )
        if self.photo_width < 1 or self.photo_height < 1:
            raise ValueError(
                f"The photo's size is {self.photo_width}x{self.photo_height}; expected 1 or more "
                "each way; pass pixels.shape[1] and pixels.shape[0]."
            )
        landmarks.setflags(write=False)
        object.__setattr__(self, "landmarks", landmarks)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the mesh in pixels; may reach beyond the photo."""
        points = self.landmarks[:MESH_COUNT, :2]
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)
