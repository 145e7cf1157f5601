from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rig.correspondence import Correspondence
from rig.landmark_head import (
    LandmarkHead,
    extract_landmark_head,
    load_landmark_head,
    save_landmark_head,
)
from rig.rig import Rig, RigError
from vision.faces import LANDMARK_COUNT
from vision.mesh_topology import MIRRORED

SHIPPED = Path(__file__).parents[2] / "models" / "head.npz"
LANDMARK_AXES = [1, -1, -1]  # x to the right, y down, z away, from x, y up, z towards the viewer


@pytest.fixture(scope="module")
def correspondence(rig: Rig) -> Correspondence:
    """Any points of the surface."""
    random = np.random.default_rng(1)
    chosen = random.integers(0, len(rig.triangles), 90)
    return Correspondence(
        rig.triangles[chosen], random.dirichlet([1, 1, 1], len(chosen)).astype(np.float32)
    )


@pytest.fixture(scope="module")
def head(rig: Rig, correspondence: Correspondence) -> LandmarkHead:
    return extract_landmark_head(rig, correspondence, ("smile", "frown"), offsets(rig))


def offsets(rig: Rig) -> np.ndarray:
    """Of two expression units that move vertices anywhere."""
    shape = (2, *rig.neutral.shape)
    return np.random.default_rng(2).normal(0, 0.1, shape).astype(np.float32)


def random_values(head: LandmarkHead | Rig, count: int, seed: int = 0) -> np.ndarray:
    low = [slider.minimum for slider in head.sliders]
    high = [slider.maximum for slider in head.sliders]
    return np.random.default_rng(seed).uniform(low, high, (count, len(low)))


def test_landmarks_are_the_points_of_the_moved_mesh(
    rig: Rig, correspondence: Correspondence, head: LandmarkHead
) -> None:
    for values in (np.zeros(len(rig.sliders)), *random_values(rig, 5)):
        expected = correspondence.landmarks(rig.vertices(values)) * LANDMARK_AXES
        np.testing.assert_allclose(head.landmarks(values), expected, atol=1e-4)


def test_an_expression_moves_the_points_as_it_moves_the_mesh(
    rig: Rig, correspondence: Correspondence, head: LandmarkHead
) -> None:
    values = random_values(rig, 3)
    strengths = np.random.default_rng(3).uniform(0, 1, (3, 2))
    mesh = rig.vertices(values) + np.einsum("ne,evc->nvc", strengths, offsets(rig))
    expected = correspondence.landmarks(mesh) * LANDMARK_AXES
    np.testing.assert_allclose(head.landmarks(values, strengths), expected, atol=1e-4)
    np.testing.assert_array_equal(head.landmarks(values, np.zeros((3, 2))), head.landmarks(values))


def test_expression_units_can_be_sliders(head: LandmarkHead) -> None:
    moving = head.with_expression_sliders()
    assert [slider.minimum for slider in moving.sliders[-2:]] == [0, 0]
    assert moving.slider_names[: len(head.sliders)] == head.slider_names
    values, strengths = random_values(head, 4), np.random.default_rng(4).uniform(0, 1, (4, 2))
    np.testing.assert_allclose(
        moving.landmarks(np.concatenate([values, strengths], axis=1)),
        head.landmarks(values, strengths),
        atol=1e-5,
    )
    assert moving.with_expression_sliders().sliders == moving.sliders


def test_a_file_of_before_expressions_were_kept_has_none(
    tmp_path: Path, head: LandmarkHead
) -> None:
    path = tmp_path / "old.npz"
    save_landmark_head(head, path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "expressions"}
    description = json.loads(str(arrays["description"]))
    del description["expressions"]
    np.savez(path, **{**arrays, "description": np.array(json.dumps(description))})
    old = load_landmark_head(path)
    assert old.expression_names == ()
    assert old.with_expression_sliders().sliders == head.sliders
    values = random_values(head, 2)
    np.testing.assert_allclose(old.landmarks(values), head.landmarks(values), atol=0.01)
    np.testing.assert_array_equal(old.landmarks(values, np.zeros((2, 0))), old.landmarks(values))


def test_many_heads_at_once_equal_one_at_a_time(head: LandmarkHead) -> None:
    values = random_values(head, 6)
    together = head.landmarks(values.reshape(2, 3, -1))
    assert together.shape == (2, 3, *head.neutral.shape)
    one_by_one = np.array([head.landmarks(row) for row in values])
    np.testing.assert_allclose(together.reshape(one_by_one.shape), one_by_one, atol=1e-5)


