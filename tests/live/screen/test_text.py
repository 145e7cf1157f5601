"""Text is drawn where it was asked for, as wide as it was said to be, and whole."""

from __future__ import annotations

import numpy as np
import pytest

from live.screen.text import (
    draw_pill,
    draw_plate,
    draw_text,
    line_height,
    pill_height,
    shortened,
    text_width,
    wrapped,
)

WHITE = (255, 255, 255)


def blank(width: int = 400, height: int = 80) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def drawn_box(picture: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(picture.any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("size", [15, 17, 28, 44])
@pytest.mark.parametrize("align", ["left", "centre", "right"])
def test_text_fills_the_place_that_its_measures_say(size, align):
    picture = blank(800)
    width = draw_text(picture, "Happy 90 %", 400, 10, size, WHITE, align)
    assert width == text_width("Happy 90 %", size)
    left, top, right, bottom = drawn_box(picture)
    begin = {"left": 400, "centre": 400 - width / 2, "right": 400 - width}[align]
    assert abs(left - begin) <= 0.15 * size
    assert abs(right - begin - width) <= 0.15 * size
    assert top >= 10
    assert bottom <= 10 + line_height(size)
    assert bottom - top >= 0.7 * size  # capitals and the tail of the p


def test_letters_differ_and_have_the_colour_that_was_asked_for():
    pictures = []
    for text in ("nose: width", "nose: height", "", "???"):
        picture = blank()
        draw_text(picture, text, 5, 5, 20, (255, 128, 0))
        assert picture.any() == bool(text)
        assert not picture[..., 2].any()
        assert picture[..., 0].max() == (255 if text else 0)
        pictures.append(picture)
    for first in range(len(pictures)):
        for second in range(first):
            assert (pictures[first] != pictures[second]).any()


@pytest.mark.parametrize(
    ("x", "y"), [(-30, 5), (390, 5), (10, -8), (10, 75), (900, 900), (-900, 0)]
)
def test_what_lies_outside_is_left_out_and_the_rest_is_where_it_belongs(x, y):
    whole, part = np.zeros((2200, 2400, 3), np.uint8), blank()
    draw_text(whole, "beyond", 1000 + x, 1000 + y, 24, WHITE)
    draw_text(part, "beyond", x, y, 24, WHITE)
    np.testing.assert_array_equal(part, whole[1000:1080, 1000:1400])


def test_signs_that_the_font_lacks_become_plain_letters_or_question_marks():
    assert text_width("Zo\u00e9 \u2013 \u00c4", 20) == text_width("Zoe - A", 20)
    assert text_width("\u4e2d", 20) == text_width("?", 20)
    assert text_width("90 \u00b0", 20) > text_width("90 ", 20)  # this one it has
    assert text_width("one\ntwo", 20) == text_width("one two", 20)


def test_long_text_is_cut_so_that_it_just_fits():
    text = "Recording into a folder with a very long name indeed"
    assert shortened(text, 17, 1000) == text
    for width in (20, 100, 250):
        short = shortened(text, 17, width)
        assert short.endswith("...")
        assert text.startswith(short[:-3])
        assert text_width(short, 17) <= width
        longer = text[: len(short) - 3 + 2] + "..."
        assert text_width(longer, 17) > width - 17


def test_wrapped_text_keeps_every_word_while_there_is_room():
    text = "The disk is full. Some room was expected. Free some of it and record again."
    lines = wrapped(text, 17, 200, 10)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert all(text_width(line, 17) <= 200 for line in lines)
    fewer = wrapped(text, 17, 200, 2)
    assert fewer[0] == lines[0]
    assert len(fewer) == 2
    assert fewer[1].endswith("...")
    assert wrapped("", 17, 200, 3) == ()
    word = "/a/path/without/any/space/that/is/far/too/long/for/one/line.csv"
    assert all(text_width(line, 17) <= 200 for line in wrapped(word + " is full", 17, 200, 3))


def test_a_plate_has_round_corners_and_lets_the_picture_through():
    picture = np.full((60, 100, 3), 100, np.uint8)
    draw_plate(picture, 10, 10, 80, 40, (200, 0, 100), opacity=0.5, radius=10)
    assert (picture[10, 10] == 100).all()
    np.testing.assert_allclose(picture[30, 50], (150, 50, 100), atol=1)
    outside = picture.copy()
    outside[10:50, 10:90] = 100
    assert (outside == 100).all()
    draw_plate(picture, 10, 10, 80, 40, (200, 0, 100))
    assert tuple(picture[30, 50]) == (200, 0, 100)
    draw_plate(picture, 0, 0, 0.2, 5, WHITE)  # nothing to draw is no trouble


def test_a_pill_holds_its_text():
    picture = blank(500, 90)
    draw_pill(picture, "Come closer", 250, 20, 20, WHITE, (0, 0, 90), "centre", opacity=1.0)
    left, top, right, bottom = drawn_box(picture)
    assert bottom - top == pill_height(20)
    assert abs((left + right) / 2 - 250) <= 1
    text = (picture == 255).all(axis=2)
    columns = np.flatnonzero(text.any(axis=0))
    assert left + 6 < columns.min()
    assert columns.max() < right - 6
