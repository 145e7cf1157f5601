"""What a live session leaves on disk: captures and recordings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from exports.character_files import HEAD_KINDS
from exports.export_head import ExportHead
from live.saving.captures import save_capture
from live.saving.recording import Recording, RecordingError, RecordingFiles
from live.state import LiveState
from rig.rig import Slider


class Saver:
    """Saves when it is told to.

    folder: of captures, and of recordings unless `record_folder` names another; made when needed.
    kinds: of a capture's character files, see exports.character_files.KINDS.
    load_head: gives what HEAD_KINDS show; called on a thread of its own, since it takes seconds,
        and only where it is needed.
    source: the video's name, for the tables.
    video_size: (width, height) of the pictures of recorded videos; None records none.
    """

    def __init__(
        self,
        folder: Path,
        sliders: tuple[Slider, ...],
        rig_licence: str,
        kinds: Collection[str],
        load_head: Callable[[], ExportHead],
        source: str,
        record_folder: Path | None = None,
        video_size: tuple[int, int] | None = None,
        rate: float = 25.0,
    ) -> None:
        self._folder, self._record_folder = folder, record_folder or folder
        self._sliders, self._licence, self._kinds = sliders, rig_licence, tuple(kinds)
        self._source, self._video_size, self._rate = source, video_size, rate
        self._recording: Recording | None = None
        self._head: ExportHead | None = None
        self._head_error: Exception | None = None
        self._loader = threading.Thread(target=self._load, args=(load_head,), daemon=True)
        self._loader.start()

    @property
    def is_recording(self) -> bool:
        """Whether states are being recorded."""
        return self._recording is not None

    def start(self) -> Path:
        """Begins a recording and returns its folder. Raises RecordingError."""
        if self._recording is None:
            self._recording = Recording(
                self._record_folder,
                self._source,
                self._licence,
                tuple(slider.name for slider in self._sliders),
                self._video_size,
                self._rate,
            )
        return self._record_folder

    def stop(self) -> RecordingFiles:
        """Ends the recording and returns its files. Raises RecordingError."""
        recording, self._recording = self._recording, None
        if recording is None:
            raise RecordingError(
                "Nothing is being recorded. A recording was expected. Begin one first."
            )
        return recording.close()

    def add(self, state: LiveState) -> None:
        """Records a state, if there is a recording. Raises RecordingError, which ends it."""
        if self._recording is not None:
            try:
                self._recording.add(state)
            except RecordingError:
                self._recording = None
                raise

    def flush(self) -> None:
        """Writes what was recorded, for when no states come. Raises RecordingError, as `add`."""
        if self._recording is not None:
            try:
                self._recording.flush()
            except RecordingError:
                self._recording = None
                raise

    def add_picture(self, picture: np.ndarray, seconds: float) -> None:
        """Records a picture of the screen, if there is a recording of it."""
        if self._recording is not None:
            self._recording.add_picture(picture, seconds)

    def capture(self, state: LiveState, preview: np.ndarray | None) -> list[Path]:
        """Writes the frame, its character files and the preview; returns their paths.

        Raises CaptureError without a face or where the folder cannot be written, RigError for a
        head that cannot be loaded.
        """
        self._loader.join()
        if self._head_error is not None:
            raise self._head_error
        return save_capture(
            self._folder, state, self._sliders, preview, self._kinds, self._licence, self._head
        )

    def close(self) -> None:
        """Ends a recording that still runs. Raises RecordingError."""
        if self._recording is not None:
            self.stop()

    def _load(self, load_head: Callable[[], ExportHead]) -> None:
        """What would make the first capture or recording stop the picture for a second."""
        try:
            import pyarrow.csv
            import pyarrow.parquet  # noqa: F401

            if set(self._kinds) & set(HEAD_KINDS):
                self._head = load_head()
        except Exception as error:  # told when a capture needs it
            self._head_error = error
