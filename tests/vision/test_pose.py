"""Poses that were put in come out, and what the pose does not touch stays as it is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rig.camera import Camera, project
from vision.faces import LANDMARK_COUNT, MESH_COUNT, Face
from vision.landmarks import FaceLandmarker
from vision.mesh_topology import CHIN_BOTTOM, MIRRORED
from vision.photos import Photo
from vision.pose import (
    IRIS_MILLIMETRES,
    PITCH_LEFT_IN,
    canonical_face,
    head_rotation,
    iris_width,
    normalise,
    pupil_midpoint,
)
from vision.ratios import measure

# The axes of landmarks (y down, z away) in those of meshes (y up, z towards the viewer).
MESH_AXES = np.array([1.0, -1.0, -1.0])

POSES = list(itertools.product((-40.0, 0.0, 15.0), (-25.0, 0.0, 8.0), (-60.0, 0.0, 30.0)))


def turned(points: np.ndarray, yaw: float = 0, pitch: float = 0, roll: float = 0) -> np.ndarray:
    """Landmarks of the same head in another pose, by the camera of the renderer."""
    rotation = Camera(yaw=yaw, pitch=pitch, roll=roll).rotation
    return np.asarray(points * MESH_AXES @ rotation.T * MESH_AXES)


def upright_stranger(seed: int) -> np.ndarray:
    """A face unlike the canonical one, and not symmetric, whose fitted pose is straight ahead."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (LANDMARK_COUNT, 3))
    points = canonical_face() + noise
    points = head_rotation(points).inv().apply(points)
    np.testing.assert_allclose(head_rotation(points).as_matrix(), np.eye(3), atol=1e-9)
    return points - pupil_midpoint(points)


@pytest.fixture(scope="module")
def found(landmarker: FaceLandmarker, portraits: list[Photo]) -> list[Face]:
    return [landmarker.detect(photo.pixels)[0] for photo in portraits]


def test_the_canonical_face_is_normalised_already() -> None:
    face = normalise(canonical_face())
    np.testing.assert_allclose(face.points, canonical_face(), atol=1e-9)
    np.testing.assert_allclose([face.yaw, face.pitch, face.roll], 0, atol=1e-9)
    assert face.size_pixels == pytest.approx(1)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), POSES)
def test_the_angles_put_in_come_back(yaw: float, pitch: float, roll: float) -> None:
    for face in (canonical_face(), upright_stranger(0)):
        moved = 300 * turned(face, yaw, pitch, roll) + [512, 380, 20]
        pose = normalise(moved)
        np.testing.assert_allclose([pose.yaw, pose.pitch, pose.roll], [yaw, pitch, roll], atol=1e-6)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), POSES)
