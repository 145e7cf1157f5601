"""Blender imports our files with the right shape keys, and our script sets them from JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from exports.export_head import ExportHead, write_glb
from exports.morph_targets import target_weights
from tests.outside.conftest import HOW, OUTSIDE, Exported, run_and_read

SCRIPT = Path(__file__).with_name("open_in_blender.py")
SCALES = {"foreign": 0.01}  # of the node above, in a head that is not in metres


@pytest.fixture(scope="session")
def blender() -> Path:
    """A Python that has bpy."""
    named = os.environ.get("BLENDER_PYTHON")
    python = Path(named) if named else OUTSIDE / "blender" / "bin" / "python"
    if not python.is_file():
        pytest.skip("there is no Blender in .outside/blender; " + HOW)
    return python


@pytest.fixture(scope="module")
def opened(blender, exported, tmp_path_factory) -> dict[str, tuple[dict, np.ndarray]]:
    """For each head what Blender has, and its vertices in glTF's axes."""
    folder = tmp_path_factory.mktemp("blender")
    paths = [one.path for one in exported.values()]
    found = run_and_read([blender, SCRIPT, folder, *paths], "FOUND ")["heads"]
    pairs = zip(exported, found, strict=True)
    return {name: (one, read(folder, n)) for n, (name, one) in enumerate(pairs)}


def read(folder: Path, number: int) -> np.ndarray:
    """Blender's z is up, and -y is where the face looks."""
    points = np.load(folder / f"{number}.npy")
    return points[:, [0, 2, 1]] * [1, 1, -1]


def assert_same_points(points: np.ndarray, one: Exported, scale: float = 1.0) -> None:
    """Each of the file's vertices is there, wherever in the list."""
    from scipy.spatial import KDTree

    expected = one.vertices * scale
    assert len(points) == len(expected)
    for here, there in ((points, expected), (expected, points)):
        assert KDTree(here).query(there)[0].max() < 1e-5  # metres


def test_shape_keys_have_their_names_and_values(opened, exported):
    for name, one in exported.items():
        keys = {}
        for thing in opened[name][0]["objects"]:
            keys |= thing["keys"]
        assert keys == pytest.approx(one.weights, abs=1e-5), name
        assert bool(keys) != one.baked


def test_heads_have_the_shape_and_size_that_was_written(opened, exported):
    for name, one in exported.items():
        assert_same_points(opened[name][1], one, SCALES.get(name.removesuffix("_baked"), 1.0))


def test_materials_and_colours_arrive(opened, exported):
    for thing in opened["makehuman"][0]["objects"]:
        assert set(thing["materials"]) >= {"skin", "eye"}
        assert thing["colours"]


@pytest.mark.parametrize("name", ["makehuman", "foreign"])
def test_the_script_sets_the_keys_from_json(blender, exported, tmp_path, name):
    one = exported[name]
    head: ExportHead = one.head
    neutral = tmp_path / "neutral.glb"
    write_glb(neutral, head, np.zeros(len(head.sliders)), {}, baked=False)
    rig = head.rig if head.surface else ""
    content = {"morph_targets": target_weights(head.sliders, one.values, rig)}
    (tmp_path / "face.json").write_text(json.dumps(content))
    command = [blender, SCRIPT, tmp_path, neutral, "--", tmp_path / "face.json"]
    (found,) = run_and_read(command, "FOUND ")["heads"]
    keys = {}
    for thing in found["objects"]:
        keys |= thing["keys"]
    assert keys == pytest.approx(one.weights, abs=1e-5)
    assert_same_points(read(tmp_path, 0), one, SCALES.get(name, 1.0))
