"""One face found in a photo: the landmarks that every later step measures on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) in pixels."""

LANDMARK_COUNT = 478
"""MediaPipe's face mesh (468 points) and five points on each iris (468-472 and 473-477)."""

MESH_COUNT = 468
"""The first landmarks, which lie on the skin; the others are the irises."""

# fmt: off
EXPRESSION_NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)
# fmt: on
"""The 52 scores of MediaPipe's FaceLandmarker in its order; left and right are the person's."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face's landmarks in the pixels of its photo.

    landmarks: (478, 3) float32: x to the right, y down, from the photo's top left corner; z away
        from the camera, in the same scale, around 0 at the face's middle (MediaPipe's
        convention). Points may lie outside the photo. Kept as a read-only copy.
    photo_width, photo_height: the photo's size in pixels.
    expressions: (52,) float32, 0..1, the scores of EXPRESSION_NAMES; None where the landmarker
        tells none. Kept as a read-only copy.
    """

    landmarks: np.ndarray = field(repr=False)
    photo_width: int
    photo_height: int
    expressions: np.ndarray | None = field(default=None, repr=False)

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
        if self.expressions is not None:
            object.__setattr__(self, "expressions", _checked_expressions(self.expressions))

    @cached_property
    def box(self) -> Box:
        """(left, top, right, bottom) of the mesh in pixels; may reach beyond the photo."""
        points = self.landmarks[:MESH_COUNT, :2]
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return across * down / (areas - across * down)


def _checked_expressions(expressions: np.ndarray) -> np.ndarray:
    """A read-only copy of the scores, refused unless there are 52 within 0..1."""
    scores = np.array(expressions, dtype=np.float32)
    # nan is neither at least 0 nor at most 1.
    if scores.shape != (len(EXPRESSION_NAMES),) or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(
            f"Face.expressions is {scores.shape} or not within 0..1; expected "
            f"({len(EXPRESSION_NAMES)},) numbers of 0..1, or None; take them from "
            "FaceLandmarker.detect."
        )
    scores.setflags(write=False)
    return scores
