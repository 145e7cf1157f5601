"""Every face is found, large and small, where it is; and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.vision.collage import overlap, paste, wall
from tests.vision.task_file import task_file_or_skip
from vision.faces import LANDMARK_COUNT, MESH_COUNT, Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, find_photos, read_photo

# Landmarks with their twins on the other half: eye corners, lids, brows, nose wings, mouth
# corners, jaw, face sides, irises; and some on the middle line.
TWINS = (
    *((33, 263), (133, 362), (159, 386), (145, 374), (105, 334), (129, 358), (61, 291)),
    *((172, 397), (234, 454), (148, 377), (468, 473)),
    *((index, index) for index in (1, 2, 0, 17, 152, 168)),
)


@pytest.fixture(scope="module", params=["face_mesh", "face_landmarker"])
def task_file(request: pytest.FixtureRequest) -> Path | None:
    """What FaceLandmarker is given for the landmarker that a test runs with."""
    return task_file_or_skip() if request.param == "face_landmarker" else None


@pytest.fixture(scope="module")
def landmarker(task_file: Path | None) -> Iterator[FaceLandmarker]:
    with FaceLandmarker(task_file=task_file) as opened:
        yield opened


def _height(face: Face) -> float:
    return face.box[3] - face.box[1]


def _only(faces: list[Face]) -> Face:
    assert len(faces) == 1
    return faces[0]


def _drift(landmarks: np.ndarray, face: Face) -> float:
    """Mean distance in the picture between two meshes, in heights of the face."""
    difference = (landmarks - face.landmarks)[:MESH_COUNT, :2]
    return float(np.linalg.norm(difference, axis=1).mean() / _height(face))


def test_a_portrait_has_one_face(landmarker: FaceLandmarker, portraits: list[Photo]) -> None:
    for photo in portraits:
        face = _only(landmarker.detect(photo.pixels))
        height, width = photo.pixels.shape[:2]
        assert (face.photo_width, face.photo_height) == (width, height)
        assert face.landmarks.shape == (LANDMARK_COUNT, 3)
        left, top, right, bottom = face.box
        assert -0.1 * width < left < right < 1.1 * width, photo.path
        assert -0.1 * height < top < bottom < 1.1 * height, photo.path
        # Upright: brows, eyes, nose, mouth and chin come in this order; irises between corners.
        rows = face.landmarks[[105, 468, 1, 13, 152], 1]
        assert (np.diff(rows) > 0).all(), photo.path
        for outer, inner, iris in ((33, 133, 468), (362, 263, 473)):
            assert face.landmarks[outer, 0] < face.landmarks[iris, 0] < face.landmarks[inner, 0]
        # z grows away from the camera: the nose is nearer than the sides of the face.
        assert face.landmarks[1, 2] < face.landmarks[[234, 454], 2].min()


def test_every_neutral_photo_of_two_collections(
    landmarker: FaceLandmarker, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue("shared_photos")
    paths = find_photos([folder / "london" / "neutral", folder / "canada"])
    assert len(paths) == 92
    counts = [len(landmarker.detect(read_photo(path).pixels)) for path in paths[::6]]
    assert set(counts) == {1}


def test_a_mirrored_photo_has_mirrored_landmarks(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    for photo in portraits:
        face = _only(landmarker.detect(photo.pixels))
        mirrored = _only(landmarker.detect(np.ascontiguousarray(photo.pixels[:, ::-1])))
        here, there = (list(indices) for indices in zip(*TWINS, strict=True))
        points = mirrored.landmarks[here]
        expected = face.landmarks[there]
        across = np.abs(face.photo_width - points[:, 0] - expected[:, 0])
        down = np.abs(points[:, 1] - expected[:, 1])
        deep = np.abs(points[:, 2] - expected[:, 2])
        assert max(across.mean(), down.mean(), deep.mean()) < 0.02 * _height(face), photo.path
        # Without exchanging the twins the mouth corners alone would be 0.3 heights apart.
        assert max(across.max(), down.max(), deep.max()) < 0.08 * _height(face), photo.path


@pytest.mark.parametrize("side", [2600, 900, 400, 250])
def test_landmarks_do_not_depend_on_the_photos_size(
    landmarker: FaceLandmarker, portrait: Photo, side: int
) -> None:
    import cv2

    face = _only(landmarker.detect(portrait.pixels))
    scale = side / max(portrait.pixels.shape)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(portrait.pixels, None, fx=scale, fy=scale, interpolation=method)
    other = _only(landmarker.detect(resized))
    assert _drift(other.landmarks / scale, face) < 0.015
    depth = np.ptp(other.landmarks[:MESH_COUNT, 2]) / scale / np.ptp(face.landmarks[:MESH_COUNT, 2])
    assert 0.9 < depth < 1.1


def test_landmarks_move_with_the_face(landmarker: FaceLandmarker, portrait: Photo) -> None:
    face = _only(landmarker.detect(portrait.pixels))
    moved = np.pad(portrait.pixels, ((60, 0), (140, 0), (0, 0)), mode="edge")
    other = _only(landmarker.detect(moved))
    assert _drift(other.landmarks - (140, 60, 0), face) < 0.015


@pytest.mark.parametrize("share", [0.05, 0.08, 0.12, 0.18])
def test_small_faces_are_found_and_measured(
    landmarker: FaceLandmarker, portraits: list[Photo], share: float
) -> None:
    """Six faces of a share of the picture's height; below 0.2 the mesh alone finds none."""
    picture = wall(1600, 1200)
    drawn = []
    for index in range(6):
        photo = portraits[index % len(portraits)]
        face = landmarker.detect(photo.pixels)[0]
        centre = (270 + 530 * (index % 3), 330 + 540 * (index // 3))
        box = paste(picture, photo.pixels, face, share * 1200, centre)
        drawn.append((box, face))

    faces = landmarker.detect(picture)

    assert len(faces) == 6
    for box, original in drawn:
        found = max(faces, key=lambda face: overlap(face.box, box))
        assert overlap(found.box, box) > 0.7
        scale = (box[3] - box[1]) / _height(original)
        left, top, _, _ = original.box
        expected = (original.landmarks - (left, top, 0)) * scale + (box[0], box[1], 0)
        # The portrait with a cap and a turned head moves by 0.031, the others by less than 0.01.
        assert _drift(expected, found) < 0.035


def test_faces_of_all_sizes_come_largest_first(
    landmarker: FaceLandmarker, task_file: Path | None, portraits: list[Photo]
) -> None:
    picture = wall(1600, 1000)
    heights = {400: (330, 400), 180: (900, 250), 90: (1250, 200), 50: (1300, 650)}
    boxes = []
    for index, (height, centre) in enumerate(heights.items()):
        photo = portraits[index % len(portraits)]
        face = landmarker.detect(photo.pixels)[0]
        boxes.append(paste(picture, photo.pixels, face, height, centre))

    faces = landmarker.detect(picture)

    assert len(faces) == len(boxes)
    for face, box in zip(faces, boxes, strict=True):
        assert overlap(face.box, box) > 0.7
    with FaceLandmarker(maximum_faces=2, task_file=task_file) as strict:
        largest = strict.detect(picture)
    assert len(largest) == 2
    for face, box in zip(largest, boxes, strict=False):
        assert overlap(face.box, box) > 0.7


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_small_face_at_the_edge_of_the_picture(
    landmarker: FaceLandmarker, portrait: Photo, side: str
) -> None:
    """The crop around it reaches beyond the picture, and its landmarks still land on it."""
    face = _only(landmarker.detect(portrait.pixels))
    picture = wall(1400, 1000)
    box = paste(picture, portrait.pixels, face, 100, (700, 500))
    left = round(box[0]) if side == "left" else 0
    top = round(box[1]) if side == "top" else 0
    right = round(box[2]) if side == "right" else 1400
    bottom = round(box[3]) if side == "bottom" else 1000
    cut = np.ascontiguousarray(picture[top:bottom, left:right])

    found = _only(landmarker.detect(cut))

    expected = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    assert overlap(found.box, expected) > 0.7


def _noise(scale: int) -> np.ndarray:
    import cv2

    small = np.random.default_rng(scale).integers(
        0, 256, (600 // scale, 800 // scale, 3), dtype=np.uint8
    )
    return cv2.resize(small, (800, 600), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "picture",
    [
        lambda: wall(1200, 900),
        lambda: wall(300, 200, seed=3),
        lambda: wall(3000, 500, seed=4),
        lambda: _noise(1),
        lambda: _noise(5),
        lambda: _noise(40),
        lambda: np.zeros((400, 400, 3), np.uint8),
        lambda: np.full((400, 400, 3), 255, np.uint8),
        lambda: np.zeros((1, 1, 3), np.uint8),
        lambda: np.zeros((1, 3000, 3), np.uint8),
        lambda: np.zeros((3000, 2, 3), np.uint8),
    ],
)
def test_no_face_where_there_is_none(
    landmarker: FaceLandmarker, picture: Callable[[], np.ndarray]
) -> None:
    assert landmarker.detect(picture()) == []


def test_the_same_pixels_give_the_same_bits(
    landmarker: FaceLandmarker, task_file: Path | None, portraits: list[Photo]
) -> None:
    def landmarks(with_: FaceLandmarker, photo: Photo) -> list[bytes]:
        return [
            np.append(
                face.landmarks, [] if face.expressions is None else face.expressions
            ).tobytes()
            for face in with_.detect(photo.pixels)
        ]

    picture = wall(1000, 700)
    face = landmarker.detect(portraits[0].pixels)[0]
    paste(picture, portraits[0].pixels, face, 60, (300, 300))
    photos = [*portraits[:4], Photo(portraits[0].path, picture)]

    first = [landmarks(landmarker, photo) for photo in photos]
    backwards = [landmarks(landmarker, photo) for photo in reversed(photos)]
    with FaceLandmarker(task_file=task_file) as another:
        alone = [landmarks(another, photo) for photo in photos[-1:]]

    assert all(first)
    assert backwards[::-1] == first
    assert alone == first[-1:]


def test_views_and_read_only_pixels_are_taken(landmarker: FaceLandmarker, portrait: Photo) -> None:
    frozen = portrait.pixels.copy()
    frozen.setflags(write=False)
    whole = _only(landmarker.detect(frozen)).landmarks
    strided = np.repeat(portrait.pixels, 2, axis=1)[:, ::2]
    assert np.array_equal(_only(landmarker.detect(strided)).landmarks, whole)
    assert np.array_equal(frozen, portrait.pixels)


def test_looking_again_where_a_portrait_is_gives_the_same_bits(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    for photo in portraits[:4]:
        face = _only(landmarker.detect(photo.pixels))
        (again,) = landmarker.look_again(photo.pixels, [face.box])
        assert again is not None
        assert np.array_equal(again.landmarks, face.landmarks)


def test_looking_again_sees_small_faces_too_and_nothing_on_a_wall(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    picture = wall(1400, 900)
    boxes = []
    for photo, height, centre in zip(
        portraits, (80, 420, 140), ((200, 450), (650, 450), (1200, 450)), strict=False
    ):
        face = _only(landmarker.detect(photo.pixels))
        boxes.append(paste(picture, photo.pixels, face, height, centre))
    *found, nobody = landmarker.look_again(picture, [*boxes, (300, 700, 380, 790)])
    assert nobody is None
    for face, box in zip(found, boxes, strict=True):
        assert face is not None
        assert overlap(face.box, box) > 0.7
        assert (face.photo_width, face.photo_height) == (1400, 900)


def test_a_quick_search_sees_portraits_and_groups_as_the_whole_one_does(
    landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    faces = [_only(landmarker.detect(photo.pixels)) for photo in portraits[:3]]
    group, pair = wall(1400, 900), wall(1400, 900)
    for photo, face, centre in zip(portraits, faces, (300, 700, 1100), strict=False):
        paste(group, photo.pixels, face, 110, (centre, 450))
    # Half as high as a face that fills more than a third of the picture.
    paste(pair, portraits[1].pixels, faces[1], 400, (450, 450))
    paste(pair, portraits[2].pixels, faces[2], 200, (1050, 450))
    pictures = [*(photo.pixels for photo in portraits[:3]), group, pair]
    counts = []
    for pixels in pictures:
        whole, quick = landmarker.detect(pixels), landmarker.detect(pixels, everybody=False)
        counts.append(len(whole))
        assert len(quick) == len(whole)
        for one, other in zip(whole, quick, strict=True):
            assert np.array_equal(one.landmarks, other.landmarks)
    assert counts == [1, 1, 1, 3, 2]


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), np.float64),
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(landmarker: FaceLandmarker, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        landmarker.detect(pixels)


def test_closing(task_file: Path | None) -> None:
    with FaceLandmarker(maximum_faces=1, task_file=task_file) as landmarker:
        pass
    landmarker.close()
    with pytest.raises(RuntimeError, match="closed"):
        landmarker.detect(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(RuntimeError, match="closed"):
        landmarker.look_again(np.zeros((9, 9, 3), np.uint8), [])
    with pytest.raises(ValueError, match="expected"):
        FaceLandmarker(maximum_faces=0)
