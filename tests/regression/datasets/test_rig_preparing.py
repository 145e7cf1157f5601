"""Heads whose axes, units and sliders are known come out as they are, whatever their file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.rig_preparing import Preparation, is_makehuman, prepare_rig
from rig.landmark_head import LandmarkHead
from rig.makehuman import face_modifiers
from rig.rig import NOT_SKIN, RigError
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead
from rig.target_kinds import EXPRESSION, SHAPE
from tests.rig.disguised import (
    MAKEHUMAN_EYES,
    Disguised,
    camel_case,
    statistical,
    stranger,
)
from tests.rig.tiny_rig import EYE_CENTRE, MOUTH
from vision.faces import MESH_COUNT
from vision.mesh_topology import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

PROGRAM_EYES = 63.0  # millimetres that the program takes for the distance between eyes
TINY_EYES = 200 * EYE_CENTRE[0]
SETTINGS = """
[rig]
name = "tin"
licence = "CC-BY-4.0"
up = "x"
front = "y"
[sliders]
leave_out = ["HeadOval", "Beard*"]
"""


@dataclass(frozen=True, eq=False)
class Case:
    """A disguised head, its MakeHuman data, and what was made of it."""

    disguised: Disguised
    data: Path
    path: Path
    preparation: Preparation
    reported: tuple[str, ...]

    @property
    def source(self) -> SourceHead:
        assert self.preparation.source is not None
        return self.preparation.source

    @property
    def eyes(self) -> float:
        """Millimetres between the head's eyes, its unit being the decimetre."""
        return TINY_EYES if self.path.name.startswith("tiny") else MAKEHUMAN_EYES

    def to_source(self, points: np.ndarray) -> np.ndarray:
        matrix = self.preparation.prepared.to_source
        return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def prepared_case(disguised: Disguised, data: Path, path: Path) -> Case:
    lines: list[str] = []
    return Case(disguised, data, path, prepare_rig(path, report=lines.append), tuple(lines))


@pytest.fixture(scope="module")
def folder(rendering: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heads")


@pytest.fixture(scope="module")
def tiny(folder: Path, tiny_rig_folder: Path) -> Case:
    head = stranger(tiny_rig_folder)
    return prepared_case(head, tiny_rig_folder, head.write_glb(folder / "tiny.glb"))


@pytest.fixture(scope="module")
def tiny_objects(folder: Path, tiny_rig_folder: Path) -> Case:
    """The same head as .obj files, with settings beside them."""
    head = stranger(tiny_rig_folder)
    path = head.write_objects(folder / "tiny objects")
    (path / "rig.toml").write_text(SETTINGS)
    return prepared_case(head, tiny_rig_folder, path)


@pytest.fixture(scope="module")
def unknown(folder: Path, makehuman_folder: Path) -> Case:
    head = stranger(makehuman_folder)
    return prepared_case(head, makehuman_folder, head.write_glb(folder / "unknown.glb"))


@pytest.fixture(scope="module")
def modes(folder: Path, makehuman_folder: Path) -> Case:
    head = statistical(makehuman_folder)
    return prepared_case(head, makehuman_folder, head.write_glb(folder / "modes.glb"))


@pytest.fixture(params=["tiny", "tiny_objects", "unknown", "modes"])
def case(request: pytest.FixtureRequest) -> Case:
    """Each in turn."""
    found: Case = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["tiny", "unknown"])
def ends(request: pytest.FixtureRequest) -> Case:
    """The heads with a target for each side and end of a slider."""
    found: Case = request.getfixturevalue(request.param)
    return found


def test_axes_and_units_are_those_of_the_file(case: Case) -> None:
    directions = case.preparation.prepared.to_source[:3, :3]
    per_decimetre = np.cbrt(np.linalg.det(directions))
    np.testing.assert_allclose(directions / per_decimetre, case.disguised.rotation, atol=1e-6)
    true = 100 / case.disguised.per_decimetre
    assert 100 / per_decimetre == pytest.approx(true * PROGRAM_EYES / case.eyes, rel=0.03)
    # x is 0 in the plane that mirrors the head.
    middle = case.disguised.hide(np.array([[0.0, 7.0, 1.0]]))
    directions_back = np.linalg.inv(case.preparation.prepared.to_source)
    placed = middle @ directions_back[:3, :3].T + directions_back[:3, 3]
    assert abs(placed[0, 0]) < 2e-3


