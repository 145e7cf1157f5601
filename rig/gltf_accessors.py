"""numbers of a glTF 2.0 file: accessors, sparse, interleaved, quantised or normalised.

Specification: Khronos, glTF 2.0, section 3.6.2, and KHR_mesh_quantization.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.gltf_file import COMPRESSIONS, WITHOUT_COMPRESSION, GltfFile
from rig.rig import FloatArray

MOST_ELEMENTS = 30_000_000
"""Of one accessor; one without data costs nothing in the file but memory here."""

_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def element_count(file: GltfFile, index: object, what: str) -> int:
    """How many elements an accessor claims; its data is not looked at. Raises RigError."""
    claimed = file.raw("accessors", index, what).get("count")
    return file.whole(claimed, f"count of accessor {index} ({what})", 1, MOST_ELEMENTS)


def read_numbers(
    file: GltfFile, index: object, what: str, types: Sequence[str], count: int | None = None
) -> FloatArray:
    """An accessor as (n, components) float32, normalised integers as 0..1 or -1..1.

    what: names its use in errors. types: those allowed ("VEC3", ...). count: n, where known.
    Raises RigError for accessors that do not fit, or numbers that are not finite.
    """
    values, normalised = _read(file, index, what, types, count)
    kind = values.dtype
    if normalised and kind.kind in "iu":
        numbers = np.maximum(values / np.iinfo(kind).max, -1).astype(np.float32)
    else:
        numbers = values.astype(np.float32)
    if not np.isfinite(numbers).all():
        file.refuse(f"has numbers that are not finite in accessor {index} ({what})", "numbers")
    return numbers


def read_whole_numbers(
    file: GltfFile, index: object, what: str, types: Sequence[str], count: int | None = None
) -> npt.NDArray[np.int64]:
    """An accessor of unsigned integers as (n, components) int64. Raises RigError."""
    values, _ = _read(file, index, what, types, count)
    if values.dtype.kind != "u":
        file.refuse(f"has other than unsigned integers in accessor {index} ({what})")
    return values.astype(np.int64)


def _read(
    file: GltfFile, index: object, what: str, types: Sequence[str], count: int | None
) -> tuple[npt.NDArray[Any], bool]:
    """The elements as they are stored, and whether they are normalised."""
    from pygltflib import Accessor

    name = f"accessor {index} ({what})"
    found = element_count(file, index, what)
    if count is not None and found != count:
        file.refuse(f"has {found} elements in {name}", f"the same number as vertices, {count}")
    accessor = file.item(Accessor, "accessors", index, what)
    if accessor.type not in types:
        file.refuse(f"has {accessor.type} in {name}", " or ".join(types))
    dtype = _dtype(file, accessor.componentType, name)
    components = _COMPONENTS[accessor.type]
    if accessor.bufferView is None:
        if accessor.sparse is None and any(
            compression in file.entries("extensionsUsed") for compression in COMPRESSIONS
        ):
            file.refuse(f"has compressed data in {name}", "plain data", WITHOUT_COMPRESSION)
        values = np.zeros((found, components), dtype)
    else:
        offset = accessor.byteOffset or 0
        values = _elements(file, accessor.bufferView, offset, dtype, (found, components), name)
    if accessor.sparse is not None:
        sparse = accessor.sparse
        changed = file.whole(sparse.count, f"sparse count of {name}", 0, found)
        if changed and (sparse.indices is None or sparse.values is None):
            file.refuse(f"has no sparse indices or values in {name}")
        if changed:
            places_dtype = _dtype(file, sparse.indices.componentType, f"sparse indices of {name}")
            places = _elements(
                file,
                sparse.indices.bufferView,
                sparse.indices.byteOffset or 0,
                places_dtype,
                (changed, 1),
                f"sparse indices of {name}",
            )[:, 0]
            if places_dtype.kind != "u" or places.max() >= found:
                file.refuse(f"has sparse indices beyond the {found} elements in {name}")
            replaced = _elements(
                file,
                sparse.values.bufferView,
                sparse.values.byteOffset or 0,
                dtype,
                (changed, components),
                f"sparse values of {name}",
            )
            values = values.copy()
            values[places] = replaced
    return values, accessor.normalized is True


def _dtype(file: GltfFile, component_type: object, name: str) -> np.dtype[Any]:
    if not isinstance(component_type, int) or component_type not in _DTYPES:
        file.refuse(
            f"has {component_type} as componentType of {name}",
            f"one of {', '.join(map(str, _DTYPES))}",
        )
    return np.dtype(_DTYPES[component_type])


def _elements(
    file: GltfFile, view: object, offset: object, dtype: np.dtype[Any], shape: Any, name: str
) -> npt.NDArray[Any]:
    """Elements of a bufferView, in place."""
    content, stride = file.view(view, name)
    count, components = shape
    size = dtype.itemsize * components
    stride = stride or size
    if stride < size:
        file.refuse(f"has elements of {size} bytes every {stride} bytes in {name}")
    start = file.whole(offset, f"byteOffset of {name}", 0, 1 << 40)
    needed = start + stride * (count - 1) + size
    if needed > len(content):
        file.refuse(
            f"has {len(content)} bytes in bufferView {view} for {name}",
            f"as its count says, {needed} bytes",
        )
    return np.ndarray(shape, dtype, content, start, (stride, dtype.itemsize))
