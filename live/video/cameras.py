"""The cameras of this computer."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from live.video.sources import Source, SourceSettings, open_capture

_LINUX_FOLDER = Path("/sys/class/video4linux")

# Elsewhere cameras are found by trying these, until as many in a row are missing.
_TRIED = 10
_MISSING = 2


@dataclass(frozen=True)
class Camera:
    """One camera.

    Attributes:
        index: its number, as parse_source takes it.
        name: as its maker calls it.
        device: the path of its device on Linux.
        width, height: of its pictures in pixels, and rate: frames per second, unless more is
            asked of it; None where they are not known. All three None: it is there and does not
            open, as when another program uses it.
    """

    index: int
    name: str
    device: str | None
    width: int | None
    height: int | None
    rate: float | None


def list_cameras(folder: Path | None = None) -> list[Camera]:
    """The cameras of this computer by their numbers; opens each for a moment.

    folder: where Linux lists them; None: /sys/class/video4linux, and on other systems none.
    """
    if folder is None and not sys.platform.startswith("linux"):
        return _tried_cameras()
    cameras = []
    for index, name, is_main in _linux_nodes(folder or _LINUX_FOLDER):
        mode = _mode(index)
        # A camera has nodes that give no pictures beside the one that does.
        if mode is not None or is_main:
            width, height, rate = mode or (None, None, None)
            cameras.append(Camera(index, name, f"/dev/video{index}", width, height, rate))
    return cameras


def _linux_nodes(folder: Path) -> Iterator[tuple[int, str, bool]]:
    """(number, name, whether it is the first of its camera) of each video device, in order."""
    numbers = []
    if folder.is_dir():
        found = (re.fullmatch(r"video(\d+)", path.name) for path in folder.iterdir())
        numbers = sorted(int(match[1]) for match in found if match)
    for number in numbers:
        node = folder / f"video{number}"
        name = _content(node / "name") or f"camera {number}"
        yield number, name, _content(node / "index") in ("", "0")


def _content(path: Path) -> str:
    """The text of a small file in one line; empty where there is none."""
    try:
        return " ".join(path.read_text(errors="replace").split())
    except OSError:
        return ""


def _tried_cameras() -> list[Camera]:
    cameras: list[Camera] = []
    missing = 0
    for index in range(_TRIED):
        mode = _mode(index)
        if mode is None:
            missing += 1
            if missing == _MISSING:
                break
        else:
            missing = 0
            cameras.append(Camera(index, f"camera {index}", None, *mode))
    return cameras


def _mode(index: int) -> tuple[int | None, int | None, float | None] | None:
    """(width, height, rate) that a camera gives by itself; None where it does not open."""
    capture = open_capture(Source("camera", index), SourceSettings())
    if capture is None:
        return None
    import cv2

    width, height, rate = (
        value if 0 < value < 1e6 else None
        for value in (
            capture.get(cv2.CAP_PROP_FRAME_WIDTH),
            capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
            capture.get(cv2.CAP_PROP_FPS),
        )
    )
    capture.release()
    return (
        None if width is None else round(width),
        None if height is None else round(height),
        rate,
    )
