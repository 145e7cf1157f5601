"""Routes change places without loss, and what users read of them is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.person import (
    by_route,
    combine_faces,
    edited_sliders,
    largest_differences,
    quality_warnings,
    route_values,
)
from regression.models.intervals import SliderIntervals
from regression.prediction.grouping import combine
from regression.prediction.prediction import Prediction, RouteValues
from tests.regression.predictions import SLIDERS, TOLD, make_prediction
from vision.quality import QUALITY_FLAGS

INTERVALS = {
    route: SliderIntervals(np.full(SLIDERS, width), np.full(SLIDERS, 0.5), 100)
    for route, width in (("fused", 0.1), ("landmarks", 0.2), ("encoding", 0.3))
}


def face(seed: int = 0, **changes: object) -> Prediction:
    """A face by three routes that say different things."""
    random = np.random.default_rng(seed)

    def values() -> np.ndarray:
        return random.uniform(0, 1, SLIDERS).astype(np.float32)

    nothing, all_of_it = np.zeros(SLIDERS, np.float32), np.ones(SLIDERS, np.float32)
    others = tuple(
        RouteValues(route, values(), nothing, all_of_it, TOLD)
        for route in ("landmarks", "encoding")
    )
    return make_prediction(f"{seed}.jpg", values=values(), others=others, **changes)


def test_every_route_can_be_first_and_none_is_lost() -> None:
    one = face()
    said = {route.model: route for route in route_values(one)}
    assert list(said) == ["fused", "landmarks", "encoding"]
    for route in said:
        other = by_route(one, route)
        assert other.model == route
        np.testing.assert_array_equal(other.values, said[route].values)
        assert {r.model for r in other.others} == set(said) - {route}
        back = by_route(other, "fused")
        np.testing.assert_array_equal(back.values, one.values)
    with pytest.raises(ValueError, match="fused, landmarks, encoding was expected"):
        by_route(one, "fit")


def test_combining_is_that_of_the_library_for_every_route() -> None:
    faces = [face(1), face(2, quality=("blurred",)), face(3)]
    person = combine_faces(faces, INTERVALS, "anna")
    assert person.members == ((Path("1.jpg"), 1), (Path("2.jpg"), 1), (Path("3.jpg"), 1))
    for route, intervals in INTERVALS.items():
        expected = combine([by_route(one, route) for one in faces], intervals, "anna")
        found = by_route(person, route)
        for name in ("values", "lower", "upper", "told"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    with pytest.raises(ValueError, match="One or more were expected"):
        combine_faces([], INTERVALS, "nobody")
    mixed = combine_faces([by_route(faces[0], "encoding"), *faces[1:]], INTERVALS, "anna")
    assert mixed.model == "encoding"
    np.testing.assert_array_equal(by_route(mixed, "fused").values, person.values)


def test_what_was_set_by_hand_is_named() -> None:
    one = face()
    assert edited_sliders(one, one.values) == ()
    assert edited_sliders(one, one.values.astype(np.float64)) == ()
    values = one.values.copy()
    values[[1, 4]] = 1 - values[[1, 4]]
    assert edited_sliders(one, values) == ("slider 1", "slider 4")


def test_the_largest_differences_are_those_planted() -> None:
    values = np.tile(np.float32([0.5, 0.5, 0.5, 0.5, 0.5, 0.0]), (3, 1))
    values[1, 2], values[2, 2] = 0.1, 0.7  # 0.6 apart
    values[2, 4] = 0.9  # 0.4 apart
    values[1, 0] = 0.9  # by a route that does not tell it
    values[1, 5] = 1.0  # told by none
    told = np.tile(TOLD, (3, 1))
    told[1, 0] = False
    nothing, all_of_it = np.zeros(SLIDERS, np.float32), np.ones(SLIDERS, np.float32)
    names = ("fused", "landmarks", "encoding")
    routes = [
        RouteValues(name, row, nothing, all_of_it, known)
        for name, row, known in zip(names, values, told, strict=True)
    ]
    one = replace(make_prediction("a.jpg", values=values[0]), others=tuple(routes[1:]))
    found = largest_differences(one)
    assert [name for name, _ in found[:2]] == ["slider 2", "slider 4"]
    assert found[0][1] == pytest.approx({"fused": 0.5, "landmarks": 0.1, "encoding": 0.7})
    assert dict(found)["slider 0"] == pytest.approx({"fused": 0.5, "encoding": 0.5})
    assert "slider 5" not in dict(found)
    assert len(largest_differences(one, 1)) == 1
    assert largest_differences(make_prediction("alone.jpg")) == []


def test_every_quality_flag_has_a_sentence_of_its_own() -> None:
    said = quality_warnings(QUALITY_FLAGS)
    assert len(set(said)) == len(QUALITY_FLAGS)
    for sentence in said:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence.split()) > 4
