"""The two networks see the same face, and are what MediaPipe gives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, SAMPLES
from tests.vision.collage import overlap, paste, wall
from tests.vision.task_file import task_file_or_skip
from vision.faces import EXPRESSION_NAMES, MESH_COUNT, Face
from vision.landmark_networks import FaceLandmarkerNetwork, FaceMeshNetwork
from vision.landmarker_file import LandmarkerFileError
from vision.landmarks import FaceLandmarker
from vision.mediapipe_import import import_mediapipe
from vision.photos import Photo, find_photos, read_photo

TWINS = [
    EXPRESSION_NAMES.index(name.replace("Left", "@").replace("Right", "Left").replace("@", "Right"))
    for name in EXPRESSION_NAMES
]


@pytest.fixture(scope="module")
def heads() -> list[Photo]:
    """The rendered heads that come with the repository."""
    return [read_photo(path) for path in find_photos([SAMPLES])]


@pytest.fixture(scope="module")
def task_landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker(task_file=task_file_or_skip()) as opened:
        yield opened


def _only(faces: list[Face]) -> Face:
    assert len(faces) == 1
    return faces[0]


def _expressions(face: Face) -> np.ndarray:
    assert face.expressions is not None
    return face.expressions


def test_the_face_mesh_is_mediapipes_to_the_bit(
    landmarker: FaceLandmarker, heads: list[Photo]
) -> None:
    assert landmarker.name == "face_mesh"
    solution = import_mediapipe().solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=10
    )
    with solution:
        for photo in heads:
            (found,) = solution.process(photo.pixels).multi_face_landmarks
            height, width = photo.pixels.shape[:2]
            expected = [(p.x * width, p.y * height, p.z * width) for p in found.landmark]
            face = _only(landmarker.detect(photo.pixels))
            assert np.array_equal(face.landmarks, np.array(expected, np.float32))
            assert face.expressions is None


def test_both_networks_agree(
    landmarker: FaceLandmarker, task_landmarker: FaceLandmarker, heads: list[Photo]
) -> None:
    assert task_landmarker.name == "face_landmarker"
    for photo in heads:
        old = _only(landmarker.detect(photo.pixels))
        new = _only(task_landmarker.detect(photo.pixels))
        height = old.box[3] - old.box[1]
        distances = np.linalg.norm((new.landmarks - old.landmarks)[:, :2], axis=1) / height
        assert distances.mean() < 0.015, photo.path
        assert distances.max() < 0.06, photo.path
        depths = [np.ptp(face.landmarks[:MESH_COUNT, 2]) for face in (new, old)]
        assert 0.9 < depths[0] / depths[1] < 1.1, photo.path
        # They are two networks, not one under two names.
        assert not np.array_equal(new.landmarks, old.landmarks)


def _with_left_eye_closed(pixels: np.ndarray, face: Face) -> np.ndarray:
    """The skin above the eye on the picture's right (the person's left) drawn down over it."""
    import cv2

    points = face.landmarks.astype(int)
    left, right = points[362, 0], points[263, 0]
    brow, upper, lower = points[295, 1], points[386, 1] - 1, points[374, 1] + 1
    closed = pixels.copy()
    skin = pixels[brow:upper, left:right]
    closed[brow:lower, left:right] = cv2.resize(skin, (right - left, lower - brow))
    return closed


def test_left_is_the_persons_left_and_a_mirror_exchanges_the_sides(
    task_landmarker: FaceLandmarker, heads: list[Photo]
) -> None:
    left, right = (EXPRESSION_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right"))
    for photo in heads:
        face = _only(task_landmarker.detect(photo.pixels))
        closed = _with_left_eye_closed(photo.pixels, face)
        winking = _expressions(_only(task_landmarker.detect(closed)))
        mirror = _only(task_landmarker.detect(np.ascontiguousarray(closed[:, ::-1])))
        mirrored = _expressions(mirror)
        assert winking[left] > winking[right] + 0.1, photo.path
        assert mirrored[right] > mirrored[left] + 0.1, photo.path
        # The network is no perfect mirror: it scores the two eyes' squint differently on any face.
        exchanged, same = np.abs(winking[TWINS] - mirrored), np.abs(winking - mirrored)
        assert exchanged.mean() < min(0.05, 0.8 * same.mean()), photo.path


def test_a_smile_scores_as_one(task_landmarker: FaceLandmarker, shared_photos: Path) -> None:
    smile = [EXPRESSION_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    scores = {}
    for name in ("neutral", "smiling"):
        paths = find_photos([shared_photos / "london" / name])[::8]
        faces = [_only(task_landmarker.detect(read_photo(path).pixels)) for path in paths]
        scores[name] = np.array([_expressions(face)[smile] for face in faces])
    assert np.median(scores["neutral"]) < 0.1
    assert np.median(scores["smiling"]) > 0.4


def test_a_tiny_face_is_found_with_its_expressions(
    task_landmarker: FaceLandmarker, heads: list[Photo]
) -> None:
    face = _only(task_landmarker.detect(heads[0].pixels))
    picture = wall(1600, 1200)
    box = paste(picture, heads[0].pixels, face, 70, (1100, 400))

    network = FaceLandmarkerNetwork(task_file_or_skip(), 10)
    assert network.meshes(picture) == []  # by itself the network misses it
    network.close()
    found = _only(task_landmarker.detect(picture))

    assert overlap(found.box, box) > 0.7
    assert np.abs(_expressions(found) - _expressions(face)).mean() < 0.06


def test_what_came_before_changes_nothing(heads: list[Photo]) -> None:
    pixels = [photo.pixels for photo in heads[:4]]
    networks = FaceMeshNetwork(3), FaceLandmarkerNetwork(task_file_or_skip(), 3)
    for network in networks:
        first = [network.meshes(each) for each in pixels]
        again = [network.meshes(each) for each in reversed(pixels)][::-1]
        for one, other in zip(first, again, strict=True):
            assert len(one) == len(other) == 1
            assert np.array_equal(one[0].landmarks, other[0].landmarks)
            if network.name == "face_landmarker":
                assert np.array_equal(one[0].expressions, other[0].expressions)
        network.close()


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.task"
    path.write_bytes(b"PK\x03\x04 but nothing more")
    with pytest.raises(LandmarkerFileError, match=r"other\.task is not the expected file"):
        FaceLandmarker(task_file=path)


SILENT = """
import sys
from pathlib import Path
from vision.landmarks import FaceLandmarker
from vision.photos import read_photo
photos = [read_photo(Path(path)).pixels for path in sys.argv[2:]]
with FaceLandmarker(task_file=Path(sys.argv[1])) as landmarker:
    for pixels in photos:
        assert len(landmarker.detect(pixels)) == 1
assert not any(name.startswith(("tensorflow", "jax")) for name in sys.modules)
"""


def test_no_tensorflow_and_no_noise(heads: list[Photo]) -> None:
    paths = [str(path) for path in (task_file_or_skip(), heads[0].path, heads[1].path)]
    done = subprocess.run(
        [sys.executable, "-c", SILENT, *paths],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""
