"""What a file holds is checked once, where it becomes a SourceHead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.rig import RigError
from rig.source_head import MOST_NUMBERS, SourceHead, check_size

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float64)


def square(**changes: Any) -> SourceHead:
    parts: dict[str, Any] = {
        "name": "square",
        "path": Path("folder/square.glb"),
        "licence": "test only",
        "vertices": SQUARE,
        "triangles": [[0, 1, 2], [0, 2, 3]],
        "parts": [0, 1],
        "part_names": ("skin", "eye"),
        "targets": ("smile", "jawOpen"),
        "offsets": np.stack([SQUARE, -SQUARE]),
        "weights": [0, 1],
    }
    return SourceHead(**parts | changes)


def test_arrays_are_converted_and_cannot_be_written_to() -> None:
    given = SQUARE.astype(np.float32)
    head = square(vertices=given, colours=SQUARE)
    kinds = {"vertices": "<f4", "triangles": "<i4", "parts": "|u1", "offsets": "<f4"}
    kinds |= {"weights": "<f4", "colours": "<f4", "hidden": "|b1"}
    for name, kind in kinds.items():
        array = getattr(head, name)
        assert array.dtype == np.dtype(kind)
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    given[:] = 7  # the caller's own array stays its own
    assert head.hidden.tolist() == [False, False]


def test_colours_may_be_left_out() -> None:
    assert square().colours.shape == (0, 3)
    assert square(colours=SQUARE).colours.shape == (4, 3)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no targets": ({"targets": (), "offsets": np.zeros((0, 4, 3)), "weights": []}, "no morph"),
    "a target without offsets": ({"offsets": SQUARE[None]}, r"offsets of shape \(1, 4, 3\)"),
    "offsets of too few vertices": (
        {"offsets": np.zeros((2, 3, 3))},
        r"offsets of shape \(2, 3, 3\)",
    ),
    "points in a plane": ({"vertices": SQUARE[:, :2]}, r"vertices of shape \(4, 2\)"),
    "polygons": ({"triangles": [[0, 1, 2, 3]], "parts": [0]}, r"triangles of shape \(1, 4\)"),
    "parts of other triangles": ({"parts": [0]}, r"parts of shape \(1,\)"),
    "weights of other targets": ({"weights": [0]}, r"weights of shape \(1,\)"),
    "colours of other vertices": ({"colours": SQUARE[:3]}, r"colours of shape \(3, 3\)"),
    "hidden of other triangles": ({"hidden": [True]}, r"hidden of shape \(1,\)"),
    "vertices that are no numbers": ({"vertices": SQUARE * np.nan}, "vertices that are not finite"),
    "offsets without end": ({"offsets": np.full((2, 4, 3), np.inf)}, "offsets that are not finite"),
    "too large for floats": ({"vertices": SQUARE + 1e300}, "vertices that are not finite"),
    "no triangles": ({"triangles": np.zeros((0, 3)), "parts": []}, "no vertices or no triangles"),
    "a corner not there": ({"triangles": [[0, 1, 2], [0, 2, 4]]}, "vertices that are not there"),
    "a corner below 0": ({"triangles": [[0, 1, 2], [0, 2, -1]]}, "vertices that are not there"),
    "a part without a name": ({"part_names": ("skin",)}, "parts without a name"),
    "two of one name": ({"targets": ("smile", "smile")}, "several targets called smile"),
}


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_three_parts(case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(RigError, match=message) as caught:
        square(**change)
    text = str(caught.value)
    assert text.startswith(str(Path("folder/square.glb")))
    assert "xpected" in text
    assert "Export" in text


def test_what_would_not_fit_memory_is_refused_before_it_is_read() -> None:
    vertices = 10_000
    most = MOST_NUMBERS // 3 // vertices
    check_size(Path("head.glb"), most, vertices)
    with pytest.raises(RigError, match=r"head\.glb has .*At most 100,000,000 .*expected.*Export"):
        check_size(Path("head.glb"), most + 1, vertices)
