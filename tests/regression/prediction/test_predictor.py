"""The shipped models on real photos: whole, mirrored, in company, broken."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression import Predictor
from regression.measures.agreement import head_proportions
from regression.models.model_files import ModelError
from regression.prediction.prediction import Failure, Prediction
from rig.landmark_head import LandmarkHead
from tests.vision.collage import overlap, paste, wall
from tests.vision.task_file import task_file_or_skip
from vision.features import ROUTES
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, read_photo
from vision.ratios import PROPORTION_NAMES


@pytest.fixture(scope="module", params=[*ROUTES, "fit"])
def predictor(request: pytest.FixtureRequest) -> Predictor:
    """Each route in turn."""
    return Predictor(model=request.param)


@pytest.fixture(scope="module")
def fused() -> Predictor:
    return Predictor()


def faces(predictor: Predictor, photos: Sequence[Path]) -> list[Prediction]:
    results = list(predictor.predict(photos))
    assert all(isinstance(result, Prediction) for result in results)
    return [result for result in results if isinstance(result, Prediction)]


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path, compress_level=1)
    return path


def test_every_portrait_gets_one_prediction(
    predictor: Predictor, head: LandmarkHead, portrait_paths: list[Path]
) -> None:
    predictions = faces(predictor, portrait_paths)
    assert [prediction.photo for prediction in predictions] == portrait_paths
    for prediction in predictions:
        assert prediction.face_number == 1
        assert prediction.rig == head.rig
        assert prediction.slider_names == head.slider_names
        assert prediction.slider_names == tuple(slider.name for slider in predictor.sliders)
        assert prediction.values.dtype == np.float32
        assert prediction.values.min() >= 0
        assert prediction.values.max() <= 1
        assert prediction.quality == ()
        assert 80 < prediction.face_size_millimetres < 160
        assert max(abs(prediction.yaw), abs(prediction.pitch), abs(prediction.roll)) < 25


def test_told_sliders_vary_and_the_others_are_neutral(
    predictor: Predictor, portrait_paths: list[Path]
) -> None:
    predictions = faces(predictor, portrait_paths)
    told = predictions[0].told
    assert 5 < told.sum() < len(told)
    assert all((prediction.told == told).all() for prediction in predictions)
    values = np.array([prediction.values for prediction in predictions])
    neutral = [slider.to_unit(slider.neutral) for slider in predictor.sliders]
    for row in values:
        np.testing.assert_array_equal(row[~told], np.array(neutral)[~told])
    assert (values[:, told].std(axis=0) > 0.005).mean() > 0.9


def test_every_told_value_lies_in_an_interval_that_says_something(
    predictor: Predictor, portrait_paths: list[Path]
) -> None:
    for prediction in faces(predictor, portrait_paths):
        assert (prediction.lower <= prediction.values).all()
        assert (prediction.values <= prediction.upper).all()
        width = prediction.upper - prediction.lower
        assert width[prediction.told].min() > 0.01
        assert width[prediction.told].max() < 0.8
        np.testing.assert_array_equal(width[~prediction.told], 1)


def test_encodings_come_only_where_they_are_asked_for(portrait_path: Path) -> None:
    (without,) = faces(Predictor(model="landmarks"), [portrait_path])
    (with_one,) = faces(Predictor(model="landmarks", with_encodings=True), [portrait_path])
    assert without.encoding is None
    assert with_one.encoding is not None
    assert with_one.encoding.shape == (128,)
    np.testing.assert_array_equal(without.values, with_one.values)


def test_the_landmarker_file_takes_the_models_that_read_it(portrait_path: Path) -> None:
    (plain,) = faces(Predictor(model="landmarks"), [portrait_path])
    predictor = Predictor(model="landmarks", landmarker=task_file_or_skip())
    (found,) = faces(predictor, [portrait_path])
    # Two models of one face: alike, not equal.
    told = plain.told & found.told
    assert 0 < np.abs(plain.values - found.values)[told].mean() < 0.05
    np.testing.assert_array_equal(plain.landmarks, found.landmarks)


def test_models_for_another_landmarker_are_refused(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Give one with --landmarker"):
        Predictor(models / "face_landmarker", "landmarks")
    mine = tmp_path / "mine"
    shutil.copytree(models, mine, ignore=shutil.ignore_patterns("face_landmarker"))
    with pytest.raises(ModelError, match="Leave the file out"):
        Predictor(mine, "landmarks", landmarker=task_file_or_skip())
    with pytest.raises(ModelError, match="photographs only"):
        Predictor(model="landmarks", landmarker=task_file_or_skip(), rendered=True)
    with pytest.raises(ModelError, match="photographs only"):
        Predictor(model="fit", rendered=True)


def test_nothing_is_said_of_age_or_descent(predictor: Predictor, portrait_path: Path) -> None:
    (prediction,) = faces(predictor, [portrait_path])
    for name, told in zip(prediction.slider_names, prediction.told, strict=True):
        assert not (told and ("age-" in name or "nubian" in name)), name


def test_a_mirrored_photo_has_the_same_values(
    predictor: Predictor, portraits: list[Photo], tmp_path: Path
) -> None:
    """All sliders are symmetric, and every photo is read in the mirror too."""
    paths, mirrored = [], []
    for number, photo in enumerate(portraits):
        paths.append(save(tmp_path / f"{number}.png", photo.pixels))
        mirrored.append(save(tmp_path / f"{number}_mirrored.png", photo.pixels[:, ::-1]))
    one, other = faces(predictor, paths), faces(predictor, mirrored)
    told = one[0].told
    values = np.array([prediction.values[told] for prediction in one])
    again = np.array([prediction.values[told] for prediction in other])
    assert np.abs(values - again).max() < 1e-4
    assert values.std(axis=0).mean() > 0.01
    for before, after in zip(one, other, strict=True):
        assert after.yaw == pytest.approx(-before.yaw, abs=5)
        assert after.roll == pytest.approx(-before.roll, abs=4)


def test_many_photos_at_once_equal_one_at_a_time(
    predictor: Predictor, portrait_paths: list[Path]
) -> None:
    together = faces(predictor, portrait_paths[:4])
    for path, expected in zip(portrait_paths[:4], together, strict=True):
        (alone,) = faces(Predictor(model=expected.model), [path])
        np.testing.assert_array_equal(alone.values, expected.values)
        np.testing.assert_array_equal(alone.landmarks, expected.landmarks)
        assert alone.box == expected.box


def test_several_faces_are_numbered_from_the_largest_each_with_its_own_values(
    fused: Predictor, landmarker: FaceLandmarker, portraits: list[Photo], tmp_path: Path
) -> None:
    picture = wall(1500, 800)
    boxes, alone = [], []
    places = ((250, (200, 400)), (480, (700, 400)), (330, (1250, 400)))
    for number, (photo, (height, centre)) in enumerate(zip(portraits, places, strict=False)):
        face = landmarker.detect(photo.pixels)[0]
        boxes.append(paste(picture, photo.pixels, face, height, centre))
        alone += faces(fused, [save(tmp_path / f"{number}.png", photo.pixels)])
    found = faces(fused, [save(tmp_path / "group.png", picture)])
    assert [prediction.face_number for prediction in found] == [1, 2, 3]
    for prediction, which in zip(found, (1, 2, 0), strict=True):
        assert overlap(prediction.box, boxes[which]) > 0.8
        away = [np.abs(prediction.values - other.values).mean() for other in alone]
        assert int(np.argmin(away)) == which


def test_boxes_and_landmarks_are_in_pixels_of_the_file(
    fused: Predictor, portrait: Photo, tmp_path: Path
) -> None:
    """A photo so large that it is reduced when it is read."""
    import cv2

    factor = 10
    large = cv2.resize(portrait.pixels, None, fx=factor, fy=factor)
    small_path = save(tmp_path / "small.png", portrait.pixels)
    large_path = tmp_path / "large.jpg"
    Image.fromarray(large).save(large_path, quality=85)
    assert read_photo(large_path).scale > 1
    small, found = faces(fused, [small_path, large_path])
    assert overlap(tuple(side / factor for side in found.box), small.box) > 0.95
    assert found.face_size_pixels == pytest.approx(factor * small.face_size_pixels, rel=0.02)
    assert found.face_size_millimetres == pytest.approx(small.face_size_millimetres, rel=0.1)
    difference = np.linalg.norm(found.landmarks / factor - small.landmarks, axis=1)
    assert np.median(difference) < 0.02 * small.face_size_pixels
    for prediction in (small, found):
        mesh = prediction.landmarks[:468, :2]
        np.testing.assert_allclose(
            prediction.box, [*mesh.min(axis=0), *mesh.max(axis=0)], rtol=1e-4
        )


def enlarged_jpeg(path: Path, pixels: np.ndarray, shorter_side: int) -> Path:
    import cv2

    factor = shorter_side / min(pixels.shape[:2])
    large = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    Image.fromarray(large).save(path, quality=95)
    return path


@pytest.mark.parametrize("quick", [False, True])
def test_photos_are_decoded_as_small_as_their_faces_need(
    quick: bool, portraits: list[Photo], tmp_path: Path
) -> None:
    """A JPEG of a portrait is decoded reduced, which moves no value by much; a PNG whole."""
    predictor = Predictor(quick=quick)
    moved = []
    for number, photo in enumerate(portraits[1:9]):
        jpeg = enlarged_jpeg(tmp_path / f"{number}.jpg", photo.pixels, 1400)
        reduced, whole = predictor.predict_each(
            [jpeg, save(tmp_path / f"{number}.png", read_photo(jpeg).pixels)]
        )
        assert reduced.photo is not None
        assert whole.photo is not None
        assert reduced.photo.scale == pytest.approx(2, rel=0.01)
        assert whole.photo.scale == 1
        (one,), (other,) = reduced.faces, whole.faces
        assert one.quality == other.quality
        assert overlap(one.box, other.box) > 0.95
        half_widths = (other.upper - other.lower)[other.told] / 2
        moved.append(np.abs(one.values - other.values)[other.told] / half_widths)
    assert 0 < np.median(moved) < 0.08
    assert np.quantile(moved, 0.95) < 0.3


def test_a_photo_with_a_small_face_is_decoded_whole(
    fused: Predictor, landmarker: FaceLandmarker, portraits: list[Photo], tmp_path: Path
) -> None:
    picture = wall(2000, 1400)
    for photo, height, across in zip(portraits[1:], (600, 150), (600, 1500), strict=False):
        paste(picture, photo.pixels, landmarker.detect(photo.pixels)[0], height, (across, 700))
    path = tmp_path / "two.jpg"
    Image.fromarray(picture).save(path, quality=95)
    (found,) = fused.predict_each([path])
    assert found.photo is not None
    assert found.photo.scale == 1
    assert len(found.faces) == 2
    whole = fused.predict_photo(read_photo(path))
    for one, other in zip(found.faces, whole, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_fetched_bytes_give_what_the_file_gives(fused: Predictor, portrait_path: Path) -> None:
    name = Path("bucket/somebody.jpg")
    from_file, from_bytes, broken = fused.predict_each(
        [portrait_path, (name, portrait_path.read_bytes()), (name, b"no picture")]
    )
    (one,), (other,) = from_file.faces, from_bytes.faces
    assert (from_bytes.path, other.photo) == (name, name)
    np.testing.assert_array_equal(one.values, other.values)
    assert broken.photo is None
    assert broken.failure is not None
    assert str(name) in broken.failure.reason


def test_photos_without_a_prediction_do_not_stop_the_others(
    fused: Predictor, portrait_path: Path, tmp_path: Path
) -> None:
    empty = save(tmp_path / "wall.png", wall(300, 200))
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(portrait_path.read_bytes()[:200])
    good = Path(shutil.copyfile(portrait_path, tmp_path / "good.jpg"))
    photos = [empty, good, broken, missing, portrait_path]
    results = list(fused.predict(photos))
    assert [result.photo for result in results] == photos
    assert [isinstance(result, Failure) for result in results] == [True, False, True, True, False]
    for result in results:
        if isinstance(result, Failure):
            assert str(result.photo) in result.reason
            assert "xpected" in result.reason
    (one, other) = (result for result in results if isinstance(result, Prediction))
    np.testing.assert_array_equal(one.values, other.values)


def test_photos_are_taken_one_by_one(fused: Predictor, portrait_path: Path) -> None:
    """An endless stream of photos gives its first results."""

    def stream():  # type: ignore[no-untyped-def]
        yield portrait_path
        yield portrait_path
        raise AssertionError("a photo was taken before it was needed")

    results = fused.predict(stream())
    assert isinstance(next(results), Prediction)
    assert isinstance(next(results), Prediction)


def test_no_photos_give_nothing(fused: Predictor) -> None:
    assert list(fused.predict([])) == []


def test_a_stretched_photo_gives_a_wider_head(
    head: LandmarkHead, portraits: list[Photo], tmp_path: Path
) -> None:
    import cv2

    landmarks = Predictor(model="landmarks")
    names = ("face_width", "jaw_width", "mouth_width")
    columns = [PROPORTION_NAMES.index(name) for name in names]
    grown = []
    for number, photo in enumerate(portraits):
        values = []
        for factor in (0.93, 1.07):
            stretched = cv2.resize(photo.pixels, None, fx=factor, fy=1)
            path = save(tmp_path / f"{number}_{factor}.png", stretched)
            values.append(faces(landmarks, [path])[0].values)
        narrow, wide = head_proportions(head, np.array(values))[:, columns]
        grown.append(wide - narrow)
    assert (np.mean(grown, axis=0) > 0.02).all()
    assert (np.array(grown).mean(axis=1) > 0).all()


def test_models_can_be_named(models: Path, portrait_path: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(models, tmp_path / "mine")
    (expected,) = faces(Predictor(model="landmarks"), [portrait_path])
    (found,) = faces(Predictor(folder, "landmarks"), [portrait_path])
    np.testing.assert_array_equal(found.values, expected.values)
    with pytest.raises(ModelError, match="has no file"):
        Predictor(tmp_path)
    with pytest.raises(ValueError, match="is not known"):
        Predictor(model="average")


def test_other_routes_say_what_they_say_alone(portrait_paths: list[Path]) -> None:
    (both,) = faces(Predictor(model="landmarks", also=ROUTES), portrait_paths[:1])
    assert {other.model for other in both.others} == set(ROUTES) - {"landmarks"}
    for other in both.others:
        (alone,) = faces(Predictor(model=other.model), portrait_paths[:1])
        np.testing.assert_array_equal(other.values, alone.values)
        np.testing.assert_array_equal(other.lower, alone.lower)
        np.testing.assert_array_equal(other.told, alone.told)