def test_a_far_camera_sees_the_angles_it_was_given(yaw: float, pitch: float, roll: float) -> None:
    """Through rig.camera.project, as rendered pictures are taken."""
    camera = Camera(distance=1e5, field_of_view=1e-3, yaw=yaw, pitch=pitch, roll=roll)
    picture = project(canonical_face() * MESH_AXES, camera, 640, 480)
    picture[:, 2] = (picture[:, 2] - camera.distance) * camera.focal(480) / camera.distance
    pose = normalise(picture)
    np.testing.assert_allclose([pose.yaw, pose.pitch, pose.roll], [yaw, pitch, roll], atol=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_place_size_roll_and_yaw_leave_no_trace(seed: int) -> None:
    random = np.random.default_rng(seed)
    face = upright_stranger(seed)
    straight = normalise(face)
    for _ in range(5):
        scale, place = random.uniform(5, 900), random.uniform(-2000, 2000, 3)
        yaw, roll = random.uniform(-50, 50), random.uniform(-170, 170)
        moved = normalise(scale * turned(face, yaw, 0, roll) + place)
        np.testing.assert_allclose(moved.points, straight.points, atol=1e-9)
        assert moved.size_pixels == pytest.approx(scale * straight.size_pixels)


def test_a_little_pitch_stays_and_more_does_not() -> None:
    face = upright_stranger(1)

    def points(pitch: float) -> np.ndarray:
        return normalise(turned(face, 12, pitch, -5)).points

    for sign in (-1, 1):
        most = points(sign * PITCH_LEFT_IN)
        np.testing.assert_allclose(points(sign * 30), most, atol=1e-9)
        little = turned(face, pitch=sign * 4.0)
        little = (little - pupil_midpoint(little)) / np.linalg.norm(
            (little[CHIN_BOTTOM] - pupil_midpoint(little))[:2]
        )
        np.testing.assert_allclose(points(sign * 4.0), little, atol=1e-9)
        assert np.abs(most - points(sign * 4.0)).max() > 0.01


def test_mirrored_landmarks_turn_the_other_way_and_measure_the_same(found: list[Face]) -> None:
    for face in found:
        mirrored = face.landmarks.astype(float)[MIRRORED] * [-1, 1, 1] + [face.photo_width, 0, 0]
        straight, other = normalise(face.landmarks), normalise(mirrored)
        assert other.yaw == pytest.approx(-straight.yaw, abs=1e-3)
        assert other.pitch == pytest.approx(straight.pitch, abs=1e-3)
        assert other.roll == pytest.approx(-straight.roll, abs=1e-3)
        assert other.size_pixels == pytest.approx(straight.size_pixels, rel=1e-5)
        assert other.size_millimetres == pytest.approx(straight.size_millimetres, rel=1e-5)
        np.testing.assert_allclose(measure(other.points), measure(straight.points), atol=1e-5)


def test_portraits_look_into_the_camera(found: list[Face]) -> None:
    for face in found:
        pose = normalise(face.landmarks)
        assert max(abs(pose.yaw), abs(pose.pitch), abs(pose.roll)) < 25


@pytest.mark.parametrize("angle", [-20.0, 12.0])
def test_a_rotated_photo_has_that_roll_and_the_same_ratios(
    landmarker: FaceLandmarker, portraits: list[Photo], found: list[Face], angle: float
) -> None:
    import cv2

    for photo, face in zip(portraits, found, strict=True):
        height, width = photo.pixels.shape[:2]
        left, top, right, bottom = face.box
        # OpenCV's positive angles are counter-clockwise too.
        matrix = cv2.getRotationMatrix2D(((left + right) / 2, (top + bottom) / 2), angle, 1.0)
        rotated = cv2.warpAffine(
            photo.pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        (again,) = landmarker.detect(rotated)[:1]
        before, after = normalise(face.landmarks), normalise(again.landmarks)
        assert after.roll - before.roll == pytest.approx(angle, abs=2)
        assert after.yaw == pytest.approx(before.yaw, abs=4)
        assert after.size_pixels == pytest.approx(before.size_pixels, rel=0.1)
        assert np.median(np.abs(measure(after.points) - measure(before.points))) < 0.015


def test_a_reduced_photo_has_a_smaller_face_of_the_same_millimetres(
    landmarker: FaceLandmarker, portraits: list[Photo], found: list[Face]
) -> None:
    import cv2

    for photo, face in zip(portraits, found, strict=True):
        before = normalise(face.landmarks)
        if before.size_pixels < 100:
            continue  # reduced further, the irises are a few pixels wide
        small = cv2.resize(photo.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        after = normalise(landmarker.detect(small)[0].landmarks)
        assert after.size_pixels == pytest.approx(before.size_pixels / 2, rel=0.03)
        assert after.size_millimetres == pytest.approx(before.size_millimetres, rel=0.08)


def test_adult_faces_have_the_size_of_faces(found: list[Face]) -> None:
    """Pupils to chin bottom is about 11 cm in adults."""
    sizes = [normalise(face.landmarks).size_millimetres for face in found]
    assert 90 < np.median(sizes) < 130


def test_the_wider_iris_is_the_ruler() -> None:
    face = canonical_face().copy()
    centre = face[468]
    face[469:473] = centre + 2 * (face[469:473] - centre)
    assert iris_width(face) == pytest.approx(2 * iris_width(canonical_face()))
    pose = normalise(face)
    assert pose.size_millimetres == pytest.approx(
        pose.size_pixels / iris_width(face) * IRIS_MILLIMETRES
    )


def test_a_hidden_iris_gives_no_millimetres() -> None:
    face = canonical_face().copy()
    face[468:] = face[468]
    assert np.isnan(normalise(face).size_millimetres)


def test_blinking_and_gaze_do_not_move_the_origin() -> None:
    face = canonical_face().copy()
    face[[159, 145, 386, 374]] += [0, 0.02, 0]
    face[468:] += [0.03, 0, 0]
    np.testing.assert_allclose(pupil_midpoint(face), 0, atol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((468, 3)),
        np.zeros((478, 2)),
        np.full((478, 3), np.nan),
        np.zeros((478, 3)),
        np.full((478, 3), 7.0),
    ],
)
def test_landmarks_of_no_face_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        normalise(wrong)


def test_what_is_passed_in_is_not_changed() -> None:
    given = canonical_face() * 100
    before = given.copy()
    normalise(given)
    np.testing.assert_array_equal(given, before)
    with pytest.raises(ValueError, match="read-only"):
        canonical_face()[0, 0] = 1


def test_the_rotation_is_the_one_that_scipy_finds(found: list[Face]) -> None:
    """By Kabsch's algorithm, over the skin landmarks."""
    from scipy.spatial.transform import Rotation

    canonical = canonical_face()[:MESH_COUNT]
    for landmarks in [*(face.landmarks for face in found), turned(upright_stranger(1), 40, 30, 90)]:
        skin = np.asarray(landmarks[:MESH_COUNT], np.float64)
        expected, _ = Rotation.align_vectors(
            skin - skin.mean(axis=0), canonical - canonical.mean(axis=0)
        )
        rotation = head_rotation(landmarks)
        np.testing.assert_allclose(rotation.as_matrix(), expected.as_matrix(), atol=1e-9)
        roll, pitch, yaw = -expected.as_euler("ZXY", degrees=True)
        pose = normalise(landmarks)
        np.testing.assert_allclose((pose.roll, pose.pitch, pose.yaw), (roll, pitch, yaw), atol=1e-7)
