"""A models folder keeps the head it was trained for so that exports are that head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from exports.export_head import HEAD_FILE, NEUTRAL_FILE, head_for_exports, write_glb
from exports.glb_document import read_document
from exports.kept_head import keep_head
from exports.obj_file import write_obj
from rig.gltf_head import read_gltf_head
from rig.head_files import read_source_head
from rig.makehuman import load_makehuman
from rig.makehuman_files import read_mesh
from rig.rig import Slider
from rig.source_head import SourceHead
from tests.exports.foreign_head import foreign_mesh, landmark_head, write_foreign_models
from tests.exports.read_glb import json_of, open_glb, surface
from tests.rig.gltf_samples import random_sample
from tests.rig.tiny_rig import write_tiny_makehuman

FACES = """g face
usemtl skin
f 1/1/1 2/2/1 5/3/1 4/4/1
f 2//1 3//1 6//1 5//1
g eye
usemtl eye
f 7 8 9
f 4 5 8
"""
WEIGHTS = {"wide": 1.5, "my_nose": -0.5, "narrow": 0.25, "smile_L": 0.5, "smile_R": 0.5}
SLIDERS = (
    Slider("wide", -2.0, 2.0, 0.0, ("wide",)),
    Slider("my_nose", -1.0, 1.0, 0.0, ("my_nose",)),
    Slider("narrow", -1.0, 1.0, 0.0, ("tall",), ("narrow",)),
    Slider("smile_L", 0.0, 1.0, 0.0, ("smile_L", "smile_R")),
)
VALUES = [1.5, -0.5, -0.25, 0.5]
FILES = ("wide", "my nose", "tall", "narrow", "smile_L", "smile_R")


@pytest.fixture(scope="module")
def foreign_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .glb with much that only its maker knows."""
    folder = tmp_path_factory.mktemp("foreign")
    rig = load_makehuman(write_tiny_makehuman(folder / "data"))
    return write_foreign_models(folder / "models", foreign_mesh(rig)) / "rig" / "head.glb"


@pytest.fixture
def folder_of_objs(tmp_path: Path) -> Path:
    """Polygons with and without texture coordinates, in random places."""
    folder = tmp_path / "my rig"
    folder.mkdir()
    random = np.random.default_rng(3)
    neutral = random.normal(size=(9, 3)) + [5, 100, -7]
    (folder / "neutral.obj").write_text(
        "# made by hand\n"
        + lines_of(neutral)
        + "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvn 0 0 1\n"
        + FACES
    )
    for name in FILES:
        moved = neutral + random.normal(0, 0.3, size=neutral.shape)
        (folder / f"{name}.obj").write_text(lines_of(moved))
    return folder


def lines_of(points: np.ndarray) -> str:
    return "".join(f"v {x:.7f} {y:.7f} {z:.7f}\n" for x, y, z in points)


