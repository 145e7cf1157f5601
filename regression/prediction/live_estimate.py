"""What the frames of a video say together of one person's sliders: one frozen record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
        expected = (len(self.slider_names),)
        for name in ("values", "lower", "upper", "told"):
            shape = getattr(self, name).shape
            if shape != expected:
                raise ValueError(
                    f"A live estimate has {name} of shape {shape}; {expected} was expected, one "
                    "per slider. Pass one entry for each slider name."
                )
        # Written so that nan fails too.
        if not ((self.lower <= self.values) & (self.values <= self.upper)).all():
            raise ValueError(
                "A live estimate has values outside their intervals. lower <= value <= upper was "
                "expected for every slider. Correct the call."
            )
