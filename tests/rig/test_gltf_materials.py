from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rig.gltf_head import read_gltf_head
from tests.rig.gltf_samples import (
    TRIANGLE,
    UBYTE,
    USHORT,
    Sample,
    one_triangle,
    primitive_of,
    textured,
)

GREY = {"pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.5, 0.5, 1]}}


def test_a_material_is_a_part(tmp_path: Path) -> None:
    sample = Sample()
    materials = [{"name": "skin"}, {}, {"name": "skin"}]
    for number, material in enumerate(materials):
        sample.add("materials", material)
        sample.show(sample.mesh(TRIANGLE, {"smile": TRIANGLE}, material=number))
    sample.show(sample.mesh(TRIANGLE, {}, material=0))
    sample.show(sample.mesh(TRIANGLE, {}))
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    assert head.part_names == ("skin", "material_1", "skin_2", "default")
    np.testing.assert_array_equal(head.parts, [0, 1, 2, 0, 3])


def test_at_most_255_parts(tmp_path: Path) -> None:
    sample = one_triangle()
    for number in range(300):
        sample.add("materials", {"name": f"m{number}"})
        sample.show(sample.mesh(TRIANGLE, {}, material=number))
    head = read_gltf_head(sample.written(tmp_path / "head.glb"))
    assert len(head.part_names) == 255
    assert head.part_names[:3] == ("default", "m0", "m1")
    assert head.part_names[-1] == "others"
    assert (head.parts[-47:] == 254).all()


def texture(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


FOUR = Image.fromarray(
    np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]], np.uint8)
)


@pytest.mark.parametrize(
    ("coordinates", "more"),
    [
        ([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]], {}),
        ([[1.25, -0.75], [-1.25, 3.25], [0.25, 0.75]], {}),  # it repeats
        ([[-3, -3], [3, -3], [-3, 3]], {"sampler": {"wrapS": 33071, "wrapT": 33071}}),
        ([[1.75, 0.25], [1.25, 0.25], [0.25, 1.25]], {"sampler": {"wrapS": 33648, "wrapT": 33648}}),
        (
            [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]],
            {"extensions": {"KHR_texture_transform": {"scale": [0.5, 0.5]}}},
        ),
        (
            [[0.25, 0.75], [0.25, 0.25], [0.75, 0.75]],
            {"extensions": {"KHR_texture_transform": {"rotation": -np.pi / 2, "offset": [1, 0]}}},
        ),
    ],
)
def test_textures_give_colours(tmp_path: Path, coordinates: Any, more: dict[str, Any]) -> None:
    head = read_gltf_head(textured(texture(FOUR), coordinates, **more).written(tmp_path / "a.glb"))
    expected = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(head.colours, expected, atol=1e-6)


def test_colours_are_srgb_and_multiplied_as_light(tmp_path: Path) -> None:
    coordinates = np.array([[0.75, 0.75], [0.75, 0.75], [0.25, 0.25]]) * 255
    sample = textured(texture(FOUR), coordinates.round(), UBYTE)
    path = tmp_path / "head.glb"
    np.testing.assert_allclose(
        read_gltf_head(sample.written(path)).colours[:2], 128 / 255, atol=1e-6
    )
    surface = sample.document["materials"][0]["pbrMetallicRoughness"]
    surface["baseColorFactor"] = [0.5, 0.5, 0.5, 1]
    painted = np.full((3, 4), [32768, 65535, 65535, 65535])
    primitive_of(sample)["attributes"]["COLOR_0"] = sample.accessor(
        painted, USHORT, normalized=True
    )
    half = (((128 / 255 + 0.055) / 1.055) ** 2.4) / 2
    expected = [1.055 * light ** (1 / 2.4) - 0.055 for light in (half / 2, half, half)]
    np.testing.assert_allclose(read_gltf_head(sample.written(path)).colours[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    "content",
    [
        b"no image",
        texture(FOUR)[:40],
        texture(FOUR, "GIF"),
        texture(Image.new("1", (8200, 8200))),  # more pixels than anybody needs
    ],
)
def test_a_broken_texture_means_no_colours(tmp_path: Path, content: bytes) -> None:
    sample = textured(content, TRIANGLE[:, :2])
    sample.add("materials", GREY)
    sample.show(sample.mesh(TRIANGLE, {}, material=1))
    assert read_gltf_head(sample.written(tmp_path / "head.glb")).colours.shape == (0, 3)


@pytest.mark.parametrize("uri", ["none.png", "http://example.org/a.png", "../a.png", "/etc/passwd"])
def test_a_texture_that_is_not_there_means_no_colours(tmp_path: Path, uri: str) -> None:
    sample = textured(texture(FOUR), TRIANGLE[:, :2])
    sample.document["images"] = [{"uri": uri}]
    assert read_gltf_head(sample.written(tmp_path / "head.glb")).colours.shape == (0, 3)


def test_one_plain_colour_is_none_and_two_are_two(tmp_path: Path) -> None:
    sample = one_triangle(material=0)
    sample.add("materials", GREY)
    path = tmp_path / "head.glb"
    assert read_gltf_head(sample.written(path)).colours.shape == (0, 3)
    sample.show(sample.mesh(TRIANGLE, {}))
    np.testing.assert_allclose(
        read_gltf_head(sample.written(path)).colours[[0, 3]], [[0.735357] * 3, [1, 1, 1]], atol=1e-5
    )


@pytest.mark.parametrize(
    ("material", "hidden"),
    [
        ({"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.3]}}, True),
        ({"alphaMode": "MASK", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.3]}}, True),
        ({"alphaMode": "MASK", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.6]}}, False),
        ({"alphaMode": "BLEND"}, False),  # blended, but nothing shines through
        ({"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.1]}}, False),  # opaque: no alpha
        ({"extensions": {"KHR_materials_transmission": {"transmissionFactor": 0.9}}}, True),
        ({"extensions": {"KHR_materials_transmission": {}}}, False),
    ],
)
def test_what_is_seen_through_is_hidden(
    tmp_path: Path, material: dict[str, Any], hidden: bool
) -> None:
    sample = one_triangle()
    sample.add("materials", material)
    sample.show(sample.mesh(TRIANGLE, {}, material=0))
    path = tmp_path / "head.glb"
    np.testing.assert_array_equal(read_gltf_head(sample.written(path)).hidden, [False, hidden])
    primitive_of(sample)["material"] = 0  # now everything would be
    assert not read_gltf_head(sample.written(path)).hidden.any()
