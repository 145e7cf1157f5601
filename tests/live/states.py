"""Real live states for tests: the heads of data/samples, seen and predicted as a webcam's picture.

Nothing here opens OpenGL; the networks are loaded once per process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from live.state import LiveState
from live.video.frames import Frame
from regression.models.model_files import TrainedModel, load_model, shipped_models
from regression.prediction.live_estimate import LiveEstimate
from rig.landmark_head import LandmarkHead
from tests.conftest import SAMPLES
from vision.encodings import FaceEncoder
from vision.landmarks import FaceLandmarker
from vision.photos import read_photo
from vision.reading import FaceReader, FaceReading

SIZE = (640, 480)
"""Width and height of the frames."""

RATE = 30.0
"""Frames per second of `state_at` and `states`."""


@cache
def sample_state(
    models: tuple[str, ...] | str = ("landmarks",), picture: int = 1, *further: int
) -> LiveState:
    """The state after the first frame that shows the head of data/samples/head_PICTURE.png.

    models: the routes to predict with; the first is the one that is shown.
    further: more heads beside the first, for states with several faces.
    """
    routes = (models,) if isinstance(models, str) else models
    pixels = sample_pixels(picture, *further)
    readings = _reader().read(pixels)
    read = readings[0]
    estimates = {route: _estimate(route, read) for route in routes}
    return LiveState(
        frame=Frame(pixels, number=1, seconds=0.0, captured=0.0),
        faces=tuple(one.face for one in readings),
        chosen=0,
        pose=read.normalised,
        quality=read.quality,
        weight=0.8,
        person=1,
        model=routes[0],
        values=estimates[routes[0]].values,
        estimates=estimates,
    )


def faceless_state() -> LiveState:
    """The state after a frame without a face, before there was any."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    frame = Frame(pixels, number=1, seconds=0.0, captured=0.0)
    return LiveState(frame, (), None, None, (), 0.0, 0, "landmarks", None, {})


def waiting_state(picture: int = 1) -> LiveState:
    """A face is there, and the route still waits for its first encoding."""
    seen = sample_state(("landmarks",), picture)
    return replace(seen, model="encoding", values=None, estimates={})


def state_at(state: LiveState, number: int, **changes: Any) -> LiveState:
    """The same at a later frame, RATE a second; `field=value` sets what else differs."""
    seconds = (number - 1) / RATE
    frame = replace(state.frame, number=number, seconds=seconds, captured=seconds)
    return replace(state, frame=frame, **changes)


def settled(state: LiveState, frames: int, looks: int = 1, shrink: float = 1.0) -> LiveState:
    """The same with estimates from more frames and looks; their intervals `shrink` as wide."""
    estimates = {
        route: replace(
            one,
            frames=frames,
            encodings=one.encodings and frames,
            looks=looks,
            lower=np.where(one.told, one.values - shrink * (one.values - one.lower), one.lower),
            upper=np.where(one.told, one.values + shrink * (one.upper - one.values), one.upper),
        )
        for route, one in state.estimates.items()
    }
    return replace(state, estimates=estimates)


def sample_pixels(*pictures: int) -> np.ndarray:
    """(480, 640, 3) uint8 RGB: heads of data/samples side by side on grey."""
    import cv2

    width, height = SIZE
    pixels = np.full((height, width, 3), 110, np.uint8)
    side = min(height, width // len(pictures))
    for place, picture in enumerate(pictures):
        photo = read_photo(SAMPLES / f"head_{picture}.png")
        left = (width - side * len(pictures)) // 2 + place * side
        top = (height - side) // 2
        head = cv2.resize(photo.pixels, (side, side), interpolation=cv2.INTER_AREA)
        pixels[top : top + side, left : left + side] = head
    return pixels


def sample_head() -> LandmarkHead:
    """The sliders of all states, in their order, and their rig's licence."""
    return _model("landmarks").head


def average_values(pictures: Sequence[int] = range(1, 9)) -> np.ndarray:
    """(s,) float32: the mean of the heads' values, for what compares with an average."""
    estimates = [sample_state(("landmarks",), picture).estimate for picture in pictures]
    return np.mean([one.values for one in estimates if one is not None], axis=0)


@cache
def _reader() -> FaceReader:
    return FaceReader(FaceLandmarker(), FaceEncoder(), quick=True)


@cache
def _model(route: str) -> TrainedModel:
    return load_model(shipped_models(), route)


def _estimate(route: str, reading: FaceReading) -> LiveEstimate:
    model = _model(route)
    values = model.predict(reading.features(model.reads, model.landmarker)[None], rendered=True)
    lower, upper = model.bounds(values, rendered=True)
    return LiveEstimate(
        model=route,
        rig=model.head.rig,
        slider_names=model.head.slider_names,
        values=values[0],
        lower=lower[0],
        upper=upper[0],
        told=model.told_on(rendered=True),
        frames=1,
        encodings=0 if route == "landmarks" else 1,
        looks=1,
    )
