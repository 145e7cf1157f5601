"""Targets with a planted meaning, and MakeHuman's sliders taken to single targets and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rig.makehuman import (
    EXPRESSIONS,
    MODIFIERS,
    face_modifiers,
    load_expressions,
    load_makehuman,
)
from rig.makehuman_files import read_modifiers, read_target
from rig.makehuman_head import read_head
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead
from rig.target_kinds import PERSONAL
from rig.target_sliders import TargetSliders, sliders_of
from tests.rig.smooth_targets import Points, both_sides, bump, ellipsoid, mirrored_bump, smooth
from tests.rig.test_target_kinds import ARKIT, DISGUISES

INTER_OCULAR = 0.62


def head_of(points: Points, targets: dict[str, Points]) -> SourceHead:
    return SourceHead(
        name="planted",
        path=Path("planted.glb"),
        licence="not stated",
        vertices=points,
        triangles=np.array([[0, 1, 2]], np.int32),
        parts=np.zeros(1, np.uint8),
        part_names=("skin",),
        targets=tuple(targets),
        offsets=np.stack(list(targets.values())),
        weights=np.zeros(len(targets), np.float32),
    )


def told_apart(
    points: Points,
    targets: dict[str, Points],
    settings: RigSettings | None = None,
    face: np.ndarray | None = None,
) -> TargetSliders:
    head = head_of(points, targets)
    face = np.flatnonzero(points[:, 2] > -0.3) if face is None else face
    return sliders_of(
        head, head.vertices, head.offsets, face, INTER_OCULAR, settings or RigSettings()
    )


CHEEK, EYE, NOSE = (0.4, -0.2, 0.7), (0.31, 0.3, 0.75), (0.0, 0.0, 0.9)


def planted(points: Points) -> dict[str, Points]:
    forward, sideways = (0.0, 0.2, 1.0), (1.0, 0.0, 0.0)
    cheek = both_sides(points, CHEEK, (1, 0, 1))
    return {
        "cheek_volume_R": mirrored_bump(points, CHEEK, forward),
        "cheek_volume_L": bump(points, CHEEK, forward),
        "nose_length_incr": both_sides(points, NOSE, forward),
        "nose_length_decr": -0.7 * both_sides(points, NOSE, forward),
        "l-eye-size-small": -bump(points, EYE, forward),
        "l-eye-size-big": bump(points, EYE, forward),
        "r-eye-size-small": -mirrored_bump(points, EYE, forward),
        "r-eye-size-big": mirrored_bump(points, EYE, forward),
        "cheek_broad": cheek,
        "face_width": 1.1 * cheek,
        "chin_in": both_sides(points, (0, -0.8, 0.6), forward),
        "chin_out": both_sides(points, (0, -0.8, 0.6), (0.1, 0.5, 0.9)),
        "identity000": smooth(points, 1),
        "identity001": smooth(points, 2),
        "target_7": smooth(points, 3),
        "nose_left": bump(points, NOSE, sideways),
        "nose_right": -bump(points, NOSE, sideways),
        "mouth_shift": bump(points, (0, -0.4, 0.8), sideways),
        "skull_size": bump(points, (0, 0, -0.9), (0, 0, -1), 0.1),
        "head_age": smooth(points, 4),
        "jawOpen": both_sides(points, (0, -0.7, 0.7), (0, -1, 0)),
        "jawLeft": bump(points, (0, -0.7, 0.7), sideways),
        "jawRight": -bump(points, (0, -0.7, 0.7), sideways),
        "eyeBlink_R": mirrored_bump(points, EYE, (0, -1, 0)),
        "eyeBlink_L": bump(points, EYE, (0, -1, 0)),
        "wink_right_only": mirrored_bump(points, EYE, (0, -0.5, 0)),
        "jaw_opened": both_sides(points, (0, -0.7, 0.7), (0, -1, 0)),
    }


@pytest.mark.parametrize("symmetric", [True, False])
def test_every_sort_of_target_is_found(symmetric: bool) -> None:
    points = ellipsoid(8000 if not symmetric else 1200, symmetric=symmetric)
    targets = planted(points)
    found = told_apart(points, targets)
    sliders = {slider.name: slider for slider in found.sliders}
    assert list(sliders) == [
        "cheek_volume_L",
        "nose_length_decr|incr",
        "l-eye-size-small|big",
        "cheek_broad",
        "chin_in",
        "chin_out",
        "identity000",
        "identity001",
        "target_7",
    ]
    eye = sliders["l-eye-size-small|big"]
    assert set(eye.modifiers) == {"l-eye-size-big", "r-eye-size-big"}
    assert set(eye.opposites) == {"l-eye-size-small", "r-eye-size-small"}
    assert {name for name, slider in sliders.items() if slider.minimum < 0} == {
        "nose_length_decr|incr",
        "l-eye-size-small|big",
        "identity000",
        "identity001",
    }
    assert dict(found.left_out) == {
        "face_width": "the same as cheek_broad",
        **dict.fromkeys(
            ("nose_left", "nose_right", "mouth_shift", "jawLeft", "jawRight", "wink_right_only"),
            "pushes the face sideways",
        ),
        "skull_size": "does not move the face",
        "head_age": PERSONAL,
        "jaw_opened": "the same as jawOpen",
    }
    assert found.expression_names == ("jawOpen", "eyeBlink_L")
    assert [set(names) for names in found.expression_targets] == [
        {"jawOpen"},
        {"eyeBlink_L", "eyeBlink_R"},
    ]


def test_a_slider_does_what_its_targets_do() -> None:
    points = ellipsoid()
    targets = planted(points)
    found = told_apart(points, targets)
    random = np.random.default_rng(5)
    for slider, low, high in zip(found.sliders, found.negative, found.positive, strict=True):
        for value in random.uniform(slider.minimum, slider.maximum, 4):
            by_targets = sum(
                weight * targets[name] for name, weight in slider.written(value).items()
            )
            assert max(value, 0) * high + max(-value, 0) * low == pytest.approx(
                by_targets, abs=1e-6
            )
    for names, offsets in zip(found.expression_targets, found.expressions, strict=True):
        assert offsets == pytest.approx(sum(targets[name] for name in names), abs=1e-6)


def test_every_target_has_a_row_in_order() -> None:
    points = ellipsoid()
    targets = planted(points)
    found = told_apart(points, targets)
    assert [row.name for row in found.rows] == list(targets)
    units = {slider.name for slider in found.sliders} | set(found.expression_names)
    assert {row.slider for row in found.rows if row.slider} == units
    face = points[:, 2] > -0.3
    for row in found.rows:
        assert (row.name in found.left_out) == (row.slider == "")
        assert row.kind != "left out" or row.slider == ""
        assert row.why
        longest = np.linalg.norm(targets[row.name][face], axis=1).max()
        assert row.moves_percent == pytest.approx(100 * longest / INTER_OCULAR, rel=1e-5)
        assert (row.minimum < row.maximum) == bool(row.slider)


def test_units_turning_and_shifting_change_nothing() -> None:
    """Scale goes by the distance between the eyes; the middle need not be exactly at x = 0."""
    points = ellipsoid()
    targets = planted(points)
    angle = np.radians(3)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]],
        np.float32,
    )
    moved = {name: 40 * offsets @ turn.T for name, offsets in targets.items()}
    head = head_of(40 * points @ turn.T + np.float32([1.0, 7, 3]), moved)
    face = np.flatnonzero(points[:, 2] > -0.3)
    found = sliders_of(head, head.vertices, head.offsets, face, 40 * INTER_OCULAR, RigSettings())
    straight = told_apart(points, targets)
    assert found.sliders == straight.sliders
    assert found.left_out == straight.left_out
    assert found.expression_names == straight.expression_names


def test_without_twins_each_side_stays() -> None:
    points = ellipsoid()
    found = told_apart(points, planted(points), RigSettings(twins=False))
    names = [slider.name for slider in found.sliders]
    assert {"cheek_volume_R", "cheek_volume_L", "mouth_shift", "r-eye-size-small|big"} <= set(names)
    assert {"jawLeft", "jawRight", "eyeBlink_R", "eyeBlink_L"} <= set(found.expression_names)


def test_settings_decide_kinds_ranges_and_opposites() -> None:
    points = ellipsoid()
    settings = RigSettings(
        shape=("jawOpen",),
        expression=("target_*",),
        leave_out=("identity001",),
        ranges=(
            ("identity000", (-3.0, 2.0)),
            ("identity*", (-1.0, 9.0)),
            ("cheek_b*", (-0.5, 1.0)),
        ),
        opposites=(("_lang", "_kurz"),),
    )
    nose = both_sides(points, NOSE, (0, 0, 1))
    targets = planted(points) | {"stirn_lang": 0.5 * nose, "stirn_kurz": -0.9 * nose}
    found = told_apart(points, targets, settings)
    sliders = {slider.name: slider for slider in found.sliders}
    assert "jawOpen" in sliders
    assert "target_7" in found.expression_names
    assert "identity001" in found.left_out
    assert (sliders["identity000"].minimum, sliders["identity000"].maximum) == (-3.0, 2.0)
    assert sliders["stirn_lang|kurz"].opposites == ("stirn_lang",)
    broad = list(sliders).index("cheek_broad")
    assert found.negative[broad] == pytest.approx(-found.positive[broad])
    assert found.unused_patterns == ()


def test_patterns_that_fit_nothing_are_told() -> None:
    points = ellipsoid()
    settings = RigSettings(shape=("noze*", "cheek*"), ranges=(("idenity*", (-1.0, 1.0)),))
    found = told_apart(points, planted(points), settings)
    assert found.unused_patterns == ("noze*", "idenity*")


def test_a_slider_that_does_more_goes_before_an_earlier_copy() -> None:
    points = ellipsoid()
    nose = both_sides(points, NOSE, (0, 0, 1))
    found = told_apart(
        points, {"nose_profile": nose, "nose_size_incr": nose, "nose_size_decr": -nose}
    )
    assert [slider.name for slider in found.sliders] == ["nose_size_decr|incr"]
    assert found.left_out == {"nose_profile": "the same as nose_size_decr|incr"}


def test_nothing_that_moves_the_face_gives_nothing() -> None:
    points = ellipsoid()
    found = told_apart(points, {"nose": np.zeros_like(points)})
    assert found.sliders == ()
    assert found.positive.shape == (0, len(points), 3)
    assert found.expressions.shape == (0, len(points), 3)
    assert found.left_out == {"nose": "does not move the face"}


def test_a_hundred_modes_and_expressions_as_sides() -> None:
    """A head with unnamed shape modes and ARKit's names with _L and _R."""
    points = ellipsoid()
    targets = {f"identity{number:03}": smooth(points, number) for number in range(100)}
    short = {name: name.replace("Left", "_L").replace("Right", "_R") for name in ARKIT}
    short |= {name: name for name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")}
    random = np.random.default_rng(9)
    for name in ARKIT:
        if name.endswith("Right") and short[name].endswith("_R"):
            continue
        place = (random.uniform(0.3, 0.5), random.uniform(-0.6, 0.6), 0.6)
        move = (0.2, 1.0, 0.5)
        if name.endswith("Left") and short[name].endswith("_L"):
            right = short[name].removesuffix("_L") + "_R"
            targets[short[name]] = bump(points, place, move)
            targets[right] = mirrored_bump(points, place, move)
        elif name.endswith(("Left", "Right")):
            sign = 1 if name.endswith("Left") else -1
            targets[name] = sign * bump(points, (0, -0.6, 0.7), (1, 0, 0))
        else:
            targets[name] = both_sides(points, place, move)
    targets["browInnerUp_L"] = bump(points, EYE, (0, 1, 0))
    targets["browInnerUp_R"] = mirrored_bump(points, EYE, (0, 1, 0))
    del targets["browInnerUp"]
    assert len(targets) == 153
    found = told_apart(points, targets)
    assert [slider.name for slider in found.sliders] == [f"identity{n:03}" for n in range(100)]
    assert set(found.left_out) == {"jawLeft", "jawRight", "mouthLeft", "mouthRight"}
    merged = sum(len(names) for names in found.expression_targets)
    assert merged == 153 - 100 - 4
    assert all(
        len(names) == (2 if name.endswith("_L") else 1)
        for name, names in zip(found.expression_names, found.expression_targets, strict=True)
    )


@pytest.fixture(scope="module")
def single_targets(real_folder: Path) -> dict[str, np.ndarray]:
    """What each of MakeHuman's own targets does to the head: per side, per sign."""
    head = read_head(real_folder)
    paths = {
        name: real_folder / "targets" / modifier.group / f"{name}.target"
        for twins in face_modifiers(real_folder).values()
        for modifier in twins
        for name in filter(None, (modifier.negative, modifier.positive))
    } | {f"expression-{path.stem}": path for path in (real_folder / EXPRESSIONS).glob("*.target")}
    count = len(head.base.vertices)
    return {name: head.offsets(read_target(path, count)) for name, path in paths.items()}


@pytest.mark.parametrize("disguise", ["as it is", "CamelCase", "a control's"])
def test_makehumans_single_targets_become_its_sliders_again(
    real_folder: Path, single_targets: dict[str, np.ndarray], disguise: str
) -> None:
    rename: Callable[[str], str] = DISGUISES[disguise]
    rig = load_makehuman(real_folder)
    modifiers = {modifier.name: modifier for modifier in read_modifiers(real_folder / MODIFIERS)}
    targets = {rename(name): offsets for name, offsets in single_targets.items()}
    found = told_apart(rig.neutral, targets, face=np.arange(len(rig.neutral)))

    def single(name: str | None) -> str:
        return rename(name) if name else ""

    expected = {}
    for slider, low, high in zip(rig.sliders, rig.negative, rig.positive, strict=True):
        parts = [modifiers[name] for name in slider.modifiers]
        plus = frozenset(single(part.positive) for part in parts)
        minus = frozenset(single(part.negative) for part in parts) - {""}
        if "age" in slider.name.split("-") or "nubian" in slider.name:
            continue
        if "ear-shape" in slider.name:  # square and round, which do not push to and fro
            expected[plus] = (frozenset(), np.zeros_like(low), high)
            expected[minus] = (frozenset(), np.zeros_like(low), low)
        else:
            expected[plus] = (minus, low, high)
    assert len(expected) == 103 - 2 + 2
    got = {
        frozenset(slider.modifiers): (slider, low, high)
        for slider, low, high in zip(found.sliders, found.negative, found.positive, strict=True)
    }
    assert set(got) == set(expected)
    for key, (minus, low, high) in expected.items():
        slider, got_low, got_high = got[key]
        assert set(slider.opposites) == minus
        assert np.abs(got_low - low).max() < 1e-6
        assert np.abs(got_high - high).max() < 1e-6

    names, offsets = load_expressions(real_folder, rig)
    units = {
        next(part for part in parts if "right" not in part.lower()): unit
        for parts, unit in zip(found.expression_targets, found.expressions, strict=True)
    }
    assert set(units) == {rename(f"expression-{name}") for name in names}
    for name, unit in zip(names, offsets, strict=True):
        assert np.abs(units[rename(f"expression-{name}")] - unit).max() < 1e-6
