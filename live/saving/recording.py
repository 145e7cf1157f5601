"""A recording of a video: what is known after each frame as a table, and the pictures as a video.

recording_YYYYmmdd-HHMMSS.csv          a line per frame, on the disk a second later
recording_YYYYmmdd-HHMMSS.parquet      the same, made at the end
recording_YYYYmmdd-HHMMSS_people.csv   a line per person, written when another one sits down
recording_YYYYmmdd-HHMMSS.mp4          the pictures, where they were asked for
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from live.saving.file_names import unused_names
from live.saving.growing_csv import GrowingCsv, write_parquet
from live.saving.recorded_video import RecordedVideo
from live.saving.recording_rows import Origin, PersonRow, Row, frame_row, frame_table, person_table
from live.state import LiveState

if TYPE_CHECKING:
    import pyarrow

# Rows wait this long, and at most so many: a table of many rows is written in less time.
_WAIT_SECONDS = 0.8
_WAIT_ROWS = 256


class RecordingError(Exception):
    """A recording cannot be made, or has ended early. The message says what, why and what to do."""


@dataclass(frozen=True)
class RecordingFiles:
    """What a recording left.

    Attributes:
        csv, people: the tables of frames and of people.
        parquet: None where it could not be made.
        video: None where none was asked for, there was no picture, or it could not be completed.
        rows: of the table of frames.
    """

    csv: Path
    parquet: Path | None
    people: Path
    video: Path | None
    rows: int


class Recording:
    """Writes down every frame until it is closed. Use it as a context manager, or call close().

    Where the disk is full it ends by itself: the call raises RecordingError, what was written
    stays, and close() then returns it.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        rig_licence: str,
        slider_names: Sequence[str],
        video_size: tuple[int, int] | None = None,
        rate: float = 30.0,
        when: datetime | None = None,
    ) -> None:
        """Makes the files.

        Args:
            folder: is made where it does not exist.
            source: of the video, as shown to people.
            rig_licence: SPDX name of the licence of the rig's data.
            slider_names: the rig's sliders, in the order of every state's values.
            video_size: width and height of the video; None for no video.
            rate: pictures a second of the video.
            when: names the files; now by default.

        Raises RecordingError where the folder cannot be written.
        """
        self._origin = Origin(source, rig_licence, tuple(slider_names))
        self._waiting: list[Row] = []
        self._waiting_since = 0.0
        self._person = PersonRow()
        self._rows = 0
        self._video: RecordedVideo | None = None
        self._files: RecordingFiles | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._open(folder, when or datetime.now(), video_size, rate)
        except OSError as error:
            raise RecordingError(
                f"No recording can be written into {folder} ({error}). A folder that this user may "
                "write to, with free space, was expected. Name another, or change its permissions."
            ) from error

    def _open(
        self, folder: Path, when: datetime, video_size: tuple[int, int] | None, rate: float
    ) -> None:
        """Makes the files, all or none."""
        frames, people = (table([], self._origin).schema for table in (frame_table, person_table))
        self._schema = frames
        for name in unused_names(folder, "recording", when):
            self._csv = folder / f"{name}.csv"
            try:
                self._frames = GrowingCsv(self._csv, frames)
            except FileExistsError:
                continue  # another program was quicker
            break
        with ExitStack() as undo:
            undo.callback(self._csv.unlink)
            undo.callback(self._frames.close)
            self._people = GrowingCsv(self._named("_people.csv"), people)
            undo.callback(self._named("_people.csv").unlink)
            undo.callback(self._people.close)
            if video_size is not None:
                self._video = RecordedVideo(self._named(".mp4"), video_size, rate)
            undo.pop_all()

    def _named(self, ending: str) -> Path:
        return self._csv.with_name(self._csv.stem + ending)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The table of frames, which grows."""
        return self._csv

    @property
    def rows(self) -> int:
        """How many frames were written or wait to be."""
        return self._rows + len(self._waiting)

    def add(self, state: LiveState) -> None:
        """Writes a frame down; it is on the disk a second later.

        Raises RecordingError where the disk is full, RuntimeError after the end, ValueError for a
        state of other sliders.
        """
        self._check_open()
        _check_sliders(state, self._origin.slider_names)
        now = time.monotonic()
        if not self._waiting:
            self._waiting_since = now
        self._waiting.append(frame_row(state))
        ended = self._person.add(state)
        if ended is not None:
            self._trying(lambda: self._people.append(person_table([ended], self._origin)))
        if now - self._waiting_since >= _WAIT_SECONDS or len(self._waiting) >= _WAIT_ROWS:
            self.flush()

    def flush(self) -> None:
        """Writes the frames that still wait; for when no further ones come. Raises as add()."""
        self._check_open()
        self._trying(self._flush)

    def add_picture(self, picture: np.ndarray, seconds: float) -> None:
        """Puts a picture into the video; without one nothing happens.

        picture: (height, width, 3) uint8 RGB; fitted into the video's size.
        seconds: its time in the source, as Frame.seconds.

        Raises RuntimeError after the end.
        """
        self._check_open()
        if self._video is not None:
            self._video.add(picture, seconds)

    def close(self) -> RecordingFiles:
        """Completes all files and returns them; again, where it was closed before.

        Raises RecordingError where they cannot be completed; what was written stays.
        """
        if self._files is None:
            self._trying(self._complete)
        assert self._files is not None
        return self._files

    def _check_open(self) -> None:
        if self._files is not None:
            raise RuntimeError("This recording has ended; expected an open one; start another.")

    def _flush(self) -> None:
        if self._waiting:
            self._frames.append(frame_table(self._waiting, self._origin))
            # One statement: Ctrl-C does not come between.
            self._rows, self._waiting = self._rows + len(self._waiting), []

    def _complete(self) -> None:
        self._flush()
        last = self._person.row()
        if last is not None:
            self._people.append(person_table([last], self._origin))
            self._person = PersonRow()
        self._frames.close()
        self._people.close()
        # The video first: it is not to be had again, and Parquet is.
        video = self._close_video()
        self._files = RecordingFiles(self._csv, None, self._named("_people.csv"), video, self._rows)
        parquet = self._named(".parquet")
        write_parquet(self._csv, parquet, _with_times(self._schema))
        self._files = RecordingFiles(self._csv, parquet, self._files.people, video, self._rows)

    def _close_video(self) -> Path | None:
        video, self._video = self._video, None
        return None if video is None else video.close()

    def _trying(self, write: Callable[[], None]) -> None:
        """Writes; where that fails ends the recording with what is there."""
        try:
            write()
        except OSError as error:
            self._frames.close()
            self._people.close()
            video = None if self._files is None else self._files.video
            with suppress(OSError):
                video = self._close_video() or video
            self._waiting = []
            people = self._named("_people.csv")
            self._files = RecordingFiles(self._csv, None, people, video, self._rows)
            raise RecordingError(
                f"The recording {self._csv} ended after {self._rows} frames: not all of it can be "
                f"written ({error}). A folder with free space was expected. What was written "
                "stays; make room, or record into another folder."
            ) from error


def _with_times(schema: pyarrow.Schema) -> pyarrow.Schema:
    """The schema of the Parquet file, which knows times where CSV has texts."""
    import pyarrow

    column = schema.get_field_index("time")
    return schema.set(column, pyarrow.field("time", pyarrow.timestamp("ms", "UTC")))


def _check_sliders(state: LiveState, names: tuple[str, ...]) -> None:
    estimate = state.estimate
    others = estimate is not None and estimate.slider_names != names
    if others or (state.values is not None and state.values.shape != (len(names),)):
        raise ValueError(
            f"A state of other sliders than the recording's {len(names)} came in. One rig per "
            "recording was expected. Start another recording."
        )
