"""A head's surface and how its sliders move it, small enough to lie in a page of HTML.

All people of a report share it; report_head.js makes each one's head from their slider values.
Numbers are 16-bit multiples of a step, as base64 of little-endian bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from exports.shown_head import ShownHead, rig_columns
from rig.rig import FloatArray

SMALLEST_STEP = 1e-5
"""Decimetres, a micrometre: offsets below half of it are left out."""

# Of what a framing shows: faces get as high in the picture as in the photos beside it, see
# report_pictures.SHOWN_HEIGHT.
_HEAD_SHOWN, _FACE_SHOWN = 1.08, 1.25

_LARGEST = 32767
_ALIKE = 1e-6  # decimetres: a direction that moves opposite to the other by all but this is one


def head_shapes(head: ShownHead, slider_names: Sequence[str]) -> dict[str, Any]:
    """What JSON needs to hold for a head. v vertices, t triangles.

    Returns:
        vertices: v.
        neutral: {step, data} (v, 3), decimetres from the point that pictures have in their middle.
        height: of what pictures show, decimetres.
        triangles: {bits, data} (t, 3), 16 or 32 bits.
        colours: (v, 3) bytes.
        sliders: for each of `slider_names` its {positive, negative} offsets at values +1 and -1:
            {step, vertices, data}, the moved vertices {bits, data} (null for all) and how far each
            goes (n, 3); null where nothing moves; "opposite" for the other direction's reversed.

    Raises RigError for a slider that the head does not have.
    """
    rig, framing = head.rig, head.framing
    centred = rig.neutral - np.array(framing.centre, np.float32)
    return {
        "vertices": len(rig.neutral),
        "neutral": _steps(centred),
        "height": round(framing.height * (_FACE_SHOWN if head.note else _HEAD_SHOWN), 5),
        "triangles": _numbers(rig.triangles, len(rig.neutral)),
        "colours": _text(np.rint(head.colours * 255).astype(np.uint8)),
        "sliders": [
            _directions(rig.positive[column], rig.negative[column])
            for column in rig_columns(rig, slider_names)
        ],
    }


def _directions(positive: FloatArray, negative: FloatArray) -> dict[str, Any]:
    opposite = negative.any() and np.abs(positive + negative).max() < _ALIKE
    return {
        "positive": _offsets(positive),
        "negative": "opposite" if opposite else _offsets(negative),
    }


def _offsets(offsets: FloatArray) -> dict[str, Any] | None:
    """How far vertices go, (v, 3), without those that stay."""
    step = _step(offsets)
    moved = np.flatnonzero((np.abs(offsets) >= step / 2).any(axis=1))
    if len(moved) == 0:
        return None
    everywhere = len(moved) > 0.7 * len(offsets)  # then the list of vertices takes more room
    return {
        **_steps(offsets if everywhere else offsets[moved], step),
        "vertices": None if everywhere else _numbers(moved, len(offsets)),
    }


def _step(numbers: FloatArray) -> float:
    return max(float(np.abs(numbers).max(initial=0.0)) / _LARGEST, SMALLEST_STEP)


def _steps(numbers: FloatArray, step: float | None = None) -> dict[str, Any]:
    step = step or _step(numbers)
    return {"step": step, "data": _text(np.rint(numbers / step).astype("<i2"))}


def _numbers(numbers: npt.NDArray[Any], count: int) -> dict[str, Any]:
    """Whole numbers 0..count - 1."""
    bits = 16 if count <= 1 << 16 else 32
    return {"bits": bits, "data": _text(numbers.astype(f"<u{bits // 8}"))}


def _text(numbers: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode("ascii")
