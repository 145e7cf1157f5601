"""The frames of a video of one person, added up into one estimate of the sliders.

A face's shape does not change while someone talks, so its features are averaged, frames that say
more weighing more, and the sliders are predicted from the mean. docs/webcam.md says what the
interval promises.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

import numpy as np

from regression.models.model_files import TrainedModel
from regression.prediction.live_estimate import LiveEstimate
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES, encoding_width
from vision.frame_weight import Look

BLOCK_SECONDS = 0.5
"""Frames that are closer err alike: what varies is counted in blocks of this length."""

FRAME_NOISE = 0.3
"""How far a frame of any expression lies from the person's neutral face: standard deviation in half
widths of the slider's interval. So far the smiles of 52 people move their sliders. It is assumed of
a person until there are blocks enough to see how much theirs vary."""

_ASSUMED_BLOCKS = 4.0  # what FRAME_NOISE weighs beside the person's own blocks
_KEPT_BLOCKS = 120  # the last minute: enough to see how much they vary, and memory stays flat
_LONGEST_FRAME = 0.1  # seconds; a frame says no more, however slowly the next one comes

_LOOK_FRAMES = 3  # a look of fewer frames may be a slip of the network
_MOST_LOOKS = 1000

_DEVIATIONS = 1.645  # of a normal distribution, to either side of 90 %

_WIDTH = len(ENCODING_FEATURES) + len(LANDMARK_FEATURES)


@dataclass(frozen=True, eq=False)
class UsedFrame:
    """One frame of the person.

    Attributes:
        features: (len(LANDMARK_FEATURES),) float32.
        weight: above 0, up to 1, see vision.frame_weight.
        look: see vision.frame_weight.
        seconds: when it was taken; frames come in order.
    """

    features: np.ndarray
    weight: float
    look: Look
    seconds: float


class FaceAccumulator:
    """Adds up the frames of one person. Memory does not grow with their number."""

    def __init__(self) -> None:
        self.frames = 0
        self.encodings = 0
        self._landmarks = _Mean(len(LANDMARK_FEATURES))
        self._encodings = _Mean(len(ENCODING_FEATURES))
        self._looks: Counter[Look] = Counter()
        # Weights times seconds in blocks: how many perfect blocks all frames are worth.
        self._worth = 0.0
        self._last_seconds: float | None = None
        self._block = _Block()
        self._blocks: deque[tuple[np.ndarray, float]] = deque(maxlen=_KEPT_BLOCKS)
        self._block_number = 0
        self._variances: dict[str, tuple[int, np.ndarray]] = {}

    @property
    def encoding(self) -> np.ndarray | None:
        """(128,) float32, the mean of the encodings; None before the first."""
        return self._encodings.value if self.encodings else None

    @property
    def looks(self) -> int:
        """How many different looks of the face were seen, at least 1."""
        return max(1, sum(count >= _LOOK_FRAMES for count in self._looks.values()))

    def add(self, frame: UsedFrame) -> None:
        """Adds a frame.

        Raises ValueError for a weight that is not above 0 and up to 1, or features that are not
        finite.
        """
        if not 0 < frame.weight <= 1 or not np.isfinite(frame.features).all():
            raise ValueError(
                f"A frame of weight {frame.weight} came in; a weight above 0 and up to 1, and "
                "finite features, were expected. Leave out frames that say nothing."
            )
        if self._block.begin is not None and not (
            0 <= frame.seconds - self._block.begin < BLOCK_SECONDS
        ):
            self._close_block()
        self.frames += 1
        self._landmarks.add(frame.features, frame.weight)
        self._block.add(frame)
        if frame.look in self._looks or len(self._looks) < _MOST_LOOKS:
            self._looks[frame.look] += 1
        if self._last_seconds is not None:
            passed = min(max(frame.seconds - self._last_seconds, 0.0), _LONGEST_FRAME)
            self._worth += frame.weight * passed / BLOCK_SECONDS
        self._last_seconds = frame.seconds

    def add_encoding(self, encoding: np.ndarray, weight: float) -> None:
        """Adds the encoding (128,) of one of the frames, with that frame's weight."""
        self.encodings += 1
        self._encodings.add(encoding, weight)
        self._block.encodings.add(encoding, weight)

    def features(self, route: str, landmarks: np.ndarray | None = None) -> np.ndarray | None:
        """The mean features of a route, float32; None before it has all that it needs.

        landmarks: (len(LANDMARK_FEATURES),), to take the place of the mean of all frames.
        """
        if not self.frames or (encoding_width(route) and not self.encodings):
            return None
        seen = self._landmarks.value if landmarks is None else landmarks
        return np.concatenate([self._encodings.value, seen])[_columns(route)]

    def estimate(self, model: TrainedModel, rendered: bool = False) -> LiveEstimate | None:
        """What all frames so far say; None before the model's route has all that it needs.

        The interval is the model's, for as many photos as there were looks, and for the error of
        the mean that the frames' own variation leaves.

        Args:
            model: one that reads the face mesh alone.
            rendered: whether the pictures are of rendered heads.
        """
        features = self.features(model.route)
        if features is None:
            return None
        values = model.predict(features[None], rendered)[0]
        intervals = model.rendered_intervals if rendered else model.intervals
        told = model.told_on(rendered)
        lower, upper = intervals.bounds(values, self.looks)
        # A single frame is a block of its own, as far as one frame goes.
        worth = max(self._worth, self._landmarks.weight / self.frames)
        noise = _DEVIATIONS * np.sqrt(self._variance(model, rendered) / worth)
        centre = values.astype(np.float64)
        lower = centre - np.hypot(centre - lower, noise)
        upper = centre + np.hypot(upper - centre, noise)
        return LiveEstimate(
            model=model.route,
            rig=model.head.rig,
            slider_names=model.head.slider_names,
            values=values,
            lower=np.where(told, np.clip(lower, 0, values), 0).astype(np.float32),
            upper=np.where(told, np.clip(upper, values, 1), 1).astype(np.float32),
            told=told,
            frames=self.frames,
            encodings=self.encodings,
            looks=self.looks,
        )

    def _variance(self, model: TrainedModel, rendered: bool) -> np.ndarray:
        """(s,) variance of a perfect block's values about the person's."""
        number, variance = self._variances.get(model.route, (-1, np.zeros(0)))
        if number != self._block_number:
            intervals = model.rendered_intervals if rendered else model.intervals
            assumed = np.square(FRAME_NOISE * intervals.half_widths)
            total, count = _ASSUMED_BLOCKS * assumed, _ASSUMED_BLOCKS
            if len(self._blocks) > 1:
                rows, weights = (np.array(part) for part in zip(*self._blocks, strict=True))
                # A block without an encoding of its own has the person's.
                unknown = np.isnan(rows)
                rows[unknown] = np.broadcast_to(self._person, rows.shape)[unknown]
                values = model.predict(rows[:, _columns(model.route)].astype(np.float32), rendered)
                mean = weights @ values / weights.sum()
                total = total + weights @ np.square(values - mean)
                count += len(rows) - 1
            variance = total / count
            self._variances[model.route] = (self._block_number, variance)
        return variance

    @property
    def _person(self) -> np.ndarray:
        return np.concatenate([self._encodings.value, self._landmarks.value])

    def _close_block(self) -> None:
        self._blocks.append((self._block.features, self._block.weight))
        self._block_number += 1
        self._block = _Block()


