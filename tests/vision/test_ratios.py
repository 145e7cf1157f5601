from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from vision.faces import LANDMARK_COUNT, MESH_COUNT
from vision.mesh_topology import MIRRORED
from vision.pose import canonical_face
from vision.ratios import (
    PROPORTION_NAMES,
    PROPORTIONS,
    RATIO_NAMES,
    RATIOS,
    Ratio,
    measure,
)

DIRECTIONS = {"distance": [1, 1, 0], "down": [0, 1, 0], "across": [1, 0, 0], "depth": [0, 0, 1]}


def random_faces(count: int) -> np.ndarray:
    """Faces that are not symmetric."""
    noise = np.random.default_rng(3).normal(0, 0.04, (count, LANDMARK_COUNT, 3))
    return canonical_face() + noise


def face_height(points: np.ndarray) -> float:
    """What every measure is divided by, from its definition."""
    eyes = points[[33, 133, 362, 263], :2].mean(axis=0)
    return float(np.hypot(*(points[152, :2] - eyes)))


def stretched(points: np.ndarray, ratio: Ratio, factor: float) -> np.ndarray:
    """A symmetric face with the two ends of a measure, on both sides, so much farther apart."""
    shifts: dict[int, list[np.ndarray]] = defaultdict(list)
    a, b = points[list(ratio.a)].mean(axis=0), points[list(ratio.b)].mean(axis=0)
    direction = np.array(DIRECTIONS[ratio.kind])
    for group, sign in ((ratio.a, -1), (ratio.b, 1)):
        for index in group:
            shift = sign * (factor - 1) / 2 * (b - a) * direction
            shifts[index].append(shift)
            shifts[int(MIRRORED[index])].append(shift * [-1, 1, 1])
    moved = points.copy()
    for index, several in shifts.items():
        moved[index] += np.mean(several, axis=0)
    return moved


def test_names_are_unique_and_the_proportions_come_first() -> None:
    assert len(set(RATIO_NAMES)) == len(RATIO_NAMES) == len(RATIOS)
    assert RATIO_NAMES[: len(PROPORTIONS)] == PROPORTION_NAMES
    assert len(PROPORTIONS) == 14


@pytest.mark.parametrize("ratio", RATIOS, ids=RATIO_NAMES)
def test_measures_are_taken_between_different_landmarks_of_the_mesh(ratio: Ratio) -> None:
    assert ratio.kind in DIRECTIONS
    assert ratio.a
    assert ratio.b
    assert set(ratio.a).isdisjoint(ratio.b)
    assert all(0 <= index < MESH_COUNT for index in (*ratio.a, *ratio.b))


def test_no_two_measures_are_the_same() -> None:
    values = measure(random_faces(40))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    alike = np.abs(values.T @ values) / len(values) - np.eye(len(RATIOS))
    first, second = np.unravel_index(alike.argmax(), alike.shape)
    assert alike.max() < 0.999, f"{RATIO_NAMES[first]} and {RATIO_NAMES[second]}"


def test_a_mirrored_face_measures_the_same() -> None:
    faces = random_faces(10)
    mirrored = faces[:, MIRRORED] * [-1, 1, 1]
    np.testing.assert_allclose(measure(mirrored), measure(faces), atol=1e-12)


def test_place_and_size_do_not_matter() -> None:
    faces = random_faces(10)
    np.testing.assert_allclose(measure(faces * 731 + [90, -40, 12]), measure(faces), atol=1e-9)


@pytest.mark.parametrize("ratio", RATIOS, ids=RATIO_NAMES)
@pytest.mark.parametrize("factor", [0.8, 1.3])
def test_one_stretched_measure_grows_as_planned_and_others_stay(
    ratio: Ratio, factor: float
) -> None:
    face = canonical_face()
    moved = stretched(face, ratio, factor)
    before = measure(face) * face_height(face)
    after = measure(moved) * face_height(moved)
    index = RATIOS.index(ratio)
    assert after[index] == pytest.approx(factor * before[index], abs=1e-9)
    touched = np.flatnonzero((moved != face).any(axis=1))
    others = [
        number
        for number, other in enumerate(RATIOS)
        if not {*other.a, *other.b, *MIRRORED[[*other.a, *other.b]]} & set(touched)
    ]
    assert len(others) > len(RATIOS) / 2
    np.testing.assert_allclose(after[others], before[others], atol=1e-12)


def test_known_lengths_measure_as_they_are() -> None:
    face = np.zeros((LANDMARK_COUNT, 3))
    face[[33, 133, 362, 263], 0] = [-0.7, -0.3, 0.3, 0.7]
    face[152] = [0, 2, 0.4]
    face[[61, 291]] = [[-0.5, 1.2, 0.1], [0.4, 1.2, 0.1]]
    face[1] = [0, 0.8, -0.6]
    face[10] = [0, -1.5, 0.2]
    values = dict(zip(RATIO_NAMES, measure(face), strict=True))
    expected = {
        "pupil_distance": 0.5,
        "eye_width": 0.2,
        "inner_corner_distance": 0.3,
        "mouth_width": 0.45,
        "nose_tip_depth": 0.3,  # towards the viewer; "depth" goes from a to b, away from the viewer
        "chin_depth": -0.2,
        "forehead_height": 0.75,
        "forehead_depth": -0.1,
        "nose_tip_height": 0.4,
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected)


def test_an_across_measure_counts_away_from_the_middle() -> None:
    face = canonical_face()
    outward = Ratio("eye_corner", "across", (362,), (263,))
    (value,) = measure(face, (outward,))
    assert value == pytest.approx(face[263, 0] - face[362, 0])
    assert value > 0


def test_many_faces_at_once_equal_one_at_a_time() -> None:
    faces = random_faces(6)
    together = measure(faces.reshape(2, 3, LANDMARK_COUNT, 3))
    assert together.shape == (2, 3, len(RATIOS))
    np.testing.assert_array_equal(together.reshape(6, -1), [measure(face) for face in faces])


def test_the_irises_are_not_needed() -> None:
    face = random_faces(1)[0]
    np.testing.assert_array_equal(measure(face[:MESH_COUNT]), measure(face))


def test_some_measures_are_those_columns_of_all() -> None:
    faces = random_faces(3)
    np.testing.assert_allclose(measure(faces, PROPORTIONS), measure(faces)[:, :14], rtol=1e-12)


def test_each_measure_has_the_sign_of_a_face() -> None:
    values = dict(zip(RATIO_NAMES, measure(canonical_face()), strict=True))
    for name, value in values.items():
        ratio = RATIOS[RATIO_NAMES.index(name)]
        assert value > 0 or ratio.kind != "distance", name
    for name in ("forehead_height", "mouth_height", "nose_tip_height", "brow_inner_height"):
        assert values[name] > 0, name
    # The nose tip is nearest to the viewer, the face's side farthest.
    assert values["nose_tip_depth"] > values["nose_root_depth"]
    assert values["face_side_depth"] > 0
