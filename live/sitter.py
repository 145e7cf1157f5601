"""Who sits before the camera: whose each frame is, and what their frames add up to."""

from __future__ import annotations

from collections import deque

import numpy as np

from live.encoding_worker import EncodedFace, EncodingWorker
from live.seen_face import SeenFace
from live.video.frames import Frame
from regression.prediction.face_accumulator import FaceAccumulator, UsedFrame
from regression.prediction.grouping import PERSON_DISTANCE

# One encoding may go astray: so many in a row, each far from the person's mean, are another person.
_STRANGE_ENCODINGS = 3

# Frames wait for the next encoding to say whose they are. Where none comes they are taken in the
# end: more would fill the memory.
_MOST_WAITING = 60


class Sitter:
    """One person's frames.

    number: 1 for the first who sat down.
    frames: the sum of their frames.
    best: the frame that weighs most, and the face in it; None before the first.
    latest_encoding: (128,) float32; None before the first.
    passed_over: how many of their frames said too little to be used.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.frames = FaceAccumulator()
        self.best: tuple[Frame, SeenFace] | None = None
        self.latest_encoding: np.ndarray | None = None
        self.passed_over = 0

    def count_in(self, frame: Frame, seen: SeenFace) -> None:
        """The frame is this person's."""
        self.frames.add(UsedFrame(seen.features, seen.weight, seen.look, frame.seconds))
        if self.best is None or seen.weight > self.best[1].weight:
            self.best = frame, seen

    def count_in_encoding(self, encoded: EncodedFace) -> None:
        """The encoding is this person's."""
        self.frames.add_encoding(encoded.encoding, encoded.weight)
        self.latest_encoding = encoded.encoding


class Sitters:
    """Gives each frame to the person whose it is, which encodings tell.

    sitter: who sits there now, or sat there last.
    """

    def __init__(self, worker: EncodingWorker | None, encode_every: int = 1) -> None:
        """Nobody sits there yet.

        Args:
            worker: encodes; its owner closes it. Without one, another person is not noticed.
            encode_every: at most one of so many frames is encoded.
        """
        self.sitter = Sitter(1)
        self._worker, self._encode_every = worker, encode_every
        # Frames of which it is not known yet whose they are, and encodings unlike the person's.
        self._waiting: deque[tuple[Frame, SeenFace]] = deque()
        self._strange: list[EncodedFace] = []
        self._last_given = -encode_every
        self._ignored = self._last_given  # encodings of frames up to this one come too late
        self._departed: list[Sitter] = []

    def use(self, frame: Frame, seen: SeenFace) -> None:
        """Takes a frame of whoever sits there now."""
        if seen.weight == 0:
            self.sitter.passed_over += 1
            return
        self._waiting.append((frame, seen))
        if self._worker is None or len(self._waiting) > _MOST_WAITING:
            self.sitter.count_in(*self._waiting.popleft())
        if self._worker is not None and frame.number >= self._last_given + self._encode_every:
            self._last_given = frame.number
            self._worker.give(frame.pixels, seen.face, frame.number, seen.weight)

    def judge(self) -> None:
        """Looks at what was encoded meanwhile: the same person's frames count, another's begin."""
        for encoded in self._worker.take() if self._worker is not None else ():
            if encoded.frame_number <= self._ignored:
                continue
            mean = self.sitter.frames.encoding
            if mean is None or np.linalg.norm(encoded.encoding - mean) < PERSON_DISTANCE:
                self._strange = []
                self._confirm(encoded)
                continue
            self._strange.append(encoded)
            if len(self._strange) >= _STRANGE_ENCODINGS:
                self._seat_stranger()

    def restart(self) -> None:
        """Begins anew as for another person, unless nothing was seen of this one yet."""
        if self.sitter.frames.frames or self._waiting:
            self._seat_next()
            self._ignored = self._last_given

    def take_departed(self) -> list[Sitter]:
        """Those who were followed by another since the last call."""
        departed, self._departed = self._departed, []
        return departed

    def _confirm(self, encoded: EncodedFace) -> None:
        """The encoding is the person's, and so are the frames up to it."""
        while self._waiting and self._waiting[0][0].number <= encoded.frame_number:
            self.sitter.count_in(*self._waiting.popleft())
        self.sitter.count_in_encoding(encoded)

    def _seat_stranger(self) -> None:
        """Another person sits there since the first strange encoding."""
        strange, waiting = self._strange, self._waiting
        self._seat_next()
        self._waiting.extend(one for one in waiting if one[0].number >= strange[0].frame_number)
        for encoded in strange:
            self._confirm(encoded)

    def _seat_next(self) -> None:
        self._departed.append(self.sitter)
        self.sitter = Sitter(self.sitter.number + 1)
        self._waiting, self._strange = deque(), []
