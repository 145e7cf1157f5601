from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.obj_folder import find_neutral, obj_files, read_obj_folder
from rig.rig import RigError

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
FACES = "f 1 2 3 4\n"


def text(points: Any, faces: str = FACES) -> str:
    return "".join("v " + " ".join(map(repr, map(float, row))) + "\n" for row in points) + faces


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.obj").write_text(content)
    return folder


@pytest.mark.parametrize("seed", range(5))
def test_vertices_are_those_of_a_direct_evaluation(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 50))
    neutral = random.normal(size=(count, 3))
    shapes = {f"shape{n}": neutral + 0.1 * random.normal(size=(count, 3)) for n in range(12)}
    # Targets need no faces, and may say more than their vertices.
    texts = {
        name: f"# {name}\no a\n{text(points, '')}vn 0 0 1\n" for name, points in shapes.items()
    }
    head = read_obj_folder(write(tmp_path, neutral=text(neutral), **texts))
    assert head.targets == tuple(f"shape{number}" for number in range(12))  # 2 before 10
    weights = random.normal(size=12)
    expected = neutral + sum(
        weight * (shapes[name] - neutral)
        for name, weight in zip(head.targets, weights, strict=True)
    )
    found = head.vertices + np.einsum("k,kvc->vc", weights, head.offsets)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(head.weights, np.zeros(12))


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ("f 1 2 3\n", [[0, 1, 2]]),
        ("f 1/1/1 2//5 3/7\r\n", [[0, 1, 2]]),
        ("f 1 2 3 4 # a quad\n", [[0, 1, 2], [0, 2, 3]]),
        ("f -4 -3 -2\n", [[0, 1, 2]]),
        ("  f\t1\t2  3\nl 1 2\np 1\n", [[0, 1, 2]]),
        ("f 5 4 3 2 1\nv 9 9 9\nf -1 1 2\n", [[4, 3, 2], [4, 2, 1], [4, 1, 0], [4, 0, 1]]),
    ],
)
def test_faces(tmp_path: Path, faces: str, expected: Any) -> None:
    extra = "v 9 9 9\n" if "5 4" in faces else ""
    if extra:
        faces = faces.replace("v 9 9 9\n", "")
        faces = extra + faces
    base = text(SQUARE, faces)
    head = read_obj_folder(write(tmp_path, base=base, smile=base))
    np.testing.assert_array_equal(head.triangles, expected)


def test_materials_are_parts_and_colours(tmp_path: Path) -> None:
    faces = "mtllib plain.mtl\nusemtl skin\nf 1 2 3\nusemtl a lens\nf 1 3 4\nusemtl skin\nf 2 3 4\n"
    lines = "newmtl skin\nKd 0.5 0.25 0.125\nnewmtl a lens\nKd 0 0 0\nd 0.25\nnewmtl unused\nTr 1\n"
    (tmp_path / "plain.mtl").write_text(lines)
    head = read_obj_folder(write(tmp_path, base=text(SQUARE, faces), smile=text(SQUARE)))
    assert head.part_names == ("skin", "a lens")
    np.testing.assert_array_equal(head.parts, [0, 1, 0])
    np.testing.assert_array_equal(head.hidden, [False, True, False])
    assert head.colours.shape == (0, 3)  # what is visible has one plain colour
    (tmp_path / "plain.mtl").write_text(lines.replace("d 0.25\n", ""))
    head = read_obj_folder(tmp_path)
    np.testing.assert_allclose(head.colours[1], [0.5, 0.25, 0.125])
    (tmp_path / "plain.mtl").write_text(lines.replace("d 0.25", "map_Kd skin.png"))
    assert read_obj_folder(tmp_path).colours.shape == (0, 3)


@pytest.mark.parametrize("scale", [1, 255])
def test_vertices_may_have_colours(tmp_path: Path, scale: float) -> None:
    colours = np.eye(4)[:, :3]
    base = text(np.c_[SQUARE, colours * scale])
    head = read_obj_folder(write(tmp_path, base=base, smile=text(SQUARE)))
    np.testing.assert_allclose(head.colours, colours)


@pytest.mark.parametrize(
    ("names", "neutral"),
    [
        (["Neutral", "smile", "base"], "Neutral"),
        (["smile", "Base"], "Base"),
        (["HEAD", "jaw"], "HEAD"),
        (["generic_neutral_mesh", "browDown_L", "identity000"], "generic_neutral_mesh"),
        (["AnnaNeutral", "AnnaSmile"], "AnnaNeutral"),
        (["Anna", "Anna_smile", "Anna_jaw"], "Anna"),
    ],
)
def test_the_neutral_head_is_found(tmp_path: Path, names: list[str], neutral: str) -> None:
    write(tmp_path, **dict.fromkeys(names, "v 0 0 0\n"))
    assert find_neutral(tmp_path, obj_files(tmp_path)).stem == neutral


@pytest.mark.parametrize(
    "names",
    [[], ["smile"], ["smile", "jaw"], ["a_neutral", "b_neutral"], ["nose_base", "smile"]],
)
def test_no_clear_neutral_head_is_said(tmp_path: Path, names: list[str]) -> None:
    write(tmp_path, **dict.fromkeys(names, "v 0 0 0\n"))
    with pytest.raises(RigError, match="clearly the neutral head.*Expected.*Rename"):
        read_obj_folder(tmp_path)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (text(SQUARE[:3]), "broken.obj has 3 vertices, neutral.obj has 4"),
        ("", "broken.obj has no vertices"),
        ("v 0 0\n" * 4, "broken.obj has vertices of 2 numbers"),
        ("v 0 0 0\nv 1 1\nv 1 1 1\nv 2 2 2\n", "broken.obj has vertices that are no numbers"),
        ("v 0 0 x\n" * 4, "broken.obj has vertices that are no numbers"),
        ("v 0 0 nan\n" * 4, "broken.obj has vertices that are not finite"),
        ("v 0 0 1e99\n" * 4, "broken.obj has vertices that are not finite"),
        (text(100 * SQUARE), "broken.obj moves half of all vertices"),
        (text(SQUARE + 9), "broken.obj moves half of all vertices"),
    ],
)
def test_a_broken_target_is_named(tmp_path: Path, broken: str, message: str) -> None:
    write(tmp_path, neutral=text(SQUARE), fine=text(SQUARE), broken=broken)
    with pytest.raises(RigError, match=message) as caught:
        read_obj_folder(tmp_path)
    assert ". Expected " in str(caught.value)
    assert "Export" in str(caught.value)


@pytest.mark.parametrize(
    "face", ["1 2", "1 2 5", "0 1 2", "-5 1 2", "a b c", "1 2 x", "", "1.5 2 3"]
)
def test_a_broken_face_is_named_with_its_line(tmp_path: Path, face: str) -> None:
    write(tmp_path, neutral=text(SQUARE, f"f {face}\n"), smile=text(SQUARE))
    with pytest.raises(RigError, match=r"neutral\.obj, line 5, has a face.*Expected"):
        read_obj_folder(tmp_path)


def test_a_neutral_head_alone_has_no_targets(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="no morph targets"):
        read_obj_folder(write(tmp_path, neutral=text(SQUARE)))


def test_hidden_files_and_others_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "my rig"
    folder.mkdir()
    write(folder, neutral=text(SQUARE), **{"my smile": text(SQUARE), "._smile": "binary"})
    (folder / "notes.txt").write_text("hello")
    (folder / "JAW.OBJ").write_text(text(SQUARE))
    head = read_obj_folder(folder)
    assert head.name == "my_rig"
    assert head.targets == ("JAW", "my_smile")
