from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rig.gltf_head import read_gltf_head
from rig.source_head import SourceHead
from tests.rig.gltf_samples import (
    BYTE,
    TRIANGLE,
    UBYTE,
    USHORT,
    Sample,
    one_triangle,
    primitive_of,
    random_sample,
    simple_sample,
)


def moved(head: SourceHead, weights: dict[str, float]) -> np.ndarray:
    amounts = np.array([weights[name] for name in head.targets])
    return head.vertices + np.einsum("k,kvc->vc", amounts, head.offsets)


def normals(head: SourceHead) -> np.ndarray:
    corners = head.vertices[head.triangles]
    found = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("container", ["glb", "embedded", "beside"])
@pytest.mark.parametrize("seed", range(12))
def test_vertices_are_those_of_a_direct_evaluation(
    tmp_path: Path, seed: int, container: str
) -> None:
    random = np.random.default_rng(seed)
    sample, instances = random_sample(random)
    names = {name for instance in instances for name in instance.targets}
    assert names
    head = read_gltf_head(sample.written(tmp_path / "head.glb", container))
    assert set(head.targets) == names
    for _ in range(3):
        weights = {name: float(random.normal()) for name in names}
        expected = np.concatenate([instance.at(weights) for instance in instances])
        size = np.abs(expected).max()
        np.testing.assert_allclose(moved(head, weights), expected, atol=1e-5 * size)


def test_a_plain_file_comes_as_it_is(tmp_path: Path) -> None:
    sample = simple_sample()
    sample.document["asset"]["copyright"] = "CC0  by\nnobody"
    sample.document["meshes"][0]["weights"] = [0.25, 0]
    head = read_gltf_head(sample.written(tmp_path / "my head.glb"))
    assert head.name == "my_head"
    assert head.licence == "CC0 by nobody"
    assert head.targets == ("smile", "jaw_open")
    assert head.part_names == ("default",)
    assert head.colours.shape == (0, 3)
    assert not head.hidden.any()
    np.testing.assert_array_equal(head.triangles, [[0, 1, 2], [0, 2, 3]])
    np.testing.assert_array_equal(head.weights, [0.25, 0])
    assert head.offsets[0, 1, 0] == 0.5
    assert head.offsets[1, 0, 1] == -0.25
    assert np.count_nonzero(head.offsets) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a b", "c\td"], ("a_b", "c_d")),
        (["smile", "smile"], ("smile", "smile_2")),
        (["smile"], ("smile", "target_001")),
        ([3, None], ("target_000", "target_001")),
        (["", " "], ("target_000", "target_001")),
        (["smile", "smile", "smile_2"], ("smile", "smile_3", "smile_2")),
        ("smile", ("target_000", "target_001")),
        (None, ("target_000", "target_001")),
    ],
)
def test_targets_get_names(tmp_path: Path, given: Any, expected: tuple[str, ...]) -> None:
    sample = Sample()
    mesh = sample.mesh(TRIANGLE, {str(number): TRIANGLE for number in range(len(expected))})
    sample.document["meshes"][mesh]["extras"] = {"targetNames": given}
    sample.show(mesh)
    assert read_gltf_head(sample.written(tmp_path / "head.glb")).targets == expected


def test_extras_may_be_anything_and_names_may_stand_in_a_primitive(tmp_path: Path) -> None:
    sample = one_triangle(extras={"targetNames": ["grin"]})
    sample.document["meshes"][0]["extras"] = ["no", "object"]
    sample.document["nodes"][0]["extras"] = "text"
    assert read_gltf_head(sample.written(tmp_path / "head.glb")).targets == ("grin",)


def test_same_names_are_one_target_and_still_meshes_are_kept(tmp_path: Path) -> None:
    sample = Sample()
    sample.show(sample.mesh(TRIANGLE, {"smile": TRIANGLE, "jaw": -TRIANGLE}))
    sample.show(sample.mesh(TRIANGLE + 1, {}))
    sample.show(sample.mesh(TRIANGLE + 2, {"nose": TRIANGLE, "smile": 2 * TRIANGLE}))
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    assert head.targets == ("smile", "jaw", "nose")
    still = 0 * TRIANGLE
    for name, parts in (
        ("smile", [TRIANGLE, still, 2 * TRIANGLE]),
        ("jaw", [-TRIANGLE, still, still]),
        ("nose", [still, still, TRIANGLE]),
    ):
        row = head.targets.index(name)
        np.testing.assert_array_equal(head.offsets[row], np.concatenate(parts))


def test_primitives_that_share_vertices_share_them_here_too(tmp_path: Path) -> None:
    sample = simple_sample()
    first = primitive_of(sample)
    first["indices"] = sample.accessor([0, 1, 2], UBYTE)
    second = first | {"indices": sample.accessor([0, 2, 3], UBYTE)}
    sample.document["meshes"][0]["primitives"].append(second)
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    assert len(head.vertices) == 4
    np.testing.assert_array_equal(head.triangles, [[0, 1, 2], [0, 2, 3]])


@pytest.mark.parametrize("component", [UBYTE, USHORT, 5125])
def test_indices_of_every_kind(tmp_path: Path, component: int) -> None:
    sample = simple_sample()
    primitive_of(sample)["indices"] = sample.accessor([3, 2, 1], component)
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    np.testing.assert_array_equal(head.triangles, [[3, 2, 1]])