def test_it_tells_what_it_found(case: Case) -> None:
    assert case.reported == case.preparation.facts
    read, placed, told = case.reported[:3]
    assert read.startswith(f"{case.path.name}: ")
    assert f" {len(case.disguised.mesh.targets)} morph targets" in read
    up, front = (case.disguised.rotation @ axis for axis in np.eye(3)[1:])
    assert f"up is {axis_name(up)}, it looks to {axis_name(front)}, one unit is " in placed
    prepared = case.preparation.prepared
    assert told.startswith(f"{len(prepared.rig.sliders)} sliders shape the face")


def axis_name(direction: np.ndarray) -> str:
    axis = int(np.abs(direction).argmax())
    return ("+" if direction[axis] > 0 else "-") + "xyz"[axis]


def test_the_mesh_is_the_files_and_finer(case: Case) -> None:
    rig = case.preparation.prepared.rig
    own = rig.source_vertices >= 0
    back = case.to_source(rig.neutral[own])
    atol = 1e-5 * np.abs(case.source.vertices).max()
    np.testing.assert_allclose(back, case.source.vertices[rig.source_vertices[own]], atol=atol)
    assert (~own).sum() > 100
    # New vertices lie between old ones, and triangles look outwards as the file's do.
    a, b, c = (rig.neutral[rig.triangles[:, corner]].astype(np.float64) for corner in range(3))
    volume = np.einsum("tc,tc->", a, np.cross(b, c)) / 6
    assert volume > 0
    assert len(rig.triangles) > len(case.source.triangles) / 2


@pytest.mark.parametrize("seed", range(3))
def test_what_is_written_to_the_file_is_what_is_drawn(case: Case, seed: int) -> None:
    """Slider values written as the file's own weights shape the file's own mesh alike."""
    prepared, random = case.preparation.prepared, np.random.default_rng(seed)
    rig = prepared.rig
    values = np.array([random.uniform(one.minimum, one.maximum) for one in rig.sliders])
    strengths = random.uniform(0, 1, len(prepared.expression_names))
    weights: dict[str, float] = {}
    for slider, value in zip(rig.sliders, values, strict=True):
        weights |= slider.written(float(value))
    for names, strength in zip(prepared.expression_targets, strengths, strict=True):
        weights |= dict.fromkeys(names, float(strength))
    shaped = case.source.vertices.astype(np.float64)
    for name, offsets in zip(case.source.targets, case.source.offsets, strict=True):
        shaped += weights.get(name, 0) * offsets
    drawn = rig.vertices(values) + np.tensordot(strengths, prepared.expressions, axes=1)
    own = rig.source_vertices >= 0
    atol = 2e-5 * np.abs(case.source.vertices).max()
    back = case.to_source(drawn[own])
    np.testing.assert_allclose(back, shaped[rig.source_vertices[own]], atol=atol)


def test_every_target_has_a_row_in_the_files_order(case: Case) -> None:
    prepared, rows = case.preparation.prepared, case.preparation.rows
    assert tuple(row.name for row in rows) == case.source.targets
    for row in rows:
        if not row.slider:
            assert prepared.left_out[row.name] == row.why
        elif row.kind == EXPRESSION:
            place = prepared.expression_names.index(row.slider)
            assert row.name in prepared.expression_targets[place]
        else:
            assert row.kind == SHAPE
            slider = prepared.rig.sliders[prepared.rig.slider_names.index(row.slider)]
            assert row.name in slider.modifiers + slider.opposites
            assert (row.minimum, row.maximum) == (slider.minimum, slider.maximum)
            assert row.moves_percent >= 0
    assert {row.name for row in rows if not row.slider} == set(prepared.left_out)


def test_the_known_landmarks_are_found(modes: Case, unknown: Case, head: LandmarkHead) -> None:
    known = head.neutral * [1, -1, -1]
    for case in (unknown, modes):
        found = case.preparation.prepared.landmarks.landmarks(case.preparation.prepared.rig.neutral)
        wanted = case.disguised.hide(known)
        away = np.linalg.norm(case.to_source(found) - wanted, axis=1)
        away *= 10_000 / case.disguised.per_decimetre / case.eyes
        # In percent of the distance between the eyes. Grey heads have no brows to be seen.
        painted = case is unknown
        assert away[:MESH_COUNT].mean() < (4 if painted else 7)
        assert np.quantile(away[:MESH_COUNT], 0.9) < (8 if painted else 13)
        assert away[MESH_COUNT:].max() < 8