class _Mean:
    """The weighted mean of vectors that come one by one."""

    def __init__(self, width: int) -> None:
        self.weight = 0.0
        self._sum = np.zeros(width)

    def add(self, vector: np.ndarray, weight: float) -> None:
        self.weight += weight
        self._sum += weight * vector

    @property
    def value(self) -> np.ndarray:
        """float32; nan before the first vector."""
        if not self.weight:
            return np.full(len(self._sum), np.nan, np.float32)
        return np.asarray(self._sum / self.weight, np.float32)


class _Block:
    """Half a second of frames."""

    def __init__(self) -> None:
        self.begin: float | None = None
        self.encodings = _Mean(len(ENCODING_FEATURES))
        self._landmarks = _Mean(len(LANDMARK_FEATURES))
        self._frames = 0

    def add(self, frame: UsedFrame) -> None:
        if self.begin is None:
            self.begin = frame.seconds
        self._frames += 1
        self._landmarks.add(frame.features, frame.weight)

    @property
    def weight(self) -> float:
        """The mean of its frames'."""
        return self._landmarks.weight / self._frames

    @property
    def features(self) -> np.ndarray:
        """Encoding (nan without one) and landmark features."""
        return np.concatenate([self.encodings.value, self._landmarks.value])


def _columns(route: str) -> slice:
    """Where a route's features stand in encoding and landmark features, put together."""
    begin = 0 if encoding_width(route) else len(ENCODING_FEATURES)
    return slice(begin, len(ENCODING_FEATURES) if route == "encoding" else _WIDTH)
