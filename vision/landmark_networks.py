"""The networks that put MediaPipe's 478 landmarks on the faces of a picture.

Two are exchangeable: the face mesh that comes with MediaPipe, and the newer FaceLandmarker, whose
`.task` file the user supplies and which tells the expression too. Both look at the whole picture
and miss faces that are small in it; the search for those is FaceLandmarker's in vision.landmarks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vision.faces import EXPRESSION_NAMES, LANDMARK_COUNT
from vision.landmarker_file import read_landmarker_file
from vision.mediapipe_import import import_mediapipe
from vision.meshes import Mesh


class LandmarkNetwork(Protocol):
    """What the search for faces needs of a network."""

    name: str

    def meshes(self, pixels: np.ndarray) -> list[Mesh]:
        """The faces that the network sees in a picture, in no particular order.

        pixels: (height, width, 3) uint8 RGB, contiguous. The same pixels give the same meshes,
        whatever came before.
        """

    def close(self) -> None:
        """Free the network; it is not used afterwards."""


class FaceMeshNetwork:
    """MediaPipe's face mesh with irises (Kartynnik et al. 2019; Grishchenko et al. 2020)."""

    name = "face_mesh"

    def __init__(self, maximum_faces: int, in_video: bool = False) -> None:
        """Load the network.

        maximum_faces: at most this many are found in one picture.
        in_video: the pictures are frames that follow on each other. Faces are looked for where
            the last frame had them, so that its meshes count too.
        """
        self._network: Any = import_mediapipe().solutions.face_mesh.FaceMesh(
            static_image_mode=not in_video, refine_landmarks=True, max_num_faces=maximum_faces
        )

    def meshes(self, pixels: np.ndarray) -> list[Mesh]:
        """See LandmarkNetwork."""
        found = self._network.process(pixels).multi_face_landmarks or []
        return [
            Mesh(_in_pixels(face.landmark, pixels), None)
            for face in found
            if len(face.landmark) == LANDMARK_COUNT
        ]

    def close(self) -> None:
        """See LandmarkNetwork."""
        self._network.close()


class FaceLandmarkerNetwork:
    """MediaPipe's FaceLandmarker task: landmarks by a newer network, and expressions.

    The expressions are the scores of 52 blendshapes, which MediaPipe computes from the landmarks
    (Grishchenko et al. 2023, "Blendshapes GHUM").
    """

    name = "face_landmarker"

    def __init__(self, task_file: Path, maximum_faces: int) -> None:
        """Load the network.

        task_file: the one `face_landmarker.task` that models are trained for, see
            vision.landmarker_file.
        maximum_faces: at most this many are found in one picture.

        Raises LandmarkerFileError for a file that is missing or another one.
        """
        content = read_landmarker_file(task_file)
        self._mediapipe: Any = import_mediapipe()
        from mediapipe.tasks.python import BaseOptions
        from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions

        options = FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=content),
            output_face_blendshapes=True,
            num_faces=maximum_faces,
        )
        self._network: Any = FaceLandmarker.create_from_options(options)

    def meshes(self, pixels: np.ndarray) -> list[Mesh]:
        """See LandmarkNetwork."""
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
        found = self._network.detect(image)
        return [
            Mesh(_in_pixels(landmarks, pixels), _expressions(categories))
            for landmarks, categories in zip(
                found.face_landmarks, found.face_blendshapes, strict=True
            )
            if len(landmarks) == LANDMARK_COUNT
        ]

    def close(self) -> None:
        """See LandmarkNetwork."""
        self._network.close()


def _in_pixels(landmarks: Any, pixels: np.ndarray) -> np.ndarray:
    """MediaPipe's normalised landmarks as (478, 3) float64 in pixels of the picture."""
    height, width = pixels.shape[:2]
    scale = (width, height, width)  # MediaPipe gives z in the scale of x
    return np.array([(point.x, point.y, point.z) for point in landmarks]) * scale


def _expressions(categories: Any) -> np.ndarray:
    """The scores of a face as (52,) float32; ValueError if they are not those of the names."""
    names = tuple(category.category_name for category in categories)
    if names != EXPRESSION_NAMES:
        raise ValueError(
            f"MediaPipe's FaceLandmarker scores the expressions {names}; expected those of "
            "EXPRESSION_NAMES in that order; use the MediaPipe release that requirements.txt names."
        )
    return np.array([category.score for category in categories], dtype=np.float32)
