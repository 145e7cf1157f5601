"""The rows of a recording: one per frame, and one per person who sat down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from exports.tables import number_columns, slider_columns, text_cell
from live.state import LiveState
from regression.prediction.live_estimate import LiveEstimate

if TYPE_CHECKING:
    import pyarrow

FRAME_VALUE = " [frame]"
"""What follows a slider's name in the column of its value in the frame alone, smoothed."""

_TEXT, _WHOLE, _NUMBER, _SECONDS = "string", "int32", "float32", "float64"

_MADE_COLUMNS = {"source": _TEXT, "rig": _TEXT, "rig_licence": _TEXT}

FRAME_COLUMNS = {
    "time": _TEXT,
    "seconds": _SECONDS,
    "frame": _WHOLE,
    "person": _WHOLE,
    "face_count": _WHOLE,
    "left": _NUMBER,
    "top": _NUMBER,
    "right": _NUMBER,
    "bottom": _NUMBER,
    "yaw": _NUMBER,
    "pitch": _NUMBER,
    "roll": _NUMBER,
    "face_size_pixels": _NUMBER,
    "face_size_millimetres": _NUMBER,
    "quality": _TEXT,
    "weight": _NUMBER,
    "model": _TEXT,
    "frames_used": _WHOLE,
    "looks": _WHOLE,
    **_MADE_COLUMNS,
}
"""What stands before the sliders in the row of a frame, and its type; see docs/webcam.md."""

PERSON_COLUMNS = {
    "person": _WHOLE,
    "model": _TEXT,
    "frames_used": _WHOLE,
    "looks": _WHOLE,
    "from_seconds": _SECONDS,
    "to_seconds": _SECONDS,
    **_MADE_COLUMNS,
}
"""The same of a person."""


@dataclass(frozen=True)
class Origin:
    """Where all rows of a recording come from. s sliders.

    Attributes:
        source: the source of the video, as shown to people.
        rig_licence: SPDX name of the licence of the rig's data.
        slider_names: (s,) the rig's sliders.
    """

    source: str
    rig_licence: str
    slider_names: tuple[str, ...]

    def cells(self, estimate: LiveEstimate | None) -> tuple[str | None, ...]:
        """_MADE_COLUMNS of a row: no formulas, and no line breaks, so that a line is a row."""
        rig = None if estimate is None else _line(estimate.rig)
        return _line(self.source), rig, _line(self.rig_licence)


@dataclass(frozen=True, eq=False)
class Row:
    """One row, without what all rows share.

    Attributes:
        cells: what stands before _MADE_COLUMNS; None where not known.
        estimate: of the person so far, or None.
        values: (s,) float32 of the frame alone, or None.
    """

    cells: tuple[object, ...]
    estimate: LiveEstimate | None
    values: np.ndarray | None = None


def frame_row(state: LiveState) -> Row:
    """What is known after a frame; without the picture, which is many times as large."""
    face, pose, estimate = state.face, state.pose, state.estimate
    ago = timedelta(seconds=time.perf_counter() - state.frame.captured)
    cells = (
        (datetime.now(UTC) - ago).isoformat(timespec="milliseconds"),
        round(state.frame.seconds, 6),
        state.frame.number,
        state.person or None,
        len(state.faces),
        *((None,) * 4 if face is None else face.box),
        *((None,) * 3 if pose is None else (pose.yaw, pose.pitch, pose.roll)),
        *((None,) * 2 if pose is None else (pose.size_pixels, pose.size_millimetres)),
        ";".join(state.quality),
        state.weight,
        state.model,
        estimate and estimate.frames,
        estimate and estimate.looks,
    )
    return Row(cells, estimate, state.values)


def frame_table(rows: Sequence[Row], origin: Origin) -> pyarrow.Table:
    """FRAME_COLUMNS; the sliders with their intervals as in `exports.tables`; FRAME_VALUE."""
    import pyarrow

    named = _columns(rows, origin, FRAME_COLUMNS)
    unknown = np.full(len(origin.slider_names), np.nan, np.float32)
    values = [unknown if row.values is None else row.values for row in rows]
    columns = number_columns(values, len(origin.slider_names))
    for name, column in zip(origin.slider_names, columns, strict=True):
        named[name + FRAME_VALUE] = column
    return pyarrow.table(named)


def person_table(rows: Sequence[Row], origin: Origin) -> pyarrow.Table:
    """PERSON_COLUMNS, and the sliders with their intervals."""
    import pyarrow

    return pyarrow.table(_columns(rows, origin, PERSON_COLUMNS))


def _columns(
    rows: Sequence[Row], origin: Origin, kinds: dict[str, str]
) -> dict[str, pyarrow.Array]:
    import pyarrow

    cells = [(*row.cells, *origin.cells(row.estimate)) for row in rows]
    named = {
        # from_pandas: nan becomes null, an empty cell.
        name: pyarrow.array([one[number] for one in cells], kind, from_pandas=True)
        for number, (name, kind) in enumerate(kinds.items())
    }
    unknown = np.full(len(origin.slider_names), np.nan, np.float32)
    estimates = [row.estimate for row in rows]
    named |= slider_columns(
        origin.slider_names,
        [unknown if one is None else one.values for one in estimates],
        [unknown if one is None else one.lower for one in estimates],
        [unknown if one is None else one.upper for one in estimates],
    )
    return named


def _line(text: str) -> str:
    return text_cell(" ".join(text.split()))


class PersonRow:
    """Keeps what is known of the person who sits there, until another does."""

    def __init__(self) -> None:
        self._person = 0
        self._model = ""
        self._estimate: LiveEstimate | None = None
        self._seconds = (0.0, 0.0)

    def add(self, state: LiveState) -> Row | None:
        """Takes a frame in; the row of the person before, where this one is another."""
        ended = self.row() if state.person != self._person else None
        if state.person != self._person:
            self._person, self._estimate = state.person, None
            self._seconds = (state.frame.seconds, state.frame.seconds)
        if state.face is not None:
            self._seconds = (self._seconds[0], state.frame.seconds)
        if state.estimate is not None or self._estimate is None:
            self._estimate, self._model = state.estimate, state.model
        return ended

    def row(self) -> Row | None:
        """The person's row so far; None before the first."""
        if not self._person:
            return None
        estimate = self._estimate
        seconds = (round(one, 6) for one in self._seconds)
        used = (estimate and estimate.frames, estimate and estimate.looks)
        return Row((self._person, self._model, *used, *seconds), estimate)
