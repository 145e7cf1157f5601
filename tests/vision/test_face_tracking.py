"""Faces are followed through a video where FaceLandmarker finds them, frame by frame."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.live.videos import moving_photo
from tests.vision.collage import overlap, paste, wall
from vision.face_tracking import FaceTracker
from vision.faces import MESH_COUNT, Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo
from vision.pose import normalise

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tracker() -> Iterator[FaceTracker]:
    with FaceTracker() as opened:
        yield opened


def _only(faces: list[Face]) -> Face:
    assert len(faces) == 1
    return faces[0]


def _drift(landmarks: np.ndarray, face: Face) -> float:
    """Mean distance in the picture between two meshes, in heights of the face."""
    difference = (landmarks - face.landmarks)[:MESH_COUNT, :2]
    return float(np.linalg.norm(difference, axis=1).mean() / (face.box[3] - face.box[1]))


def _frames(landmarker: FaceLandmarker, photo: Photo, frames: int, seed: int) -> list[np.ndarray]:
    box = landmarker.detect(photo.pixels)[0].box
    return list(moving_photo(photo.pixels, frames, seed=seed, box=box))


def test_a_moving_face_has_the_landmarks_of_the_photo_route(
    tracker: FaceTracker, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    for number, photo in enumerate(portraits[:6]):
        tracker.forget()
        drifts = []
        for frame, picture in enumerate(_frames(landmarker, photo, 60, seed=number)):
            face = _only(tracker.track(picture))
            assert (face.photo_width, face.photo_height) == (640, 480)
            if frame % 10 == 0:
                expected = _only(landmarker.detect(picture))
                drifts.append(_drift(expected.landmarks, face))
                # Degrees; what the landmarks are used for.
                poses = [normalise(each.landmarks) for each in (face, expected)]
                assert abs(poses[0].yaw - poses[1].yaw) < 4, photo.path
                assert abs(poses[0].pitch - poses[1].pitch) < 4, photo.path
        assert np.mean(drifts) < 0.01, photo.path
        assert max(drifts) < 0.025, photo.path


def test_two_faces_are_followed_as_they_move(
    tracker: FaceTracker, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    """One comes nearer and one goes away: the order turns round, and both stay found."""
    people = [(photo, landmarker.detect(photo.pixels)[0]) for photo in portraits[:2]]
    largest = []
    for frame in range(30):
        picture = wall(640, 480)
        heights = (130 + 3 * frame, 220 - 3 * frame)
        boxes = [
            paste(picture, photo.pixels, face, height, (160 + 310 * number + frame, 240))
            for number, ((photo, face), height) in enumerate(zip(people, heights, strict=True))
        ]
        faces = tracker.track(picture)
        assert len(faces) == 2, frame
        for box in boxes:
            assert max(overlap(box, face.box) for face in faces) > 0.7, frame
        areas = [
            (face.box[2] - face.box[0]) * (face.box[3] - face.box[1])  # as it sorts them
            for face in faces
        ]
        assert areas[0] >= areas[1]
        largest.append(max((0, 1), key=lambda number: overlap(boxes[number], faces[0].box)))
    assert largest[0] == 1
    assert largest[-1] == 0


def test_no_more_faces_than_asked_for(landmarker: FaceLandmarker, portraits: list[Photo]) -> None:
    picture = wall(640, 480)
    for photo, left in zip(portraits[:2], (170, 470), strict=True):
        paste(picture, photo.pixels, landmarker.detect(photo.pixels)[0], 200, (left, 240))
    with FaceTracker(maximum_faces=1) as strict:
        assert [len(strict.track(picture)) for _ in range(3)] == [1, 1, 1]


def test_a_mirrored_video_has_the_mirrored_face(
    tracker: FaceTracker, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    pictures = _frames(landmarker, portrait, 25, seed=1)
    faces = [_only(tracker.track(picture)) for picture in pictures]
    tracker.forget()
    for picture, face in zip(pictures, faces, strict=True):
        twin = _only(tracker.track(np.ascontiguousarray(picture[:, ::-1])))
        left, top, right, bottom = twin.box
        assert overlap((640 - right, top, 640 - left, bottom), face.box) > 0.9
        poses = [normalise(each.landmarks) for each in (face, twin)]
        assert abs(poses[0].yaw + poses[1].yaw) < 4
        assert abs(poses[0].roll + poses[1].roll) < 2
        assert abs(poses[0].pitch - poses[1].pitch) < 4


def test_a_cut_to_another_person(
    tracker: FaceTracker, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    """Without a word of it, the second person's face is right after two frames."""
    for picture in _frames(landmarker, portraits[0], 10, seed=2):
        tracker.track(picture)
    for frame, picture in enumerate(_frames(landmarker, portraits[1], 8, seed=5)):
        faces = tracker.track(picture)
        if frame >= 2:
            expected = _only(landmarker.detect(picture))
            assert _drift(expected.landmarks, _only(faces)) < 0.025


