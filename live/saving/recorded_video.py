"""The video of a recording: pictures that come when they come, at a constant rate."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

# A source's clock that jumps by more than this many seconds was set, and no picture is repeated
# for it. Shorter gaps, such as a camera that was unplugged, are in the video as long as they were.
_LONGEST_GAP = 60.0


class RecordedVideo:
    """Writes an MPEG-4 video; it has its name once it is complete.

    Before that it is called NAME.partial.mp4: the writer takes the format from the ending.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: float) -> None:
        """Opens the video.

        Args:
            path: ends in .mp4.
            size: width and height in pixels; odd ones lose their last column or row.
            rate: pictures a second.

        Raises OSError where it cannot be written.
        """
        import cv2

        if not (min(size) >= 2 and 1 <= rate <= 1000):
            raise ValueError(
                f"A video of {size[0]}x{size[1]} pixels at {rate} pictures a second was asked for. "
                "At least 2x2 pixels and 1 to 1000 pictures a second were expected. Correct the "
                "call."
            )
        self._path = path
        self._partial = path.with_name(f"{path.stem}.partial{path.suffix}")
        self._size, self._rate = size, rate
        self._written = 0
        self._start = self._seconds = 0.0
        self._last: np.ndarray | None = None
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._partial), cv2.CAP_FFMPEG, code, rate, size)
        if not self._writer.isOpened():
            raise OSError(f"OpenCV does not open {self._partial} for writing")

    def add(self, picture: np.ndarray, seconds: float) -> None:
        """Puts a picture where its time is: the one before lasts until then.

        picture: (height, width, 3) uint8 RGB; another size than the video's is fitted into it.
        seconds: its time in the source. Where the source's clock goes back, or far ahead, the video
            goes on without a gap.
        """
        if self._last is None or not 0 <= seconds - self._seconds <= _LONGEST_GAP:
            self._start = seconds - self._written / self._rate
        self._seconds = seconds
        place = round((seconds - self._start) * self._rate)
        if place < self._written:
            return
        if self._last is not None:
            for _ in range(place - self._written):
                self._writer.write(self._last)
        self._last = _fitted(picture, self._size)
        self._writer.write(self._last)
        self._written = place + 1

    def close(self) -> Path | None:
        """Completes the video and returns its path; None where it got no picture. Call it once.

        Raises OSError where it is not whole, because the disk is full for example.
        """
        self._writer.release()
        if not self._written:
            self._partial.unlink(missing_ok=True)
            return None
        # The writer says nothing of a disk that is full.
        if _picture_count(self._partial) != self._written:
            raise OSError(f"not all of {self._partial} could be written")
        os.replace(self._partial, self._path)
        return self._path


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) uint8 BGR of the size, the picture in its middle, black beside it."""
    import cv2

    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    height, width = bgr.shape[:2]
    if (width, height) == size:
        return bgr
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        bgr, inner, interpolation=method
    )
    return fitted


def _picture_count(path: Path) -> int:
    """How many pictures a video says to have; 0 where it cannot be opened."""
    import cv2

    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return round(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
    finally:
        video.release()
