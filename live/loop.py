"""The loop of `fpp webcam`: frames in, states to screen, recording and captures, until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live.face_choice import face_at
from live.saving.captures import CaptureError
from live.saving.recording import RecordingError
from live.saving.saver import Saver
from live.screen.screen import video_point
from live.screen.window import Event, Window
from live.session import LiveSession
from live.state import LiveState
from live.video.frame_stream import FrameStream
from live.viewer import Viewer
from rig.rig import RigError

Watch = Callable[[LiveState, Mapping[str, float]], None]
"""Is told of a frame: the state, and stage -> seconds."""

_FEWEST_FRAMES = 5  # who was seen for less is not captured

_LOST = 1.0  # seconds without a frame, after which what was recorded is written

_WAIT = 0.05  # seconds for a frame, before the keys are looked at again


@dataclass(frozen=True)
class Limits:
    """When to end by itself; None for never.

    frames: after so many.
    seconds: after so long, by the clock on the wall.
    """

    frames: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, eq=False)
class LiveSummary:
    """What there was.

    Attributes:
        frames: how many were looked at.
        people: how many sat down.
        seconds: from the first frame to the end.
        captured: files written of people by themselves.
        lost: how many people could not be captured.
        stopped: whether Ctrl-C ended it.
        failure: why the source was lost for good; None where it was not.
    """

    frames: int
    people: int
    seconds: float
    captured: tuple[Path, ...]
    lost: int
    stopped: bool
    failure: str | None


class LiveLoop:
    """Everything put together; `run` returns when it is over.

    window: None for none.
    viewer: None where no picture is wanted, neither for a window nor for a recorded video.
    tell: is told what people should know, a sentence each.
    watch: is called with every state and how long each stage took, when it has been shown.
    capture_people: whether each person is captured, their best frame, when they are gone and at the
        end.
    """

    def __init__(
        self,
        stream: FrameStream,
        session: LiveSession,
        saver: Saver,
        viewer: Viewer | None,
        window: Window | None,
        limits: Limits,
        tell: Callable[[str], None],
        watch: Watch | None = None,
        capture_people: bool = False,
    ) -> None:
        self._stream, self._session, self._saver = stream, session, saver
        self._viewer, self._window, self._limits = viewer, window, limits
        self.tell, self._watch = tell, watch
        self._capture_people = capture_people
        self._captured: list[Path] = []
        self._lost = 0
        self._state: LiveState | None = None
        self._picture: np.ndarray | None = None
        self._frames = 0
        self._last_frame = time.perf_counter()
        self._over = False

    @property
    def total(self) -> int | None:
        """How many frames there will be, where the source or a limit tells."""
        known = [one for one in (self._stream.total, self._limits.frames) if one is not None]
        return min(known, default=None)

    def compare(self) -> None:
        """Shows the routes side by side, or no longer."""
        self._session.compare = not self._session.compare
        if self._viewer is not None:
            self._viewer.compare = self._session.compare

    def run(self) -> LiveSummary:
        """Works until the source ends, a limit is reached, the window is closed or Ctrl-C."""
        begin = time.perf_counter()
        stopped = False
        try:
            while not self._over:
                self._next()
                passed = time.perf_counter() - begin
                if self._limits.seconds is not None and passed >= self._limits.seconds:
                    break
                if self._limits.frames is not None and self._frames >= self._limits.frames:
                    break
        except KeyboardInterrupt:
            stopped = True
        seconds = time.perf_counter() - begin
        portrait = self._session.portrait()
        self._capture_departed([] if portrait is None else [portrait])
        return LiveSummary(
            frames=self._frames,
            people=self._state.person if self._state else 0,
            seconds=seconds,
            captured=tuple(self._captured),
            lost=self._lost,
            stopped=stopped,
            failure=self._stream.failure,
        )

    def _next(self) -> None:
        """The next frame, if there is one already, and the keys."""
        frame = self._stream.next(_WAIT)
        if frame is not None:
            state = self._state = self._session.step(frame)
            self._frames += 1
            self._record(state)
            self._last_frame = time.perf_counter()
            self._capture_departed(self._session.take_departed())
        elif self._stream.ended:
            self._over = True
        elif time.perf_counter() - self._last_frame > _LOST:
            self._record(None)
        seconds = self._show(new=frame is not None)
        if frame is not None and self._watch is not None:
            delay = time.perf_counter() - frame.captured
            self._watch(state, {**state.seconds, **seconds, "camera to screen": delay})

    def _capture_departed(self, portraits: list[LiveState]) -> None:
        for portrait in portraits if self._capture_people else ():
            if portrait.estimate is not None and portrait.estimate.frames >= _FEWEST_FRAMES:
                try:
                    self._captured += self._saver.capture(portrait, None)
                except (CaptureError, RigError) as error:
                    self._lost += 1
                    self.tell(str(error))

    def _record(self, state: LiveState | None) -> None:
        """Records a state; None where there is no new one."""
        try:
            if state is None:
                self._saver.flush()
            else:
                self._saver.add(state)
        except RecordingError as error:
            self.tell(str(error))

    def _show(self, new: bool) -> dict[str, float]:
        """Draws and shows; returns how long that took."""
        if self._viewer is None:
            return {}
        begin = time.perf_counter()
        self._viewer.recording = self._saver.is_recording
        self._picture = self._viewer.picture(self._state)
        drawn = time.perf_counter()
        seconds = {"screen": drawn - begin}
        if new and self._state is not None:
            self._saver.add_picture(self._picture, self._state.frame.seconds)
        if self._window is not None:
            self._window.show(self._picture)
            for event in self._window.events():
                self._act(event)
            seconds["window"] = time.perf_counter() - drawn
        return seconds

    def _act(self, event: Event) -> None:
        """What a key or a click does."""
        viewer, session = self._viewer, self._session
        assert viewer is not None
        match event.action:
            case "quit":
                self._over = True
            case "help":
                viewer.help = not viewer.help
            case "mirror":
                viewer.mirrored = not viewer.mirrored
            case "model":
                viewer.compare = session.compare = False
                self.tell(f"Model: {session.next_model()}.")
            case "compare":
                self.compare()
            case "restart":
                session.restart()
                self.tell("The estimate begins anew.")
            case "face":
                self._pick(event.number)
            case "click":
                self._click(event)
            case "capture":
                self._capture()
            case "record":
                self._toggle_recording()

    def _pick(self, number: int | None) -> None:
        """Follows face `number`, 1 the largest; None the next one."""
        if self._state is None or not self._state.faces:
            return
        count = len(self._state.faces)
        index = ((self._state.chosen or 0) + 1) % count if number is None else number - 1
        if index != self._state.chosen and self._session.pick(index):
            self.tell("Another face is followed. The estimate begins anew.")

    def _click(self, event: Event) -> None:
        if self._state is None or self._viewer is None:
            return
        point = video_point(event.x, event.y, self._state, self._viewer.settings())
        if point is not None:
            index = face_at(self._state.faces, *point)
            if index is not None:
                self._pick(index + 1)

    def _capture(self) -> None:
        try:
            if self._state is None:
                raise CaptureError(
                    "There is no picture yet. A face before the camera was expected. Wait for it."
                )
            written = self._saver.capture(self._state, self._picture)
        except (CaptureError, RigError) as error:
            self.tell(str(error))
        else:
            more = f" and {len(written) - 1} files more" if len(written) > 1 else ""
            self.tell(f"Saved {written[0].name}{more} in {written[0].parent}.")

    def _toggle_recording(self) -> None:
        try:
            if self._saver.is_recording:
                files = self._saver.stop()
                self.tell(f"Recorded {files.rows} frames: {files.csv}.")
            else:
                self.tell(f"Recording into {self._saver.start()}.")
        except RecordingError as error:
            self.tell(str(error))
