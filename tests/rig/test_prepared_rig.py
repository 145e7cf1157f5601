"""A prepared rig's file gives back the rig, and a broken one says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.correspondence import Correspondence
from rig.makehuman import load_expressions, load_makehuman
from rig.prepared_rig import PreparedRig, load_prepared, save_prepared
from rig.rig import RigError, Slider


@pytest.fixture(scope="module")
def prepared(tiny_folder: Path) -> PreparedRig:
    """The tiny rig with landmarks at random, as if it came from a file in inches."""
    rig = load_makehuman(tiny_folder)
    names, expressions = load_expressions(tiny_folder, rig)
    random = np.random.default_rng(4)
    triangles = rig.triangles[random.integers(0, len(rig.triangles), 478)]
    weights = random.dirichlet(np.ones(3), 478).astype(np.float32)
    sliders = (
        Slider("mode", -3.0, 3.0, 0.5, ("mode",)),
        Slider("ends", -1.0, 1.0, 0.0, ("wide_L", "wide_R"), ("narrow_L", "narrow_R")),
        *rig.sliders[2:],
    )
    colours = random.random((len(rig.neutral), 3))
    source = np.arange(len(rig.neutral)) - 100
    return PreparedRig(
        replace(rig, sliders=sliders, colours=colours, source_vertices=np.maximum(source, -1)),
        names,
        expressions,
        tuple((f"{name}_L", f"{name}_R") for name in names),
        Correspondence(triangles, weights),
        random.normal(size=(4, 4)),
        {"jaw sideways": "pushes the face sideways", "Zähne": "named as no shape"},
    )


def test_a_saved_rig_is_loaded_as_it_was(tmp_path: Path, prepared: PreparedRig) -> None:
    path = tmp_path / "deeper" / "prepared.npz"
    save_prepared(prepared, path)
    loaded = load_prepared(path)
    one, other = prepared.rig, loaded.rig
    assert (other.name, other.licence, other.sliders) == (one.name, one.licence, one.sliders)
    assert other.part_names == one.part_names
    for name in ("neutral", "triangles", "parts", "source_vertices", "colours"):
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
    assert list(other.regions) == list(one.regions)
    for name, weights in one.regions.items():
        np.testing.assert_array_equal(other.regions[name], weights)
    # 16 bits keep a hundredth of a millimetre (1e-4 dm) where offsets are below 2 dm.
    for array, same in ((one.negative, other.negative), (one.positive, other.positive)):
        np.testing.assert_allclose(same, array, rtol=1e-3, atol=1e-4)
    assert loaded.expression_names == prepared.expression_names
    assert loaded.expression_targets == prepared.expression_targets
    assert loaded.expressions.dtype == np.float32
    np.testing.assert_allclose(loaded.expressions, prepared.expressions, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(loaded.landmarks.vertices, prepared.landmarks.vertices)
    np.testing.assert_array_equal(loaded.landmarks.weights, prepared.landmarks.weights)
    np.testing.assert_array_equal(loaded.to_source, prepared.to_source)
    assert loaded.left_out == prepared.left_out
    assert [entry.name for entry in path.parent.iterdir()] == ["prepared.npz"]


def test_what_was_loaded_is_saved_to_the_same_bits(tmp_path: Path, prepared: PreparedRig) -> None:
    save_prepared(prepared, tmp_path / "one.npz")
    save_prepared(load_prepared(tmp_path / "one.npz"), tmp_path / "two.npz")
    one, two = (load_prepared(tmp_path / f"{name}.npz") for name in ("one", "two"))
    for name in ("negative", "positive"):
        np.testing.assert_array_equal(getattr(one.rig, name), getattr(two.rig, name))
    np.testing.assert_array_equal(one.expressions, two.expressions)


def test_its_head_is_its_landmarks_turned_to_pictures(prepared: PreparedRig) -> None:
    head = prepared.head
    rig, random = prepared.rig, np.random.default_rng(0)
    values = np.array([random.uniform(one.minimum, one.maximum) for one in rig.sliders])
    strengths = random.random(len(prepared.expression_names))
    mesh = rig.vertices(values) + np.tensordot(
        strengths.astype(np.float32), prepared.expressions, axes=1
    )
    wanted = prepared.landmarks.landmarks(mesh) * [1, -1, -1]
    np.testing.assert_allclose(head.landmarks(values, strengths), wanted, atol=1e-4)
    assert (head.rig, head.licence, head.sliders) == (rig.name, rig.licence, rig.sliders)


def damaged(whole: bytes) -> dict[str, bytes]:
    middle = len(whole) // 2
    return {
        "empty": b"",
        "text": b"a rig",
        "short": whole[:middle],
        "shorter by one": whole[:-1],
        "zeros inside": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "an empty archive": b"PK\x05\x06" + bytes(18),
        "a single array": b"\x93NUMPY\x01\x00",
    }


@pytest.mark.parametrize("damage", damaged(b""))
def test_damaged_files_are_refused_by_name(
    tmp_path: Path, prepared: PreparedRig, damage: str
) -> None:
    path = tmp_path / "prepared.npz"
    save_prepared(prepared, path)
    path.write_bytes(damaged(path.read_bytes())[damage])
    with pytest.raises(RigError, match=r"prepared\.npz cannot be read .* was expected\. Make it"):
        load_prepared(path)


def test_missing_files_and_folders_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(RigError, match=path.name):
            load_prepared(path)


def without(key: str) -> Any:
    return lambda about: about.pop(key)


@pytest.mark.parametrize(
    "change",
    [
        *(without(k) for k in ("name", "sliders", "regions", "expression_targets", "left_out")),
        lambda about: about["sliders"].pop(),
        lambda about: about["regions"].pop(),
        lambda about: about["sliders"][0].update(minimum=9),
        lambda about: about["sliders"][0].update(unknown=9),
        lambda about: about.update(sliders=[3]),
        lambda about: about.update(sliders=None),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, prepared: PreparedRig, change: Any
) -> None:
    path = tmp_path / "odd.npz"
    save_prepared(prepared, path)
    with np.load(path) as file:
        arrays = dict(file)
    about = json.loads(str(arrays["description"]))
    change(about)
    np.savez(path, **{**arrays, "description": np.array(json.dumps(about))})
    with pytest.raises(RigError, match=r"odd\.npz"):
        load_prepared(path)


@pytest.mark.parametrize(
    "name",
    [
        *("neutral", "triangles", "negative", "positive", "region_weights", "colours"),
        *("expression_offsets", "landmark_vertices", "landmark_weights", "to_source"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    tmp_path: Path, prepared: PreparedRig, name: str
) -> None:
    path = tmp_path / "odd.npz"
    save_prepared(prepared, path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, name: arrays[name][:-1]})
    with pytest.raises(RigError, match=r"odd\.npz"):
        load_prepared(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("landmark_vertices", "f4"), ("landmark_weights", "i4"), ("to_source", "?")],
)
def test_arrays_of_another_kind_are_refused(
    tmp_path: Path, prepared: PreparedRig, name: str, kind: str
) -> None:
    path = tmp_path / "odd.npz"
    save_prepared(prepared, path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, name: arrays[name].astype(kind)})
    with pytest.raises(RigError, match="do not fit together"):
        load_prepared(path)
