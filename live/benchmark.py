"""How fast live prediction is on this computer: every stage, the rate, and the delay."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from live.loop import Limits
from live.screen.display import display_trouble
from live.setup import LivePlan, open_live
from live.state import LiveState
from live.video.sources import Source

SECONDS = 10.0
"""How long each setting is measured."""

_WARM_UP = 2.0  # seconds at the beginning that are not measured
_SIZE = (640, 480)
_RATE = 60.0  # of the video that is made: above what cameras give, so that it is no limit

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "samples" / "head_1.png"
"""The rendered head that stands in for a camera."""

# What is shown, the route to begin with, and whether routes are compared.
_SETTINGS = (("landmarks", False), ("fused", False), ("encoding", False), ("fused", True))


def measure(plan: LivePlan, has_source: bool) -> Iterator[str]:
    """Runs each setting for SECONDS; yields lines of Markdown.

    plan: what is measured; model and limits are set here.
    has_source: whether to use the plan's source; else a rendered head moves in a video.

    Raises what live.setup.open_live does.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(plan.settings, every_frame=False)
        if not has_source:
            path = write_moving_head(Path(folder) / "moving head.avi")
            plan = replace(plan, source=Source("file", str(path)), rendered=True)
        shown = plan.window and display_trouble() is None
        # Without a window the screen is drawn all the same, as for a recorded video.
        plan = replace(
            plan,
            settings=settings,
            window=shown,
            video=not shown,
            record=None,
            limits=Limits(seconds=SECONDS + _WARM_UP),
        )
        yield f"Source: {plan.source.name if has_source else 'a rendered head, 60 frames/s'}."
        yield "The screen is shown." if shown else "No display: the screen is drawn, not shown."
        yield ""
        yield "| shown | frames/s | encodings/s | stage | median ms | 95 % below, ms |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for model, compare in _SETTINGS:
            yield from _measure_one(replace(plan, model=model), compare)


def write_moving_head(path: Path, seconds: float = SECONDS + _WARM_UP + 3) -> Path:
    """A video of a rendered head that moves as a person before a webcam does."""
    import cv2

    picture = cv2.imread(str(SAMPLE))
    width, height = _SIZE
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), _RATE, _SIZE)
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    for number in range(round(seconds * _RATE)):
        along = 2 * np.pi * number / _RATE
        scale = height / picture.shape[0] * (1 + 0.1 * np.sin(along / 7))
        turn = float(6 * np.sin(along / 5))
        matrix = cv2.getRotationMatrix2D(middle, turn, float(scale)).astype(np.float64)
        matrix[0, 2] += width / 2 - middle[0] + 40 * np.sin(along / 3)
        matrix[1, 2] += height / 2 - middle[1] + 15 * np.sin(along / 4)
        writer.write(cv2.warpAffine(picture, matrix, _SIZE, borderMode=cv2.BORDER_REPLICATE))
    writer.release()
    return path


def _measure_one(plan: LivePlan, compare: bool) -> Iterator[str]:
    stages: defaultdict[str, list[float]] = defaultdict(list)
    times: list[float] = []
    encodings: list[int] = []
    begin = time.perf_counter()

    def watch(state: LiveState, seconds: Mapping[str, float]) -> None:
        nonlocal begin
        if not times and not stages:
            begin = time.perf_counter()
            stages["camera to screen"] = []
        if time.perf_counter() - begin < _WARM_UP:
            return
        times.append(time.perf_counter())
        estimate = state.estimate
        encodings.append(estimate.encodings if estimate else 0)
        for stage, took in seconds.items():
            stages[stage].append(took)

    with open_live(plan, lambda message: None, watch) as loop:
        if compare:
            loop.compare()
        loop.run()
    shown = "both routes" if compare else plan.model
    if len(times) < 2:
        yield f"| {shown} | none: no frame came | | | | |"
        return
    passed = times[-1] - times[0]
    rates = f"{(len(times) - 1) / passed:.1f} | {(encodings[-1] - encodings[0]) / passed:.1f}"
    first = f"{shown} | {rates}"
    for stage, values in stages.items():
        low, high = np.quantile(np.array(values) * 1000, [0.5, 0.95])
        yield f"| {first} | {stage} | {low:.1f} | {high:.1f} |"
        first = " | | "
