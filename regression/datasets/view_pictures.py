"""Pictures of a head that nobody placed yet, and the faces in them: work for worker processes.

Each function runs in a process of its own kind (regression.datasets.workers): OpenGL in one, the
detector in the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from regression.datasets.head_views import View, VisibleMesh
from rig.portrait import Framing, frame_head
from rig.rig import Rig
from vision.faces import LANDMARK_COUNT

LIGHTS = 4
"""Kinds of light that render_views knows, the plainest first."""

PAINTED_PICTURES = 16
PAINTED_DISTANCE = 20.0
"""Of the camera from a placed head in painted pictures, in decimetres, as in rig_mapping."""


def render_views(
    mesh: VisibleMesh, views: Sequence[View], side: int, lights: Sequence[int]
) -> npt.NDArray[np.uint8]:
    """(views x colours x lights, side, side, 3); colours are the file's own too, if it has any.

    lights: numbers below LIGHTS.
    """
    from rig.render import Light, Renderer

    kinds = (
        Light((0.0, 0.3, 1.0)),
        Light((-0.4, 0.9, 0.8), ambient=(0.2, 0.2, 0.2)),
        Light((0.7, 0.5, 1.0)),
        Light((-0.7, 0.5, 1.0)),
    )
    skin = np.tile(np.array([0.8, 0.64, 0.56], np.float32), (len(mesh.vertices), 1))
    paints = [skin, mesh.colours] if len(mesh.colours) else [skin]
    pictures = []
    with Renderer(side, side) as renderer:
        for view in views:
            vertices = (mesh.vertices @ view.rotation.T).astype(np.float32)
            pictures += [
                renderer.render(vertices, mesh.triangles, paint, view.camera, kinds[light])
                for paint in paints
                for light in lights
            ]
    return np.stack(pictures)


def render_painted(rig: Rig, side: int) -> tuple[npt.NDArray[np.uint8], Framing]:
    """(16, side, side, 3) of a placed head from the front, painted and lit at random.

    Also returns how it is framed: x = 0 is in the middle of the picture.
    """
    from regression.datasets.random_heads import random_colours, random_light
    from rig.render import Renderer

    framing = frame_head(rig)
    # The plane that mirrors the head goes through the middle of the picture.
    framing = Framing((0.0, *framing.centre[1:]), framing.height)
    camera = framing.camera(PAINTED_DISTANCE)
    random = np.random.default_rng(0)
    with Renderer(side, side) as renderer:
        pictures = [
            renderer.render(
                rig.neutral,
                rig.triangles,
                random_colours(rig, random),
                camera,
                random_light(random),
            )
            for _ in range(PAINTED_PICTURES)
        ]
    return np.stack(pictures), framing


def detect_faces(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(n, 478, 3) the largest face's landmarks in each picture, NaN where there is none."""
    from vision.landmarks import FaceLandmarker

    found = np.full((len(pictures), LANDMARK_COUNT, 3), np.nan)
    with FaceLandmarker(1) as landmarker:
        for picture, row in zip(pictures, found, strict=True):
            for face in landmarker.detect(picture):
                row[:] = face.landmarks
    return found
