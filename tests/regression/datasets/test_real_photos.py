"""A folder of photos is sorted into collections, people and expressions by its conventions."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression.datasets.real_photos import RealFace, read_photo_folder, read_real_faces
from tests.vision.collage import wall
from tests.vision.test_templates import EXPECTED, planted_points, write_template
from vision.features import ENCODING_FEATURES, feature_names
from vision.photos import PhotoError, find_photos, read_photo
from vision.ratios import PROPORTION_NAMES, RATIO_NAMES
from vision.reading import FaceReader

PHOTOS = (
    "london/neutral/001_03.jpg",
    "london/smiling/001_08.jpg",
    "london/neutral/002_03.jpg",
    "office/001.jpg",
    "office/smiling.jpg",
    "loose.jpg",
    "loose_smile_2.jpg",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, portrait_path: Path) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "mine"
    for name in PHOTOS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(portrait_path, folder / name)
    write_template(folder / "london/neutral/001_03.tem", planted_points() * 100)
    Image.fromarray(wall(200, 200)).save(folder / "office" / "wall.png")
    (folder / "office" / "broken.jpg").write_bytes(b"no photo")
    (folder / "office" / "list.csv").write_text("a,b")
    return folder


@pytest.fixture(scope="module")
def faces(folder: Path, reader: FaceReader) -> dict[str, RealFace]:
    found = read_real_faces(folder, find_photos([folder]), reader)
    return {face.photo.relative_to(folder).as_posix(): face for face in found}


def test_every_photo_with_a_face_is_there(faces: dict[str, RealFace]) -> None:
    assert sorted(faces) == sorted(PHOTOS)


def test_people_and_collections_follow_from_the_names(faces: dict[str, RealFace]) -> None:
    assert {name: (face.collection, face.person) for name, face in faces.items()} == {
        "london/neutral/001_03.jpg": ("london", "london/001"),
        "london/smiling/001_08.jpg": ("london", "london/001"),
        "london/neutral/002_03.jpg": ("london", "london/002"),
        "office/001.jpg": ("office", "office/001"),
        "office/smiling.jpg": ("office", "office/smiling"),
        "loose.jpg": ("mine", "mine/loose"),
        "loose_smile_2.jpg": ("mine", "mine/loose"),
    }


def test_only_a_folder_called_smiling_makes_an_expression(faces: dict[str, RealFace]) -> None:
    expressive = {name for name, face in faces.items() if face.expressive}
    assert expressive == {"london/smiling/001_08.jpg"}


def test_hand_placed_points_are_those_beside_the_photo(faces: dict[str, RealFace]) -> None:
    measured = {name for name, face in faces.items() if face.measured_by_hand}
    assert measured == {"london/neutral/001_03.jpg"}
    values = faces["london/neutral/001_03.jpg"].hand_placed
    assert dict(zip(PROPORTION_NAMES, values, strict=True)) == pytest.approx(EXPECTED)
    assert np.isnan(faces["loose.jpg"].hand_placed).all()
    assert faces["loose.jpg"].hand_placed.shape == values.shape


def test_features_are_those_of_the_largest_face(
    faces: dict[str, RealFace], reader: FaceReader, portrait_path: Path
) -> None:
    expected = reader.read(read_photo(portrait_path).pixels)[0].features("fused")
    assert len(expected) == len(feature_names("fused"))
    for face in faces.values():
        np.testing.assert_array_equal(face.mean_features[: len(expected)], expected)
        # The landmark features do not depend on left and right, as far as the detector goes.
        start = len(ENCODING_FEATURES)
        ratios = slice(start, start + len(RATIO_NAMES))
        assert np.abs(face.mirrored_features[ratios] - expected[ratios]).max() < 0.05
        assert np.any(face.mirrored_features[: len(expected)] != face.features[: len(expected)])
        assert not face.seen_by_both
        np.testing.assert_array_equal(face.ratios, face.mean_features[ratios])


def test_every_photo_is_reported_and_only_chosen_ones_are_read(
    folder: Path, reader: FaceReader
) -> None:
    chosen = find_photos([folder / "office"])
    reported: dict[Path, str | None] = {}
    found = read_real_faces(folder, chosen, reader, reported.__setitem__)
    assert list(reported) == chosen
    problems = {path.name: problem for path, problem in reported.items() if problem}
    assert set(problems) == {"broken.jpg", "wall.png"}
    assert all(name in problem for name, problem in problems.items())
    assert len(chosen) == 4
    assert {face.person for face in found} == {"office/001", "office/smiling"}


def test_a_relative_folder_gives_the_same_people(
    folder: Path, reader: FaceReader, faces: dict[str, RealFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    here = Path()
    found = read_real_faces(here, find_photos([here]), reader)
    people = {face.person for face in faces.values()}
    assert {face.person for face in found} == people
    monkeypatch.chdir(folder.parent)
    found = read_real_faces(Path("mine"), find_photos([Path("mine")]), reader)
    assert {face.person for face in found} == people


def test_a_broken_template_is_named_and_leaves_the_photo_unmeasured(
    tmp_path: Path, reader: FaceReader, portrait_path: Path
) -> None:
    shutil.copyfile(portrait_path, tmp_path / "face.jpg")
    (tmp_path / "face.tem").write_text("many points")
    problems: list[str | None] = []
    (face,) = read_real_faces(
        tmp_path, [tmp_path / "face.jpg"], reader, lambda _, problem: problems.append(problem)
    )
    assert not face.measured_by_hand
    assert len(problems) == 1
    assert "face.tem" in str(problems[0])


def test_a_collection_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "london").mkdir()
    with pytest.raises(PhotoError, match=r"no folder 'lundon'.* expected: london\."):
        read_photo_folder(tmp_path, ("lundon",))
