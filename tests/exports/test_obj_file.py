"""OBJ files give back the head that slider values shape."""

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
from exports.glb_file import HeadMesh, write_rig_glb
from exports.obj_file import write_obj
from regression.models.model_files import shipped_models
from rig.landmark_head import load_landmark_head
from rig.makehuman import load_makehuman
from rig.makehuman_files import read_mesh
from rig.rig import RigError, Slider
from tests.exports.foreign_head import foreign_mesh, landmark_head, write_foreign_models
from tests.exports.read_glb import open_glb, surface
from tests.rig.tiny_rig import write_tiny_makehuman

ABOUT = {"model": "fused", "photo": "two\nlines Æ.jpg", "photos": ["a.jpg", "b.jpg"]}

QUADS = """# a studio's head
mtllib head.mtl
o Head
v -1 0 0 0.5 0.5 0.5
v 0 0 0
v 0 1 0
v -1 1 0
v 7 7 7
vt 0 0
vt 1 0
vt 1 1
vt 0 1
vn 0 0 1
g face
usemtl grey
f 1/1/1 2/2/1 3/3/1 4/4/1
v 1 0 0
v 1 1 0
f 2//1 6//1 7//1 3//1
"""
SLIDERS = (Slider("wide", -2.0, 2.0),)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> ExportHead:
    folder = write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")
    return makehuman_head(load_makehuman(folder))


def random_values(head: ExportHead, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.array([random.uniform(one.minimum, one.maximum) for one in head.sliders])


@pytest.mark.parametrize("seed", range(3))
def test_a_file_gives_back_the_heads_vertices_and_triangles(tmp_path, tiny, seed):
    values = random_values(tiny, seed)
    write_obj(tmp_path / "head.obj", tiny, values, ABOUT)
    mesh = read_mesh(tmp_path / "head.obj")
    np.testing.assert_allclose(mesh.vertices, tiny.surface.vertices(values) * 0.1, atol=1e-7)
    faces = [face for part in tiny.surface.part_names for face in mesh.faces.get(part, [])]
    order = np.argsort(tiny.surface.parts, kind="stable")
    np.testing.assert_array_equal(np.array(faces), tiny.surface.triangles[order])


def test_it_says_what_it_is_in_comments(tmp_path, tiny):
    values = random_values(tiny, 1)
    write_obj(tmp_path / "head.obj", tiny, values, ABOUT)
    text = (tmp_path / "head.obj").read_text(encoding="utf-8")
    head = text[: text.index("\nv ")].splitlines()
    assert all(line.startswith("# ") for line in head)
    assert "# photo: two lines Æ.jpg" in head
    assert "# photos: a.jpg; b.jpg" in head
    assert "# rig_licence: CC0-1.0" in head
    told = [line.split()[2:] for line in head if line.startswith("# slider ")]
    assert [name for name, _ in told] == [slider.name for slider in tiny.sliders]
    np.testing.assert_allclose([float(value) for _, value in told], values, atol=1e-6)


def test_the_face_mesh_says_that_it_is_a_preview(tmp_path):
    head = face_mesh_head(load_landmark_head(shipped_models() / "head.npz"))
    write_obj(tmp_path / "face.obj", head, np.zeros(len(head.sliders)), ABOUT)
    text = (tmp_path / "face.obj").read_text(encoding="utf-8")
    assert "not the head" in text.splitlines()[0]
    assert len(read_mesh(tmp_path / "face.obj").vertices) == 468


@pytest.fixture
def folder_of_objs(tmp_path) -> Path:
    """A models folder whose rig came as .obj files: `wide` moves vertices away from x = 0."""
    vertices = np.array(
        [[-1, 0, 0], [0, 0, 0], [0, 1, 0], [-1, 1, 0], [7, 7, 7], [1, 0, 0], [1, 1, 0]], np.float32
    )
    mesh = HeadMesh(
        name="quads",
        licence="ours",
        vertices=vertices,
        triangles=np.array([[0, 1, 2], [0, 2, 3], [1, 5, 6], [1, 6, 2]], np.int32),
        parts=np.array([0, 0, 1, 1], np.uint8),
        part_names=("grey", "default"),
        targets={"wide": np.sign(vertices) * np.array([0.25, 0, 0], np.float32)},
        numbered=True,
    )
    (tmp_path / "models" / "rig").mkdir(parents=True)
    write_rig_glb(tmp_path / "models" / "rig" / "head.glb", mesh)
    (tmp_path / "models" / "rig" / "neutral.obj").write_text(QUADS)
    return tmp_path / "models"


def test_a_rig_of_objs_keeps_its_polygons_in_their_order(tmp_path, folder_of_objs):
    head = head_for_exports(folder_of_objs, None, landmark_head(SLIDERS))
    write_obj(tmp_path / "head.obj", head, [2.0], ABOUT)
    text = (tmp_path / "head.obj").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    before = [line for line in QUADS.splitlines() if line[:2] not in ("# ", "vn")]
    kept = [line for line in before if line[:2] not in ("v ", "f ")]
    assert [line for line in lines if line[:2] not in ("v ", "f ")] == kept
    assert [line for line in lines if line[:2] == "f "] == ["f 1/1 2/2 3/3 4/4", "f 2 6 7 3"]
    assert [line for line in lines if line[:2] == "v "] == [
        "v -1.5 0 0 0.5 0.5 0.5",
        "v 0 0 0",
        "v 0 1 0",
        "v -1.5 1 0",
        "v 7 7 7",  # of no polygon
        "v 1.5 0 0",
        "v 1.5 1 0",
    ]


@pytest.mark.parametrize("seed", range(2))
def test_a_files_own_head_stands_where_its_nodes_put_it(tmp_path, tiny, seed):
    folder = write_foreign_models(tmp_path / "models", foreign_mesh(tiny.surface))
    head = head_for_exports(folder, None, landmark_head())
    values = random_values(head, seed)
    write_obj(tmp_path / "head.obj", head, values, ABOUT)
    write_glb(tmp_path / "head.glb", head, values, ABOUT, baked=True)
    mesh = read_mesh(tmp_path / "head.obj")
    expected, _, triangles = surface(open_glb(tmp_path / "head.glb"))
    np.testing.assert_allclose(mesh.vertices, 0.01 * expected, atol=1e-6)  # centimetres there
    assert sum(map(len, mesh.faces.values())) == len(triangles)


def test_a_neutral_file_of_another_head_is_refused(tmp_path, folder_of_objs):
    (folder_of_objs / "rig" / "neutral.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n")
    head = head_for_exports(folder_of_objs, None, landmark_head(SLIDERS))
    with pytest.raises(RigError, match="neutral.obj has 3 vertices"):
        write_obj(tmp_path / "head.obj", head, [0.0], ABOUT)
    assert not (tmp_path / "head.obj").exists()
