"""Which of several faces is followed: the largest, or the one that was picked."""

from __future__ import annotations

from collections.abc import Sequence

from vision.faces import Box, Face, overlap

_SAME_FACE = 0.3  # intersection over union of a face's boxes in two frames


class FaceChoice:
    """Keeps to one face from frame to frame.

    The largest face is followed until it is gone; another that grows larger for a moment does not
    take its place. After `pick` that face is followed.
    """

    def __init__(self) -> None:
        self._box: Box | None = None

    def choose(self, faces: Sequence[Face]) -> int | None:
        """The index of the face to follow, of this frame's faces, largest first; None of none."""
        if not faces:
            self._box = None
            return None
        number = 0
        if self._box is not None:
            box = self._box
            number = max(range(len(faces)), key=lambda index: overlap(box, faces[index].box))
            if overlap(box, faces[number].box) < _SAME_FACE:
                number = 0
        self._box = faces[number].box
        return number

    def pick(self, face: Face) -> None:
        """From now on, follow this face of the last frame."""
        self._box = face.box


def face_at(faces: Sequence[Face], x: float, y: float) -> int | None:
    """The index of the smallest face whose box holds a point of the frame, in pixels."""
    hit = [
        index
        for index, face in enumerate(faces)
        if face.box[0] <= x <= face.box[2] and face.box[1] <= y <= face.box[3]
    ]
    return max(hit, default=None)  # they come largest first
