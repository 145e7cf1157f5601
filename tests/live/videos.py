"""Videos of real faces for tests: photos that a hand seems to hold before a camera."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from vision.faces import Box
from vision.landmarks import FaceLandmarker

# Heights of the face in a picture's height, and how far it turns in the picture in degrees.
SMALLEST, LARGEST = 0.38, 0.62
TURN = 8.0


def write_video(path: Path, pictures: Iterable[np.ndarray], rate: float = 25.0) -> Path:
    """Write pictures as a video: mp4 by MPEG-4, avi by Motion JPEG.

    pictures: (height, width, 3) uint8 RGB each, all of one size. Returns the path.
    """
    import cv2

    codec = {".mp4": "mp4v", ".avi": "MJPG"}[path.suffix]
    writer = None
    for picture in pictures:
        if writer is None:
            size = (picture.shape[1], picture.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
            assert writer.isOpened(), f"OpenCV cannot write {path}"
        assert (picture.shape[1], picture.shape[0]) == size
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert writer is not None, "a video needs a picture"
    writer.release()
    return path


def moving_photo(
    pixels: np.ndarray,
    frames: int,
    size: tuple[int, int] = (640, 480),
    seed: int = 0,
    box: Box | None = None,
    noise: float = 0.0,
) -> Iterator[np.ndarray]:
    """A photo of one face, moved and turned in the picture and brought nearer and farther.

    The face stays whole, is 38 to 62 % of the picture's height, and moves as smoothly as a person
    does at 25 frames/s.

    pixels: (height, width, 3) uint8 RGB; size: (width, height) of the pictures.
    box: the face in the photo; found by FaceLandmarker where it is not given.
    noise: standard deviation of a camera's noise, in levels of 0..255.
    """
    import cv2

    if box is None:
        box = face_box(pixels)
    width, height = size
    generator = np.random.default_rng(seed)
    # Frames of a whole to-and-fro of: nearness, across, down, turn.
    periods = generator.uniform(100, 220, 4)
    phases = generator.uniform(0, 2 * np.pi, 4)
    # Reduced first, as the turn itself only interpolates between neighbours.
    shrink = min(1.0, 1.2 * LARGEST * height / (box[3] - box[1]))
    reduced = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    left, top, right, bottom = (edge * shrink for edge in box)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    for frame in range(frames):
        near, across, down, turn = np.sin(2 * np.pi * frame / periods + phases)
        share = SMALLEST + (LARGEST - SMALLEST) * (0.5 + 0.5 * near)
        scale = share * height / (bottom - top)
        matrix = cv2.getRotationMatrix2D((0.0, 0.0), TURN * turn, scale)
        # As far from the middle as leaves a face's width, or height, of this share whole.
        room = np.maximum(0.0, 0.45 * np.array([width, height]) - 0.55 * share * height)
        place = np.array([width, height]) / 2 + room * (across, down)
        matrix[:, 2] = place - matrix[:, :2] @ middle
        picture = cv2.warpAffine(
            reduced, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if noise:
            disturbed = picture + generator.normal(0, noise, picture.shape)
            picture = np.clip(np.rint(disturbed), 0, 255).astype(np.uint8)
        yield picture


def people_video(
    path: Path,
    photos: Sequence[np.ndarray],
    seconds_each: float = 4.0,
    rate: float = 25.0,
    size: tuple[int, int] = (640, 480),
) -> Path:
    """Write a video of people in turn, each a moving photo, with a hard cut between them."""
    frames = round(seconds_each * rate)
    pictures = (
        picture
        for number, photo in enumerate(photos)
        for picture in moving_photo(photo, frames, size, seed=number)
    )
    return write_video(path, pictures, rate)


def face_box(pixels: np.ndarray) -> Box:
    """(left, top, right, bottom) of the largest face of a photo."""
    with FaceLandmarker(maximum_faces=1) as landmarker:
        return landmarker.detect(pixels)[0].box
