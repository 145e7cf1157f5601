"""Pictures of heads show the head that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.workers import call_apart
from regression.evaluation.head_pictures import (
    HeadSheet,
    draw_heads,
    draw_rig_sheets,
    mapped_colours,
)
from regression.measures.surface import MESH_POINTS
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman


def neutral(head: LandmarkHead, count: int = 1) -> np.ndarray:
    return np.tile([slider.to_unit(slider.neutral) for slider in head.sliders], (count, 1))


def with_slider(head: LandmarkHead, name: str, value: float) -> np.ndarray:
    values = neutral(head)
    values[0, head.slider_names.index(name)] = value
    return values


def covered(picture: np.ndarray) -> np.ndarray:
    return (picture < 250).any(axis=-1)


def test_the_face_stands_in_the_middle_on_white(head: LandmarkHead) -> None:
    pictures = draw_heads(head, neutral(head, 2), 128)
    assert pictures.shape == (2, 128, 128, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[0], pictures[1])
    face = covered(pictures[0])
    assert 0.3 < face.mean() < 0.8
    assert not np.concatenate([face[0], face[-1], face[:, 0], face[:, -1]]).any()
    rows, columns = np.nonzero(face)
    assert abs(rows.mean() - 63.5) < 5
    assert abs(columns.mean() - 63.5) < 2
    # No holes: in each row the face is one piece.
    assert all(np.abs(np.diff(row.astype(int))).sum() <= 2 for row in face)


def test_the_eyes_are_dark_and_the_lips_red(head: LandmarkHead) -> None:
    size = 256
    picture = draw_heads(head, neutral(head), size)[0].astype(float)
    points = head.neutral[:, :2]
    low, high = points[:MESH_POINTS].min(axis=0), points[:MESH_POINTS].max(axis=0)
    scale = size / (1.2 * (high - low).max())

    def colour(landmark: int) -> np.ndarray:
        x, y = np.rint(size / 2 + scale * (points[landmark] - (low + high) / 2)).astype(int)
        return picture[y, x]

    cheek, lip = colour(50), colour(16)
    for iris in (468, 473):
        assert colour(iris).mean() < 0.5 * cheek.mean()
    assert lip[0] / lip[1] > 1.15 * cheek[0] / cheek[1]


def test_a_wide_mouth_is_drawn_wider(head: LandmarkHead) -> None:
    def redness(value: float) -> float:
        values = with_slider(head, "mouth/mouth-scale-horiz-decr|incr", value)
        picture = draw_heads(head, values, 200)[0].astype(float)
        lips = picture[..., 0] > 1.55 * picture[..., 1]
        return float(np.ptp(np.nonzero(lips[100:])[1]))

    assert redness(0.9) > 1.2 * redness(0.1)


def test_where_a_head_stands_does_not_matter(head: LandmarkHead) -> None:
    values = with_slider(head, "head/head-trans-down|up", 1.0)
    assert np.abs(head.landmarks(2 * (values - neutral(head)))[0] - head.neutral).max() > 0.05
    shown, expected = draw_heads(head, values, 100)[0], draw_heads(head, neutral(head), 100)[0]
    assert (covered(shown) != covered(expected)).mean() < 0.05


def test_turned_to_either_side_it_is_the_mirror_image(head: LandmarkHead) -> None:
    right, left = (covered(draw_heads(head, neutral(head), 128, yaw=yaw)[0]) for yaw in (30, -30))
    assert (right != left[:, ::-1]).mean() < 0.02
    # Turned to the picture's right, the cheek on the left comes to the front.
    assert (right != right[:, ::-1]).mean() > 0.05


def test_colours_are_drawn_where_they_belong(head: LandmarkHead) -> None:
    high = head.neutral[:MESH_POINTS, 1] < np.median(head.neutral[:MESH_POINTS, 1])
    colours = np.stack([high.astype(float), np.full(MESH_POINTS, np.nan)])
    coloured, plain = draw_heads(head, neutral(head, 2), 128, colours).astype(float)
    np.testing.assert_array_equal(plain, draw_heads(head, neutral(head), 128)[0])

    def redness(part: np.ndarray) -> float:
        return float((part[..., 0] - part[..., 1])[covered(part)].mean())

    assert redness(coloured[:50]) > redness(coloured[80:]) + 50


def test_colours_of_another_shape_are_refused(head: LandmarkHead) -> None:
    with pytest.raises(ValueError, match="one per landmark"):
        draw_heads(head, neutral(head), colours=np.zeros((1, 478)))


def test_the_colour_scale_grows_darker() -> None:
    light = mapped_colours(np.linspace(-0.5, 1.5, 21)).sum(axis=1)
    assert (np.diff(light) <= 1e-9).all()
    assert light[0] > light[-1] + 1


@pytest.mark.usefixtures("rendering")
def test_whole_heads_by_a_rig(rig_folder: Path) -> None:
    rig = load_makehuman(rig_folder)
    values = np.tile([slider.to_unit(slider.neutral) for slider in rig.sliders], (3, 1))
    vertices = np.flatnonzero(rig.neutral[:, 2] > np.quantile(rig.neutral[:, 2], 0.7))
    colours = np.array([[np.nan], [0.0], [1.0]]) * np.ones(len(vertices))
    front, turned = call_apart(
        draw_rig_sheets,
        rig_folder,
        vertices,
        [HeadSheet(values, colours, 96), HeadSheet(values[:1], colours[:1], 64, 40.0)],
    )
    assert front.shape == (3, 96, 96, 3)
    assert turned.shape == (1, 64, 64, 3)
    assert covered(front[0]).mean() > 0.2
    np.testing.assert_array_equal(covered(front[1]), covered(front[2]))
    # Yellow is lighter than red.
    assert front[1].astype(float).mean() > front[2].astype(float).mean() + 3
