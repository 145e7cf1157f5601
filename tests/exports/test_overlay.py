"""The overlay shows every face where it is, at a size a person can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exports.overlay import MAXIMUM_SIDE, draw_overlay, write_overlay

GREY = 90


def grey_photo(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), GREY, np.uint8)


def changed(picture: np.ndarray) -> np.ndarray:
    """(height, width) bool: where something was drawn on the grey."""
    return (picture != GREY).any(axis=2)


def resized(prediction, factor: float):
    """The same face in a photo of `factor` times the size."""
    from dataclasses import replace

    return replace(
        prediction,
        landmarks=prediction.landmarks * np.float32(factor),
        box=tuple(side * factor for side in prediction.box),
    )


@pytest.mark.parametrize(
    ("width", "height"), [(6000, 4000), (1000, 3000), (640, 480), (60, 40), (7, 900)]
)
def test_the_file_is_a_jpeg_of_the_photos_shape_and_a_readable_size(
    tmp_path, make_prediction, width, height
):
    path = write_overlay(tmp_path, grey_photo(width, height), [make_prediction()])
    assert [path] == list(tmp_path.iterdir()) == [tmp_path / "0_overlay.jpg"]
    with Image.open(path) as image:
        assert image.format == "JPEG"
        assert 480 <= max(image.size) <= MAXIMUM_SIDE
        shorter = max(image.size) * min(width, height) / max(width, height)
        assert abs(min(image.size) - shorter) <= 1
        assert (image.width > image.height) == (width > height)


def test_every_outline_lies_on_its_landmarks_and_nothing_far_from_the_face(make_prediction):
    prediction = make_prediction(3)
    drawn = changed(draw_overlay(grey_photo(600, 480), [prediction]))
    points = np.rint(prediction.landmarks[:, :2] - 0.5).astype(int)
    for index in (10, 152, 234, 454, 33, 133, 362, 263, 61, 291, 70, 300, 168, 2, 13, 14):
        x, y = points[index].clip(0, (599, 479))
        assert drawn[y, x], index
    left, top, right, bottom = prediction.box
    label = 40  # the number stands above the box
    drawn[int(max(0, top - label)) : int(bottom) + 4, max(0, int(left) - 4) : int(right) + 4] = 0
    irises = prediction.landmarks[468:, :2].astype(int)
    for x, y in irises:
        drawn[max(0, y - 300) : y + 300, max(0, x - 300) : x + 300] = 0
    assert not drawn.any()


def test_a_photo_decoded_reduced_gives_the_same_picture(make_prediction):
    small = make_prediction(1)
    picture = draw_overlay(grey_photo(600, 480), [small])
    by_scale = draw_overlay(grey_photo(600, 480), [resized(small, 3)], scale=3.0)
    np.testing.assert_array_equal(picture, by_scale)


def test_number_and_flags_show(make_prediction):
    pictures = [
        draw_overlay(grey_photo(600, 480), [make_prediction(face_number=number, quality=flags)])
        for number, flags in ((1, ()), (2, ()), (1, ("blurred",)), (1, ("cut_by_frame",)))
    ]
    for first in range(len(pictures)):
        for second in range(first):
            assert (pictures[first] != pictures[second]).any()


def test_all_faces_are_drawn(make_prediction):
    faces = [make_prediction(1), resized(make_prediction(2), 0.3)]
    both = changed(draw_overlay(grey_photo(600, 480), faces))
    for face in faces:
        alone = changed(draw_overlay(grey_photo(600, 480), [face]))
        assert (both[alone]).all()


def test_a_face_beyond_the_frame_is_no_trouble_and_the_label_stays_inside(make_prediction):
    for factor in (1e-3, 50.0, 1e6):
        face = resized(make_prediction(), factor)
        picture = draw_overlay(grey_photo(640, 480), [face])
        plate = (picture == 0).all(axis=2)
        assert plate.sum() > 100, factor


def test_the_photo_itself_is_left_alone(make_prediction):
    pixels = grey_photo(1600, 900)
    draw_overlay(pixels, [make_prediction()])
    assert (pixels == GREY).all()


def test_no_face_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one face"):
        write_overlay(Path(tmp_path), grey_photo(100, 100), [])