def turned() -> np.ndarray:
    """(4, 4) from decimetres, upright, to the coordinates of a file."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", [80, 20, -30], degrees=True).as_matrix() * 3.7
    matrix[:3, 3] = [5, 100, -7]
    return matrix


@pytest.mark.parametrize("name", ["Hero.glb", "HERO.GLB", "hero.vrm"])
def test_a_glb_is_kept_byte_for_byte(tmp_path: Path, foreign_file: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(foreign_file.read_bytes())
    kept = keep_head(read_source_head(path), turned(), tmp_path / "models")
    assert kept == [tmp_path / "models" / HEAD_FILE]
    assert kept[0].read_bytes() == foreign_file.read_bytes()
    assert [entry.name for entry in kept[0].parent.iterdir()] == ["head.glb"]


@pytest.mark.parametrize("container", ["beside", "embedded"])
@pytest.mark.parametrize("seed", [2, 4])
def test_a_gltf_becomes_one_file_with_the_same_head(
    tmp_path: Path, container: str, seed: int
) -> None:
    sample, _ = random_sample(np.random.default_rng(seed))
    source = read_source_head(sample.written(tmp_path / "head.glb", container))
    (kept,) = keep_head(source, turned(), tmp_path / "models")
    read_document(kept)  # refuses files that need others
    again = read_gltf_head(kept)
    assert (again.targets, again.part_names) == (source.targets, source.part_names)
    for name in ("vertices", "triangles", "parts", "offsets", "weights", "colours", "hidden"):
        np.testing.assert_array_equal(getattr(again, name), getattr(source, name))
    assert [entry.name for entry in kept.parent.iterdir()] == ["head.glb"]


def test_objs_become_a_glb_that_stands_upright_in_metres(
    tmp_path: Path, folder_of_objs: Path
) -> None:
    source = read_source_head(folder_of_objs)
    head, neutral = keep_head(source, turned(), tmp_path / "models")
    assert neutral == tmp_path / "models" / NEUTRAL_FILE
    assert neutral.read_bytes() == (folder_of_objs / "neutral.obj").read_bytes()
    kept = read_gltf_head(head)
    back = np.linalg.inv(turned())
    upright = 0.1 * (source.vertices @ back[:3, :3].T + back[:3, 3])
    moves = dict(zip(source.targets, 0.1 * source.offsets @ back[:3, :3].T, strict=True))
    assert set(kept.targets) == set(source.targets)
    for place, corner in corners_of(kept, upright):
        np.testing.assert_allclose(kept.vertices[place], upright[corner], atol=1e-5)
        for name, offsets in zip(kept.targets, kept.offsets, strict=True):
            np.testing.assert_allclose(offsets[place], moves[name][corner], atol=1e-5)
    triangles = [upright[row] for row in source.triangles]
    np.testing.assert_allclose(kept.vertices[kept.triangles], triangles, atol=1e-5)


def corners_of(kept: SourceHead, upright: np.ndarray) -> list[tuple[int, int]]:
    """Which of the vertices each of the kept ones is; parts have their own."""
    away = np.linalg.norm(kept.vertices[:, None] - upright, axis=2)
    return list(enumerate(away.argmin(axis=1)))


def test_a_head_of_objs_is_exported_with_its_own_polygons(
    tmp_path: Path, folder_of_objs: Path
) -> None:
    source = read_source_head(folder_of_objs)
    keep_head(source, turned(), tmp_path / "models")
    head = head_for_exports(tmp_path / "models", None, landmark_head(SLIDERS))
    assert head.kind == "file"
    write_obj(tmp_path / "baked.obj", head, VALUES, {})
    made = read_mesh(tmp_path / "baked.obj")
    given = read_mesh(folder_of_objs / "neutral.obj")
    assert made.faces == given.faces
    assert {len(face) for faces in made.faces.values() for face in faces} == {3, 4}
    shaped = source.vertices.astype(np.float64)
    for name, offsets in zip(source.targets, source.offsets, strict=True):
        shaped = shaped + WEIGHTS.get(name, 0) * offsets
    np.testing.assert_allclose(made.vertices, shaped, atol=1e-4)
    moved = np.linalg.norm(made.vertices - given.vertices, axis=1)
    assert moved.min() > 1e-3


def test_a_kept_head_of_objs_is_exported_as_glb_where_it_stands(
    tmp_path: Path, folder_of_objs: Path
) -> None:
    """The node's turn is in the file, so any viewer shows the same surface baked or not."""
    keep_head(read_source_head(folder_of_objs), turned(), tmp_path / "models")
    head = head_for_exports(tmp_path / "models", None, landmark_head(SLIDERS))
    for baked in (False, True):
        write_glb(tmp_path / f"{baked}.glb", head, VALUES, {}, baked)
    paths = [tmp_path / f"{baked}.glb" for baked in (False, True)]
    shaped, baked_in = (surface(open_glb(path))[0] for path in paths)
    np.testing.assert_allclose(baked_in, shaped, atol=1e-5)
    turns = [json_of(path)["nodes"][0]["matrix"] for path in paths]
    wanted = np.diag([0.1, 0.1, 0.1, 1]) @ np.linalg.inv(turned())
    for turn in turns:
        np.testing.assert_allclose(np.reshape(turn, (4, 4)).T, wanted, atol=1e-6)
