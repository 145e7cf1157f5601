from __future__ import annotations

import numpy as np
import pytest

from live.face_choice import FaceChoice, face_at
from vision.faces import LANDMARK_COUNT, Face


def face(left: float, top: float, side: float) -> Face:
    """A face whose box is a square."""
    points = np.zeros((LANDMARK_COUNT, 3), np.float32)
    points[:, :2] = (left, top)
    points[1, :2] = (left + side, top + side)
    return Face(points, 640, 480)


LARGE, SMALL = face(50, 50, 200), face(400, 100, 100)


def test_the_largest_is_followed_and_nobody_where_there_is_none() -> None:
    choice = FaceChoice()
    assert choice.choose([]) is None
    assert choice.choose([LARGE, SMALL]) == 0


def test_another_that_grows_larger_does_not_take_its_place() -> None:
    choice = FaceChoice()
    choice.choose([LARGE, SMALL])
    assert choice.choose([face(380, 80, 230), face(55, 52, 198)]) == 1


def test_a_picked_face_is_followed_as_it_moves_and_the_largest_when_it_is_gone() -> None:
    choice = FaceChoice()
    choice.choose([LARGE, SMALL])
    choice.pick(SMALL)
    for step in range(20):
        assert choice.choose([LARGE, face(400 + 5 * step, 100 + 3 * step, 100)]) == 1
    assert choice.choose([LARGE]) == 0
    choice.choose([])
    assert choice.choose([LARGE, SMALL]) == 0


@pytest.mark.parametrize(
    ("point", "expected"), [((60, 60), 0), ((450, 150), 1), ((320, 20), None), ((251, 60), None)]
)
def test_a_click_hits_the_face_under_it(point, expected) -> None:
    assert face_at([LARGE, SMALL], *point) == expected


def test_a_click_hits_the_smaller_of_two_that_overlap() -> None:
    assert face_at([LARGE, face(100, 100, 60)], 120, 120) == 1
