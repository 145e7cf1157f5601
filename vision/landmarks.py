"""Find every face in a photo, with MediaPipe's 478 landmarks on each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from vision.faces import Box, Face, overlap
from vision.landmark_networks import FaceLandmarkerNetwork, FaceMeshNetwork, LandmarkNetwork
from vision.mediapipe_import import import_mediapipe, without_log_lines
from vision.meshes import SAME_FACE, Mesh, add_face, largest_faces

# The networks see at most 192 pixels across a face or a frame: a larger photo adds time and
# aliasing, no detail. (92 photos of 1350 pixels brought to 1280, 512 or 256: landmarks move by
# 0.1, 0.3 or 0.6 % of the face's height and predict proportions as well.) Photos whose shorter
# side is at least twice this are reduced.
_WORKING_SIDE = 1024

# The full-range detector finds all faces above a tenth of what it is shown, and few below a
# twentieth. Unless a photo is a portrait (one face, a quarter of the shorter side or more) it is
# shown tiles too, which overlap by as much as a small face needs.
_PORTRAIT = 0.25
_TILE = 0.55
_TILE_OVERLAP = 0.1
_TILED_SIDE = 320

# Beside a single face of this part of the shorter side the mesh's own detector still finds all
# faces of half its height, and few of a third (12 pairs of people, eight sizes).
_FILLING = 1 / 3

# A crop this many times the detector's box holds the whole head at about the half of its side,
# where the mesh's own detector is at its best.
_CROP_FACTOR = 2.0
_CROP_SIDES = (256, 512)


class FaceLandmarker:
    """Detects faces and their landmarks by MediaPipe's face mesh, or by its newer FaceLandmarker.

    The networks' own detector misses faces smaller than about a fifth of the frame; a second,
    full-range detector looks for those, and each is meshed on a crop of its own. Every photo is
    seen on its own: the same pixels give the same landmarks to the bit, whatever came before.

    name: "face_mesh" or "face_landmarker". Their landmarks differ by a few percent of a face;
        models are trained for one of them.

    One object serves one thread at a time. Use it as a context manager, or call close().
    """

    def __init__(self, maximum_faces: int = 10, task_file: Path | None = None) -> None:
        """Load the networks (about a second for the first object of a process).

        maximum_faces: at most this many faces per photo are returned, the largest.
        task_file: MediaPipe's `face_landmarker.task`, to use that and get expressions too; by
            default the face mesh is used.

        Raises LandmarkerFileError for a task file that is missing or not the expected one.
        """
        if maximum_faces < 1:
            raise ValueError(
                f"maximum_faces is {maximum_faces}; expected 1 or more; leave it out for 10."
            )
        self._maximum_faces = maximum_faces
        self._is_open = True
        self._quiet = False
        with without_log_lines():
            self._network: LandmarkNetwork = (
                FaceMeshNetwork(maximum_faces)
                if task_file is None
                else FaceLandmarkerNetwork(task_file, maximum_faces)
            )
            self._detector: Any = import_mediapipe().solutions.face_detection.FaceDetection(
                model_selection=1
            )
            # The graphs load, and log, on threads of their own: wait for them in here.
            self._detect(np.zeros((64, 64, 3), dtype=np.uint8))
        self.name = self._network.name

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
        """Free the networks; further calls do nothing, and detect() is refused."""
        if self._is_open:
            self._is_open = False
            self._network.close()
            self._detector.close()

    def detect(self, pixels: np.ndarray, everybody: bool = True) -> list[Face]:
        """Find the faces of a photo.

        pixels: (height, width, 3) uint8 RGB, upright.
        everybody: False takes half the time where a single face is a third as high as the photo's
            shorter side: faces of less than about half its height are then not looked for.

        Returns the faces, largest mesh first; an empty list where there is none.
        Raises ValueError for other arrays, RuntimeError after close().
        """
        self._refuse_when_closed()
        if self._quiet:
            return self._detect(pixels, everybody)
        with without_log_lines():
            faces = self._detect(pixels, everybody)
        # The graphs speak once each, the last one when it meets its first face.
        self._quiet = bool(faces)
        return faces

    def _detect(self, pixels: np.ndarray, everybody: bool = True) -> list[Face]:
        working, shrink = working_picture(pixels)
        height, width = pixels.shape[:2]
        meshes: list[Mesh] = []
        for mesh in self._whole_meshes(working, shrink):
            add_face(meshes, mesh, width, height)
        if not everybody and _is_portrait(meshes, width, height, _FILLING):
            return largest_faces(meshes, width, height, self._maximum_faces)
        self._add_detected(meshes, pixels, working, shrink, (0, 0))
        if not _is_portrait(meshes, width, height, _PORTRAIT):
            for x, y, side in _tiles(working.shape[1], working.shape[0]):
                tile = np.ascontiguousarray(working[y : y + side, x : x + side])
                self._add_detected(meshes, pixels, tile, shrink, (x, y))
        return largest_faces(meshes, width, height, self._maximum_faces)

    def look_again(self, pixels: np.ndarray, boxes: Sequence[Box]) -> list[Face | None]:
        """Look at a picture of which it is known where the faces are.

        pixels: (height, width, 3) uint8 RGB.
        boxes: of faces, in its pixels.

        Returns for each box the face in it; None where there is none to be seen.
        Raises ValueError for other arrays, RuntimeError after close().
        """
        self._refuse_when_closed()
        working, shrink = working_picture(pixels)
        height, width = pixels.shape[:2]
        whole: list[Mesh] = []
        for mesh in self._whole_meshes(working, shrink):
            add_face(whole, mesh, width, height)
        faces: list[Face | None] = []
        for box in boxes:
            found = [mesh for mesh in whole if overlap(box, mesh.box) >= SAME_FACE]
            if not found:
                for mesh in self._meshes_near(pixels, box):
                    add_face(found, mesh, width, height)
            best = max(found, key=lambda mesh: overlap(box, mesh.box), default=None)
            faces.append(best and Face(best.landmarks, width, height, best.expressions))
        return faces

    def _refuse_when_closed(self) -> None:
        if not self._is_open:
            raise RuntimeError("This FaceLandmarker is closed; expected an open one; make a new.")

    def _whole_meshes(self, working: np.ndarray, shrink: int) -> list[Mesh]:
        """What the network sees in a working picture, in pixels of the whole one."""
        return [
            mesh._replace(landmarks=mesh.landmarks * shrink)
            for mesh in self._network.meshes(working)
        ]

    def _add_detected(
        self,
        meshes: list[Mesh],
        pixels: np.ndarray,
        part: np.ndarray,
        shrink: int,
        corner: tuple[int, int],
    ) -> None:
        """Add a mesh for each face that the full-range detector sees and `meshes` lacks.

        part: the piece of the working picture to search; corner: its left and top there.
        """
        height, width = pixels.shape[:2]
        for left, top, right, bottom in self._detections(part):
            box = (
                (left + corner[0]) * shrink,
                (top + corner[1]) * shrink,
                (right + corner[0]) * shrink,
                (bottom + corner[1]) * shrink,
            )
            if all(overlap(box, mesh.box) < SAME_FACE for mesh in meshes):
                for mesh in self._meshes_near(pixels, box):
                    add_face(meshes, mesh, width, height)

    def _detections(self, pixels: np.ndarray) -> list[Box]:
        """Boxes of the full-range detector, in pixels of the picture."""
        height, width = pixels.shape[:2]
        found = self._detector.process(pixels).detections or []
        boxes = [detection.location_data.relative_bounding_box for detection in found]
        return [
            (
                box.xmin * width,
                box.ymin * height,
                (box.xmin + box.width) * width,
                (box.ymin + box.height) * height,
            )
            for box in boxes
        ]

    def _meshes_near(self, pixels: np.ndarray, box: Box) -> list[Mesh]:
        """The mesh that lies in a detected box, looked for in a crop around it: one or none."""
        crop, left, top, scale = _square_crop(pixels, box)
        candidates = [
            mesh._replace(landmarks=mesh.landmarks * scale + (left, top, 0.0))
            for mesh in self._network.meshes(crop)
        ]
        candidates.sort(key=lambda mesh: overlap(box, mesh.box), reverse=True)
        return [mesh for mesh in candidates[:1] if overlap(box, mesh.box) >= SAME_FACE]


def _is_portrait(meshes: list[Mesh], width: int, height: int, share: float) -> bool:
    """Whether a single face is as high as this share of the photo's shorter side."""
    if len(meshes) != 1:
        return False
    _, top, _, bottom = meshes[0].box
    return bottom - top >= share * min(width, height)


