"""Predictions for tests of what comes after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from regression.prediction.prediction import Prediction

SLIDERS = 6
TOLD = np.array([True] * 5 + [False])


def make_prediction(photo: str | Path, face_number: int = 1, **changes: Any) -> Prediction:
    """A face whose last slider is not told; `field=value` sets what matters."""
    fields: dict[str, Any] = {
        "values": np.full(SLIDERS, 0.5, np.float32),
        "lower": np.zeros(SLIDERS, np.float32),
        "upper": np.ones(SLIDERS, np.float32),
        "told": TOLD,
        "quality": (),
        "model": "fused",
    } | changes
    return Prediction(
        photo=Path(photo),
        face_number=face_number,
        box=(0, 0, 1, 1),
        face_size_pixels=1,
        face_size_millimetres=1,
        yaw=0,
        pitch=0,
        roll=0,
        rig="rig",
        slider_names=tuple(f"slider {number}" for number in range(SLIDERS)),
        landmarks=np.zeros((478, 3), np.float32),
        **fields,
    )
