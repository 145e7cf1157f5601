"""Captures are read back: pictures by Pillow, characters by the rig's reader and pygltflib."""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exports.character_files import HEAD_KINDS, KINDS, TEXT_KINDS
from exports.export_head import ExportHead, face_mesh_head
from live.saving.captures import CaptureError, save_capture
from rig.mhm import read_mhm
from rig.rig import RigError
from tests.exports.read_glb import json_of, open_glb, weights_of
from tests.live.states import (
    faceless_state,
    sample_head,
    sample_state,
    settled,
    state_at,
    waiting_state,
)

WHEN = datetime(2026, 1, 2, 3, 4, 5)
NAME = "capture_20260102-030405"
SLIDERS = sample_head().sliders


@pytest.fixture(scope="module")
def export_head() -> ExportHead:
    return face_mesh_head(sample_head())


def capture(folder: Path, state, kinds=TEXT_KINDS, preview=None, **further) -> list[Path]:
    further = {"when": WHEN, **further}
    return save_capture(folder, state, SLIDERS, preview, kinds, "CC0-1.0", **further)


@pytest.mark.parametrize("route", ["landmarks", "encoding", "fused"])
def test_every_file_opens_again_and_holds_the_estimate(tmp_path, route, export_head):
    state = settled(sample_state((route,), 3), 90, 4, 0.5)
    # What the frame alone says is something else, and is not captured.
    state = replace(state, values=np.zeros(len(SLIDERS), np.float32))
    preview = np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)
    written = capture(tmp_path / "new", state, KINDS, preview, export_head=export_head)
    assert set(written) == set((tmp_path / "new").iterdir())
    names = {path.name for path in written}
    endings = (".jpg", "_preview.png", ".mhm", ".json", ".glb", "_baked.glb", ".obj")
    assert names == {NAME + ending for ending in endings}
    assert written[0].name == NAME + ".jpg"

    picture = np.asarray(Image.open(written[0]))
    pixels = state.frame.pixels
    assert picture.shape == pixels.shape
    assert np.abs(picture.astype(float) - pixels).mean() < 2
    folder = written[0].parent
    assert (np.asarray(Image.open(folder / f"{NAME}_preview.png")) == preview).all()

    estimate = state.estimate
    expected = [s.from_unit(value) for s, value in zip(SLIDERS, estimate.values, strict=True)]
    np.testing.assert_allclose(read_mhm(folder / f"{NAME}.mhm", SLIDERS), expected, atol=1e-6)
    content = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    rows = content["sliders"].values()
    np.testing.assert_allclose([row["unit"] for row in rows], estimate.values, atol=1e-6)
    np.testing.assert_allclose([row["low"] for row in rows], estimate.lower, atol=1e-6)
    np.testing.assert_allclose([row["high"] for row in rows], estimate.upper, atol=1e-6)
    assert [row["told"] for row in rows] == estimate.told.tolist()
    assert (content["model"], content["rig"]) == (route, estimate.rig)
    assert content["yaw"] == pytest.approx(state.pose.yaw, abs=0.01)
    assert Path(content["photo"]) == written[0]
    weights = weights_of(open_glb(folder / f"{NAME}.glb"))
    assert content["morph_targets"] == pytest.approx(weights, abs=1e-6)
    assert json_of(folder / f"{NAME}_baked.glb")["asset"]["extras"]["rig_licence"] == "CC0-1.0"


def test_the_chosen_face_is_captured(tmp_path):
    state = sample_state(("landmarks",), 2, 3)
    other = replace(state, chosen=1)
    written = capture(tmp_path, other)
    assert [path.name for path in written] == [
        f"{NAME}.jpg",
        f"{NAME}_face2.json",
        f"{NAME}_face2.mhm",
    ]
    content = json.loads(written[1].read_text(encoding="utf-8"))
    assert content["face_number"] == 2
    assert content["box"] == pytest.approx(state.faces[1].box, abs=0.01)


def test_captures_of_one_second_keep_apart(tmp_path):
    state = sample_state(("landmarks",))
    written = [capture(tmp_path, state_at(state, number)) for number in range(12)]
    paths = [path for paths in written for path in paths]
    assert len(set(paths)) == len(paths) == len(list(tmp_path.iterdir())) == 12 * 3
    assert [paths[0].stem for paths in written[:3]] == [NAME, f"{NAME}_2", f"{NAME}_3"]


def test_files_that_lie_there_are_not_touched(tmp_path):
    """Not even where only one of a capture's names is taken."""
    (tmp_path / f"{NAME}_preview.png").write_text("mine")
    (tmp_path / f"{NAME}_2.partial").mkdir()
    (tmp_path / f"{NAME}_3_face2.glb").write_text("mine")
    written = capture(tmp_path, sample_state(("landmarks",)))
    assert {path.stem for path in written} == {f"{NAME}_4"}
    assert (tmp_path / f"{NAME}_preview.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("state", "expected"),
    [(faceless_state(), "no face"), (waiting_state(), "nothing to capture yet.*'encoding'")],
)
def test_without_a_face_or_an_estimate_nothing_is_captured(tmp_path, state, expected):
    with pytest.raises(CaptureError, match=rf"{expected}.*was expected\. .*look into the camera"):
        capture(tmp_path / "new", state)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["file", "file/deeper"])
def test_a_folder_that_cannot_be_written_gives_one_clear_error(tmp_path, inside):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CaptureError, match=r"file.*was expected\. .*change its permissions"):
        capture(tmp_path / inside, sample_state(("landmarks",)))


def test_everything_lands_or_nothing(tmp_path, export_head):
    state = sample_state(("landmarks",))
    with pytest.raises(ValueError, match="fbx"):
        capture(tmp_path, state, ["json", "fbx"])
    with pytest.raises(ValueError, match="head"):
        capture(tmp_path, state, [*TEXT_KINDS, *HEAD_KINDS])
    other_rig = replace(state, estimates={"landmarks": replace(state.estimate, rig="hero")})
    with pytest.raises(RigError, match="MakeHuman's own format"):
        capture(tmp_path, other_rig)
    # The disk takes the picture and the character, and not the head.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(CaptureError, match="free space"):
            capture(tmp_path, state, KINDS, export_head=export_head)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    assert len(capture(tmp_path, state, KINDS, export_head=export_head)) == 6
