from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.vision.collage import paste, wall
from tests.vision.task_file import task_file_or_skip
from vision.encodings import FaceEncoder
from vision.features import LANDMARK_FEATURES, feature_names, landmark_features
from vision.landmarks import FaceLandmarker
from vision.photos import Photo
from vision.pose import normalise
from vision.reading import FaceReader


@pytest.fixture(scope="module")
def reader(landmarker: FaceLandmarker, encoder: FaceEncoder) -> FaceReader:
    return FaceReader(landmarker, encoder)


def test_a_reading_holds_what_the_parts_say(
    reader: FaceReader, landmarker: FaceLandmarker, encoder: FaceEncoder, portraits: list[Photo]
) -> None:
    for photo in portraits[:5]:
        (reading,) = reader.read(photo.pixels)[:1]
        (face,) = landmarker.detect(photo.pixels)[:1]
        np.testing.assert_array_equal(reading.face.landmarks, face.landmarks)
        np.testing.assert_array_equal(reading.encoding, encoder.encode(photo.pixels, [face])[0])
        np.testing.assert_array_equal(reading.normalised.points, normalise(face.landmarks).points)
        assert reading.quality == ()


def test_routes_take_their_columns(reader: FaceReader, portrait: Photo) -> None:
    (reading,) = reader.read(portrait.pixels)
    fused = reading.features("fused")
    assert fused.dtype == np.float32
    for route in ("encoding", "landmarks", "fused"):
        names = feature_names(route)
        columns = [feature_names("fused").index(name) for name in names]
        np.testing.assert_array_equal(reading.features(route), fused[columns])
    alone = replace(reading, mirrored=None).features("fused")
    np.testing.assert_array_equal(
        alone[-len(LANDMARK_FEATURES) :], landmark_features(reading.normalised)
    )
    assert np.isfinite(fused).all()


def test_features_are_the_mean_with_the_mirror_image(reader: FaceReader, portrait: Photo) -> None:
    (reading,) = reader.read(portrait.pixels)
    assert reading.mirrored is not None
    (turned,) = reader.read(np.ascontiguousarray(portrait.pixels[:, ::-1]))
    np.testing.assert_allclose(reading.features("fused"), turned.features("fused"), atol=1e-6)
    mean = (reading.all_features() + reading.mirrored.all_features()) / 2
    np.testing.assert_array_equal(reading.features("fused"), mean[: len(feature_names("fused"))])


def test_without_mirroring_every_photo_is_read_once(
    landmarker: FaceLandmarker, encoder: FaceEncoder, portrait: Photo
) -> None:
    (reading,) = FaceReader(landmarker, encoder, quick=True).read(portrait.pixels)
    assert reading.mirrored is None
    np.testing.assert_array_equal(
        reading.features("fused"), reading.all_features()[: len(feature_names("fused"))]
    )


def test_a_second_landmarker_adds_its_view(
    landmarker: FaceLandmarker, reader: FaceReader, portrait: Photo
) -> None:
    with FaceLandmarker(task_file=task_file_or_skip()) as second:
        (reading,) = FaceReader(landmarker, None, second).read(portrait.pixels)
        values = reading.features("landmarks", "face_landmarker")
        assert reading.second is not None
        seen = dict(zip(feature_names("landmarks", "face_landmarker"), values, strict=True))
        # Two networks see one face.
        assert seen["face_landmarker_ratio_mouth_width"] == pytest.approx(
            seen["ratio_mouth_width"], abs=0.05
        )
        expressions = [value for name, value in seen.items() if name.startswith("expression_")]
        assert 0 <= min(expressions) < max(expressions) <= 1
        assert FaceReader(landmarker, None, second).read(wall(320, 240)) == []
    with pytest.raises(ValueError, match="second landmarker"):
        reader.read(portrait.pixels)[0].features("landmarks", "face_landmarker")


def test_without_an_encoder_only_landmarks_are_read(
    landmarker: FaceLandmarker, reader: FaceReader, portrait: Photo
) -> None:
    (reading,) = FaceReader(landmarker, None).read(portrait.pixels)
    assert reading.encoding is None
    np.testing.assert_array_equal(
        reading.features("landmarks"), reader.read(portrait.pixels)[0].features("landmarks")
    )
    for route in ("encoding", "fused"):
        with pytest.raises(ValueError, match="Give the reader an encoder"):
            reading.features(route)


def test_an_unknown_route_is_refused(reader: FaceReader, portrait: Photo) -> None:
    with pytest.raises(ValueError, match="is not known"):
        reader.read(portrait.pixels)[0].features("both")


def test_a_picture_without_a_face_has_no_reading(reader: FaceReader) -> None:
    assert reader.read(wall(320, 240)) == []


def test_several_faces_come_largest_first_each_with_its_own_encoding(
    reader: FaceReader, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    picture = wall(1400, 800)
    alone = []
    for photo, height, centre in zip(
        portraits, (220, 420, 300), ((200, 400), (650, 400), (1150, 400)), strict=False
    ):
        face = landmarker.detect(photo.pixels)[0]
        paste(picture, photo.pixels, face, height, centre)
        alone.append(reader.read(photo.pixels)[0].encoding)
    readings = reader.read(picture)
    assert [reading.face.box[0] > 400 for reading in readings] == [True, True, False]
    heights = [reading.normalised.size_pixels for reading in readings]
    assert heights == sorted(heights, reverse=True)
    for reading, encoding in zip(readings, (alone[1], alone[2], alone[0]), strict=True):
        distances = [np.linalg.norm(reading.encoding - other) for other in alone]
        assert np.linalg.norm(reading.encoding - encoding) == min(distances)


def test_a_mirrored_photo_reads_nearly_the_same(reader: FaceReader, portraits: list[Photo]) -> None:
    for photo in portraits:
        (reading,) = reader.read(photo.pixels)[:1]
        (mirrored,) = reader.read(np.ascontiguousarray(photo.pixels[:, ::-1]))[:1]
        ratios = slice(0, len(LANDMARK_FEATURES) - 3)
        difference = reading.features("landmarks")[ratios] - mirrored.features("landmarks")[ratios]
        assert np.median(np.abs(difference)) < 0.01
        assert np.linalg.norm(reading.encoding - mirrored.encoding) < 0.5


def test_quality_is_that_of_the_face(reader: FaceReader, portrait: Photo) -> None:
    import cv2

    soft = cv2.GaussianBlur(portrait.pixels, (0, 0), portrait.pixels.shape[0] / 60)
    (reading,) = reader.read(soft)[:1]
    assert "blurred" in reading.quality