@pytest.mark.parametrize(
    ("mode", "corners", "expected"),
    [
        (4, [0, 1, 2, 2, 1, 3, 0], [[0, 1, 2], [2, 1, 3]]),
        (5, [0, 1, 2, 3, 4], [[0, 1, 2], [1, 3, 2], [2, 3, 4]]),
        (5, [0, 1, 2, 2, 3, 3, 4], [[0, 1, 2]]),  # the rest only joins strips
        (6, [0, 1, 2, 3, 4], [[1, 2, 0], [2, 3, 0], [3, 4, 0]]),
        (None, None, [[0, 1, 2], [3, 4, 5]]),
    ],
)
def test_modes(tmp_path: Path, mode: int | None, corners: Any, expected: Any) -> None:
    sample = Sample()
    points = np.random.default_rng(0).normal(size=(6, 3))
    more = {} if mode is None else {"mode": mode}
    sample.show(sample.mesh(points, {"smile": points}, corners, **more))
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    np.testing.assert_array_equal(head.triangles, expected)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_points_and_lines_are_passed_over(tmp_path: Path, mode: int) -> None:
    sample = simple_sample()
    sample.show(sample.mesh(TRIANGLE + 7, {}, mode=mode))
    assert len(read_gltf_head(sample.written(tmp_path / "head.glb")).vertices) == 4


@pytest.mark.parametrize("scale", [[1, 1, 1], [-1, 1, 1], [-2, 3, -1], [-1, -1, -1]])
def test_triangles_face_outwards_after_a_mirror(tmp_path: Path, scale: list[float]) -> None:
    sample = Sample()
    tetrahedron = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    faces = [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]]
    sample.show(sample.mesh(tetrahedron, {"smile": tetrahedron}, faces), scale=scale)
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    outwards = head.vertices[head.triangles].mean(axis=1)
    assert (np.sum(normals(head) * outwards, axis=1) > 0).all()


def test_weights_of_a_node_come_before_its_meshes(tmp_path: Path) -> None:
    sample = simple_sample()
    sample.document["meshes"][0]["weights"] = [1, 1]
    sample.document["nodes"][0]["weights"] = [0.5, -0.5]
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    np.testing.assert_array_equal(head.weights, [0.5, -0.5])


def test_only_the_default_scene_is_read(tmp_path: Path) -> None:
    sample = simple_sample()
    shown = sample.document["scenes"][0]["nodes"]
    other = sample.show(sample.mesh(TRIANGLE, {"nose": TRIANGLE}))
    shown.remove(other)
    path = tmp_path / "head.glb"
    assert read_gltf_head(sample.written(path)).targets == ("smile", "jaw_open")
    sample.document |= {"scenes": [{"nodes": shown}, {"nodes": [other]}], "scene": 1}
    assert read_gltf_head(sample.written(path)).targets == ("nose",)
    del sample.document["scenes"], sample.document["scene"]
    assert read_gltf_head(sample.written(path)).targets == ("smile", "jaw_open", "nose")


def test_thousands_of_nodes_below_each_other(tmp_path: Path) -> None:
    sample = simple_sample()
    for node in range(1, 5000):
        sample.add("nodes", {"children": [node - 1], "translation": [0, 1, 0]})
    sample.document["scenes"][0]["nodes"] = [4999]
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    np.testing.assert_allclose(head.vertices[0], [0, 4999, 0])


@pytest.mark.parametrize("same", [True, False])
def test_a_skin_stands_as_its_joints_do_and_not_as_its_node(tmp_path: Path, same: bool) -> None:
    """Against a direct evaluation: sum of weight * joint * inverse bind * (point + offset)."""
    random = np.random.default_rng(4)
    sample = Sample()
    points, smile = random.normal(size=(9, 3)), random.normal(size=(9, 3))
    mesh = sample.mesh(points, {"smile": smile})
    joints, moves, inverse = [], [], []
    for number in range(3):
        joint = np.eye(4)
        seed = 0 if same else number
        joint[:3, :3] = Rotation.random(random_state=seed).as_matrix()
        joint[:3, 3] = [seed, 1, 2]
        bind = np.eye(4)
        bind[:3, 3] = [0, -seed, 0.5]
        joints.append(sample.add("nodes", {"matrix": joint.T.ravel().tolist()}))
        inverse.append(bind.T.ravel())
        moves.append(joint @ bind)
    places = random.integers(0, 3, (9, 4))
    amounts = random.uniform(0.1, 1, (9, 4))
    amounts = np.float32(amounts / amounts.sum(axis=1, keepdims=True))
    attributes = primitive_of(sample)["attributes"]
    attributes["JOINTS_0"] = sample.accessor(places, UBYTE)
    attributes["WEIGHTS_0"] = sample.accessor(amounts)
    matrices = sample.accessor(np.array(inverse))
    sample.add("skins", {"joints": joints, "inverseBindMatrices": matrices})
    sample.show(mesh, skin=0, translation=[100, 0, 0])
    sample.document["scenes"][0]["nodes"] += joints
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    blended = np.einsum("vj,vjab->vab", amounts, np.array(moves)[places])
    for weight in (0.0, 0.7):
        expected = np.einsum("vab,vb->va", blended, np.c_[points + weight * smile, np.ones(9)])
        np.testing.assert_allclose(moved(head, {"smile": weight}), expected[:, :3], atol=1e-5)


def test_quantised_normalised_bytes(tmp_path: Path) -> None:
    sample = one_triangle()
    rows = np.array([[-128, -127, 0, 0], [127, 64, 1, 0], [0, 0, 0, 0]], np.int8)
    entry = sample.document["accessors"][0]
    entry |= {"bufferView": sample.view(rows.tobytes(), byteStride=4)}
    entry |= {"componentType": BYTE, "normalized": True}
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    expected = [[-1, -1, 0], [1, 64 / 127, 1 / 127], [0, 0, 0]]
    np.testing.assert_allclose(head.vertices, expected, atol=1e-7)
