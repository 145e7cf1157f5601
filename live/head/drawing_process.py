"""The process that draws heads: OpenGL lives in it alone, apart from MediaPipe and tensorflow."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from rig.landmark_head import LandmarkHead

_NICENESS = 5  # seeing the face goes before drawing the head
_WATCH_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be drawn: see live.head.head_pictures.HeadPictures.draw.

    heads: (n, s) float32, slider values in rig units of one or two heads.
    pose: yaw, pitch and roll, degrees.
    """

    heads: np.ndarray
    pose: tuple[float, float, float]

    def alike(self, other: Request, values: float, degrees: float) -> bool:
        """Whether they differ by no more than that, and have as many heads."""
        return (
            self.heads.shape == other.heads.shape
            and bool((np.abs(self.heads - other.heads) <= values).all())
            and max(abs(a - b) for a, b in zip(self.pose, other.pose, strict=True)) <= degrees
        )


def start_drawing(
    models_folder: Path, rig_path: Path | None, head: LandmarkHead, size: tuple[int, int]
) -> tuple[BaseProcess, Connection]:
    """Starts a process that runs draw_for_parent, deaf to Ctrl-C from its birth; and its line."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=draw_for_parent,
        args=(theirs, models_folder, rig_path, head, size),
        name="head drawing",
        daemon=True,
    )
    # Ctrl-C reaches every process of the terminal; children inherit what is blocked.
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        process.start()
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return process, ours


def draw_for_parent(
    connection: Connection,
    models_folder: Path,
    rig_path: Path | None,
    head: LandmarkHead,
    size: tuple[int, int],
) -> None:
    """What the process does: says its note, then draws what is asked until nobody asks any more.

    It answers a text first (see live.head.head_pictures.open_pictures), and to each Request the
    bytes of a picture. It ends when the other end of the connection closes, or the parent is gone.
    """
    _settle()
    # OSError and EOFError: the parent is gone or has closed. Whatever else ends the drawing, the
    # parent sees that it ended, and nobody wants a traceback over the running program's lines.
    with suppress(Exception):
        from live.head.head_pictures import open_pictures

        pictures, note = open_pictures(models_folder, rig_path, head, size)
        with pictures, connection:
            connection.send(note)
            while True:
                request: Request = connection.recv()
                picture = pictures.draw(list(request.heads), *request.pose)
                connection.send_bytes(picture.tobytes())


def _settle() -> None:
    """Be quiet, leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # Mesa and OpenCV warn there
    os.close(quiet)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    # Software OpenGL would take every core, which the networks need.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    with suppress(OSError, AttributeError):  # not on Windows
        os.nice(_NICENESS)


def _follow(parent: int) -> None:
    """Ends this process when the parent is gone, also when that was killed, or while loading."""
    started_by: Any = multiprocessing.parent_process()
    while started_by.is_alive() and os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(0)
