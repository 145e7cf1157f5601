"""`fpp rig map` in a process of its own, and what it makes of MakeHuman's head."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression.datasets.rig_mapping import canonical_landmarks
from regression.models.model_files import shipped_models
from rig.landmark_head import load_landmark_head
from rig.makehuman import load_makehuman
from rig.mhm import write_mhm
from tests.rig.tiny_rig import write_tiny_makehuman
from vision.pose import canonical_face

ROOT = Path(__file__).parents[2]
REAL_FOLDER = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.main", "rig", "map", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_landmarks_are_mapped_to_any_rig(tmp_path):
    folder = write_tiny_makehuman(tmp_path / "data")
    shipped = (shipped_models() / "head.npz").read_bytes()
    done = run("--rig", folder, "--models", tmp_path / "models")
    if "OpenGL did not start" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "models" / "head.npz") in done.stdout
    rig, head = load_makehuman(folder), load_landmark_head(tmp_path / "models" / "head.npz")
    assert head.slider_names == rig.slider_names
    # The chin's slider moves the chin's landmark, and hardly the brow's.
    chin = np.abs(head.positive[rig.slider_names.index("chin/chin-width-decr|incr")]).max(axis=1)
    assert chin[148] > 10 * chin[105]
    assert (shipped_models() / "head.npz").read_bytes() == shipped


def test_the_shipped_head_is_what_the_command_makes_of_makehuman(tmp_path):
    if not REAL_FOLDER.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared/rigs/makehuman/data")
    done = run("--rig", REAL_FOLDER, "--models", tmp_path)
    assert done.returncode == 0, done.stderr
    made, shipped = (load_landmark_head(f / "head.npz") for f in (tmp_path, shipped_models()))
    assert made.sliders == shipped.sliders
    # Another OpenGL may move a landmark by a pixel, which is half a millimetre.
    np.testing.assert_allclose(made.neutral, shipped.neutral, atol=0.02)
    np.testing.assert_allclose(made.positive, shipped.positive, atol=0.02)


def test_canonical_landmarks_do_not_depend_on_place_and_size():
    points = canonical_face()
    expected = points.astype(np.float32)
    # The shipped face is in the canonical frame already.
    np.testing.assert_allclose(canonical_landmarks(points), expected, atol=1e-6)
    moved = 300 * points + [80, 900, -20]
    np.testing.assert_allclose(canonical_landmarks(moved), expected, atol=1e-6)
    with pytest.raises(ValueError, match="478"):
        canonical_landmarks(points[:468])


def test_a_folder_without_a_rig_is_named(tmp_path):
    done = run("--rig", tmp_path, "--models", tmp_path / "models")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path} ")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("wrong", [["--models", __file__], ["makehuman"]])
def test_wrong_usage_exits_with_2(wrong):
    done = run(*wrong)
    assert done.returncode == 2
    assert "error: " in done.stderr


def test_characters_are_drawn_and_a_broken_one_costs_nothing_else(tmp_path):
    folder = write_tiny_makehuman(tmp_path / "data")
    rig = load_makehuman(folder)
    wide, broken = tmp_path / "wide.mhm", tmp_path / "broken.mhm"
    values = np.zeros(len(rig.sliders))
    write_mhm(tmp_path / "neutral.mhm", rig.sliders, values)
    values[rig.slider_names.index("chin/chin-width-decr|incr")] = 1
    write_mhm(wide, rig.sliders, values)
    broken.write_bytes(b"\xff\xfe\x00")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.main", "rig", "render", "--rig", str(folder)]
        + [str(path) for path in (tmp_path / "neutral.mhm", broken, wide)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if "OpenGL did not start" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "broken.mhm" in done.stderr
    neutral, wider = (Image.open(tmp_path / f"{n}_head.png") for n in ("neutral", "wide"))
    assert neutral.size == wider.size == (512, 512)
    assert np.any(np.asarray(neutral) != np.asarray(wider))
