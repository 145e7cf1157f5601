"""Pictures of the head to be kept: drawn one by one in a process of its own that stays alive."""

from __future__ import annotations

import io
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exports.shown_head import face_alone
from live.head.drawing_process import Request, start_drawing
from live.head.head_pictures import HeadPictures
from rig.landmark_head import LandmarkHead

SIZE = (960, 960)
"""Width and height of a picture in pixels."""

_SECONDS_TO_END = 2.0


class HeadPainter:
    """Draws heads. The process starts with the first picture, or with `start`.

    OpenGL lives in that process alone, as it hangs beside MediaPipe. Where it cannot be, or has
    ended, the face mesh is painted here, without OpenGL. May be called by several threads.

    Args:
        models_folder, rig_path, head: as in live.head.head_drawer.HeadDrawer.
    """

    def __init__(self, models_folder: Path, rig_path: Path | None, head: LandmarkHead) -> None:
        self._arguments = (models_folder, rig_path, head, SIZE)
        self._head = head
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None
        self._noted = False
        self._instead: HeadPictures | None = None

    def start(self) -> None:
        """Starts the process, and does not wait until it is ready."""
        with self._lock:
            self._start()

    def draw(
        self, values: npt.ArrayLike, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
    ) -> npt.NDArray[np.uint8]:
        """A picture (height, width, 3) uint8 RGB of the head.

        values: (s,) slider values in rig units. yaw, pitch, roll: degrees.
        """
        request = Request(np.array([values], np.float32), (float(yaw), float(pitch), float(roll)))
        with self._lock:
            self._start()
            try:
                return self._asked(request)
            except (EOFError, OSError):  # the process has ended
                self._end()
            if self._instead is None:
                alone = face_alone(self._head, "The process that draws the head ended.")
                self._instead = HeadPictures(alone, self._head.slider_names, SIZE, opengl=False)
            return self._instead.draw(list(request.heads), *request.pose)

    def close(self) -> None:
        """Ends the process. May be called twice."""
        with self._lock:
            self._end()

    @property
    def process_id(self) -> int | None:
        """Of the process; None where there is none."""
        return None if self._process is None else self._process.pid

    def _start(self) -> None:
        if self._process is not None:
            return
        self._process, self._connection = start_drawing(*self._arguments)

    def _asked(self, request: Request) -> npt.NDArray[np.uint8]:
        if self._connection is None:
            raise EOFError
        if not self._noted:
            self._connection.recv()  # why it is the face mesh, if it is
            self._noted = True
        self._connection.send(request)
        width, height = SIZE
        content = self._connection.recv_bytes()
        return np.frombuffer(content, np.uint8).reshape(height, width, 3)

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.terminate()
            self._process.join(_SECONDS_TO_END)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(_SECONDS_TO_END)


def png_bytes(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture (height, width, 3) uint8 RGB as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()
