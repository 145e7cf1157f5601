"""What a visitor looks at: adding, choosing and removing photos, sliders set by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.page_values import differences_html, read_edits, seen_value
from app.person import PhotoResult
from app.visit import COMPARE, SeenPhoto, Visit
from regression.prediction.prediction import Prediction, RouteValues

NAMES = ("nose/nose-hump-decr|incr", "mouth/mouth-trans-down|up", "<script>alert(1)</script>")


def face(value: float, name: str = "photo.jpg") -> Prediction:
    values = np.full(3, value, np.float32)
    told = np.array([True, True, True])
    others = tuple(
        RouteValues(route, values + step, values, np.ones(3, np.float32), told)
        for route, step in (("landmarks", np.float32(0.1)), ("encoding", np.float32(0.2)))
    )
    return Prediction(
        photo=Path(name),
        face_number=1,
        box=(0.0, 0.0, 1.0, 1.0),
        face_size_pixels=1.0,
        face_size_millimetres=150.0,
        yaw=0.0,
        pitch=0.0,
        roll=0.0,
        quality=(),
        model="fused",
        rig="rig",
        slider_names=NAMES,
        values=values,
        lower=np.zeros(3, np.float32),
        upper=np.ones(3, np.float32),
        told=told,
        landmarks=np.zeros((478, 3), np.float32),
        others=others,
    )


def photo(name: str, *values: float) -> SeenPhoto:
    faces = tuple(face(value, name) for value in values)
    problem = "" if faces else f"{name} shows no face."
    picture = np.full((40, 60, 3), 90, np.uint8) if faces else None
    return SeenPhoto.of(PhotoResult(name, picture, faces, ((),) * len(faces), problem))


def test_the_newest_photo_with_a_face_is_looked_at() -> None:
    visit = Visit().add(photo("text.jpg"))
    assert visit.face is None
    assert visit.chosen == (0, 0)
    visit = visit.add(photo("one.jpg", 0.3)).add(photo("none.jpg"))
    assert visit.chosen == (1, 0)
    assert visit.face is not None
    assert visit.face.values[0] == pytest.approx(0.3)
    assert [result.values[0] for result in visit.faces] == pytest.approx([0.3])


def test_every_face_is_chosen_and_removed_by_itself() -> None:
    visit = Visit().add(photo("two.jpg", 0.2, 0.6)).add(photo("one.jpg", 0.4))
    assert visit.entries == [(0, 0), (0, 1), (1, 0)]
    second = visit.choose(0, 1)
    assert second.face is not None
    assert second.face.values[0] == pytest.approx(0.6)
    without = second.remove(0, 1)
    assert without.entries == [(0, 0), (1, 0)]
    assert without.chosen == (1, 0)
    assert len(without.remove(0, 0).faces) == 1
    assert without.choose(0, 1) is without
    assert without.choose(7, 0) is without
    assert without.remove(0, 0).remove(1, 0).photos == ()


def test_what_is_set_by_hand_belongs_to_its_face_and_route() -> None:
    visit = Visit().add(photo("one.jpg", 0.3)).add(photo("two.jpg", 0.4)).edit({1: 0.9})
    assert visit.values is not None
    np.testing.assert_allclose(visit.values, [0.4, 0.9, 0.4], rtol=1e-6)
    assert visit.face is not None
    np.testing.assert_allclose(visit.face.values, 0.4, rtol=1e-6)
    for other in (visit.choose(0, 0), visit.show("landmarks"), visit.reset()):
        assert other.edits == {}
        assert other.edition > visit.edition
    assert visit.show("landmarks").values == pytest.approx([0.5, 0.5, 0.5])
    for back in (visit.choose(0, 0).choose(1, 0), visit.show(COMPARE).show("fused")):
        assert back.edits == {1: 0.9}
        assert back.edition > visit.edition
    landmarks = visit.show("landmarks").edit({2: 0.1})
    assert landmarks.show("fused").edits == {1: 0.9}
    assert landmarks.reset().show("fused").edits == {1: 0.9}


def test_nothing_is_kept_of_a_photo_that_was_removed() -> None:
    visit = Visit().add(photo("two.jpg", 0.2, 0.6)).add(photo("one.jpg", 0.4))
    half = visit.remove(0, 1)
    assert len(half.photos[0].result.faces) == 2
    without = half.remove(0, 0)
    assert without.photos[0].result.faces == ()
    assert without.photos[0].large == without.photos[0].small == ""
    assert without.face is not None
    assert without.face.values[0] == pytest.approx(0.4)


def test_only_the_sliders_of_now_are_listened_to() -> None:
    visit = Visit().add(photo("one.jpg", 0.3))
    told = {"edition": visit.edition, "edited": {"2": 0.75}}
    assert read_edits(json.dumps(told), visit) == {2: 0.75}
    assert read_edits(json.dumps(told), visit.reset()) is None
    assert read_edits(json.dumps({"edition": visit.edition, "groups": []}), visit) is None
    assert read_edits(None, visit) is None
    for wrong in ({"3": 0.5}, {"-1": 0.5}, {"0": 1.01}, {"0": float("nan")}):
        with pytest.raises(ValueError, match="expected"):
            read_edits(json.dumps({**told, "edited": wrong}), visit)


def test_problems_are_shown_and_said_once() -> None:
    visit = Visit().add(photo("one.jpg", 0.3)).add(photo("text.jpg"))
    seen = json.loads(seen_value(visit))
    assert seen["problems"] == ["text.jpg shows no face."]
    assert [entry["chosen"] for entry in seen["entries"]] == [True, False]
    assert seen["entries"][0]["picture"].startswith("data:image/jpeg;base64,")
    assert json.loads(seen_value(Visit()))["entries"] == []


def test_names_of_sliders_are_text_not_page() -> None:
    visit = Visit().add(photo("one.jpg", 0.3))
    assert differences_html(visit) == ""
    compared = differences_html(replace(visit, shown=COMPARE))
    assert "0.50" in compared
    assert "<script" not in compared
