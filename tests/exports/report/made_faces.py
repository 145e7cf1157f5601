"""Predictions of the rig that comes along, for reports, and photos for them; made from a seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exports.shown_head import ShownHead, face_alone
from regression.prediction.prediction import Prediction, RouteValues
from rig.landmark_head import LandmarkHead, load_landmark_head

MODELS = Path(__file__).parents[3] / "models"
NOTE = "The face mesh is shown, not the head."


def landmark_head() -> LandmarkHead:
    return load_landmark_head(MODELS / "head.npz")


def shown_face(head: LandmarkHead) -> ShownHead:
    return face_alone(head, NOTE)


def made_photo(seed: int = 0, height: int = 500, width: int = 400) -> np.ndarray:
    """A smooth picture, as photos are."""
    random = np.random.default_rng(seed)
    corners = random.uniform(40, 220, (2, 2, 3))
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]  # type: ignore[misc]
    weights = np.stack([(1 - down) * (1 - across), (1 - down) * across, down * (1 - across)])
    parts = zip(weights, (corners[0, 0], corners[0, 1], corners[1, 0]), strict=True)
    smooth = sum(weight[..., None] * corner for weight, corner in parts)
    return np.clip(smooth + random.normal(0, 6, (height, width, 1)), 0, 255).astype(np.uint8)


def made_face(head: LandmarkHead, seed: int = 0, **changes: Any) -> Prediction:
    """A face in the middle of made_photo: the neutral head's landmarks, any values."""
    random = np.random.default_rng(seed)
    count = len(head.sliders)
    told = np.arange(count) % 2 == 0

    def values() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value = random.uniform(0.1, 0.9, count).astype(np.float32)
        width = random.uniform(0, 0.3, count).astype(np.float32)
        return value, np.maximum(value - width, 0), np.minimum(value + width, 1)

    value, lower, upper = values()
    flat = head.neutral - head.neutral.mean(axis=0)
    landmarks = (flat * 200 / np.ptp(flat[:, 1]) + (200, 260, 0)).astype(np.float32)
    (left, top), (right, bottom) = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    prediction = Prediction(
        photo=Path(f"photos/{seed:03d}.jpg"),
        face_number=1,
        box=(float(left), float(top), float(right), float(bottom)),
        face_size_pixels=200.0,
        face_size_millimetres=120.0,
        yaw=float(random.normal(0, 10)),
        pitch=float(random.normal(0, 10)),
        roll=float(random.normal(0, 10)),
        quality=("blurred",) if seed % 3 == 2 else (),
        model="fused",
        rig=head.rig,
        slider_names=head.slider_names,
        values=value,
        lower=lower,
        upper=upper,
        told=told,
        landmarks=landmarks,
        encoding=random.normal(0, 0.1, 128).astype(np.float32),
        others=tuple(RouteValues(route, *values(), told) for route in ("encoding", "landmarks")),
    )
    return replace(prediction, **changes)