def test_a_forgotten_video_leaves_no_trace(landmarker: FaceLandmarker, portrait: Photo) -> None:
    """After forget() the frames give, to the bit, what a new tracker gives; without it not."""
    pictures = _frames(landmarker, portrait, 20, seed=0)
    before, after = pictures[:10], pictures[10:]

    def landmarks(tracker: FaceTracker) -> np.ndarray:
        return np.array([_only(tracker.track(picture)).landmarks for picture in after])

    with FaceTracker() as new:
        expected = landmarks(new)
    for forgets in (True, False):
        with FaceTracker() as used:
            for picture in before:
                _only(used.track(picture))
            if forgets:
                used.forget()
            assert np.array_equal(landmarks(used), expected) == forgets


def test_a_face_that_leaves_and_comes_back(
    tracker: FaceTracker, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    picture = _frames(landmarker, portrait, 1, seed=0)[0]
    tracker.track(picture)
    assert tracker.track(wall(640, 480)) == []
    back = _only(tracker.track(picture))
    assert _drift(_only(landmarker.detect(picture)).landmarks, back) < 0.02


def test_frames_of_another_size(
    tracker: FaceTracker, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    """Up to those that are reduced before the network sees them: landmarks stay in pixels."""
    import cv2

    picture = _frames(landmarker, portrait, 1, seed=0)[0]
    face = _only(tracker.track(picture))
    for scale in (0.5, 2.0, 4.5):
        resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        other = _only(tracker.track(resized))
        assert (other.photo_width, other.photo_height) == (640 * scale, 480 * scale)
        assert _drift(other.landmarks / scale, face) < 0.02


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8)],
)
def test_other_arrays_are_refused(tracker: FaceTracker, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        tracker.track(pixels)


def test_closing() -> None:
    with FaceTracker(maximum_faces=1) as tracker:
        pass
    tracker.close()
    with pytest.raises(RuntimeError, match="closed"):
        tracker.track(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(RuntimeError, match="closed"):
        tracker.forget()
    with pytest.raises(ValueError, match="expected"):
        FaceTracker(maximum_faces=0)


# Frames without and with a face, then many more; the memory in use (kB) after some and at the end.
_LONG_VIDEO = """
import resource
import sys

sys.path.insert(0, sys.argv[1])
from tests.conftest import installed_portrait
from tests.live.videos import moving_photo
from tests.vision.collage import wall
from vision.face_tracking import FaceTracker
from vision.photos import read_photo

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

pictures = [wall(640, 480), *moving_photo(read_photo(installed_portrait()).pixels, 40)]
with FaceTracker() as tracker:
    for count in (300, 900):
        found = sum(len(tracker.track(pictures[frame % 41])) for frame in range(count))
        print(found, peak())
"""


def test_memory_stays_flat_and_the_terminal_clean() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _LONG_VIDEO, str(ROOT)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    (found, before), (_, after) = (map(int, line.split()) for line in result.stdout.splitlines())
    assert found >= 280
    # 900 frames that were kept would take 800 MB, their landmarks alone 5 MB.
    assert after - before < 4_000
