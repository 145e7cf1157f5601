"""Flags go up when a photo gets worse, and stay down on good ones."""

from __future__ import annotations

import numpy as np
import pytest

from vision.faces import Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo
from vision.quality import QUALITY_FLAGS, SMALLEST_SHARPNESS, quality_flags, sharpness


def _scaled(face: Face, scale: float) -> Face:
    return Face(
        face.landmarks * scale,
        round(face.photo_width * scale),
        round(face.photo_height * scale),
    )


@pytest.fixture(scope="module")
def found(landmarker: FaceLandmarker, portraits: list[Photo]) -> list[tuple[np.ndarray, Face]]:
    return [(photo.pixels, landmarker.detect(photo.pixels)[0]) for photo in portraits]


def test_good_photos_have_no_flags(found: list[tuple[np.ndarray, Face]]) -> None:
    for pixels, face in found:
        assert quality_flags(pixels, face, 3.0, -4.0) == ()


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [(24, 19, ()), (-24, -19, ()), (26, 0, 1), (-26, 0, 1), (0, 21, 1), (0, -21, 1)],
)
def test_turned(
    found: list[tuple[np.ndarray, Face]], yaw: float, pitch: float, expected: object
) -> None:
    assert quality_flags(*found[0], yaw, pitch) == (("strongly_turned",) if expected else ())


def test_small(found: list[tuple[np.ndarray, Face]]) -> None:
    import cv2

    for pixels, face in found:
        height = face.box[3] - face.box[1]
        for target, expected in ((72, False), (56, True)):
            smaller = _scaled(face, target / height)
            size = (smaller.photo_width, smaller.photo_height)
            reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            assert ("too_small" in quality_flags(reduced, smaller, 0, 0)) is expected


@pytest.mark.parametrize("contrast", [1.0, 0.3])
def test_blurred(found: list[tuple[np.ndarray, Face]], contrast: float) -> None:
    import cv2

    for pixels, face in found:
        height = face.box[3] - face.box[1]
        darker = (pixels * contrast).astype(np.uint8)
        soft = cv2.GaussianBlur(darker, (0, 0), 0.015 * height)
        blurred = cv2.GaussianBlur(darker, (0, 0), 0.03 * height)
        assert sharpness(darker, face) > SMALLEST_SHARPNESS
        assert sharpness(darker, face) > sharpness(soft, face)
        for picture in (soft, blurred):
            assert quality_flags(picture, face, 0, 0) == ("blurred",)


@pytest.mark.parametrize("vertical", [False, True])
def test_shaken(found: list[tuple[np.ndarray, Face]], vertical: bool) -> None:
    import cv2

    for pixels, face in found:
        length = max(3, round(0.08 * (face.box[3] - face.box[1])))
        kernel = np.full((length, 1) if vertical else (1, length), 1 / length)
        assert quality_flags(cv2.filter2D(pixels, -1, kernel), face, 0, 0) == ("blurred",)


def test_a_flat_grey_is_as_blurred_as_can_be(found: list[tuple[np.ndarray, Face]]) -> None:
    pixels, face = found[0]
    assert sharpness(np.full_like(pixels, 128), face) < 1e-6


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_cut_by_the_frame(
    landmarker: FaceLandmarker, found: list[tuple[np.ndarray, Face]], side: str
) -> None:
    pixels, face = found[0]
    left, top, right, bottom = (round(edge) for edge in face.box)
    height, width = pixels.shape[:2]
    inside = round(0.12 * (right - left))
    columns = slice(
        left + inside if side == "left" else 0, right - inside if side == "right" else width
    )
    rows = slice(
        top + inside if side == "top" else 0, bottom - inside if side == "bottom" else height
    )
    cut = np.ascontiguousarray(pixels[rows, columns])
    faces = landmarker.detect(cut)
    assert len(faces) == 1
    assert quality_flags(cut, faces[0], 0, 0) == ("cut_by_frame",)


def test_flags_come_in_their_order(found: list[tuple[np.ndarray, Face]]) -> None:
    _, face = found[0]
    left, top, right, bottom = face.box
    tiny = face.landmarks - (left, top, 0)
    tiny = tiny * (30 / (bottom - top))
    grey = np.full((40, 40, 3), 128, np.uint8)
    assert quality_flags(grey, Face(tiny, 40, 40), 90, 0) == QUALITY_FLAGS


def test_faces_of_another_photo_are_refused(found: list[tuple[np.ndarray, Face]]) -> None:
    with pytest.raises(ValueError, match="pass the photo that the face was found in"):
        sharpness(np.zeros((10, 10, 3), np.uint8), found[0][1])
