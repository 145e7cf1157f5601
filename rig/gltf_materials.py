"""Materials of a glTF 2.0 file as colours of vertices, and which vertices are seen through.

Specification: Khronos, glTF 2.0, section 3.9; KHR_texture_transform, KHR_materials_transmission.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.gltf_accessors import read_numbers
from rig.gltf_file import GltfFile
from rig.rig import FloatArray, RigError

MOST_PIXELS = 8192 * 8192
SIDE = 1024  # a vertex takes the mean colour of its surroundings, not one pixel of a large image
SEE_THROUGH = 0.9
"""Opacity below which blended vertices count as glass."""

_CLAMP, _MIRROR = 33071, 33648


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen at n vertices.

    colours: (n, 3) float32 sRGB 0..1, None where a texture cannot be read.
    through: (n,) bool, whether what lies behind is seen.
    """

    colours: FloatArray | None
    through: npt.NDArray[np.bool_]


def material_name(file: GltfFile, index: object) -> str:
    """A material's name; "material_3" where it has none, "default" for a mesh without material."""
    if index is None:
        return "default"
    name = file.raw("materials", index, "a mesh").get("name")
    return name if isinstance(name, str) and name.strip() else f"material_{index}"


def look(file: GltfFile, index: object, attributes: Mapping[str, Any], count: int) -> Look:
    """What a material makes of a mesh's `count` vertices. Raises RigError for broken numbers."""
    from pygltflib import Material

    light = np.ones((count, 4))
    readable = True
    mode, cutoff, glass = "OPAQUE", 0.5, False
    if "COLOR_0" in attributes:
        painted = read_numbers(file, attributes["COLOR_0"], "colours", ["VEC3", "VEC4"], count)
        light[:, : painted.shape[1]] *= np.clip(painted, 0, 1)
    if index is not None:
        material = file.item(Material, "materials", index, "a mesh")
        mode = material.alphaMode
        if isinstance(material.alphaCutoff, int | float):
            cutoff = material.alphaCutoff
        glass = _amount(material.extensions, "KHR_materials_transmission", "transmissionFactor") > 0
        surface = material.pbrMetallicRoughness
        if surface is not None and surface.baseColorFactor:
            factor = file.numbers(surface.baseColorFactor, f"colour of material {index}", 4)
            light *= np.clip(factor, 0, 1)
        if surface is not None and surface.baseColorTexture is not None:
            texture = _texture(file, surface.baseColorTexture, attributes, count)
            readable = texture is not None
            if texture is not None:
                light *= texture
    opacity = light[:, 3]
    through = np.full(count, glass)
    if mode == "BLEND":
        through |= (opacity < SEE_THROUGH) | (not readable)
    elif mode == "MASK":
        through |= opacity < cutoff
    return Look(_to_srgb(light[:, :3]).astype(np.float32) if readable else None, through)


def _amount(extensions: object, name: str, key: str) -> float:
    entry = extensions.get(name) if isinstance(extensions, dict) else None
    value = entry.get(key, 0) if isinstance(entry, dict) else 0
    return value if isinstance(value, int | float) else 0


def _texture(
    file: GltfFile, use: Any, attributes: Mapping[str, Any], count: int
) -> npt.NDArray[np.float64] | None:
    """A texture at the vertices, (n, 4) linear light and opacity; None where it cannot be read."""
    try:
        entry = file.raw("textures", use.index, "a material")
        pixels = _image(file, _source(entry))
        if pixels is None:
            return None
        places, channel = _transformed(use)
        coordinates = read_numbers(
            file, attributes.get(f"TEXCOORD_{channel}"), "texture coordinates", ["VEC2"], count
        )
        at = np.c_[coordinates, np.ones(count)] @ places.T
        sampler = file.raw("samplers", entry["sampler"]) if "sampler" in entry else {}
    except (RigError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # a head without its texture is still a head
    height, width = pixels.shape[:2]
    column = _wrapped(at[:, 0], sampler.get("wrapS"), width)
    row = _wrapped(at[:, 1], sampler.get("wrapT"), height)
    colours = pixels[row, column] / 255.0
    colours[:, :3] = _to_linear(colours[:, :3])
    return np.asarray(colours)


def _source(texture: Mapping[str, Any]) -> object:
    """Which image a texture is; WebP stands in an extension."""
    extensions = texture.get("extensions")
    webp = extensions.get("EXT_texture_webp") if isinstance(extensions, dict) else None
    return webp.get("source") if isinstance(webp, dict) else texture.get("source")


def _transformed(use: Any) -> tuple[npt.NDArray[np.float64], int]:
    """KHR_texture_transform as a (2, 3) matrix, and which texture coordinates are meant."""
    extensions = use.extensions if isinstance(use.extensions, dict) else {}
    change = extensions.get("KHR_texture_transform") or {}
    scale, offset = change.get("scale", [1, 1]), change.get("offset", [0, 0])
    turn = float(change.get("rotation", 0))
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array(
        [
            [cosine * scale[0], sine * scale[1], offset[0]],
            [-sine * scale[0], cosine * scale[1], offset[1]],
        ]
    )
    if not np.isfinite(matrix).all():
        raise ValueError("a texture transform that is not finite")
    return matrix, int(change.get("texCoord", use.texCoord or 0))


def _wrapped(at: npt.NDArray[Any], wrap: object, size: int) -> npt.NDArray[np.int64]:
    """Texture coordinates as pixel indices."""
    if wrap == _CLAMP:
        at = np.clip(at, 0, 1)
    elif wrap == _MIRROR:
        at = 1 - np.abs(at % 2 - 1)
    else:
        at = at % 1.0
    return np.clip((at * size).astype(np.int64), 0, size - 1)


def _image(file: GltfFile, index: object) -> npt.NDArray[np.uint8] | None:
    """An image as (h, w, 4) uint8, at most about SIDE wide and high; None where it is not read."""
    if ("image", str(index)) not in file.remembered:
        file.remembered["image", str(index)] = _decoded(file, index)
    kept: npt.NDArray[np.uint8] | None = file.remembered["image", str(index)]
    return kept


def _decoded(file: GltfFile, index: object) -> npt.NDArray[np.uint8] | None:
    from PIL import Image

    entry = file.raw("images", index, "a texture")
    if isinstance(entry.get("uri"), str):
        content = file.content(entry["uri"])
    else:
        content, _ = file.view(entry.get("bufferView"), f"image {index}")
    try:
        with Image.open(io.BytesIO(bytes(content)), formats=["PNG", "JPEG", "WEBP"]) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            whole = image.convert("RGBA")
            return np.array(whole.reduce(max(1, -(-max(whole.size) // SIDE))))
    except Exception:  # whatever the decoders raise on broken images
        return None


def _to_linear(colours: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """sRGB 0..1 as light (IEC 61966-2-1)."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Light 0..1 as sRGB (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
