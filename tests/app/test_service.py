"""The page says what the library and `fpp predict` say, to many users at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from app.person import PhotoResult
from app.service import PICTURE_SIDE, HeadService
from regression import Predictor
from regression.models.model_files import ModelError
from rig.rig import RigError
from tests.app.conftest import ROOT
from vision.features import ROUTES as ALL_ROUTES
from vision.photos import find_photos

SAMPLES = find_photos([ROOT / "data" / "samples"])


@pytest.fixture(scope="module")
def anna(portrait_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three photos of one person."""
    folder = tmp_path_factory.mktemp("photos") / "anna"
    folder.mkdir()
    with Image.open(portrait_path) as opened:
        picture = opened.convert("RGB")
    shutil.copy(portrait_path, folder / "one.jpg")
    ImageOps.mirror(picture.rotate(5, Image.Resampling.BICUBIC)).save(folder / "three.png")
    picture.filter(ImageFilter.GaussianBlur(5)).save(folder / "two.png")
    return folder


@pytest.fixture(scope="module")
def results(service: HeadService, anna: Path) -> list[PhotoResult]:
    return [service.read(path, path.name) for path in find_photos([anna])]


def test_every_route_says_what_the_library_says(
    service: HeadService, seen: PhotoResult, portrait_path: Path
) -> None:
    assert set(service.routes) == set(ALL_ROUTES)
    assert seen.faces[0].model == service.routes[0] == "fused"
    for route in service.routes:
        (alone,) = Predictor(model=route).predict([portrait_path])
        found = service.route(seen.faces[0], route)
        for name in ("values", "lower", "upper", "told", "landmarks"):
            np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
        assert (found.yaw, found.pitch, found.roll) == (alone.yaw, alone.pitch, alone.roll)


