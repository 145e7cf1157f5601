"""Heads drawn beside the work: the caller asks for pictures, and takes the newest that is there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from exports.shown_head import face_alone
from live.head.drawing_process import Request, start_drawing
from live.head.head_pictures import HeadPictures, check_size
from rig.fetch import rig_folder_if_there
from rig.landmark_head import LandmarkHead

VALUE_STEP = 1e-3
"""Rig units: a head whose slider values all changed by no more is not drawn anew."""

DEGREE_STEP = 0.2
"""Degrees: the same of its pose."""

_SECONDS_TO_END = 2.0


class HeadDrawer:
    """Draws one head, or two side by side, in a process of its own; nothing here waits for it.

    The head is the rig's that the models were trained for, MakeHuman's, or the face mesh, the first
    that is on disk. Where OpenGL does not start, the face mesh is painted without it. Where the
    process ends, a thread of this process paints it. Use `with`, or `close()`.

    Args:
        models_folder: of the models that predict.
        rig_path: MakeHuman's data folder; None for the one of FPP_RIG or the one fetched.
        head: of the models; its sliders are those that values come for.
        size: (width, height) of the pictures in pixels; the width is even.

    Raises:
        RigError: the rig that is named is not there.
        ValueError: the size is none.
    """

    def __init__(
        self,
        models_folder: Path,
        rig_path: Path | None,
        head: LandmarkHead,
        size: tuple[int, int] = (640, 480),
    ) -> None:
        check_size(size)
        rig_folder_if_there(rig_path)
        self._head, self._size = head, size
        self._changed = threading.Condition()
        self._wanted: Request | None = None  # not yet being drawn
        self._asked: Request | None = None
        self._shown: Request | None = None
        self._picture: np.ndarray | None = None
        self._note = ""
        self._drawn = 0
        self._closed = False
        self._process, ours = start_drawing(models_folder, rig_path, head, size)
        self._thread = threading.Thread(
            target=self._work, args=(ours,), name="head drawing", daemon=True
        )
        self._thread.start()

    @property
    def picture(self) -> np.ndarray | None:
        """The newest picture, (height, width, 3) uint8 RGB, read-only; None before the first."""
        return self._picture

    @property
    def note(self) -> str:
        """Why it is not the head itself that is drawn: a sentence, or "" where it is."""
        return self._note

    @property
    def drawn(self) -> int:
        """How many pictures were drawn so far."""
        return self._drawn

    @property
    def is_idle(self) -> bool:
        """Whether the newest picture is of what was asked for last."""
        return self._shown is self._asked

    @property
    def process_id(self) -> int | None:
        """Of the drawing process; None when it has ended."""
        return self._process.pid if self._process.is_alive() else None

    def ask(self, heads: Sequence[np.ndarray], yaw: float, pitch: float, roll: float) -> None:
        """Asks for a picture. Returns at once; of several that wait, the last one is drawn.

        Args:
            heads: one or two, each (s,) slider values in rig units.
            yaw, pitch, roll: degrees, as in rig.camera.Camera.

        Raises:
            ValueError: other shapes, or numbers that are not finite.
        """
        values = np.array(heads, np.float32)
        expected = len(self._head.sliders)
        fits = values.ndim == 2 and values.shape[0] in (1, 2) and values.shape[1] == expected
        pose = (float(yaw), float(pitch), float(roll))
        if not (fits and np.isfinite(values).all() and np.isfinite(pose).all()):
            raise ValueError(
                f"Heads of shape {values.shape} at {pose} degrees were asked for. One or two heads "
                f"of {expected} finite slider values, and three finite angles, were expected. "
                "Correct the call."
            )
        request = Request(values, pose)
        with self._changed:
            if self._asked is not None and request.alike(self._asked, VALUE_STEP, DEGREE_STEP):
                return
            self._asked = self._wanted = request
            self._changed.notify()

    def close(self) -> None:
        """Ends the process; the newest picture stays. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._end_process()
        self._thread.join(_SECONDS_TO_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _end_process(self) -> None:
        self._process.terminate()
        self._process.join(_SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_SECONDS_TO_END)

    def _work(self, connection: Connection) -> None:
        """What the thread does: hands on requests one by one, and keeps what comes back."""
        width, height = self._size
        waiting: Request | None = None
        try:
            with connection:
                self._note = connection.recv()
                while (waiting := self._next()) is not None:
                    connection.send(waiting)
                    content = connection.recv_bytes()
                    self._keep(np.frombuffer(content, np.uint8).reshape(height, width, 3), waiting)
            return
        except (EOFError, OSError):  # the process has ended
            pass
        if self._closed:
            return
        self._end_process()
        self._note = (
            "The face mesh is shown, not the head: the process that draws it ended "
            f"({_ending(self._process.exitcode)})."
        )
        drawn = face_alone(self._head, self._note)
        with HeadPictures(drawn, self._head.slider_names, self._size, opengl=False) as pictures:
            waiting = waiting or self._next(again=True)
            while waiting is not None:
                self._keep(pictures.draw(list(waiting.heads), *waiting.pose), waiting)
                waiting = self._next()

    def _next(self, again: bool = False) -> Request | None:
        """The newest request, when there is one; None when all is over.

        again: the newest that was ever made will do.
        """
        with self._changed:
            if again and self._wanted is None:
                self._wanted = self._asked
            self._changed.wait_for(lambda: self._closed or self._wanted is not None)
            request, self._wanted = self._wanted, None
            return None if self._closed else request

    def _keep(self, picture: np.ndarray, request: Request) -> None:
        picture.setflags(write=False)
        self._picture = picture
        self._drawn += 1
        self._shown = request


def _ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None or code >= 0:
        return f"exit status {code}"
    return f"signal {-code}"
