"""Regions on a face made of formulas, with landmarks where they are said to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rig.correspondence import Correspondence
from rig.eyeballs import find_eyeball, pieces
from rig.face_regions import eye_shells, face_regions, framing_regions, iris_on_eyeball
from rig.makehuman import load_makehuman
from rig.rig import FloatArray, IntegerArray, Rig
from vision.mesh_topology import MIRRORED
from vision.pose import canonical_face

EYES = np.array([[-0.315, 0.0, -0.08], [0.315, 0.0, -0.08]])
BALL, SHELL = 0.12, 0.13


def sheet(corners: np.ndarray, side: int) -> IntegerArray:
    """Triangles of a grid of side x side vertices, numbered from `corners`."""
    at = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    lower = np.stack([at, at + 1, at + side + 1], axis=1)
    upper = np.stack([at, at + side + 1, at + side], axis=1)
    return np.asarray(corners[np.concatenate([lower, upper])], np.int32)


def ball(centre: np.ndarray, radius: float, front_only: bool) -> tuple[FloatArray, IntegerArray]:
    side = 33
    reach = np.pi / 3 if front_only else np.pi
    across, up = np.meshgrid(np.linspace(-reach, reach, side), np.linspace(-1.2, 1.2, side))
    points = np.stack(
        [np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)], axis=-1
    )
    return (centre + radius * points.reshape(-1, 3)).astype(np.float32), sheet(
        np.arange(side * side), side
    )


@dataclass(frozen=True)
class Made:
    """A bulging mask with holes for the eyes, a cavity behind the mouth, eyeballs and shells."""

    vertices: FloatArray
    triangles: IntegerArray
    landmarks: Correspondence
    skin: slice
    cavity: slice
    balls: slice
    shells: slice


@pytest.fixture(scope="module")
def made() -> Made:
    face = canonical_face() * [1.1, -1.1, 0.0]
    side = 161
    across, up = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1.6, 1.2, side))
    flat = np.stack([across, up, np.zeros_like(up)], axis=-1).reshape(-1, 3)
    skin_triangles = sheet(np.arange(len(flat)), side)
    middle = flat[skin_triangles].mean(axis=1)
    hole = np.zeros(len(middle), bool)
    for eye in EYES:
        hole |= np.hypot((middle[:, 0] - eye[0]) / 1.6, (middle[:, 1] - eye[1]) * 1.2) < 0.07
    mouth = face[[13, 14]].mean(axis=0)
    cavity, cavity_triangles = ball(np.array([0, mouth[1], -0.4]), 0.2, False)
    parts = [(flat.astype(np.float32), skin_triangles[~hole]), (cavity, cavity_triangles)]
    parts += [ball(eye, BALL, False) for eye in EYES] + [ball(eye, SHELL, True) for eye in EYES]
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    vertices = np.concatenate([points for points, _ in parts])
    triangles = np.concatenate(
        [part + start for (_, part), start in zip(parts, starts, strict=False)]
    ).astype(np.int32)
    # Landmarks are the nearest skin vertex; of the irises too, which is beside the eyeball.
    nearest = np.linalg.norm(flat[None, :, :2] - face[:, None, :2], axis=2).argmin(axis=1)
    corners = np.repeat(nearest[:, None], 3, axis=1).astype(np.int32)
    weights = np.tile(np.array([1, 0, 0], np.float32), (478, 1))
    return Made(
        vertices,
        triangles,
        Correspondence(corners, weights),
        slice(0, starts[1]),
        slice(starts[1], starts[2]),
        slice(starts[2], starts[4]),
        slice(starts[4], starts[6]),
    )


@pytest.fixture(scope="module")
def regions(made: Made) -> dict[str, FloatArray]:
    return face_regions(made.vertices, made.triangles, made.landmarks)


def test_eyeballs_are_found_and_shells_go_with_them(made: Made) -> None:
    piece = pieces(made.vertices, made.triangles)
    for eye in EYES:
        outline = eye + np.array([[-0.1, 0, 0.1], [0.1, 0, 0.1], [0, 0.05, 0.1], [0, -0.05, 0.1]])
        found = find_eyeball(made.vertices, piece, outline)
        assert found is not None
        np.testing.assert_allclose(found.centre, eye, atol=1e-3)
        assert found.radius == pytest.approx(BALL, rel=1e-2)
        here = np.sign(made.vertices[:, 0]) == np.sign(eye[0])
        wanted = np.zeros(len(made.vertices), bool)
        wanted[made.balls] = here[made.balls]
        np.testing.assert_array_equal(found.ball, wanted)
        wanted[made.shells] = here[made.shells]
        used = np.unique(made.triangles)
        np.testing.assert_array_equal(found.all[used], wanted[used])
    assert find_eyeball(made.vertices, piece, outline - [0.3, 0.6, 0]) is None


def test_eyes_are_painted_through_all_their_layers_and_nothing_else(
    made: Made, regions: dict[str, FloatArray]
) -> None:
    on_eye = regions["sclera"] + regions["iris"] + regions["pupil"]
    for layer in (made.balls, made.shells):
        np.testing.assert_allclose(on_eye[layer], 1, atol=1e-5)
        assert regions["pupil"][layer].max() == 1
        assert regions["iris"][layer].max() == 1
    np.testing.assert_array_equal(on_eye[made.skin], 0)
    np.testing.assert_array_equal(on_eye[made.cavity], 0)
    pupil = regions["pupil"] > 0.5
    away = np.linalg.norm(made.vertices[pupil, None, :2] - EYES[:, :2], axis=2).min(axis=1)
    assert away.max() < 0.03
    assert made.vertices[pupil, 2].min() > 0  # in front, not at the ball's back


def test_shells_over_the_eyeballs_are_told_from_all_else(made: Made) -> None:
    found = eye_shells(made.vertices, made.triangles, made.landmarks)
    of_shells = np.isin(made.triangles[:, 0], np.arange(len(made.vertices))[made.shells])
    np.testing.assert_array_equal(found, of_shells)
    kept = made.triangles[~found]
    assert not eye_shells(made.vertices, kept, made.landmarks).any()


def test_the_cavity_behind_the_lips_is_inside_and_the_face_is_not(
    made: Made, regions: dict[str, FloatArray]
) -> None:
    assert regions["mouth_inside"][made.cavity].mean() > 0.9
    np.testing.assert_array_equal(regions["mouth_inside"][made.skin], 0)
    np.testing.assert_array_equal(regions["mouth_inside"][made.balls], 0)


def test_lips_and_brows_lie_where_their_landmarks_are(
    made: Made, regions: dict[str, FloatArray]
) -> None:
    points = made.landmarks.landmarks(made.vertices)
    for name, chosen in (("lips", (0, 17, 61, 291)), ("brows", (65, 295, 52, 282))):
        weights = regions[name]
        assert 0 < (weights > 0.5).sum() < 0.05 * len(weights)
        painted = made.vertices[weights > 0.5]
        for point in points[list(chosen)]:
            assert np.linalg.norm(painted - point, axis=1).min() < 0.05, name
        low, high = painted.min(axis=0), painted.max(axis=0)
        np.testing.assert_allclose(low[0], -high[0], atol=0.03)
    assert regions["brows"][made.vertices[:, 1] < 0].max() == 0
    assert regions["lips"][made.vertices[:, 1] > -0.3].max() == 0


def test_framing_regions_average_to_eyes_and_chin(made: Made) -> None:
    random = np.random.default_rng(0)
    corners = random.integers(0, 500, (478, 3)).astype(np.int32)
    weights = random.dirichlet([1, 1, 1], 478).astype(np.float32)
    landmarks = Correspondence(corners, weights)
    regions = framing_regions(landmarks, 500)
    mesh = random.normal(size=(500, 3))
    points = landmarks.landmarks(mesh)
    for name, chosen in (("eyes_middle", [33, 133, 362, 263]), ("chin", [152])):
        found = np.average(mesh, axis=0, weights=regions[name])
        np.testing.assert_allclose(found, points[chosen].mean(axis=0), atol=1e-6)


def test_irises_are_moved_onto_the_front_of_the_eyeballs(made: Made) -> None:
    found = iris_on_eyeball(made.vertices, made.triangles, made.landmarks)
    before = made.landmarks.landmarks(made.vertices)
    after = found.landmarks(made.vertices)
    np.testing.assert_array_equal(after[:468], before[:468])
    np.testing.assert_allclose(after[468:, :2], before[468:, :2], atol=1e-4)
    away = np.linalg.norm(after[468:, None] - EYES, axis=2).min(axis=1)
    np.testing.assert_allclose(away, BALL, rtol=0.02)
    assert (after[468:, 2] > 0).all()
    assert np.isin(found.vertices[468:], np.arange(len(made.vertices))[made.balls]).all()


def test_what_the_heads_own_colours_show_is_not_painted(
    made: Made, regions: dict[str, FloatArray]
) -> None:
    plain = np.tile(np.array([0.8, 0.6, 0.5], np.float32), (len(made.vertices), 1))

    def found(colours: FloatArray) -> set[str]:
        return set(face_regions(made.vertices, made.triangles, made.landmarks, colours))

    assert found(plain) == set(regions)
    white_eyes = plain.copy()
    white_eyes[made.balls] = white_eyes[made.shells] = 0.95
    assert found(white_eyes) == set(regions)
    red_lips = plain + 0.3 * regions["lips"][:, None] * np.array([0, -1, -1], np.float32)
    assert found(red_lips) == set(regions) - {"lips"}
    eyes = plain * (1 - regions["iris"][:, None])
    assert found(eyes) == set(regions) - {"sclera", "iris", "pupil"}


def test_makehumans_regions_are_found_again(real_folder: Path) -> None:
    """Against the regions that the loader knows from the data."""
    rig = load_makehuman(real_folder)
    landmarks = _shipped_landmarks(rig)
    scale = np.float32(1.1037)  # to eyes 63 mm apart
    found = face_regions(rig.neutral * scale, rig.triangles, landmarks)
    for name in ("lips", "sclera", "iris", "mouth_inside"):
        ours, theirs = found[name] > 0.5, rig.regions[name] > 0.5
        shared = (ours & theirs).sum() / (ours | theirs).sum()
        assert shared > 0.4, (name, shared)


def _shipped_landmarks(rig: Rig) -> Correspondence:
    """The nearest vertices to the landmarks of the models' head."""
    from scipy.spatial import KDTree

    from rig.landmark_head import load_landmark_head

    head = load_landmark_head(Path(__file__).parents[2] / "models" / "head.npz")
    _, nearest = KDTree(rig.neutral).query(head.neutral * [1, -1, -1])
    corners = np.repeat(nearest[:, None], 3, axis=1).astype(np.int32)
    assert len(corners) == len(MIRRORED)
    return Correspondence(corners, np.tile(np.array([1, 0, 0], np.float32), (478, 1)))
