"""A report's head is the rig's, to less than a twentieth of a millimetre."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exports.report.head_shapes import head_shapes
from exports.shown_head import ShownHead, shown_head
from rig.rig import RigError
from tests.exports.report.made_faces import landmark_head, shown_face

ROOT = Path(__file__).parents[3]
MAKEHUMAN = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"
HALF_TENTH = 5e-4
"""Decimetres: 0.05 mm."""


@pytest.fixture(scope="module", params=["face mesh", "makehuman"])
def head(request: pytest.FixtureRequest) -> ShownHead:
    if request.param == "face mesh":
        return shown_face(landmark_head())
    if not MAKEHUMAN.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared")
    return shown_head(ROOT / "models", MAKEHUMAN, landmark_head())


def numbers(entry: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(entry["data"]), f"<u{entry['bits'] // 8}")


def lengths(entry: dict[str, Any]) -> np.ndarray:
    steps = np.frombuffer(base64.b64decode(entry["data"]), "<i2").reshape(-1, 3)
    return steps * np.float64(entry["step"])


def offsets(entry: dict[str, Any] | None, count: int) -> np.ndarray:
    whole = np.zeros((count, 3))
    if entry is not None:
        moved = entry["vertices"]
        whole[slice(None) if moved is None else numbers(moved)] = lengths(entry)
    return whole


def decoded(shapes: dict[str, Any], values: np.ndarray) -> np.ndarray:
    vertices = lengths(shapes["neutral"])
    for value, slider in zip(values, shapes["sliders"], strict=True):
        positive = offsets(slider["positive"], len(vertices))
        negative = slider["negative"]
        opposite = -positive if negative == "opposite" else offsets(negative, len(vertices))
        vertices = vertices + max(value, 0) * positive + max(-value, 0) * opposite
    return vertices


def test_heads_of_any_values_come_back(head: ShownHead) -> None:
    names = head.rig.slider_names
    shapes = json.loads(json.dumps(head_shapes(head, names)))
    assert np.array_equal(numbers(shapes["triangles"]).reshape(-1, 3), head.rig.triangles)
    random = np.random.default_rng(1)
    for values in (np.ones(len(names)), -np.ones(len(names)), random.uniform(-1, 1, len(names))):
        away = decoded(shapes, values) + head.framing.centre - head.rig.vertices(values)
        assert np.linalg.norm(away, axis=1).max() < HALF_TENTH


def test_colours_come_back(head: ShownHead) -> None:
    shapes = head_shapes(head, head.rig.slider_names)
    colours = np.frombuffer(base64.b64decode(shapes["colours"]), np.uint8).reshape(-1, 3)
    assert np.abs(colours / 255 - head.colours).max() <= 0.5 / 255 + 1e-6


def test_sliders_come_in_the_order_that_was_asked_for(head: ShownHead) -> None:
    names = head.rig.slider_names
    forwards, backwards = head_shapes(head, names), head_shapes(head, names[::-1])
    assert forwards["sliders"] == backwards["sliders"][::-1]


def test_directions_that_are_opposite_are_kept_once(head: ShownHead) -> None:
    rig = replace(head.rig, negative=-head.rig.positive)
    straight = head._replace(rig=rig)
    shapes = head_shapes(straight, rig.slider_names)
    moving = [slider for slider in shapes["sliders"] if slider["positive"]]
    assert {slider["negative"] for slider in moving} == {"opposite"}
    values = np.random.default_rng(2).uniform(-1, 1, len(rig.sliders))
    away = decoded(shapes, values) + head.framing.centre - rig.vertices(values)
    assert np.linalg.norm(away, axis=1).max() < HALF_TENTH


def test_a_slider_that_the_head_lacks_is_refused(head: ShownHead) -> None:
    with pytest.raises(RigError, match="no slider nose/unheard-of"):
        head_shapes(head, ["nose/unheard-of"])
