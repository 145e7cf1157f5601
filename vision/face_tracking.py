"""Follow faces through the frames of a video, with MediaPipe's 478 landmarks on each."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from vision.faces import Face
from vision.landmark_networks import FaceMeshNetwork
from vision.landmarks import working_picture
from vision.mediapipe_import import without_log_lines
from vision.meshes import Mesh, add_face, largest_faces

# No face is in it, so that none is followed from it.
_EMPTY = np.zeros((64, 64, 3), dtype=np.uint8)


class FaceTracker:
    """Finds the faces of each frame by MediaPipe's face mesh, near where the last frame had them.

    About ten times as fast as vision.landmarks.FaceLandmarker, which searches every picture anew,
    and finds what a camera on a screen sees: faces of about a sixth of the frame's height and
    more. The landmarks agree with FaceLandmarker's within 0.5 % of a face's height on average. The
    same frames in the same order give the same landmarks to the bit.

    One object serves one thread at a time. Use it as a context manager, or call close().
    """

    def __init__(self, maximum_faces: int = 4) -> None:
        """Load the networks (about a second for the first object of a process).

        maximum_faces: at most this many are followed. One is followed in 4 ms per frame; where
            more are allowed a search for them runs too, 2 ms, until all are found.
        """
        if maximum_faces < 1:
            raise ValueError(
                f"maximum_faces is {maximum_faces}; expected 1 or more; leave it out for 4."
            )
        self._maximum_faces = maximum_faces
        self._is_open = True
        self._quiet = False
        with without_log_lines():
            self._network = FaceMeshNetwork(maximum_faces, in_video=True)
            # The graph loads, and logs, on threads of its own: wait for them in here.
            self._network.meshes(_EMPTY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the networks; further calls do nothing, and track() is refused."""
        if self._is_open:
            self._is_open = False
            self._network.close()

    def track(self, pixels: np.ndarray) -> list[Face]:
        """The faces of the next frame, largest first; an empty list where there is none.

        pixels: (height, width, 3) uint8 RGB, upright. The size may change between frames.

        Raises ValueError for other arrays, RuntimeError after close().
        """
        self._refuse_when_closed()
        working, shrink = working_picture(pixels)
        height, width = pixels.shape[:2]
        meshes: list[Mesh] = []
        for mesh in self._meshes(working):
            add_face(meshes, mesh._replace(landmarks=mesh.landmarks * shrink), width, height)
        return largest_faces(meshes, width, height, self._maximum_faces)

    def forget(self) -> None:
        """Search the next frame as if it were the first, as after a cut; takes a frame's time.

        Without it a face of another scene can stay for a frame where the next one has none.
        """
        self._refuse_when_closed()
        self._meshes(_EMPTY)

    def _meshes(self, pixels: np.ndarray) -> list[Mesh]:
        if self._quiet:
            return self._network.meshes(pixels)
        with without_log_lines():
            meshes = self._network.meshes(pixels)
        # The graph speaks a last time when it meets its first face.
        self._quiet = bool(meshes)
        return meshes

    def _refuse_when_closed(self) -> None:
        if not self._is_open:
            raise RuntimeError("This FaceTracker is closed; expected an open one; make a new.")