def test_a_head_with_some_sliders_is_the_head_with_the_others_neutral(head: LandmarkHead) -> None:
    chosen = np.arange(len(head.sliders)) % 3 == 1
    some = head.with_sliders(chosen)
    assert some.slider_names == tuple(np.array(head.slider_names)[chosen])
    values = random_values(head, 4) * chosen
    np.testing.assert_allclose(
        some.landmarks(values[:, chosen]), head.landmarks(values), rtol=0, atol=1e-5
    )


def test_a_saved_head_is_loaded_with_the_same_numbers(tmp_path: Path, head: LandmarkHead) -> None:
    path = tmp_path / "head.npz"
    save_landmark_head(head, path)
    loaded = load_landmark_head(path)
    assert (loaded.rig, loaded.licence, loaded.sliders) == (head.rig, head.licence, head.sliders)
    np.testing.assert_array_equal(loaded.neutral, head.neutral)
    assert loaded.expression_names == ("smile", "frown")
    for name in ("negative", "positive", "expressions"):
        half = getattr(head, name).astype(np.float16)
        np.testing.assert_array_equal(getattr(loaded, name), half)
        # 16 bits keep a hundredth of a millimetre (1e-4 dm) where offsets are below 2 dm.
        np.testing.assert_allclose(half, getattr(head, name), rtol=1e-3, atol=1e-4)
    save_landmark_head(loaded, tmp_path / "again.npz")
    again = load_landmark_head(tmp_path / "again.npz")
    values = random_values(head, 3)
    np.testing.assert_array_equal(again.landmarks(values), loaded.landmarks(values))
    assert {entry.name for entry in tmp_path.iterdir()} == {"head.npz", "again.npz"}


def test_the_shipped_head_is_symmetric_and_complete() -> None:
    head = load_landmark_head(SHIPPED)
    assert head.neutral.shape == (LANDMARK_COUNT, 3)
    assert len(set(head.slider_names)) == len(head.slider_names) > 90
    np.testing.assert_allclose(head.neutral[MIRRORED] * [-1, 1, 1], head.neutral, atol=1e-4)
    assert len(head.expression_names) == len(head.expressions) == 25
    assert "mouth-corner-puller" in head.expression_names
    expressions = np.random.default_rng(0).uniform(0, 1, (20, 25))
    landmarks = head.landmarks(random_values(head, 20), expressions)
    np.testing.assert_allclose(landmarks[:, MIRRORED] * [-1, 1, 1], landmarks, atol=0.01)


def damaged(whole: bytes) -> dict[str, bytes]:
    middle = len(whole) // 2
    return {
        "empty": b"",
        "text": b"a head",
        "short": whole[:middle],
        "shorter by one": whole[:-1],
        "zeros inside": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "an empty archive": b"PK\x05\x06" + bytes(18),
    }


@pytest.mark.parametrize("damage", damaged(b""))
def test_damaged_files_are_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "damaged.npz"
    path.write_bytes(damaged(SHIPPED.read_bytes())[damage])
    with pytest.raises(RigError, match=r"damaged\.npz .* expected\. Restore"):
        load_landmark_head(path)


def test_missing_files_and_folders_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(RigError, match=path.name):
            load_landmark_head(path)


@pytest.mark.parametrize(
    "description",
    ["not JSON", "[]", "{}", '{"rig": "a", "licence": "b", "sliders": [3]}', "null"],
)
def test_files_that_describe_no_head_are_refused(tmp_path: Path, description: str) -> None:
    path = tmp_path / "odd.npz"
    arrays = {name: np.zeros((1, 4, 3)) for name in ("negative", "positive")}
    np.savez(path, description=np.array(description), neutral=np.zeros((4, 3)), **arrays)
    with pytest.raises(RigError, match=r"odd\.npz"):
        load_landmark_head(path)


@pytest.mark.parametrize("name", ["neutral", "negative", "positive", "expressions"])
def test_arrays_that_do_not_fit_together_are_refused(
    tmp_path: Path, head: LandmarkHead, name: str
) -> None:
    path = tmp_path / "odd.npz"
    save_landmark_head(replace(head, **{name: getattr(head, name)[:-1]}), path)
    with pytest.raises(RigError, match=r"odd\.npz .* do not fit together"):
        load_landmark_head(path)


def test_a_slider_without_sense_is_refused_with_the_file_named(
    tmp_path: Path, head: LandmarkHead
) -> None:
    path = tmp_path / "odd.npz"
    save_landmark_head(head, path)
    with np.load(path) as file:
        arrays = dict(file)
    text = str(arrays["description"]).replace('"maximum": 1.0', '"maximum": -3.0', 1)
    np.savez(path, **{**arrays, "description": np.array(text)})
    with pytest.raises(RigError, match=r"odd\.npz"):
        load_landmark_head(path)
