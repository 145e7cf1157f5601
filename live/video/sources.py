"""Where video comes from: a camera, a file or a stream, as it is named, opened and refused."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import cv2

Kind = Literal["camera", "file", "stream"]

# OpenCV reads an index of 100 or more as the number of a backend.
_HIGHEST_INDEX = 99

# Larger pictures are reduced: no face needs more, and each costs 50 MB.
_LONGEST_SIDE = 4096

# What webcams send without compression at full rate; more than this they only send as JPEG.
_UNCOMPRESSED_PIXELS = 640 * 480
_UNCOMPRESSED_RATE = 30.0

_EXPECTED = (
    "a camera's number such as 0, a device such as /dev/video0, a video file or a stream's "
    "address such as rtsp://... was expected"
)
_INSTEAD = "`fpp webcam --list` lists the cameras; a video file can be given instead."


class SourceError(Exception):
    """A source of video cannot be used. The message says what happened and what to do."""


@dataclass(frozen=True)
class Source:
    """Where video comes from.

    Attributes:
        kind: "camera", "file" or "stream".
        address: the camera's number, or its device, the file's path, the stream's address.
    """

    kind: Kind
    address: int | str

    @property
    def name(self) -> str:
        """As shown to people: short, and without a stream's password."""
        if self.kind == "file":
            return Path(str(self.address)).name
        if self.kind == "stream":
            return re.sub(r"://[^/?#]*@", "://", str(self.address))
        return f"camera {self.address}"

    @property
    def described(self) -> str:
        """As the first words of a sentence."""
        if self.kind == "file":
            return f"The video file {self.address}"
        return f"The stream {self.name}" if self.kind == "stream" else self.name.capitalize()


@dataclass(frozen=True)
class SourceSettings:
    """How a source is read.

    Attributes:
        width, height: in pixels, and rate: frames per second; asked of a camera, which gives what
            comes nearest. None: what it gives by itself.
        retry_seconds: how long a camera or stream that was lost is looked for.
        every_frame: a file's frames are all passed on, as fast as they are taken; otherwise it
            plays at its own speed. Cameras and streams pass on the newest frame in any case.
        quiet_seconds: a camera or stream from which nothing came for this long is lost.
    """

    width: int | None = None
    height: int | None = None
    rate: float | None = None
    retry_seconds: float = 30.0
    every_frame: bool = False
    quiet_seconds: float = 5.0

    def __post_init__(self) -> None:
        for name in ("width", "height", "rate", "quiet_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} is {value}; more than 0 was expected; correct the call.")
        if not self.retry_seconds >= 0:  # nan fails too
            raise ValueError(
                f"retry_seconds is {self.retry_seconds}; 0 or more was expected; correct the call."
            )

    @property
    def opening_seconds(self) -> float:
        """How long opening a camera or stream may take: streams look at some pictures first."""
        return 3 * self.quiet_seconds


def parse_source(text: str) -> Source:
    """The source that someone named.

    text: digits are a camera's number, /dev/... its device; what holds "://" is a stream's
        address, anything else is a file's path.

    Raises SourceError for a file that is not there, and for what can be none of these.
    """
    text = text.strip()
    if not text or "\0" in text:
        raise SourceError(f"The source of video is {text!r}; {_EXPECTED}. Name one of these.")
    if text.isdecimal():
        if len(text) > 3 or int(text) > _HIGHEST_INDEX:
            raise SourceError(
                f"There is no camera {text}; a number of 0 to {_HIGHEST_INDEX} was expected. "
                + _INSTEAD
            )
        return Source("camera", int(text))
    kind: Kind = "stream" if "://" in text else "file"
    if text.startswith("/dev/"):
        kind = "camera"
    if kind == "file":
        check_file(text)
    elif not text.isprintable():
        raise SourceError(f"{text!r} is no address of video; {_EXPECTED}. Write it anew.")
    return Source(kind, text)


