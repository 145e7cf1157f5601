"""What is known after a frame of a video: the one record that window and recordings read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from live.video.frames import Frame
from regression.prediction.live_estimate import LiveEstimate
from vision.faces import Face
from vision.pose import NormalisedFace

COMPARED_ROUTES = ("encoding", "landmarks")
"""The routes that stand side by side."""


@dataclass(frozen=True, eq=False)
class LiveState:
    """One frame, and what all frames so far say of the person in it. s sliders.

    Attributes:
        frame: the picture.
        faces: those in it, largest first.
        chosen: which of them is followed; None where there is none.
        pose: the chosen face's pose and size; None where there is none.
        quality: the chosen face's flags, see vision.quality.
        weight: 0..1, what the frame counts for in the estimate; 0 where it was not used.
        person: how many people have sat down so far; 0 before the first face.
        model: the route that is shown, "encoding", "landmarks" or "fused".
        values: (s,) float32, 0..1: the slider values of this frame alone, smoothed over time; None
            without a face, or before the route has all that it needs.
        estimates: what all frames of this person say, by route; only routes that were asked for
            and have all that they need.
        passed_over: how many of the person's frames said too little to be used.
        reason: what most of all makes this frame say little, "turned", "speaking or smiling",
            "blurred", "too small" or "moving fast"; "" where nothing does.
        seconds: stage -> how long it took on this frame; for the benchmark.
    """

    frame: Frame
    faces: tuple[Face, ...]
    chosen: int | None
    pose: NormalisedFace | None
    quality: tuple[str, ...]
    weight: float
    person: int
    model: str
    values: np.ndarray | None
    estimates: Mapping[str, LiveEstimate]
    passed_over: int = 0
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def face(self) -> Face | None:
        """The face that is followed."""
        return None if self.chosen is None else self.faces[self.chosen]

    @property
    def estimate(self) -> LiveEstimate | None:
        """What all frames say by the route that is shown; None where that is not ready."""
        return self.estimates.get(self.model)
