"""Bars show where a value lies, and which sliders are shown does not flicker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from live.screen.palette import BLUE, YELLOW
from live.screen.slider_bars import BarSet, choose_sliders, draw_bars, draw_legend
from live.screen.text import text_width
from regression.prediction.live_estimate import LiveEstimate
from rig.slider_words import slider_label
from tests.live.states import average_values, sample_head, sample_state


def estimate_of(values, told=None, width=0.1, model="fused") -> LiveEstimate:
    values = np.asarray(values, np.float32)
    return LiveEstimate(
        model=model,
        rig="test",
        slider_names=tuple(f"part/part-{index}-decr|incr" for index in range(len(values))),
        values=values,
        lower=np.maximum(values - width, 0),
        upper=np.minimum(values + width, 1),
        told=np.ones(len(values), bool) if told is None else np.asarray(told),
        frames=1,
        encodings=0,
        looks=1,
    )


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("nose/nose-scale-horiz-decr|incr", "nose: width"),
        ("eyes/l-eye-scale-decr|incr", "eyes: size"),
        ("head/head-oval", "head: oval"),
        ("mouth/mouth-trans-down|up", "mouth: down / up"),
        ("mouth/mouth-upperlip-width-decr|incr", "upper lip: width"),
        ("nose/nose-curve-concave|convex", "nose: curve concave / convex"),
        ("ears/l-ear-shape-pointed|triangle", "ears: shape pointed / triangle"),
        ("jawOpen", "jaw open"),
        ("Mouth_Width", "mouth width"),
        ("nose_decr|incr", "nose"),
        ("brow_down|up", "brow down / up"),
        ("Body/nose.001", "body: nose 001"),
        ("|", "|"),
        ("/", "/"),
        ("x", "x"),
    ],
)
def test_labels_say_what_a_slider_does(name, label):
    assert slider_label(name) == label


def test_every_slider_of_the_rig_has_a_label_of_its_own_that_fits():
    labels = [slider_label(name) for name in sample_head().slider_names]
    assert len(set(labels)) == len(labels)
    assert all(label and "|" not in label and "  " not in label for label in labels)
    assert sum(text_width(label, 17) > 227 for label in labels) <= 3


def test_the_farthest_told_sliders_are_chosen_farthest_first():
    values = [0.5, 0.9, 0.15, 0.55, 1.0]
    average = np.full(5, 0.5)
    assert choose_sliders(estimate_of(values), average, 3) == [4, 1, 2]
    told = [True, True, True, True, False]
    assert choose_sliders(estimate_of(values, told), average, 9) == [1, 2, 3, 0]
    assert choose_sliders(estimate_of(values), average, 0) == []
    assert choose_sliders((), average, 3) == []


def test_of_two_routes_the_larger_difference_counts():
    average = np.full(3, 0.5)
    both = [estimate_of([0.5, 0.6, 0.5]), estimate_of([0.5, 0.5, 0.2])]
    assert choose_sliders(both, average, 2) == [2, 1]


def test_shown_sliders_stay_in_their_places_until_clearly_beaten():
    average = np.full(4, 0.5)
    before = choose_sliders(estimate_of([0.9, 0.8, 0.7, 0.5]), average, 2)
    assert before == [0, 1]
    # The third draws level, and the first two change order: nothing moves.
    assert choose_sliders(estimate_of([0.8, 0.85, 0.82, 0.5]), average, 2, before) == [0, 1]
    # The last one is far ahead: it takes the place of the least.
    assert choose_sliders(estimate_of([0.8, 0.85, 0.7, 1.0]), average, 2, before) == [3, 1]
    # Another rig's indices, or one that is told no longer, are no trouble.
    told = [False, True, True, True]
    assert choose_sliders(estimate_of([0.9, 0.8, 0.7, 0.5], told), average, 2, [0, 99]) == [1, 2]


def test_noise_does_not_change_what_is_shown():
    state = sample_state("landmarks", 2)
    average = average_values()
    estimate = state.estimate
    shown = first = choose_sliders(estimate, average, 10)
    random = np.random.default_rng(0)
    for _ in range(50):
        noise = random.normal(0, 0.008, len(estimate.values)).astype(np.float32)
        values = np.clip(estimate.values + noise, estimate.lower, estimate.upper)
        shown = choose_sliders(replace(estimate, values=values), average, 10, shown)
    assert shown == first


def dots(picture: np.ndarray, colour) -> float:
    """The mean column of what has exactly this colour."""
    return float(np.nonzero((picture == colour).all(axis=2))[1].mean())


def test_the_dot_goes_with_the_value_and_the_band_with_the_interval():
    places, widths = [], []
    for value, width in ((0.2, 0.05), (0.5, 0.1), (0.8, 0.19)):
        picture = np.zeros((40, 500, 3), np.uint8)
        sets = [BarSet(estimate_of([value], width=width))]
        draw_bars(picture, (0, 0, 500, 30), sets, np.array([0.5]), [0], columns=1)
        places.append(dots(picture, BLUE))
        # Three pixels off the middle there are only the average's tick, the dot and the band.
        row = picture[17]
        bluish = np.flatnonzero(row[:, 2].astype(int) > row[:, 0].astype(int) + 40)
        widths.append(np.ptp(bluish))
    track = 500 - round(500 * 0.59)
    np.testing.assert_allclose(np.diff(places), 0.3 * track, atol=1.5)
    np.testing.assert_allclose(widths, [0.1 * track, 0.2 * track, 0.38 * track], atol=8)


def test_two_routes_show_each_with_its_own_colour_and_shape():
    picture = np.zeros((40, 500, 3), np.uint8)
    sets = [
        BarSet(estimate_of([0.3])),
        BarSet(estimate_of([0.7], model="landmarks"), YELLOW, diamond=True),
    ]
    draw_bars(picture, (0, 0, 500, 30), sets, np.array([0.5]), [0], columns=1)
    assert dots(picture, BLUE) < dots(picture, YELLOW)
    blue, yellow = ((picture == colour).all(axis=2).sum(axis=1) for colour in (BLUE, YELLOW))
    assert np.argmax(blue) < np.argmax(yellow)  # one above the other
    for one in ([sets[0]], sets):
        legend = np.zeros((30, 600, 3), np.uint8)
        draw_legend(legend, 590, 4, 17, one)
        assert (legend == YELLOW).all(axis=2).any() == (len(one) == 2)
        assert not legend[:, 592:].any()


def test_a_route_that_cannot_tell_a_slider_is_not_drawn_in_its_row():
    picture = np.zeros((70, 500, 3), np.uint8)
    sets = [
        BarSet(estimate_of([0.3, 0.4])),
        BarSet(estimate_of([0.7, 0.7], told=[False, True]), YELLOW, diamond=True),
    ]
    draw_bars(picture, (0, 0, 500, 56), sets, np.full(2, 0.5), [0, 1], columns=1)
    for colour, rows in ((BLUE, [True, True]), (YELLOW, [False, True])):
        drawn = (picture == colour).all(axis=2)
        assert [bool(drawn[:28].any()), bool(drawn[28:].any())] == rows


def test_rows_without_room_are_left_out_and_nothing_leaves_the_area():
    picture = np.zeros((300, 700, 3), np.uint8)
    state = sample_state("landmarks", 1)
    sets = [BarSet(state.estimate, BLUE, state.values)]
    area = (50, 40, 600, 140)
    draw_bars(picture, area, sets, average_values(), range(40))
    drawn = picture.any(axis=2)
    drawn[40:180, 42:658] = False
    assert not drawn.any()
    assert picture[152:180].any()  # the fifth row
