"""Pictures of one head, or of two side by side, turned as the person in the video turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exports.shown_head import ShownHead, face_instead, rig_columns, shown_head_or_face
from rig.camera import Camera
from rig.landmark_head import LandmarkHead
from rig.painter import paint_mesh, soften_outline
from rig.render import Light, Renderer, RenderError
from rig.rig import FloatArray

BACKGROUND = (32, 34, 38)
"""RGB, what is behind the heads."""

_DISTANCE = 15.0  # decimetres, a portrait photographer's distance
_LIGHT = Light(
    direction=(-0.45, 0.5, 1.0),
    colour=(0.74, 0.72, 0.69),
    ambient=(0.26, 0.27, 0.30),
    specular=0.07,
)
_TWO_SMALLER = 1.15  # in half a picture, so that a turned head has room
_FADE = 0.16  # of the height, at the bottom: heads end there as they happen to be cut


class HeadPictures:
    """Draws one head, or two side by side, of the same rig. Use `with` or `close()`.

    Args:
        head: what to draw.
        slider_names: those that values come for, in their order.
        size: (width, height) of the pictures in pixels; the width is even.
        opengl: False to paint without OpenGL: for meshes of few triangles.

    Raises:
        RenderError: OpenGL does not start.
        RigError: the rig has no such slider.
        ValueError: the size is none.
    """

    def __init__(
        self,
        head: ShownHead,
        slider_names: Sequence[str],
        size: tuple[int, int] = (640, 480),
        opengl: bool = True,
    ) -> None:
        check_size(size)
        self._head, self._size = head, size
        self._columns = rig_columns(head.rig, slider_names)
        self._framing = head.framing
        self._shapes: dict[bytes, FloatArray] = {}
        # One for pictures of one head, one for those of two.
        self._renderers: list[Renderer] = []
        if opengl:
            self._renderers.append(Renderer(*size, samples=0))
            self._renderers.append(Renderer(size[0] // 2, size[1], samples=0))

    def draw(
        self, heads: Sequence[npt.ArrayLike], yaw: float, pitch: float, roll: float
    ) -> npt.NDArray[np.uint8]:
        """A picture (height, width, 3) uint8 RGB of one or two heads.

        Args:
            heads: (s,) slider values in rig units, for each.
            yaw, pitch, roll: degrees, as in rig.camera.Camera.
        """
        framing = self._framing
        if len(heads) > 1:
            framing = replace(framing, height=framing.height * _TWO_SMALLER)
        camera = framing.camera(_DISTANCE, yaw, pitch, roll)
        panels = [self._panel(self._vertices(values), camera, len(heads)) for values in heads]
        picture = panels[0] if len(panels) == 1 else np.concatenate(panels, axis=1)
        return _faded(picture)

    def _panel(self, vertices: FloatArray, camera: Camera, count: int) -> npt.NDArray[np.uint8]:
        """One of so many heads."""
        import cv2

        triangles, (width, height) = self._head.rig.triangles, self._size
        red, green, blue = (part / 255 for part in BACKGROUND)
        background = (red, green, blue)
        if not self._renderers:
            return paint_mesh(
                *(vertices, triangles, self._head.colours, camera),
                *(width // count, height, _LIGHT, background),
            )
        picture = self._renderers[count - 1].render(
            vertices, triangles, self._head.colours, camera, _LIGHT, background
        )
        plain = np.array(BACKGROUND, np.uint8)
        beside = cv2.inRange(picture, plain, plain)
        return soften_outline(picture, np.asarray(beside) == 0)

    def _vertices(self, values: npt.ArrayLike) -> FloatArray:
        """The mesh in a shape; the last few are kept, as heads turn more than they change."""
        amounts = np.zeros(len(self._head.rig.sliders), np.float32)
        amounts[self._columns] = values
        name = amounts.tobytes()
        if name not in self._shapes:
            while len(self._shapes) >= 2:
                del self._shapes[next(iter(self._shapes))]
            self._shapes[name] = self._head.rig.vertices(amounts)
        return self._shapes[name]

    def close(self) -> None:
        """Release OpenGL."""
        while self._renderers:
            self._renderers.pop().close()

    def __enter__(self) -> HeadPictures:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_pictures(
    models_folder: Path, rig_path: Path | None, head: LandmarkHead, size: tuple[int, int]
) -> tuple[HeadPictures, str]:
    """The best that can be drawn here, and the note on it: never an error of rig or OpenGL."""
    drawn = shown_head_or_face(models_folder, rig_path, head)
    try:
        return HeadPictures(drawn, head.slider_names, size), drawn.note
    except RenderError as error:
        drawn = face_instead(head, error)
    return HeadPictures(drawn, head.slider_names, size, opengl=False), drawn.note


def _faded(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture, changed: its bottom fades into the background."""
    rows = round(len(picture) * _FADE)
    if rows:
        share = np.linspace(1, 0, rows, dtype=np.float32)[:, None, None]
        background = np.array(BACKGROUND, np.float32)
        picture[-rows:] = background + share * (picture[-rows:] - background)
    return picture


def check_size(size: tuple[int, int]) -> None:
    """Raises ValueError for a size of pictures that cannot be halved."""
    width, height = size
    if width < 2 or height < 1 or width % 2:
        raise ValueError(
            f"Pictures of heads {width} x {height} pixels large were asked for. An even width of "
            "2 or more and a height of 1 or more were expected. Correct the size."
        )