def test_the_tiny_heads_eyes_and_mouth_are_found(tiny: Case) -> None:
    prepared = tiny.preparation.prepared
    points = tiny.to_source(prepared.landmarks.landmarks(prepared.rig.neutral))
    hidden = tiny.disguised.hide
    for corners, side in ((LEFT_EYE_CORNERS, -1), (RIGHT_EYE_CORNERS, 1)):
        middle = points[list(corners)].mean(axis=0)
        away = middle - hidden(EYE_CENTRE * [side, 1, 1])
        # On the lids, in front of the middle of the ball.
        assert np.linalg.norm((away @ tiny.disguised.rotation)[:2]) < 0.06 * 3.937
    mouth = points[[13, 14]].mean(axis=0) - hidden(MOUTH)
    assert np.linalg.norm((mouth @ tiny.disguised.rotation)[:2]) < 0.08 * 3.937


def expected_sliders(data: Path) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """MakeHuman's name, and the disguised targets for positive and negative values."""
    for name, twins in face_modifiers(data).items():
        plus = frozenset(camel_case(twin.positive) for twin in twins)
        minus = frozenset(camel_case(twin.negative) for twin in twins if twin.negative)
        yield name, plus, minus


def test_sides_and_ends_are_put_together_as_makehuman_has_them(ends: Case) -> None:
    prepared = ends.preparation.prepared
    found = {(frozenset(s.modifiers), frozenset(s.opposites)): s for s in prepared.rig.sliders}
    there = set(ends.disguised.rig.slider_names)
    missing = []
    for name, plus, minus in expected_sliders(ends.data):
        slider = found.pop((plus, minus), None)
        if slider is not None:
            assert name in there  # not one that pushes the face sideways
            assert (slider.minimum, slider.maximum) == (-1.0 if minus else 0.0, 1.0)
            assert slider.neutral == 0
            continue
        missing += [name] if name in there else []
        for end in (plus, minus):
            alone = found.pop((end, frozenset()), None)
            assert alone is not None or end <= set(prepared.left_out)
            if alone is not None:  # square is not the opposite of round
                assert name in (
                    "ears/l-ear-shape-pointed|triangle",
                    "ears/l-ear-shape-square|round",
                )
    assert not found
    # Of the ears, behind the landmarks, not all move the face; age is never predicted.
    assert len(missing) <= 0.08 * len(there), missing


def test_what_is_left_out_is_so_for_a_reason(ends: Case) -> None:
    kept = {name for slider in ends.preparation.prepared.rig.sliders for name in slider.modifiers}
    why = ends.preparation.prepared.left_out
    assert why["HeadTransIn"] == why["HeadTransOut"] == "pushes the face sideways"
    assert "NoseScaleDepthIncr" in kept


def test_numbered_modes_are_two_sided_in_deviations(modes: Case) -> None:
    sliders = {slider.name: slider for slider in modes.preparation.prepared.rig.sliders}
    assert set(sliders) <= {f"identity{number:03d}" for number in range(30)}
    assert len(sliders) >= 28
    for slider in sliders.values():
        assert (slider.minimum, slider.maximum, slider.opposites) == (-3.0, 3.0, ())
    rig = modes.preparation.prepared.rig
    np.testing.assert_array_equal(rig.negative, -rig.positive)


def test_expressions_of_two_sides_are_one_unit(modes: Case) -> None:
    prepared = modes.preparation.prepared
    units = dict(zip(prepared.expression_names, prepared.expression_targets, strict=True))
    assert units["eyeBlink_L"] == ("eyeBlink_L", "eyeBlink_R")
    assert units["noseSneer_L"] == ("noseSneer_L", "noseSneer_R")
    assert units["jawOpen"] == ("jawOpen",)
    assert not any(name.endswith("_R") for name in units)
    # What stands for it here moves the left brow alone.
    assert prepared.left_out["browInnerUp"] == "pushes the face sideways"


def test_shells_over_the_eyes_are_not_drawn(modes: Case) -> None:
    """They would hide the eyes that are painted below them."""
    rig, mesh = modes.preparation.prepared.rig, modes.disguised.mesh
    shown = np.unique(mesh.triangles)
    shells = mesh.vertices[shown[shown >= modes.disguised.head_vertices]]
    own = rig.source_vertices[np.unique(rig.triangles)]
    drawn = modes.source.vertices[own[own >= 0]]
    away = np.linalg.norm(shells[:, None] - drawn, axis=2).min(axis=1)
    assert (away > 1e-5).mean() > 0.95


