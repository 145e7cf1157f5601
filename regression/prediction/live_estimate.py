"""What the frames of a video say together of one person's sliders: one frozen record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regression.prediction.prediction import check_slider_values


@dataclass(frozen=True, eq=False)
class LiveEstimate:
    """The slider values of one person, from all frames so far. s sliders, in the rig's order.

    Attributes:
        model: the route, "encoding", "landmarks" or "fused".
        rig: the rig's name.
        slider_names: the rig's sliders.
        values: (s,) float32, 0..1 over each slider's range.
        lower, upper: (s,) float32, 0..1, the 90 % interval; 0 and 1 where not told.
        told: (s,) bool; False where a photo cannot tell the slider, and its value is neutral.
        frames: how many frames it comes from.
        encodings: how many encodings of frames; the route `landmarks` has no use for them.
        looks: how many different looks of the face (turned, speaking, ...) were among the frames:
            what narrows the interval. 1 or more.
    """

    model: str
    rig: str
    slider_names: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    told: np.ndarray
    frames: int
    encodings: int
    looks: int

    def __post_init__(self) -> None:
        check_slider_values(
            "A live estimate", self.slider_names, self.values, self.lower, self.upper, self.told
        )