def _tiles(width: int, height: int) -> list[tuple[int, int, int]]:
    """(left, top, side) of squares that cover a picture, each small face whole in one of them."""
    short = min(width, height)
    side = round(_TILE * short)
    step = side - round(_TILE_OVERLAP * short)
    if step < 1 or short < _TILED_SIDE:
        return []

    def starts(length: int) -> list[int]:
        count = 1 + math.ceil((length - side) / step - 0.01)  # rounding must not add a row
        return [round(index * (length - side) / (count - 1)) for index in range(count)]

    return [(x, y, side) for y in starts(height) for x in starts(width)]


def working_picture(pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """What the networks are shown of a picture: it reduced by a whole number, and that number.

    pixels: (height, width, 3) uint8 RGB. Only large pictures are reduced, the others get 1.
    Raises ValueError for other arrays.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(
            f"pixels is {pixels.shape} {pixels.dtype}; expected (height, width, 3) uint8 RGB; "
            "convert the picture first (read_photo does)."
        )
    height, width = pixels.shape[:2]
    shrink = max(1, min(height, width) // _WORKING_SIDE)
    if shrink == 1:
        return np.ascontiguousarray(pixels), 1
    import cv2

    size = (width // shrink, height // shrink)
    whole = pixels[: size[1] * shrink, : size[0] * shrink]
    return cv2.resize(whole, size, interpolation=cv2.INTER_AREA), shrink


def _square_crop(pixels: np.ndarray, box: Box) -> tuple[np.ndarray, int, int, float]:
    """Cut a generous square around a box, the frame's edge repeated where it reaches beyond.

    Returns the crop, its left and top in the photo, and the photo's pixels per crop pixel.
    """
    import cv2

    height, width = pixels.shape[:2]
    side = max(8, round(_CROP_FACTOR * max(box[2] - box[0], box[3] - box[1])))
    left = round((box[0] + box[2] - side) / 2)
    top = round((box[1] + box[3] - side) / 2)
    inner = pixels[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    crop = cv2.copyMakeBorder(
        inner,
        max(0, -top),
        max(0, top + side - height),
        max(0, -left),
        max(0, left + side - width),
        cv2.BORDER_REPLICATE,
    )
    smallest, largest = _CROP_SIDES
    drawn = min(max(side, smallest), largest)
    if drawn != side:
        method = cv2.INTER_CUBIC if drawn > side else cv2.INTER_AREA
        crop = cv2.resize(crop, (drawn, drawn), interpolation=method)
    return np.ascontiguousarray(crop), left, top, side / drawn
