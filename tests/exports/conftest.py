"""Predictions to export: numbers of every size, made from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression.prediction.prediction import Prediction
from rig.rig import Slider

SLIDERS = (
    Slider("nose/nose-scale-horiz-decr|incr", -1.0, 1.0),
    Slider(
        "eyes/l-eye-scale-decr|incr",
        -1.0,
        1.0,
        0.0,
        ("eyes/r-eye-scale-decr|incr", "eyes/l-eye-scale-decr|incr"),
    ),
    Slider("head/head-round", 0.0, 1.0),
    Slider("chin/chin-width-decr|incr", -1.0, 1.0),
)


@pytest.fixture
def sliders() -> tuple[Slider, ...]:
    """Two-sided, one-sided and twin sliders, named as MakeHuman names them."""
    return SLIDERS


@pytest.fixture
def make_prediction() -> Callable[..., Prediction]:
    """A prediction of these sliders; `make_prediction(seed, field=value)` sets what matters."""

    def make(seed: int = 0, **changes: Any) -> Prediction:
        random = np.random.default_rng(seed)
        landmarks = random.normal((300, 200, 0), (60, 80, 30), (478, 3)).astype(np.float32)
        left, top = landmarks[:468, :2].min(axis=0)
        right, bottom = landmarks[:468, :2].max(axis=0)
        values = random.uniform(0, 1, len(SLIDERS)).astype(np.float32)
        told = random.uniform(size=len(SLIDERS)) < 0.5
        predicted = changes.get("values", values)
        prediction = Prediction(
            photo=Path(f"photos/{seed}.jpg"),
            face_number=1,
            box=(float(left), float(top), float(right), float(bottom)),
            face_size_pixels=float(random.uniform(20, 4000)),
            face_size_millimetres=float(random.uniform(90, 150)),
            yaw=float(random.normal(0, 20)),
            pitch=float(random.normal(0, 20)),
            roll=float(random.normal(0, 20)),
            quality=("too_small", "blurred") if seed % 2 else (),
            model="fused",
            rig="makehuman",
            slider_names=tuple(slider.name for slider in SLIDERS),
            values=predicted,
            lower=predicted - random.uniform(0, 1, len(SLIDERS)).astype(np.float32),
            upper=predicted + random.uniform(0, 1, len(SLIDERS)).astype(np.float32),
            told=told,
            landmarks=landmarks,
        )
        return replace(prediction, **changes)

    return make
