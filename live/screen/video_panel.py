"""The video with what is seen in it: meshes, boxes, numbers and flags of the faces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np

from exports.face_curves import draw_curve, face_curves
from exports.face_mesh import TRIANGLES
from live.screen.palette import BACKGROUND, BLUE, DIM, ORANGE, TEXT, Colour
from live.screen.text import draw_pill, pill_height, text_width
from live.state import LiveState
from vision.faces import MESH_COUNT

_MESH_OPACITY = 0.36
_CORNER = 0.16  # of the box's shorter side
_BOX_MARGIN = 0.06  # of the box: the mesh does not touch it
_LABEL_SIZE = 17

FLAG_WORDS = {
    "too_small": "too far away",
    "blurred": "blurred",
    "strongly_turned": "turned away",
    "cut_by_frame": "cut by the edge",
}
"""What vision.quality's flags are called on the screen."""


@dataclass(frozen=True)
class Placement:
    """Where a frame lies in its panel.

    Attributes:
        left, top, width, height: of the drawn frame, panel pixels.
        scale: panel pixels per frame pixel.
        frame_width: of the frame, pixels.
        mirrored: whether it is drawn as in a mirror.
    """

    left: int
    top: int
    width: int
    height: int
    scale: float
    frame_width: int
    mirrored: bool

    def to_panel(self, points: np.ndarray) -> np.ndarray:
        """Frame pixels (n, 2 or more) -> panel pixels (n, 2), from the first pixel's middle."""
        x = self.frame_width - points[:, 0] if self.mirrored else points[:, 0]
        placed = np.stack([x, points[:, 1]], axis=1) * self.scale
        return np.asarray(placed + (self.left - 0.5, self.top - 0.5))

    def to_frame(self, x: float, y: float) -> tuple[float, float] | None:
        """A panel pixel in frame pixels; None beside the frame."""
        inside = (x - self.left + 0.5) / self.scale, (y - self.top + 0.5) / self.scale
        if not (0 <= x - self.left < self.width and 0 <= y - self.top < self.height):
            return None
        return (self.frame_width - inside[0] if self.mirrored else inside[0]), inside[1]


def place_frame(frame: np.ndarray, width: int, height: int, mirrored: bool) -> Placement:
    """The largest place for a frame (h, w, 3) in a panel of that size, in its middle."""
    frame_height, frame_width = frame.shape[:2]
    scale = min(width / frame_width, height / frame_height)
    drawn = max(1, round(frame_width * scale)), max(1, round(frame_height * scale))
    left, top = (width - drawn[0]) // 2, (height - drawn[1]) // 2
    return Placement(left, top, *drawn, scale, frame_width, mirrored)


def draw_video(panel: np.ndarray, state: LiveState, mirrored: bool) -> None:
    """Draw the frame and its faces into a panel (height, width, 3) uint8 RGB, whose rest is kept.

    The face that is followed has its mesh, in blue, or in orange where it has flags, and its flags
    in words; the others have grey corners. Each has the number by which it is chosen.
    """
    import cv2

    pixels = state.frame.pixels
    placement = place_frame(pixels, panel.shape[1], panel.shape[0], mirrored)
    smaller = placement.scale < 1
    size = (placement.width, placement.height)
    if size != (pixels.shape[1], pixels.shape[0]):
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, size, interpolation=method)
    right, bottom = placement.left + placement.width, placement.top + placement.height
    # Faces reach beyond the frame; what is drawn of them does not.
    video = panel[placement.top : bottom, placement.left : right]
    video[:] = cv2.flip(pixels, 1) if mirrored else pixels
    corner = (placement.left, placement.top)
    for number, face in enumerate(state.faces, start=1):
        if number - 1 != state.chosen:
            points = placement.to_panel(face.landmarks) - corner
            _draw_box(video, points, DIM)
            _draw_label(video, points, f"{number}", DIM)
    if state.face is not None and state.chosen is not None:
        points = placement.to_panel(state.face.landmarks) - corner
        colour = ORANGE if state.quality else BLUE
        _draw_mesh(video, points, colour)
        _draw_box(video, points, colour)
        words = ", ".join(FLAG_WORDS.get(flag, flag.replace("_", " ")) for flag in state.quality)
        _draw_label(
            video,
            points,
            f"{state.chosen + 1}: {words}" if words else f"{state.chosen + 1}",
            colour,
        )


@cache
def _edges() -> np.ndarray:
    """(n, 2) landmarks that the face mesh joins, each pair once."""
    triangles = np.array(json.loads(TRIANGLES.read_text(encoding="utf-8")), np.int32)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _draw_mesh(video: np.ndarray, points: np.ndarray, colour: Colour) -> None:
    """The mesh so faint that the face stays visible, the features' curves clearly."""
    import cv2

    height, width = video.shape[:2]
    left, top = np.clip(np.floor(points.min(axis=0)) - 2, 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(points.max(axis=0)) + 3, 0, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return
    part = video[top:bottom, left:right]
    meshed = part.copy()
    inside = points - (left, top)
    draw_curve(meshed, inside[_edges()], False, colour, 1)
    curves = face_curves(inside)
    for closed, curve in curves:  # dark below, which sets them off from the skin
        draw_curve(meshed, curve, closed, BACKGROUND, 3)
    cv2.addWeighted(meshed, _MESH_OPACITY, part, 1 - _MESH_OPACITY, 0, dst=meshed)
    for closed, curve in curves:
        draw_curve(meshed, curve, closed, colour, 1)
    part[:] = meshed


def _corners(points: np.ndarray) -> np.ndarray:
    """(4, 2) of the box around a mesh, with some room."""
    low, high = points[:MESH_COUNT].min(axis=0), points[:MESH_COUNT].max(axis=0)
    room = _BOX_MARGIN * (high - low)
    (left, top), (right, bottom) = low - room, high + room
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _draw_box(video: np.ndarray, points: np.ndarray, colour: Colour) -> None:
    """The corners of the box alone, which hide less."""
    corners = _corners(points)
    length = _CORNER * float(min(corners[2] - corners[0]))
    for shade, thickness in ((BACKGROUND, 5), (colour, 2)):
        for at in range(4):
            towards = [corners[(at + step) % 4] - corners[at] for step in (-1, 1)]
            ends = [corners[at] + side / np.linalg.norm(side) * length for side in towards]
            draw_curve(video, np.array([ends[0], corners[at], ends[1]]), False, shade, thickness)


def _draw_label(video: np.ndarray, points: np.ndarray, text: str, colour: Colour) -> None:
    """A plate above the box's left corner, moved where it would leave the video."""
    left, top = _corners(points)[0]
    height, width = video.shape[:2]
    plate = text_width(text, _LABEL_SIZE) + 20, pill_height(_LABEL_SIZE)
    x = float(np.clip(left, 4, max(4, width - plate[0] - 4)))
    y = float(np.clip(top - plate[1] - 6, 4, max(4, height - plate[1] - 4)))
    plain = TEXT if colour == BLUE else colour
    draw_pill(video, text, x, y, _LABEL_SIZE, plain, BACKGROUND)
