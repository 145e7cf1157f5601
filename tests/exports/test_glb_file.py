"""GLB files give back the head that slider values shape, to a reader that shares no code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exports.export_head import (
    ExportHead,
    face_mesh_head,
    head_for_exports,
    makehuman_head,
    write_glb,
)
from exports.glb_file import rig_mesh, write_rig_glb
from regression.models.model_files import shipped_models
from rig.gltf_head import read_gltf_head
from rig.landmark_head import load_landmark_head
from rig.makehuman import load_expressions, load_makehuman
from rig.rig import Rig, RigError
from tests.exports.foreign_head import foreign_mesh, landmark_head, write_foreign_models
from tests.exports.read_glb import accessor, json_of, open_glb, surface, weights_of
from tests.rig.tiny_rig import write_tiny_makehuman

REAL_FOLDER = Path(__file__).parents[2] / ".." / "shared" / "rigs" / "makehuman" / "data"
ABOUT = {"model": "fused", "photo": "Æ 1.jpg", "made": "2026-01-02T03:04:05+00:00"}


@pytest.fixture(scope="module", params=["tiny", "makehuman"])
def data_folder(request, tmp_path_factory) -> Path:
    if request.param == "tiny":
        return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")
    if not REAL_FOLDER.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared/rigs/makehuman/data")
    return REAL_FOLDER.resolve()


@pytest.fixture(scope="module")
def rig(data_folder) -> Rig:
    return load_makehuman(data_folder)


@pytest.fixture(scope="module")
def head(rig, data_folder) -> ExportHead:
    return makehuman_head(rig, *load_expressions(data_folder, rig))


@pytest.fixture(scope="module")
def foreign(rig, tmp_path_factory) -> ExportHead:
    folder = write_foreign_models(tmp_path_factory.mktemp("models"), foreign_mesh(rig))
    return head_for_exports(folder, None, landmark_head())


def values_of(head: ExportHead, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.array([random.uniform(one.minimum, one.maximum) for one in head.sliders])


def by_place(rig: Rig, vertices: np.ndarray) -> np.ndarray:
    """A rig's vertices in the order of a file's: parts one after the other."""
    parts = range(len(rig.part_names))
    return np.concatenate([vertices[np.unique(rig.triangles[rig.parts == one])] for one in parts])


@pytest.mark.parametrize("baked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_file_gives_back_the_heads_vertices_in_metres(tmp_path, rig, head, seed, baked):
    values = values_of(head, seed)
    write_glb(tmp_path / "head.glb", head, values, ABOUT, baked)
    shaped, _, triangles = surface(open_glb(tmp_path / "head.glb"))
    expected = by_place(rig, rig.vertices(values)) * 0.1
    np.testing.assert_allclose(shaped, expected, atol=3e-6)  # micrometres
    assert len(triangles) == len(rig.triangles)


def test_baked_normals_are_those_of_the_shaped_surface(tmp_path, rig, head):
    values = values_of(head, 4)
    write_glb(tmp_path / "head.glb", head, values, ABOUT, baked=True)
    vertices, normals, triangles = surface(open_glb(tmp_path / "head.glb"))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    agreement = (faces * normals[triangles[:, 0]]).sum(axis=1) / np.linalg.norm(faces, axis=1)
    before, _, _ = surface(open_glb(_write(tmp_path, head, np.zeros(len(values)))))
    assert np.abs(vertices - before).max() > 1e-3  # a head of another shape, indeed
    assert np.median(agreement) > 0.98
    middle = vertices.mean(axis=0)
    outwards = ((vertices - middle) * normals).sum(axis=1) > 0
    assert outwards.mean() > 0.6  # inside-out normals would have most of them inwards


def _write(folder: Path, head: ExportHead, values: np.ndarray) -> Path:
    write_glb(folder / "other.glb", head, values, ABOUT, baked=False)
    return folder / "other.glb"


def test_a_value_stands_at_the_target_of_its_direction(tmp_path, head):
    names = [slider.name for slider in head.sliders]
    two_sided = names.index("chin/chin-width-decr|incr")
    twins = names.index("eyes/l-eye-scale-decr|incr")
    values = np.zeros(len(names))
    values[[two_sided, twins]] = -0.25, 0.5
    weights = weights_of(open_glb(_write(tmp_path, head, values)))
    assert {name: weight for name, weight in weights.items() if weight} == {
        "chin/chin-width-decr": 0.25,
        "eyes/l-eye-scale-incr": 0.5,
    }
    assert "expression/mouth-open" in weights
    assert head.weights(values).items() <= weights.items()


def test_a_head_is_upright_looks_to_plus_z_and_has_a_humans_size(tmp_path, rig, head):
    vertices, _, _ = surface(open_glb(_write(tmp_path, head, np.zeros(len(head.sliders)))))
    eyes, lips = (
        by_place(rig, np.stack([rig.regions[name]] * 3, axis=1))[:, 0] > 0.5
        for name in ("pupil", "lips")
    )
    assert vertices[eyes, 2].min() > np.median(vertices[:, 2])
    assert vertices[eyes, 1].min() > vertices[lips, 1].max()
    assert 0.05 < np.ptp(vertices[eyes, 0]) < 0.08  # metres


def test_targets_that_move_little_are_stored_so(tmp_path, head):
    path = _write(tmp_path, head, np.zeros(len(head.sliders)))
    file = open_glb(path)
    count = sum(len(one.targets) * accessor_count(file, one) for one in file.meshes[0].primitives)
    assert path.stat().st_size < 0.5 * 12 * count


def accessor_count(file, primitive) -> int:
    return int(file.accessors[primitive.attributes.POSITION].count)


def test_a_file_says_what_it_is(tmp_path, head):
    values = values_of(head, 1)
    for baked in (False, True):
        write_glb(tmp_path / "head.glb", head, values, ABOUT, baked)
        extras = open_glb(tmp_path / "head.glb").asset.extras
        assert ABOUT.items() <= extras.items()
        assert extras["rig_licence"] == head.licence
        assert extras["rig"] == head.rig
        np.testing.assert_allclose(list(extras["sliders"].values()), values, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["head.glb"]


def test_colours_are_light_and_no_brighter_than_white(tmp_path, head):
    file = open_glb(_write(tmp_path, head, np.zeros(len(head.sliders))))
    shades = []
    for primitive in file.meshes[0].primitives:
        material = file.materials[primitive.material].pbrMetallicRoughness
        colours = accessor(file, primitive.attributes.COLOR_0)[:, :3] / 65535
        shades.append((colours * material.baseColorFactor[:3]).max(axis=0))
    skin = np.array([0.80, 0.60, 0.50])
    np.testing.assert_allclose(shades[0], ((skin + 0.055) / 1.055) ** 2.4, atol=1e-3)
    assert len({material.name for material in file.materials}) == len(shades)


def test_the_face_mesh_says_that_it_is_a_preview_and_moves_as_the_landmarks(tmp_path):
    landmarks = load_landmark_head(shipped_models() / "head.npz")
    head = face_mesh_head(landmarks)
    values = values_of(head, 2)
    expected = landmarks.landmarks(values)[:468] * [0.1, -0.1, -0.1]
    for baked in (False, True):
        write_glb(tmp_path / "face.glb", head, values, ABOUT, baked)
        file = open_glb(tmp_path / "face.glb")
        vertices, _, triangles = surface(file)
        np.testing.assert_allclose(vertices, expected, atol=1e-5)
        assert "not the head" in file.nodes[0].name
        assert "not the head" in file.asset.extras["note"]
        a, b, c = (expected[triangles[:, corner]] for corner in range(3))
        assert (np.cross(b - a, c - a)[:, 2] > 0).mean() > 0.9  # they look to the viewer


@pytest.mark.parametrize("seed", range(3))
def test_a_files_own_head_gets_weights_and_keeps_the_rest(tmp_path, foreign, rig, seed):
    values = values_of(foreign, seed)
    write_glb(tmp_path / "head.glb", foreign, values, ABOUT, baked=False)
    file, source = open_glb(tmp_path / "head.glb"), open_glb(foreign.path)
    weights = weights_of(file)
    expected = {
        "identity000": values[0],
        "identity001": values[1],
        "noseWide": max(values[2], 0),
        "noseNarrow": max(-values[2], 0),
        "brow down L": values[3],
        "brow down R": values[3],
        "jawOpen": 0,  # the file had it open, which is no shape of the head
    }
    assert weights == pytest.approx(expected, abs=1e-6)
    assert file.binary_blob() == source.binary_blob()
    after, before = json_of(tmp_path / "head.glb"), json_of(foreign.path)
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {"asset", "nodes", "meshes", "animations"}
    paths = [c["target"]["path"] for one in after["animations"] for c in one["channels"]]
    assert paths == ["translation"]  # the others would put the shape back
    assert before["asset"].items() <= {**after["asset"], "extras": {"project": "Hero"}}.items()
    assert after["asset"]["extras"]["project"] == "Hero"
    assert after["nodes"] == [
        {key: value for key, value in node.items() if key != "weights"} for node in before["nodes"]
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_files_own_head_is_baked(tmp_path, foreign, seed):
    values = values_of(foreign, seed)
    write_glb(tmp_path / "weighted.glb", foreign, values, ABOUT, baked=False)
    write_glb(tmp_path / "baked.glb", foreign, values, ABOUT, baked=True)
    weighted, baked = open_glb(tmp_path / "weighted.glb"), open_glb(tmp_path / "baked.glb")
    expected, _, triangles = surface(weighted)
    vertices, normals, same_triangles = surface(baked)
    np.testing.assert_allclose(vertices, expected, atol=1e-4)  # centimetres
    np.testing.assert_array_equal(triangles, same_triangles)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert all(not one.targets for mesh in baked.meshes for one in mesh.primitives)
    assert all(mesh.weights in (None, []) for mesh in baked.meshes)
    assert [c.target.path for one in baked.animations for c in one.channels] == ["translation"]
    assert len(baked.binary_blob()) < 0.7 * len(weighted.binary_blob())
    texture = baked.bufferViews[baked.images[0].bufferView]
    start = texture.byteOffset
    assert baked.binary_blob()[start : start + 8] == b"\x89PNG\r\n\x1a\n"
    skin, before = baked.meshes[0].primitives[0], weighted.meshes[0].primitives[0]
    np.testing.assert_array_equal(
        accessor(baked, skin.attributes.TEXCOORD_0),
        accessor(weighted, before.attributes.TEXCOORD_0),
    )
    tangents = accessor(baked, skin.attributes.TANGENT)
    across = (tangents[:, :3] * accessor(baked, skin.attributes.NORMAL)).sum(axis=1)
    np.testing.assert_allclose(across, 0, atol=1e-5)


def test_a_neutral_head_baked_keeps_the_files_own_normals(tmp_path, foreign):
    write_glb(tmp_path / "baked.glb", foreign, np.zeros(len(foreign.sliders)), ABOUT, baked=True)
    _, normals, _ = surface(open_glb(tmp_path / "baked.glb"))
    _, before, _ = surface(open_glb(foreign.path))
    np.testing.assert_allclose(normals, before, atol=1e-5)


def test_any_rig_is_written_with_weights(tmp_path, rig):
    mesh = rig_mesh(rig)
    name = list(mesh.targets)[4]
    write_rig_glb(tmp_path / "rig.glb", mesh, {name: 0.5}, {"note": "for a test"})
    file = open_glb(tmp_path / "rig.glb")
    assert {key: value for key, value in weights_of(file).items() if value} == {name: 0.5}
    assert file.asset.extras == {"note": "for a test"}
    shaped, _, _ = surface(file)
    expected = mesh.vertices + 0.5 * mesh.targets[name]
    np.testing.assert_allclose(shaped, by_place(rig, expected), atol=1e-6)


@pytest.mark.parametrize("broken", [[0.0], [np.nan] * 4])
def test_values_that_are_none_are_refused(tmp_path, foreign, broken):
    with pytest.raises(RigError, match="finite"):
        write_glb(tmp_path / "head.glb", foreign, broken, ABOUT, baked=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(3))
def test_our_own_reader_of_heads_gets_the_same_head(tmp_path, rig, head, foreign, seed):
    values = values_of(head, seed)
    write_glb(tmp_path / "head.glb", head, values, ABOUT, baked=False)
    source = read_gltf_head(tmp_path / "head.glb")
    shaped = source.vertices + np.einsum("k,kvc->vc", source.weights, source.offsets)
    np.testing.assert_allclose(shaped, by_place(rig, rig.vertices(values)) * 0.1, atol=3e-6)
    assert source.licence == rig.licence
    assert (
        dict(zip(source.targets, source.weights, strict=True)).items()
        >= {
            name: np.float32(round(weight, 6)) for name, weight in head.weights(values).items()
        }.items()
    )
    values = values_of(foreign, seed)
    write_glb(tmp_path / "own.glb", foreign, values, ABOUT, baked=False)
    source = read_gltf_head(tmp_path / "own.glb")
    written = foreign.weights(values) | {"jawOpen": 0.0}
    assert dict(zip(source.targets, source.weights, strict=True)) == pytest.approx(
        written, abs=1e-6
    )
