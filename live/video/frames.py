"""One picture of a video, and when it was taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        pixels: (height, width, 3) uint8 RGB, as the camera sees it, not mirrored.
        number: 1 for the source's first frame; frames that were passed over count too.
        seconds: since the source's first frame; a file's by its own clock, not by how fast it is
            worked through.
        captured: when it was taken from the source, in seconds of time.perf_counter().
    """

    pixels: np.ndarray = field(repr=False)
    number: int
    seconds: float
    captured: float

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise ValueError(
                f"Frame.pixels is {shape} {self.pixels.dtype}; expected (height, width, 3) uint8 "
                "RGB with at least one pixel; convert it first."
            )