def test_a_grey_head_has_eyes_lips_and_brows_to_paint(modes: Case) -> None:
    prepared = modes.preparation.prepared
    rig, points = prepared.rig, prepared.landmarks.landmarks(prepared.rig.neutral)
    assert len(rig.colours) == 0
    for name, landmark in (("lips", 13), ("iris", 468), ("brows", 105)):
        height = np.average(rig.neutral[:, 1], weights=rig.regions[name].astype(np.float64))
        assert abs(height - points[landmark, 1]) < 0.08
    assert rig.regions[NOT_SKIN][rig.regions["iris"] > 0.9].min() > 0.5
    assert rig.regions[NOT_SKIN][rig.regions["lips"] > 0.9].mean() < 0.2


def test_a_heads_own_colours_are_kept(ends: Case) -> None:
    rig, mesh = ends.preparation.prepared.rig, ends.disguised.mesh
    assert "lips" not in rig.regions  # nothing is painted over them
    random = np.random.default_rng(0)
    own = random.choice(np.flatnonzero(rig.source_vertices >= 0), 300)
    back = ends.to_source(rig.neutral[own])
    for place, colour in zip(back, rig.colours[own], strict=True):
        away = np.linalg.norm(mesh.vertices - place, axis=1)
        # Parts share places where they meet.
        there = mesh.colours[away < away.min() + 1e-4]
        assert np.abs(there - colour).max(axis=1).min() < 0.01


def test_objs_give_what_the_glb_gives(tiny: Case, tiny_objects: Case) -> None:
    one, other = tiny.preparation.prepared, tiny_objects.preparation.prepared
    sliders = [{s.name: s for s in p.rig.sliders if s.name != "HeadOval"} for p in (one, other)]
    assert sliders[0] == sliders[1]
    assert dict(zip(one.expression_names, one.expression_targets, strict=True)) == dict(
        zip(other.expression_names, other.expression_targets, strict=True)
    )
    heads = [p.head for p in (one, other)]
    np.testing.assert_allclose(heads[1].neutral, heads[0].neutral, atol=0.02)
    for name in sliders[0]:
        a, b = (head.positive[head.slider_names.index(name)] for head in heads)
        np.testing.assert_allclose(b, a, atol=0.01)


def test_the_settings_beside_a_rig_are_followed(tiny_objects: Case) -> None:
    preparation = tiny_objects.preparation
    assert preparation.prepared.rig.name == "tin"
    assert preparation.prepared.rig.licence == "CC-BY-4.0"
    assert "HeadOval" in preparation.prepared.left_out
    assert preparation.facts[-1] == "No target fits these patterns of the settings: Beard*"


def test_makehumans_own_folder_is_known(tiny_rig_folder: Path, tmp_path: Path) -> None:
    assert is_makehuman(tiny_rig_folder)
    assert is_makehuman(tiny_rig_folder.parent)
    assert not is_makehuman(tmp_path)
    assert not is_makehuman(tiny_rig_folder / "3dobjs" / "base.obj")
    assert not is_makehuman(tmp_path / "none")


def test_a_head_of_expressions_alone_is_refused(
    rendering: None, tiny_rig_folder: Path, tmp_path: Path
) -> None:
    path = stranger(tiny_rig_folder).write_glb(tmp_path / "hero.glb")
    settings = RigSettings(up="x", front="y", expression=("*",))
    with pytest.raises(RigError) as caught:
        prepare_rig(path, settings)
    text = str(caught.value)
    assert text.startswith(f"{path} has no morph target that shapes its face (26 were looked at). ")
    assert "expected. See the table" in text
    assert ".toml" in text


def nothing(path: Path) -> Path:
    return path


def a_picture(path: Path) -> Path:
    path.write_bytes(b"\x89PNG")
    return path


def an_empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (nothing, "head.glb"),
        (nothing, "folder"),
        (a_picture, "head.png"),
        (a_picture, "head.glb"),
        (an_empty_folder, "rig"),
    ],
)
def test_what_is_no_rig_is_one_error_in_three_parts(
    tmp_path: Path, make: Callable[[Path], Path], name: str
) -> None:
    path = make(tmp_path / name)
    with pytest.raises(RigError) as caught:
        prepare_rig(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "xpected" in text
    assert text.count(". ") >= 2