def check_file(path: str) -> None:
    """Raise SourceError unless a file can be read and has a name that OpenCV takes."""
    if os.path.isdir(path):
        happened, advice = "is a folder", "Name one file in it."
    elif not os.path.exists(path):
        happened, advice = "does not exist", f"Check the path. {_INSTEAD}"
    elif not os.path.isfile(path):
        happened, advice = "is no ordinary file", "Name a file, or a stream's address."
    elif not os.access(path, os.R_OK):
        happened, advice = "may not be read", "Give yourself the right to read it."
    elif not os.path.getsize(path):
        happened, advice = "is empty", "Copy or record it again."
    elif any("\ud800" <= letter <= "\udfff" for letter in os.path.abspath(path)):
        # OpenCV crashes on names that are not text.
        happened, advice = "has a name, or a folder's name, that is not UTF-8", "Rename it."
    else:
        return
    shown = path.encode(errors="backslashreplace").decode()
    raise SourceError(f"The video file {shown} {happened}; {_EXPECTED}. {advice}")


def quiet_opencv() -> None:
    """Keep the log lines of OpenCV and FFmpeg off the terminal, for the whole process.

    FFmpeg asks only when it is first used: call this before anything reads or writes video.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV's wait for a picture of a Linux camera, in seconds.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")
    # macOS asks for the right to use the camera by itself; OpenCV's own question needs the main
    # thread.
    os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")
    import cv2

    cv2.setLogLevel(0)


def open_capture(source: Source, settings: SourceSettings) -> cv2.VideoCapture | None:
    """Open a source once; None where that fails. May take long, or hang with a driver."""
    quiet_opencv()
    import cv2

    try:
        if source.kind == "camera":
            backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
            capture = cv2.VideoCapture(source.address, backend)
            _ask(capture, settings)
        elif source.kind == "file":
            # The whole path, so that a name with a colon is no protocol.
            path = os.path.abspath(str(source.address))
            capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        else:
            patience = [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(1000 * settings.opening_seconds)),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(1000 * settings.quiet_seconds)),
            ]
            capture = cv2.VideoCapture(str(source.address), cv2.CAP_FFMPEG, patience)
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        if capture.isOpened():
            return capture
        capture.release()
    except cv2.error:
        pass  # said by the caller, in words
    return None


def _ask(camera: cv2.VideoCapture, settings: SourceSettings) -> None:
    """Ask a camera for a size and a rate; it gives what comes nearest."""
    import cv2

    pixels = (settings.width or 0) * (settings.height or settings.width or 0)
    if pixels > _UNCOMPRESSED_PIXELS or (settings.rate or 0) > _UNCOMPRESSED_RATE:
        camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for which, wanted in (
        (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
        (cv2.CAP_PROP_FPS, settings.rate),
    ):
        if wanted is not None:
            camera.set(which, wanted)


def to_rgb(picture: np.ndarray) -> np.ndarray:
    """OpenCV's picture as (height, width, 3) uint8 RGB, reduced to 4096 pixels on a side.

    picture: (height, width, 3) uint8 BGR, or (height, width) uint8 grey.
    """
    import cv2

    height, width = picture.shape[:2]
    share = _LONGEST_SIDE / max(height, width)
    if share < 1:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = picture.ndim == 2 or picture.shape[2] == 1
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB)


def refusal(source: Source, opened: bool) -> SourceError:
    """Why a source gives no picture, as far as that can be told.

    opened: whether it opened and no picture came.
    """
    if source.kind == "file":
        return SourceError(
            f"No picture can be read from {source.address}; a video file that FFmpeg decodes, such "
            "as MP4, MOV, AVI, MKV or WebM, was expected. Play it in a video player to see whether "
            "it is whole, and convert it to MP4."
        )
    if source.kind == "stream":
        return SourceError(
            f"{source.described} {'sends no picture' if opened else 'cannot be opened'}; a sender "
            "that runs, and an address that a video player opens, were expected. Check both, or "
            "give a video file instead."
        )
    if opened:
        happened = "sends no picture; it may be in use by another program, or its cover is shut"
    else:
        happened = _why_camera_refused(source.address)
    return SourceError(
        f"{source.described} {happened}. A camera that is connected and free was expected. "
        + _INSTEAD
    )


def _why_camera_refused(address: int | str) -> str:
    device = f"/dev/video{address}" if isinstance(address, int) else address
    if not sys.platform.startswith("linux"):
        return "cannot be opened: it is not there, is in use, or programs may not use it"
    if not os.path.exists(device):
        return "is not there" + ("" if device == address else f" ({device} does not exist)")
    if not os.access(device, os.R_OK | os.W_OK):
        return f"may not be used by you: join the group that owns {device}, mostly `video`"
    return "cannot be opened: it is in use by another program, or no camera"
