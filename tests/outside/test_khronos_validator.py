"""The Khronos glTF validator has nothing to say against our files."""

from __future__ import annotations

from pathlib import Path

from tests.exports.read_glb import open_glb
from tests.outside.conftest import run_and_read

SCRIPT = Path(__file__).with_name("validate.cjs")


def test_every_file_is_valid(node_modules, exported):
    paths = [one.path for one in exported.values()]
    found = run_and_read(["node", SCRIPT, node_modules, *paths])
    for one in exported.values():
        report = found[str(one.path)]
        issues = report["issues"]
        assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]
        assert report["info"]["hasMorphTargets"] != one.baked
        assert report["info"]["totalVertexCount"] == len(one.vertices)


def test_it_finds_what_is_wrong(node_modules, exported, tmp_path):
    path = tmp_path / "wrong.glb"
    content = exported["makehuman"].path.read_bytes()
    assert open_glb(exported["makehuman"].path).accessors[0].componentType == 5126
    path.write_bytes(content.replace(b'"componentType":5126', b'"componentType":5122', 1))
    found = run_and_read(["node", SCRIPT, node_modules, path])
    assert found[str(path)]["issues"]["numErrors"] > 0
