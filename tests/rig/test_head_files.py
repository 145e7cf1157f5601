from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rig.head_files import read_source_head
from rig.rig import RigError
from tests.rig.gltf_samples import simple_sample

OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


@pytest.mark.parametrize("name", ["head.glb", "HEAD.GLB", "head.vrm", "head.gltf"])
def test_gltf_files_are_read(tmp_path: Path, name: str) -> None:
    written = simple_sample().written(tmp_path / "made.glb")
    shutil.copy(written, tmp_path / name)
    head = read_source_head(tmp_path / name)
    assert head.path == tmp_path / name
    assert head.targets == ("smile", "jaw_open")


def test_folders_of_obj_files_are_read(tmp_path: Path) -> None:
    for name in ("neutral", "smile"):
        (tmp_path / f"{name}.obj").write_text(OBJ)
    assert read_source_head(tmp_path).targets == ("smile",)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("head.fbx", "Blender and export the head as GLB"),
        ("head.blend", "Blender and export the head as GLB"),
        ("head.obj", "Name its folder instead"),
        ("head.zip", "Unpack it"),
        ("head.png", "export the head as GLB"),
        ("head", "export the head as GLB"),
    ],
)
def test_other_files_are_refused_with_advice(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(RigError, match=f"{name} .*Expected.*{advice}"):
        read_source_head(tmp_path / name)


@pytest.mark.parametrize("name", ["none", "none.fbx", "none.glb"])
def test_what_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(RigError, match=f"{name} .*Expected.*Check the path"):
        read_source_head(tmp_path / name)


def test_a_folder_without_obj_files_says_what_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"has no \.obj files.*Check the path"):
        read_source_head(tmp_path)
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "neutral.obj").write_text(OBJ)
    with pytest.raises(RigError, match="Name the folder in it: .*meshes"):
        read_source_head(tmp_path)
    simple_sample().written(tmp_path / "head.glb")
    with pytest.raises(RigError, match=r"Name the file in it: .*head\.glb"):
        read_source_head(tmp_path)
