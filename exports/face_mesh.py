"""The face mesh as a rig: what is exported of a head where the head itself is not on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rig.landmark_head import LandmarkHead
from rig.rig import Rig

POINTS = 468
"""The face mesh's landmarks on the skin; behind them stand the irises."""

TRIANGLES = Path(__file__).with_name("face_mesh_triangles.json")
"""MediaPipe's face mesh (mediapipe 0.10.21, Apache-2.0): the 852 triangles of its
FACEMESH_TESSELATION, and 46 that close its eyes and its mouth; counter-clockwise from outside."""

# From the axes of landmarks (x right, y down, z away) to those of a rig (y up, z to the viewer).
_AXES = np.array([1, -1, -1], np.float32)


def face_mesh_rig(head: LandmarkHead) -> Rig:
    """A landmark head's 468 points with triangles between them, decimetres."""
    triangles = np.array(json.loads(TRIANGLES.read_text(encoding="utf-8")), np.int32)
    return Rig(
        name=head.rig,
        licence=head.licence,
        sliders=head.sliders,
        neutral=head.neutral[:POINTS] * _AXES,
        triangles=triangles,
        negative=head.negative[:, :POINTS] * _AXES,
        positive=head.positive[:, :POINTS] * _AXES,
        parts=np.zeros(len(triangles), np.uint8),
        part_names=("face mesh preview",),
    )
