"""Character files give back the prediction, through the rig's own reader and plain JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from exports.character_files import HEAD_KINDS, TEXT_KINDS, check_kinds, write_character_files
from exports.export_head import face_mesh_head
from rig.landmark_head import LandmarkHead
from rig.mhm import read_mhm
from rig.rig import RigError
from tests.exports.read_glb import json_of, open_glb, weights_of

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "json.md"


def rig_values(sliders, prediction):
    return [
        slider.from_unit(value) for slider, value in zip(sliders, prediction.values, strict=True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_both_files_give_back_the_predicted_values(tmp_path, sliders, make_prediction, seed):
    prediction = make_prediction(seed)
    mhm, plain = write_character_files(tmp_path, prediction, sliders)
    expected = rig_values(sliders, prediction)
    np.testing.assert_allclose(read_mhm(mhm, sliders), expected, atol=1e-6)
    content = json.loads(plain.read_text(encoding="utf-8"))
    assert list(content["sliders"]) == [slider.name for slider in sliders]
    rows = content["sliders"].values()
    np.testing.assert_allclose([row["rig"] for row in rows], expected, atol=1e-6)
    np.testing.assert_allclose([row["unit"] for row in rows], prediction.values, atol=1e-6)
    np.testing.assert_allclose([row["low"] for row in rows], prediction.lower, atol=1e-6)
    np.testing.assert_allclose([row["high"] for row in rows], prediction.upper, atol=1e-6)
    assert all(row["low"] <= row["unit"] <= row["high"] for row in rows)
    assert [row["told"] for row in rows] == prediction.told.tolist()


def test_twins_are_written_to_both_sides(tmp_path, sliders, make_prediction):
    values = np.array([0.5, 0.9, 0.0, 0.5], np.float32)  # all neutral but the eyes
    (path,) = write_character_files(tmp_path, make_prediction(values=values), sliders, ["mhm"])
    lines = [line for line in path.read_text().splitlines() if line.startswith("modifier")]
    assert sorted(lines) == [
        "modifier eyes/l-eye-scale-decr|incr 0.800000",
        "modifier eyes/r-eye-scale-decr|incr 0.800000",
    ]


def test_values_outside_the_range_are_brought_into_the_rigs(tmp_path, sliders, make_prediction):
    values = np.array([-0.5, 1.5, 2.0, 0.25], np.float32)
    mhm, plain = write_character_files(tmp_path, make_prediction(values=values), sliders)
    np.testing.assert_allclose(read_mhm(mhm, sliders), [-1, 1, 1, -0.5], atol=1e-6)
    rows = json.loads(plain.read_text())["sliders"].values()
    assert [row["rig"] for row in rows] == [-1, 1, 1, -0.5]


def test_only_what_is_asked_for_is_written(tmp_path, sliders, make_prediction):
    for kinds in ((), ("json",), ("mhm",), TEXT_KINDS):
        folder = tmp_path / "_".join(("kinds", *kinds))
        folder.mkdir()
        write_character_files(folder, make_prediction(), sliders, kinds)
        assert {path.name for path in folder.iterdir()} == {f"0.{kind}" for kind in kinds}


def test_faces_of_one_photo_get_their_own_files(tmp_path, sliders, make_prediction):
    for number in (1, 2, 3):
        write_character_files(tmp_path, make_prediction(face_number=number), sliders, ["mhm"])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["0.mhm", "0_face2.mhm", "0_face3.mhm"]


@pytest.mark.parametrize(
    "name", ["a.b.jpg", "with space, comma.jpg", "two\nlines.jpg", "Æ李🙂.jpg", b"caf\xe9.jpg"]
)
def test_awkward_names_make_readable_files(tmp_path, sliders, make_prediction, name):
    photo = Path(os.fsdecode(name))
    prediction = make_prediction(photo=photo)
    mhm, plain = write_character_files(tmp_path, prediction, sliders)
    assert mhm.stem == plain.stem == photo.stem
    np.testing.assert_allclose(read_mhm(mhm, sliders), rig_values(sliders, prediction), atol=1e-6)
    assert json.loads(plain.read_text(encoding="utf-8"))["face_number"] == 1


def test_the_json_is_strict_and_every_field_is_documented(tmp_path, sliders, make_prediction):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    prediction = make_prediction(face_size_millimetres=float("nan"))
    (path,) = write_character_files(tmp_path, prediction, sliders, ["json"])
    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content["face_size_millimetres"] is None
    documented = DOCUMENTATION.read_text(encoding="utf-8")
    fields = [*content, *content["sliders"][sliders[0].name]]
    assert [field for field in fields if f"`{field}`" not in documented] == []


def test_sliders_of_another_rig_and_unknown_kinds_are_refused(tmp_path, sliders, make_prediction):
    with pytest.raises(ValueError, match="different"):
        write_character_files(tmp_path, make_prediction(), sliders[::-1])
    with pytest.raises(ValueError, match="fbx"):
        write_character_files(tmp_path, make_prediction(), sliders, ["mhm", "fbx"])
    with pytest.raises(RigError, match="MakeHuman's own format"):
        write_character_files(tmp_path, make_prediction(rig="hero"), sliders, ["json", "mhm"])
    assert list(tmp_path.iterdir()) == []
    check_kinds(["json", "glb"], "hero")


@pytest.fixture
def head(sliders):
    """The face mesh of a rig with these sliders."""
    random = np.random.default_rng(3)
    neutral, *offsets = random.normal(size=(1 + 2 * len(sliders), 478, 3)).astype(np.float32)
    low, high = np.array(offsets[: len(sliders)]), np.array(offsets[len(sliders) :])
    return face_mesh_head(LandmarkHead("makehuman", "CC0-1.0", sliders, neutral, low, high))


def test_heads_are_written_beside_the_characters(tmp_path, sliders, make_prediction, head):
    prediction = make_prediction(face_number=2, photo=Path("a.b.jpg"))
    kinds = TEXT_KINDS + HEAD_KINDS
    written = write_character_files(tmp_path, prediction, sliders, kinds, export_head=head)
    endings = ("mhm", "json", "glb", "obj")
    names = {f"a.b_face2.{ending}" for ending in endings} | {"a.b_face2_baked.glb"}
    assert {path.name for path in written} == names == {path.name for path in tmp_path.iterdir()}
    content = json.loads((tmp_path / "a.b_face2.json").read_text())
    weights = weights_of(open_glb(tmp_path / "a.b_face2.glb"))
    assert content["morph_targets"] == pytest.approx(weights, abs=1e-6)
    for name in ("a.b_face2.glb", "a.b_face2_baked.glb"):
        extras = json_of(tmp_path / name)["asset"]["extras"]
        assert (extras["photo"], extras["face_number"]) == ("a.b.jpg", 2)
        assert (extras["model"], extras["rig_licence"]) == ("fused", "CC0-1.0")
        assert extras["made"] == content["made"]


def test_head_files_need_the_head_of_these_sliders(tmp_path, sliders, make_prediction, head):
    with pytest.raises(ValueError, match="head"):
        write_character_files(tmp_path, make_prediction(), sliders, ["glb"])
    other = make_prediction(slider_names=tuple(one.name for one in sliders[::-1]))
    with pytest.raises(ValueError, match="head"):
        write_character_files(tmp_path, other, sliders[::-1], ["json", "glb"], export_head=head)
    assert list(tmp_path.iterdir()) == []
