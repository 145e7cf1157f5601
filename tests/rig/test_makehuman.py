from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from rig.makehuman import face_modifiers, load_expressions, load_makehuman, needed_files
from rig.makehuman_files import read_mesh, read_target
from rig.makehuman_head import BASE_MESH
from rig.paint import BLUE_IRIS, vertex_colours
from rig.rig import Rig, RigError
from tests.rig.tiny_rig import EXPRESSIONS, SYMMETRIC_SLIDERS


def mirrored(points: np.ndarray) -> np.ndarray:
    return points * np.array([-1, 1, 1])


def mirror_map(rig: Rig) -> np.ndarray:
    """Each vertex's twin on the other side."""
    distance, twin = cKDTree(rig.neutral).query(mirrored(rig.neutral))
    assert distance.max() < 0.02
    return np.asarray(twin)


def asymmetry(offsets: np.ndarray, twin: np.ndarray) -> float:
    return float(np.linalg.norm(offsets - mirrored(offsets[twin])) / np.linalg.norm(offsets))


def test_the_tiny_rig_has_the_sliders_it_was_made_with(tiny_rig: Rig) -> None:
    assert tiny_rig.slider_names == SYMMETRIC_SLIDERS


def test_makehuman_has_about_a_hundred_face_sliders(real_folder: Path) -> None:
    rig = load_makehuman(real_folder)
    assert len(rig.sliders) == 103
    assert {
        "nose/nose-scale-horiz-decr|incr",
        "chin/chin-width-decr|incr",
        "head/head-oval",
        "eyes/l-eye-scale-decr|incr",
    } <= set(rig.slider_names)


def test_every_slider_moves_the_face_symmetrically(rig: Rig) -> None:
    twin = mirror_map(rig)
    for slider, low, high in zip(rig.sliders, rig.negative, rig.positive, strict=True):
        assert asymmetry(high, twin) < 0.25, slider.name
        if slider.minimum < 0:
            assert asymmetry(low, twin) < 0.25, slider.name
        else:
            assert not low.any(), slider.name


def test_random_heads_are_mirror_symmetric(rig: Rig) -> None:
    twin = mirror_map(rig)
    random = np.random.default_rng(3)
    low = [slider.minimum for slider in rig.sliders]
    for mesh in rig.vertices(random.uniform(low, 1, (5, len(rig.sliders)))):
        moved = mesh - rig.neutral
        assert asymmetry(moved, twin) < 0.05


def test_sideways_sliders_are_left_out(rig_folder: Path, rig: Rig) -> None:
    left_out = set(face_modifiers(rig_folder)) - set(rig.slider_names)
    assert "head/head-trans-in|out" in left_out
    assert all(name.endswith("-trans-in|out") for name in left_out)


def test_twins_are_one_slider_that_writes_and_moves_both_sides(rig: Rig) -> None:
    twins = [slider for slider in rig.sliders if len(slider.modifiers) > 1]
    assert twins
    for slider in twins:
        assert "/l-" in slider.name
        assert set(slider.modifiers) == {slider.name, slider.name.replace("/l-", "/r-")}
        size = np.linalg.norm(rig.positive[rig.slider_names.index(slider.name)], axis=1)
        right = size[rig.neutral[:, 0] < -0.02].max()
        left = size[rig.neutral[:, 0] > 0.02].max()
        assert left == pytest.approx(right, rel=0.1)
        assert left > 0


def test_no_modifier_is_written_twice(rig: Rig) -> None:
    written = [name for slider in rig.sliders for name in slider.modifiers]
    assert len(set(written)) == len(written)
    assert not any("/r-" in slider.name for slider in rig.sliders)


def test_the_left_twin_is_on_the_persons_left(rig_folder: Path) -> None:
    base = read_mesh(rig_folder / BASE_MESH).vertices
    left = read_target(rig_folder / "targets/eyes/l-eye-scale-incr.target", len(base))
    moved = np.linalg.norm(left, axis=1) > 0.5 * np.linalg.norm(left, axis=1).max()
    assert base[moved, 0].min() > 0


