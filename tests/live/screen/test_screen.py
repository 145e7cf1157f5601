"""The screen shows what the state says, where it should, whatever the frame's size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from live.screen.help_page import draw_help
from live.screen.keys import KEY_LIST, KEYS
from live.screen.palette import BLUE, ORANGE, RED, YELLOW
from live.screen.screen import (
    BAR_COUNT,
    HEIGHT,
    PANEL_HEIGHT,
    PANEL_WIDTH,
    WIDTH,
    ScreenSettings,
    draw_screen,
    video_point,
)
from live.screen.slider_bars import choose_sliders
from live.screen.status_panel import ENOUGH_LOOKS, advice, interval_width
from live.screen.video_panel import FLAG_WORDS
from live.state import LiveState
from live.video.frames import Frame
from tests.live.states import average_values, faceless_state, sample_state, settled, waiting_state
from vision.faces import Face
from vision.quality import QUALITY_FLAGS

PLAIN = ScreenSettings(mirrored=False, source="Camera 0", frames_per_second=29.7)
HEAD = np.full((PANEL_HEIGHT, PANEL_WIDTH, 3), 77, np.uint8)

VIDEO = np.s_[:PANEL_HEIGHT, :PANEL_WIDTH]
HEAD_PANEL = np.s_[:PANEL_HEIGHT, PANEL_WIDTH:]
BELOW = np.s_[PANEL_HEIGHT + 1 :]


def screen_of(state: LiveState | None, settings=PLAIN, head=HEAD, note="") -> np.ndarray:
    estimates = [] if state is None else list(state.estimates.values())
    average = average_values()
    shown = choose_sliders(estimates, average, BAR_COUNT)
    picture = draw_screen(state, settings, average, head, note, shown)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    return picture


def coloured(picture: np.ndarray, colour) -> np.ndarray:
    return (picture == colour).all(axis=2)


def framed(state: LiveState, pixels: np.ndarray) -> LiveState:
    return replace(state, frame=Frame(np.ascontiguousarray(pixels), 1, 0.0, 0.0))


def resized(state: LiveState, width: int, height: int) -> LiveState:
    """The same faces in a frame of another size, which is grey."""
    old_height, old_width = state.frame.pixels.shape[:2]
    factors = np.array([width / old_width, height / old_height, width / old_width])
    faces = tuple(Face(face.landmarks * factors, width, height) for face in state.faces)
    return replace(framed(state, np.full((height, width, 3), 90, np.uint8)), faces=faces)


def test_a_frame_of_the_panels_size_is_shown_as_it_is_and_mirrored_on_demand():
    state = replace(faceless_state(), frame=sample_state("landmarks", 1).frame)
    pixels = state.frame.pixels
    shown = screen_of(state)[:420, :PANEL_WIDTH]  # the advice lies below
    np.testing.assert_array_equal(shown, pixels[:420])
    mirrored = screen_of(state, replace(PLAIN, mirrored=True))[:420, :PANEL_WIDTH]
    np.testing.assert_array_equal(mirrored, pixels[:420, ::-1])


def test_the_mesh_lies_on_the_face_also_in_the_mirror():
    state = sample_state("landmarks", 3)
    points = state.face.landmarks[:, :2]
    for mirrored in (False, True):
        video = screen_of(state, replace(PLAIN, mirrored=mirrored))[VIDEO]
        drawn = abs(video.astype(int) - BLUE).max(axis=2) < 70
        for index in (10, 152, 234, 454, 61, 291):
            x, y = points[index]
            column = round((640 - x if mirrored else x) - 0.5)
            row = round(y - 0.5)
            assert drawn[row - 2 : row + 3, column - 2 : column + 3].any(), (mirrored, index)
        pixels = state.frame.pixels[:, ::-1] if mirrored else state.frame.pixels
        changed = (video != pixels).any(axis=2)
        outline = state.face.landmarks[[234, 454], 0]  # temples: nothing is drawn beside them
        row = round(float(state.face.landmarks[[234, 454], 1].mean()))
        columns = np.flatnonzero(changed[row])
        seen = np.sort(640 - outline if mirrored else outline)
        np.testing.assert_allclose(columns[[0, -1]], seen, atol=4)


def test_words_are_never_mirrored():
    state = sample_state("landmarks", 1)
    symmetric = np.full_like(state.frame.pixels, 90)
    middle = (state.face.box[0] + state.face.box[2]) / 2
    shift = np.array([320 - middle, 0, 0], np.float32)
    face = Face(state.face.landmarks + shift, 640, 480)
    state = replace(framed(state, symmetric), faces=(face,), quality=("blurred",))
    plain = screen_of(state)
    mirrored = screen_of(state, replace(PLAIN, mirrored=True))
    np.testing.assert_array_equal(plain[420:480, :640], mirrored[420:480, :640])  # the advice
    np.testing.assert_array_equal(plain[BELOW], mirrored[BELOW])
    # The label above the face, up to its corners: the box is nearly in the middle.
    top = int(face.box[1]) - 50
    left = int(face.box[0])
    np.testing.assert_array_equal(
        coloured(plain, ORANGE)[top : top + 24, left - 20 : left + 60].sum(axis=0) > 0,
        coloured(mirrored, ORANGE)[top : top + 24, left - 20 : left + 60].sum(axis=0) > 0,
    )


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (1280, 720), (480, 640), (160, 120), (1920, 1080), (31, 1)]
)
def test_clicks_find_the_place_on_the_frame(width, height):
    state = framed(faceless_state(), np.zeros((height, width, 3), np.uint8))
    random = np.random.default_rng(0)
    scale = min(640 / width, 480 / height)
    left, top = (640 - round(width * scale)) // 2, (480 - round(height * scale)) // 2
    for mirrored in (False, True):
        settings = replace(PLAIN, mirrored=mirrored)
        for _ in range(20):
            x, y = random.uniform((0, 0), (width, height))
            seen = width - x if mirrored else x
            at = np.floor([left + seen * scale, top + y * scale])
            at = np.minimum(at, [left + round(width * scale) - 1, top + round(height * scale) - 1])
            found = video_point(*at, state, settings)
            assert found is not None
            np.testing.assert_allclose(found, (x, y), atol=1 / scale + 1e-6)
        for beside in ((left - 1, 240), (320, top - 1), (640, 240), (320, 480), (-1, -1)):
            assert video_point(*beside, state, settings) is None
    assert video_point(320, 240, None, PLAIN) is None
    assert video_point(320, 240, state, replace(PLAIN, help=True)) is None


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (480, 640), (200, 150), (3000, 2000)])
def test_faces_are_drawn_where_a_click_finds_them(width, height):
    state = resized(sample_state("landmarks", 1), width, height)
    drawn = np.argwhere(coloured(screen_of(state)[VIDEO], BLUE))
    rows, columns = drawn.min(axis=0), drawn.max(axis=0)
    first = video_point(rows[1], rows[0], state, PLAIN)
    last = video_point(columns[1], columns[0], state, PLAIN)
    left, top, right, bottom = state.face.box
    room = 0.1 * max(right - left, bottom - top)
    assert left - room <= first[0] <= left
    assert top - room <= first[1] <= top
    assert right <= last[0] <= right + room
    assert bottom <= last[1] <= bottom + room


def test_each_face_has_its_corners_and_only_the_chosen_one_a_mesh():
    state = sample_state("landmarks", 2, 3)
    assert len(state.faces) == 2
    places = []
    for chosen in (0, 1):
        video = screen_of(replace(state, chosen=chosen))[VIDEO]
        blue = coloured(video, BLUE)
        counts = []
        for face in state.faces:
            left, top, right, bottom = (round(side) for side in face.box)
            counts.append(int(blue[top - 20 : bottom + 20, left - 20 : right + 20].sum()))
            place = np.s_[max(0, top - 60) : top - 12, left - 25 : left + 35]
            plate = (video[place] != state.frame.pixels[place]).any(axis=2)
            assert plate.sum() > 400  # the number's
        assert counts[chosen] > 100
        assert counts[1 - chosen] == 0
        places.append(blue)
    assert not (places[0] & places[1]).any()


def test_every_flag_is_told_in_orange_and_in_words_of_its_own():
    assert set(FLAG_WORDS) == set(QUALITY_FLAGS)
    state = sample_state("landmarks", 1)
    assert not coloured(screen_of(state)[VIDEO], ORANGE).any()
    words = {advice(state, waiting=False)}
    pictures = []
    for flag in QUALITY_FLAGS:
        flagged = replace(state, quality=(flag,))
        video = screen_of(flagged)[VIDEO]
        assert coloured(video, ORANGE).sum() > 200
        assert not coloured(video, BLUE).any()
        words.add(advice(flagged, waiting=False))
        pictures.append(video)
    assert len(words) == len(QUALITY_FLAGS) + 1
    for first in range(len(pictures)):
        for second in range(first):
            assert (pictures[first] != pictures[second]).any()


def test_the_advice_follows_from_what_is_seen():
    state = settled(sample_state("landmarks", 1), frames=100, looks=ENOUGH_LOOKS)
    moments = [
        advice(faceless_state(), waiting=True),
        advice(waiting_state(), waiting=True),
        advice(replace(state, weight=0.01, reason="turned"), waiting=False),
        advice(replace(state, weight=0.01, reason="speaking or smiling"), waiting=False),
        advice(replace(state, weight=0.01, reason="blurred"), waiting=False),
        advice(replace(state, weight=0.01, reason="too small"), waiting=False),
        advice(settled(state, frames=3), waiting=False),
        advice(state, waiting=False),
    ]
    assert len(set(moments)) == len(moments)
    assert "space" in moments[-1]
    assert "Turn your head" in moments[-2]


def test_the_meter_shrinks_with_the_interval():
    state = sample_state("landmarks", 1)
    lengths, widths = [], []
    for shrink in (1.0, 0.7, 0.3):
        one = settled(state, frames=10, shrink=shrink)
        widths.append(interval_width(one.estimate))
        below = screen_of(one)[BELOW][:, :370]
        lengths.append(int(coloured(below, BLUE).any(axis=0).sum()))
    np.testing.assert_allclose(np.array(widths) / widths[0], [1, 0.7, 0.3], atol=0.02)
    np.testing.assert_allclose(np.array(lengths) / lengths[0], [1, 0.7, 0.3], atol=0.04)


def test_frames_looks_person_model_and_rate_are_told():
    state = settled(sample_state("landmarks", 1), frames=10, looks=3)
    first = screen_of(state)[BELOW]
    others = [
        settled(state, frames=11, looks=3),
        settled(state, frames=10, looks=4),
        replace(state, person=2),
    ]
    for other in others:
        different = (screen_of(other)[BELOW] != first).any(axis=2)
        assert different.any()
        assert not different[:, 370:].any()  # nothing but the words has changed
    faster = screen_of(state, replace(PLAIN, frames_per_second=12.0))[BELOW]
    assert np.argwhere((faster != first).any(axis=2))[:, 1].min() > 900


def test_two_routes_are_compared_in_two_colours():
    state = sample_state(("fused", "encoding", "landmarks"), 1)
    alone = screen_of(state)
    both = screen_of(state, replace(PLAIN, compare=True))
    assert not coloured(alone, YELLOW).any()
    assert coloured(both[BELOW][:, :370], YELLOW).sum() > 300
    assert coloured(both[BELOW][:, 400:], YELLOW).sum() > 100
    captions = both[:50, PANEL_WIDTH:]
    assert coloured(captions[:, :320], BLUE).any()
    assert coloured(captions[:, 320:], YELLOW).any()
    # One of the two is not there yet.
    partly = replace(state, estimates={"landmarks": state.estimates["landmarks"]})
    waiting = screen_of(partly, replace(PLAIN, compare=True))
    assert not coloured(waiting[BELOW][:, 400:], BLUE).any()
    assert coloured(waiting[BELOW][:, 400:], YELLOW).any()


@pytest.mark.parametrize("compare", [False, True])
def test_what_is_not_there_yet_is_said(compare):
    settings = replace(PLAIN, compare=compare)
    pictures = [
        screen_of(None, settings, head=None),
        screen_of(faceless_state(), settings, head=None),
        screen_of(waiting_state(), settings, head=None),
        screen_of(sample_state("landmarks", 1), settings, head=None),
        screen_of(sample_state("landmarks", 1), settings),
    ]
    for first in range(len(pictures)):
        for second in range(first):
            assert (pictures[first] != pictures[second]).any()
    for picture in pictures[:4]:
        head = picture[200:300, PANEL_WIDTH + 100 : WIDTH - 100]
        assert head.max() > 130  # words


def test_the_head_is_shown_and_what_is_told_lies_on_its_lower_edge():
    state = sample_state("landmarks", 1)
    assert (screen_of(state)[HEAD_PANEL] == 77).all()
    random = np.random.default_rng(0)
    head = random.integers(0, 256, HEAD.shape, np.uint8)
    np.testing.assert_array_equal(screen_of(state, head=head)[HEAD_PANEL], head)
    other_size = screen_of(state, head=head[::2, ::2])[HEAD_PANEL]
    assert not (other_size == 77).all()
    long = "The disk is full. Some free space was expected. Free some, and record again. " * 6
    for settings, note in ((PLAIN, long), (replace(PLAIN, message=long), "A note.")):
        panel = screen_of(state, settings, note=note)[HEAD_PANEL]
        rows = np.flatnonzero((panel != 77).any(axis=(1, 2)))
        assert rows.min() > 240
        assert rows.max() < 476
        assert (panel[:, :12] == 77).all()
        assert (panel[:, -12:] == 77).all()


def test_a_recording_shows_its_sign():
    state = faceless_state()
    assert not coloured(screen_of(state), RED).any()
    drawn = np.argwhere(coloured(screen_of(state, replace(PLAIN, recording=True)), RED))
    assert len(drawn) > 60
    assert drawn.max() < 60


def test_help_names_every_key_over_any_screen():
    assert {key.action for key in KEY_LIST} == {*KEYS.values()}
    assert len("".join(key.characters for key in KEY_LIST)) == len(KEYS)
    for key in KEY_LIST:
        assert key.shown
        assert key.meaning
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    draw_help(picture)
    words = (picture > 150).all(axis=2)
    bands = np.flatnonzero(np.diff(words[:, 450:1000].any(axis=1).astype(int)) == 1)
    assert len(bands) >= len(KEY_LIST) + 2  # a line each, and the notes
    for state in (None, faceless_state(), sample_state("landmarks", 1)):
        plain = screen_of(state)
        helped = screen_of(state, replace(PLAIN, help=True))
        box = (helped == picture).all(axis=2)[100:620, 270:1010]
        assert box.mean() > 0.99
        assert helped[:80].mean() < 0.4 * plain[:80].mean() + 1


def test_a_face_at_the_edge_or_beyond_is_no_trouble():
    state = sample_state("landmarks", 1)
    for move, factor in (
        ((500, 0), 1),
        ((-500, -300), 1),
        ((0, 0), 30),
        ((0, 400), 1),
        ((0, 0), 0.01),
    ):
        landmarks = state.face.landmarks * np.float32(factor)
        landmarks[:, :2] += np.float32(move)
        moved = replace(state, faces=(Face(landmarks, 640, 480),))
        below = screen_of(moved)[BELOW]
        np.testing.assert_array_equal(below, screen_of(state)[BELOW])
        assert (screen_of(moved)[HEAD_PANEL] == 77).all()


def test_drawing_changes_neither_the_state_nor_later_screens():
    state = sample_state("landmarks", 4)
    pixels = state.frame.pixels.copy()
    first = screen_of(state)
    screen_of(state, replace(PLAIN, help=True, recording=True, message="Saved."))[:] = 0
    np.testing.assert_array_equal(screen_of(state), first)
    np.testing.assert_array_equal(state.frame.pixels, pixels)
