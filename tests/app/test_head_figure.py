"""The figure shows the rig's own shape in the asked pose, and what a title says stays a text."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.head_figure import FigureHead, figure_head, head_figure, rig_units
from exports.shown_head import face_alone, shown_head
from rig.camera import Camera
from rig.landmark_head import LandmarkHead
from tests.app.conftest import MODELS


@pytest.fixture(scope="module", params=["head", "face mesh"])
def head(request: pytest.FixtureRequest, tiny_folder: Path, tiny_head: LandmarkHead) -> FigureHead:
    shown = (
        shown_head(MODELS, tiny_folder, tiny_head)
        if request.param == "head"
        else face_alone(tiny_head, "no rig")
    )
    return figure_head(shown, tiny_head.sliders)


def neutral(head: FigureHead) -> np.ndarray:
    return np.array([slider.to_unit(slider.neutral) for slider in head.sliders])


def numbers(entry: dict[str, str]) -> np.ndarray:
    """Plotly's typed arrays: a kind, and bytes in base64."""
    return np.frombuffer(base64.b64decode(entry["bdata"]), "<" + entry["dtype"]).astype(float)


def as_json(*arguments: Any, **named: Any) -> dict[str, Any]:
    return json.loads(head_figure(*arguments, **named).to_json())


def points(mesh: dict[str, Any]) -> np.ndarray:
    """(v, 3) decimetres, x right, y up, z towards the viewer."""
    across, away, up = (numbers(mesh[name]) for name in "xyz")
    return np.stack([across, up, -away], axis=1) / 1000


@pytest.mark.parametrize("pose", [(0.0, 0.0, 0.0), (25.0, -10.0, 8.0)])
def test_the_browser_gets_the_rig_in_that_shape_and_pose(
    head: FigureHead, pose: tuple[float, float, float]
) -> None:
    random = np.random.default_rng(1)
    values = random.uniform(0.2, 0.8, len(head.sliders))
    (mesh,) = as_json(head, [("", values)], pose)["data"]
    amounts = np.zeros(len(head.rig.sliders))
    amounts[head.columns] = [s.from_unit(v) for s, v in zip(head.sliders, values, strict=True)]
    whole = head.rig.vertices(amounts)[head.kept]
    expected = Camera(head.centre, 10, 20, *pose).to_camera(whole) + [0, 0, 10]
    own = head.share == 0
    assert own.mean() > 0.9
    np.testing.assert_allclose(points(mesh)[own], expected[own], atol=0.0006)
    corners = np.stack([numbers(mesh[name]) for name in "ijk"], axis=1).astype(int)
    assert corners.max() == len(own) - 1
    assert len(mesh["vertexcolor"]) == len(own)


def test_the_neck_ends_evenly_and_nothing_is_below(head: FigureHead) -> None:
    shown = head.vertices(neutral(head))
    moved = head.share > 0
    level = shown[moved, 1].mean() if moved.any() else shown[:, 1].min()
    np.testing.assert_allclose(shown[moved, 1], level, atol=1e-3)
    assert shown[:, 1].min() >= level - 1e-3
    # The part above is whole: only what had no corner above the level is gone.
    above = (head.rig.neutral[head.rig.triangles, 1] > level + 1e-3).any(axis=1)
    assert head.corners.shape[1] == above.sum()


def test_positive_yaw_turns_the_nose_to_the_right_and_pitch_lifts_it(head: FigureHead) -> None:
    shape = neutral(head)
    ahead = points(as_json(head, [("", shape)])["data"][0])
    nose = ahead[:, 2].argmax()
    turned = points(as_json(head, [("", shape)], (30.0, 0.0, 0.0))["data"][0])
    lifted = points(as_json(head, [("", shape)], (0.0, 20.0, 0.0))["data"][0])
    assert turned[nose, 0] > ahead[nose, 0] + 0.2
    assert lifted[nose, 1] > ahead[nose, 1] + 0.1


def test_heads_stand_side_by_side_and_stay_turned_while_sliders_move(head: FigureHead) -> None:
    shape = neutral(head)
    one = as_json(head, [("a", shape), ("b", shape * 0.9)], (5.0, 0.0, 0.0))
    other = as_json(head, [("a", shape * 0.8), ("b", shape)], (5.0, 0.0, 0.0))
    assert [mesh["scene"] for mesh in one["data"]] == ["scene", "scene2"]
    assert one["layout"]["scene"]["domain"]["x"] == [0, 0.5]
    assert one["layout"]["scene2"]["domain"]["x"] == [0.5, 1]
    turns = [figure["layout"]["scene"]["uirevision"] for figure in (one, other)]
    assert turns[0] == turns[1]
    for anew in (
        as_json(head, [("a", shape), ("b", shape)], (6.0, 0.0, 0.0)),
        as_json(head, [("a", shape)], (5.0, 0.0, 0.0)),
        as_json(head, [("a", shape), ("b", shape)], (5.0, 0.0, 0.0), view="front"),
    ):
        assert anew["layout"]["scene"]["uirevision"] != turns[0]


def test_a_title_is_text_and_not_html(head: FigureHead) -> None:
    title = '<a href="javascript:alert(1)">x</a> & <b>'
    (note,) = as_json(head, [(title, neutral(head))])["layout"]["annotations"]
    assert "<" not in note["text"]
    assert note["text"].endswith("x&lt;/a&gt; &amp; &lt;b&gt;")


def test_a_figure_names_no_address(head: FigureHead) -> None:
    assert "http" not in head_figure(head, [("a", neutral(head))] * 3).to_json()


def test_calls_that_make_no_sense_are_refused(head: FigureHead) -> None:
    shape = neutral(head)
    for heads in ([], [("a", shape)] * 4):
        with pytest.raises(ValueError, match="1 to 3 were expected"):
            head_figure(head, heads)
    for values in (shape[:-1], shape * np.nan, shape + 2, shape - 2):
        with pytest.raises(ValueError, match="from 0 to 1"):
            head_figure(head, [("a", values)])


def test_rig_units_are_the_sliders_own(tiny_head: LandmarkHead) -> None:
    units = np.linspace(0, 1, len(tiny_head.sliders))
    found = rig_units(tiny_head.sliders, units)
    for slider, unit, value in zip(tiny_head.sliders, units, found, strict=True):
        assert value == pytest.approx(slider.from_unit(unit))