def test_a_twin_without_its_partner_is_no_slider(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "data")
    path = folder / "modifiers/modeling_modifiers.json"
    groups = json.loads(path.read_text())
    for group in groups:
        entries = group["modifiers"]
        group["modifiers"] = [e for e in entries if e.get("target") != "r-cheek-bones"]
    path.write_text(json.dumps(groups))
    missing = set(load_makehuman(tiny_folder).slider_names) - set(
        load_makehuman(folder).slider_names
    )
    assert missing == {"cheek/l-cheek-bones-decr|incr"}


def test_every_vertex_is_used_and_triangles_face_outwards(rig: Rig) -> None:
    assert set(np.unique(rig.triangles)) == set(range(len(rig.neutral)))
    for part in (rig.part_names.index("skin"), rig.part_names.index("eye")):
        corners = rig.neutral[rig.triangles[rig.parts == part]].astype(float)
        corners -= corners.mean(axis=(0, 1))
        # The volume enclosed: positive where the triangles run counter-clockwise from outside.
        volume = np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
        assert volume > 0


def test_source_vertices_name_the_base_mesh(rig_folder: Path, rig: Rig) -> None:
    lines = (rig_folder / BASE_MESH).read_text().splitlines()
    base = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    own = rig.source_vertices >= 0
    # The neutral head differs from the base mesh by the default targets alone.
    assert np.linalg.norm(rig.neutral[own] - base[rig.source_vertices[own]], axis=1).max() < 0.6
    assert len(np.unique(rig.source_vertices[own])) == own.sum()
    on_eyes = np.unique(rig.triangles[rig.parts == rig.part_names.index("eye")])
    np.testing.assert_array_equal(np.flatnonzero(~own), on_eyes)


def test_eyes_move_with_the_mesh_around_them(tiny_rig: Rig) -> None:
    wider = tiny_rig.positive[tiny_rig.slider_names.index("head/head-scale-horiz-decr|incr")]
    eye = np.unique(tiny_rig.triangles[tiny_rig.parts == tiny_rig.part_names.index("eye")])
    base_x = tiny_rig.neutral[eye, 0] / 1.01  # the default targets widen by 1 % in all
    np.testing.assert_allclose(wider[eye, 0], 0.15 * base_x, atol=0.002)
    np.testing.assert_allclose(wider[eye, 1:], 0, atol=1e-6)


def test_the_cornea_is_gone_and_both_eyes_look_forward(rig: Rig) -> None:
    pupil, iris = rig.regions["pupil"], rig.regions["iris"]
    eye = np.unique(rig.triangles[rig.parts == rig.part_names.index("eye")])
    for side in (rig.neutral[:, 0] < 0, rig.neutral[:, 0] > 0):
        ball = eye[side[eye]]
        centre = (rig.neutral[ball].min(axis=0) + rig.neutral[ball].max(axis=0)) / 2
        radius = (rig.neutral[ball, 0].max() - rig.neutral[ball, 0].min()) / 2
        middle = np.average(rig.neutral[ball], axis=0, weights=pupil[ball])
        np.testing.assert_allclose(middle[:2], centre[:2], atol=0.1 * radius)
        assert middle[2] > centre[2] + 0.5 * radius
        # The pupil is seen: nothing else of the eye lies before it, as a cornea would.
        across = np.hypot(*(rig.neutral[ball, :2] - middle[:2]).T)
        before = (across < 0.015) & (rig.neutral[ball, 2] > centre[2])
        assert pupil[ball][before].min() > 0.9
        assert iris[ball].sum() > 0


def test_regions_lie_where_they_should(rig: Rig) -> None:
    height = {
        name: float(np.average(rig.neutral[:, 1], weights=rig.regions[name]))
        for name in ("brows", "pupil", "lips")
    }
    assert height["brows"] > height["pupil"] > height["lips"]
    on_eye = rig.regions["sclera"] + rig.regions["iris"] + rig.regions["pupil"]
    eye = np.zeros(len(rig.neutral))
    eye[np.unique(rig.triangles[rig.parts == rig.part_names.index("eye")])] = 1
    np.testing.assert_allclose(on_eye, eye, atol=1e-6)
    twin = mirror_map(rig)
    for name in ("brows", "lips", "iris", "pupil"):
        weights = rig.regions[name]
        assert np.abs(weights - weights[twin]).mean() < 0.1 * weights.mean(), name