def test_files_and_combined_photos_are_those_of_the_command(
    service: HeadService, results: list[PhotoResult], anna: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "scripts.main", "predict", anna, "--group", "folder"]
    options = ["--export", "mhm,json", "--no-overlay", "--out", tmp_path / "command"]
    done = subprocess.run([*map(str, command + options)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    faces = [result.faces[0] for result in results]
    assert any(face.quality for face in faces)
    assert not all(face.quality for face in faces)
    kinds = ("mhm", "json")
    saved = [
        path
        for face in faces
        for path in service.save(face, None, kinds, tmp_path / "page", str(face.photo))
    ]
    saved += service.save(service.combine(faces), None, kinds, tmp_path / "page", "anna")
    assert {p.name for p in saved} == {p.name for p in (tmp_path / "command").glob("*.[mj]*[mn]")}
    for path in saved:
        expected = (tmp_path / "command" / path.name).read_text()
        if path.suffix == ".json":
            one, other = json.loads(path.read_text()), json.loads(expected)
            # When it was made differs, and the page knows a photo by its name alone.
            for key in (one.keys() | other.keys()) - {"made", "photo", "photos"}:
                assert one[key] == other[key]
        else:
            lines, others = (text.splitlines()[1:] for text in (path.read_text(), expected))
            assert lines == others


def test_what_was_seen_is_drawn_over_the_face_and_nowhere_else(
    service: HeadService, portrait_path: Path, tmp_path: Path
) -> None:
    with Image.open(portrait_path) as opened:
        large = opened.convert("RGB").resize((opened.width * 4, opened.height * 4))
    large.save(tmp_path / "large.jpg", quality=95)
    result = service.read(tmp_path / "large.jpg", "large.jpg")
    assert result.picture is not None
    height, width = result.picture.shape[:2]
    assert max(height, width) == PICTURE_SIDE
    plain = np.asarray(large.resize((width, height), Image.Resampling.BOX)).astype(int)
    drawn = np.abs(result.picture - plain).max(axis=-1) > 60
    rows, columns = np.nonzero(drawn)
    zoom = width / large.width
    left, top, right, bottom = (side * zoom for side in result.faces[0].box)
    assert abs(columns.min() - left) < 6
    assert abs(columns.max() - right) < 6
    assert abs(rows.max() - bottom) < 6
    assert top - 50 < rows.min() < top + 6  # the face's number stands above its box


def test_predictions_know_the_users_name_of_the_photo(seen: PhotoResult) -> None:
    assert seen.name == "grace.jpg"
    assert {face.photo for face in seen.faces} == {Path("grace.jpg")}
    assert seen.problem == ""
    assert seen.warnings == ((),)


def test_a_blurred_photo_is_warned_of(results: list[PhotoResult]) -> None:
    by_name = {result.name: result for result in results}
    assert by_name["one.jpg"].warnings == ((),)
    assert "blurred" in by_name["two.png"].warnings[0][-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"This is a letter, not a photo.", "not a picture"),
        (b"", "empty"),
        (None, "no such file"),
    ],
)
def test_what_is_no_picture_is_said_in_the_users_words(
    service: HeadService, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "0a1b2c.jpg"
    if content is not None:
        path.write_bytes(content)
    result = service.read(path, "letter.jpg")
    assert (result.picture, result.faces) == (None, ())
    assert words in result.problem
    assert "letter.jpg" in result.problem
    assert str(tmp_path) not in result.problem
    assert "0a1b2c" not in result.problem


def test_a_photo_without_a_face_is_shown_with_a_sentence(
    service: HeadService, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    result = service.read(tmp_path / "x.png", "wall.png")
    assert result.problem.startswith("No face was found in wall.png.")
    assert result.faces == ()
    np.testing.assert_array_equal(result.picture, noise)


def test_two_users_at_once_get_each_their_own(service: HeadService, anna: Path) -> None:
    photos = [*find_photos([anna]), *SAMPLES[:3]] * 2
    alone = [service.read(photo, photo.name) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda photo: service.read(photo, photo.name), photos))
    for one, other in zip(alone, together, strict=True):
        assert one.name == other.name
        assert len(one.faces) == len(other.faces) == 1
        np.testing.assert_array_equal(one.faces[0].values, other.faces[0].values)
        np.testing.assert_array_equal(one.picture, other.picture)


def test_different_people_are_warned_of(service: HeadService, results: list[PhotoResult]) -> None:
    faces = [result.faces[0] for result in results]
    assert service.same_person(faces[:1]) == ""
    assert service.same_person(faces) == ""
    stranger = service.read(SAMPLES[0], "one.jpg").faces[0]  # called as another photo is
    assert "2 different people" in service.same_person([*faces, stranger])


def test_the_average_person_is_nobodys_guess(service: HeadService, seen: PhotoResult) -> None:
    face = seen.faces[0]
    assert service.average.shape == face.values.shape
    assert ((service.average >= 0) & (service.average <= 1)).all()
    np.testing.assert_allclose(
        service.average[~face.told], face.values[~face.told], atol=1e-6
    )  # both neutral
    assert np.abs(service.average - face.values)[face.told].max() > 0.05


def test_a_photo_with_two_faces_gives_two_heads(
    service: HeadService, portrait_path: Path, tmp_path: Path
) -> None:
    with Image.open(portrait_path) as opened:
        picture = opened.convert("RGB")
    both = Image.new("RGB", (picture.width * 2, picture.height))
    both.paste(picture, (0, 0))
    both.paste(ImageOps.mirror(picture), (picture.width, 0))
    both.save(tmp_path / "both.png")
    result = service.read(tmp_path / "both.png", "both.png")
    assert [face.face_number for face in result.faces] == [1, 2]
    assert len(result.warnings) == 2
    (path,) = service.save(result.faces[1], None, ("json",), tmp_path, "both.png")
    assert path.name == "both_face2.json"


def test_without_a_rig_the_face_mesh_is_shown_and_the_note_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: PhotoResult
) -> None:
    monkeypatch.delenv("FPP_RIG", raising=False)
    monkeypatch.setattr("rig.fetch.cache_folder", lambda: tmp_path / "never fetched")
    with HeadService() as plain:
        assert "fpp rig fetch makehuman" in plain.note
        vertices = len(plain.figure([("", seen.faces[0].values)]).data[0].x)
        assert vertices < 2000
        (path,) = plain.save(seen.faces[0], None, ("glb",), tmp_path, "a")
        assert b"face mesh" in path.read_bytes()


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError):
        HeadService(rig=tmp_path / "none")
    with pytest.raises(ModelError):
        HeadService(models=tmp_path / "none")
