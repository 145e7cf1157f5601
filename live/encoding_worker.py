"""Encodes faces of a video on a thread of its own, as fast as it can and no faster."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Self

import numpy as np

from vision.encodings import FaceEncoder
from vision.faces import Face

# Rests, so that two cores are left to what people see: some ten encodings a second tell all that
# frames so near to each other can.
_REST = 3.0  # times as long as it worked
_LEAST_REST = 0.06  # seconds


@dataclass(frozen=True, eq=False)
class EncodedFace:
    """What became of a face that was given to the worker.

    Attributes:
        frame_number: of the frame it was in.
        weight: that frame's.
        encoding: (128,) float32.
        seconds: how long the encoding took.
    """

    frame_number: int
    weight: float
    encoding: np.ndarray
    seconds: float


class EncodingWorker:
    """One face at a time; a newer one takes the place of one that still waits.

    threaded: False encodes at once, in `give` itself, which makes results repeatable.
    """

    def __init__(self, encoder: FaceEncoder, threaded: bool = True) -> None:
        self._encoder = encoder
        self._condition = threading.Condition()
        self._waiting: tuple[np.ndarray, Face, int, float] | None = None
        self._done: list[EncodedFace] = []
        self._error: Exception | None = None
        self._open = True
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._work, name="encoding", daemon=True)
            self._thread.start()

    def give(self, pixels: np.ndarray, face: Face, frame_number: int, weight: float) -> None:
        """Hands over a face; pixels (height, width, 3) uint8 RGB are not to be written to after."""
        if self._thread is None:
            self._done.append(self._encode(pixels, face, frame_number, weight))
            return
        with self._condition:
            self._waiting = (pixels, face, frame_number, weight)
            self._condition.notify()

    def take(self) -> list[EncodedFace]:
        """What was encoded since the last call, in order. Raises what the encoder raised."""
        with self._condition:
            if self._error is not None:
                raise self._error
            done, self._done = self._done, []
            return done

    def close(self) -> None:
        """Ends the thread, after the face that it is at."""
        with self._condition:
            self._open = False
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _encode(
        self, pixels: np.ndarray, face: Face, frame_number: int, weight: float
    ) -> EncodedFace:
        begin = time.perf_counter()
        encoding = self._encoder.encode(pixels, [face])[0]
        return EncodedFace(frame_number, weight, encoding, time.perf_counter() - begin)

    def _work(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting is not None or not self._open)
                if not self._open or self._waiting is None:
                    return
                job, self._waiting = self._waiting, None
            try:
                encoded = self._encode(*job)
            except Exception as error:  # told to whoever asks next
                with self._condition:
                    self._error = error
                return
            with self._condition:
                self._done.append(encoded)
                rest = max(_LEAST_REST, _REST * encoded.seconds)
                self._condition.wait_for(lambda: not self._open, timeout=rest)