def test_makehumans_mouth_has_an_inside(real_folder: Path) -> None:
    rig = load_makehuman(real_folder)
    inside = rig.regions["mouth_inside"] > 0.5
    lips = rig.regions["lips"] > 0.5
    assert 50 < inside.sum() < 1000
    assert rig.neutral[inside, 2].max() < rig.neutral[lips, 2].max()
    assert np.abs(rig.neutral[inside, 0]).max() < 0.5


def test_colours_follow_the_regions(rig: Rig) -> None:
    skin, lips = (0.4, 0.3, 0.2), (0.9, 0.1, 0.1)
    colours = vertex_colours(rig, skin=skin, iris=BLUE_IRIS, lips=lips)
    assert colours.shape == rig.neutral.shape
    assert colours.min() >= 0
    assert colours.max() <= 1
    bare = np.sum(list(rig.regions.values()), axis=0) == 0
    np.testing.assert_allclose(colours[bare], np.tile(skin, (bare.sum(), 1)), atol=1e-6)
    for name, colour in (("lips", lips), ("iris", BLUE_IRIS)):
        full = (rig.regions[name] == 1) & (rig.regions["mouth_inside"] == 0)
        assert full.any(), name
        np.testing.assert_allclose(colours[full], np.tile(colour, (full.sum(), 1)), atol=1e-6)


def test_expressions_are_symmetric_units_on_the_same_vertices(rig_folder: Path, rig: Rig) -> None:
    names, offsets = load_expressions(rig_folder, rig)
    assert offsets.shape == (len(names), *rig.neutral.shape)
    assert set(EXPRESSIONS) <= set(names)
    assert not any("right" in name for name in names)
    twin = mirror_map(rig)
    for name, moved in zip(names, offsets, strict=True):
        assert asymmetry(moved, twin) < 0.3, name


def test_expressions_of_another_rig_are_refused(tiny_folder: Path) -> None:
    from tests.rig.test_rig import small_rig

    with pytest.raises(RigError, match="another number"):
        load_expressions(tiny_folder, small_rig())


def test_the_parent_of_the_data_folder_will_do(tiny_folder: Path, tiny_rig: Rig) -> None:
    other = load_makehuman(tiny_folder.parent)
    np.testing.assert_array_equal(other.neutral, tiny_rig.neutral)


def test_needed_files_are_all_that_is_read(rig_folder: Path, rig: Rig, tmp_path: Path) -> None:
    for name in needed_files(rig_folder):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(rig_folder / name, tmp_path / name)
    again = load_makehuman(tmp_path)
    assert again.slider_names == rig.slider_names
    np.testing.assert_array_equal(again.neutral, rig.neutral)
    np.testing.assert_array_equal(again.positive, rig.positive)
    names, offsets = load_expressions(tmp_path, again)
    assert names == load_expressions(rig_folder, rig)[0]
    assert len(offsets) == len(names)


MESHES_AND_LISTS = [
    "3dobjs/base.obj",
    "modifiers/modeling_modifiers.json",
    "eyes/high-poly/high-poly.mhclo",
    "eyes/high-poly/high-poly.obj",
]
TARGETS = [
    "targets/macrodetails/asian-male-young.target",
    "targets/eyes/r-eye-scale-incr.target",
    "targets/head/head-oval.target",
]


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in MESHES_AND_LISTS for damage in ("missing", "garbled", "empty")]
    # An empty target moves nothing, which is allowed.
    + [(name, damage) for name in TARGETS for damage in ("missing", "garbled")],
)
def test_damaged_files_are_named(tiny_folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "data")
    if damage == "missing":
        (folder / name).unlink()
    else:
        (folder / name).write_text("" if damage == "empty" else "verts 0\nf 1 2 x\n0 1 2\n")
    with pytest.raises(RigError, match=Path(name).name) as caught:
        load_makehuman(folder)
    assert "fpp rig fetch makehuman" in str(caught.value)


def test_a_broken_line_is_named_by_its_number(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "data")
    path = folder / "targets/chin/chin-width-incr.target"
    path.write_text("# comment\n5 0 0 0.1\n999999 0 0 0.1\n")
    with pytest.raises(RigError, match=r"chin-width-incr\.target, line 3"):
        load_makehuman(folder)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="not MakeHuman's data folder"):
        load_makehuman(tmp_path)
