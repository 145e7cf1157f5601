"""Which head is exported, and what its sliders are called there."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from exports.export_head import face_mesh_head, head_for_exports, write_glb
from exports.glb_document import pack_document, read_document
from exports.morph_targets import morph_targets, target_weights
from regression.models.model_files import shipped_models
from rig.fetch import ENVIRONMENT_VARIABLE
from rig.gltf_head import read_gltf_head
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.makehuman import load_makehuman
from rig.rig import Rig, RigError, Slider
from tests.exports.foreign_head import foreign_mesh, landmark_head, write_foreign_models
from tests.rig.tiny_rig import write_tiny_makehuman


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory) -> Path:
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="module")
def rig(data_folder) -> Rig:
    return load_makehuman(data_folder)


@pytest.fixture
def models(rig, tmp_path) -> Path:
    """A models folder with a head of its own."""
    return write_foreign_models(tmp_path / "models", foreign_mesh(rig))


@pytest.fixture(autouse=True)
def _no_rig_named(monkeypatch, tmp_path):
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def head_of(rig: Rig, sliders: tuple[Slider, ...]) -> LandmarkHead:
    return landmark_head(sliders, rig.name)


def test_the_file_of_a_trained_rig_comes_first_then_makehuman_then_the_face_mesh(
    rig, data_folder, models, tmp_path
):
    head = head_of(rig, rig.sliders)
    assert head_for_exports(models, data_folder, landmark_head()).kind == "file"
    assert head_for_exports(tmp_path, data_folder, head).kind == "makehuman"
    assert head_for_exports(tmp_path, None, head).kind == "face mesh"
    # MakeHuman's data does not help a rig that is another.
    assert head_for_exports(tmp_path, data_folder, landmark_head()).kind == "face mesh"


def test_a_named_rig_that_is_none_is_an_error_not_a_preview(rig, tmp_path):
    with pytest.raises(RigError, match="not MakeHuman's data folder"):
        head_for_exports(tmp_path, tmp_path, head_of(rig, rig.sliders))


def test_models_of_some_of_the_sliders_leave_the_others_neutral(rig, data_folder, tmp_path):
    chosen = rig.sliders[2:5][::-1]
    head = head_for_exports(tmp_path, data_folder, head_of(rig, chosen))
    values = np.array([0.5, -0.25, 0.75])
    every = np.zeros(len(rig.sliders))
    every[[4, 3, 2]] = values
    np.testing.assert_allclose(head.vertices(values), rig.vertices(every), atol=1e-6)
    other = Slider("ears/none-decr|incr", -1.0, 1.0)
    with pytest.raises(RigError, match="no slider ears/none"):
        head_for_exports(tmp_path, data_folder, head_of(rig, (other,)))


def test_a_file_without_the_sliders_targets_is_refused(models):
    with pytest.raises(RigError, match="no morph target smile"):
        head_for_exports(models, None, landmark_head((Slider("smile", 0.0, 1.0),)))


@pytest.mark.parametrize(
    "damage", [b"", b"glTF", b"solid head", b'{"asset": {"version": "2.0"}, "meshes": [5]}']
)
def test_a_broken_file_is_one_clear_error(models, damage):
    (models / "rig" / "head.glb").write_bytes(damage)
    with pytest.raises(RigError, match=r"head\.glb"):
        head_for_exports(models, None, landmark_head())


def test_values_outside_the_range_count_as_its_ends(models):
    head = head_for_exports(models, None, landmark_head())
    assert head.weights([9, -9, -9, 9]) == {
        "identity000": 3,
        "identity001": -3,
        "noseWide": 0,
        "noseNarrow": 1,
        "brow_down_L": 1,
        "brow_down_R": 1,
    }


@pytest.mark.parametrize("seed", range(5))
def test_weights_times_targets_are_what_the_rig_does(rig, seed):
    random = np.random.default_rng(seed)
    values = np.array([random.uniform(one.minimum, one.maximum) for one in rig.sliders])
    targets = morph_targets(rig.sliders, rig.negative, rig.positive, rig.name)
    weights = target_weights(rig.sliders, values, rig.name)
    assert weights.keys() == targets.keys()
    assert min(weights.values()) >= 0
    moved = rig.neutral + sum(weights[name] * offsets for name, offsets in targets.items())
    np.testing.assert_allclose(moved, rig.vertices(values), atol=1e-6)


def test_a_bent_slider_with_one_name_is_refused(rig):
    bent = (Slider("smile", -1.0, 1.0),)
    with pytest.raises(RigError, match="smile"):
        morph_targets(bent, rig.negative[:1] * 0, rig.positive[3:4], "hero")


def test_the_face_mesh_of_the_shipped_models_has_all_targets():
    landmarks = load_landmark_head(shipped_models() / "head.npz")
    head = face_mesh_head(landmarks)
    (names,) = head.document.target_names
    assert set(names) == set(head.weights(np.zeros(len(head.sliders))))
    assert len(set(names)) == len(names)


def test_a_gltf_with_other_files_becomes_one_glb(models, tmp_path):
    """Buffers and images beside the file, or inside as text, end up in what is exported."""
    whole = read_document(models / "rig" / "head.glb")
    content = json.loads(json.dumps(whole.json))
    cut = content["bufferViews"][3]["byteOffset"]
    (tmp_path / "loose.bin").write_bytes(whole.binary[:cut])
    rest = base64.b64encode(whole.binary[cut:]).decode()
    content["buffers"] = [
        {"uri": "loose.bin", "byteLength": cut},
        {
            "uri": f"data:application/octet-stream;base64,{rest}",
            "byteLength": len(whole.binary) - cut,
        },
    ]
    for number, view in enumerate(content["bufferViews"]):
        if number >= 3:
            view |= {"buffer": 1, "byteOffset": view["byteOffset"] - cut}
    view = content["bufferViews"][content["images"][0].pop("bufferView")]
    start = view["byteOffset"]
    picture = whole.binary[cut + start : cut + start + view["byteLength"]]
    (tmp_path / "skin texture.png").write_bytes(picture)
    content["images"] = [{"uri": "skin%20texture.png"}]
    (tmp_path / "loose.gltf").write_text(json.dumps(content))
    with pytest.raises(RigError, match="needs other files"):
        read_document(tmp_path / "loose.gltf")
    packed = pack_document(tmp_path / "loose.gltf")
    packed.save(tmp_path / "one.glb")
    once, again = map(read_gltf_head, (models / "rig" / "head.glb", tmp_path / "one.glb"))
    np.testing.assert_array_equal(again.vertices, once.vertices)
    np.testing.assert_array_equal(again.offsets, once.offsets)
    image = packed.json["images"][0]
    assert image["mimeType"] == "image/png"
    view = packed.json["bufferViews"][image["bufferView"]]
    assert packed.binary[view["byteOffset"] :][: view["byteLength"]] == picture


def test_one_head_serves_many_files(models, tmp_path):
    """What files share is kept: values of one do not show in the next."""
    head = head_for_exports(models, None, landmark_head())
    for name, values in (("a", [1, 0, 0, 0]), ("b", [0, 0, 0, 1]), ("c", [1, 0, 0, 0])):
        for baked in (False, True):
            write_glb(tmp_path / f"{name}{baked}.glb", head, values, {}, baked)
    for baked in (False, True):
        first, second, third = (
            (tmp_path / f"{name}{baked}.glb").read_bytes() for name in ("a", "b", "c")
        )
        assert first == third != second
