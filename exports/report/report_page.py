"""Writes the report: one HTML file that opens from disk and fetches nothing.

Photos are added one by one and go straight into the file, so memory does not grow with them.
"""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from exports.report.head_shapes import head_shapes
from exports.report.report_faces import face_record, failure_record
from exports.report.report_pictures import face_picture
from exports.shown_head import ShownHead
from regression.prediction.prediction import Failure, Prediction
from rig.rig import Slider
from rig.slider_words import slider_label

_HERE = Path(__file__).parent
_SCRIPTS = ("report_data.js", "report_head.js", "report_bars.js", "report_card.js", "report.js")

TITLE = "Faces and their sliders"


class ReportWriter:
    """A report that grows photo by photo. Use `with`, or `close()`: then the file appears.

    It is closed too where an error or Ctrl-C ends the block: what was added is worth keeping.

    Args:
        path: the HTML file; written beside, then renamed.
        sliders: s sliders of the models, in the order of every prediction's values.
        head: what is shown, see exports.shown_head.
        average: (s,) 0..1, the average person's values.
        title: the page's.

    Raises:
        RigError: the head lacks a slider.
        ValueError: the average is not of these sliders.
        OSError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        sliders: Sequence[Slider],
        head: ShownHead,
        average: npt.ArrayLike,
        title: str = TITLE,
    ) -> None:
        middle = np.asarray(average, np.float64)
        if middle.shape != (len(sliders),) or not np.isfinite(middle).all():
            raise ValueError(
                f"An average of shape {middle.shape} came in for a report. {len(sliders)} finite "
                "numbers, one per slider, were expected. Take them from average_values."
            )
        self._path = path
        self._names = tuple(slider.name for slider in sliders)
        self._faces = 0
        template = (_HERE / "report.html").read_text(encoding="utf-8")
        before, self._after = template.split("{{records}}")
        shared = {
            "sliders": [
                {"name": one.name, "label": slider_label(one.name)}
                | {"minimum": one.minimum, "maximum": one.maximum}
                for one in sliders
            ],
            "average": [round(float(one), 6) for one in middle],
            "note": head.note,
            "rig": head.rig.name,
            "licence": head.rig.licence,
            "made": datetime.now(UTC).isoformat(timespec="minutes"),
            "head": head_shapes(head, self._names),
        }
        style = (_HERE / "report.css").read_text(encoding="utf-8")
        self._partial = path.with_name(path.name + ".partial")
        self._file = self._partial.open("w", encoding="utf-8", newline="\n")
        self._file.write(
            before.replace("{{style}}", style).replace("{{title}}", html.escape(title))
        )
        self._write_json("shared", shared)

    def add(
        self,
        path: Path,
        pixels: npt.NDArray[np.uint8] | None,
        scale: float,
        predictions: Sequence[Prediction],
        failures: Sequence[Failure] = (),
    ) -> None:
        """One photo.

        Args:
            path: the photo's.
            pixels: (height, width, 3) uint8 RGB, upright; None where it cannot be shown.
            scale: photo pixels, which landmarks are in, per pixel of `pixels`.
            predictions: its faces.
            failures: why it has none.

        Raises:
            ValueError: predictions of other sliders or another photo.
        """
        for prediction in predictions:
            if prediction.slider_names != self._names or prediction.photo != path:
                raise ValueError(
                    f"A prediction for {prediction.photo} came in for a report on {path}. The "
                    "photo's own, with the report's sliders, was expected. Pass that."
                )
            picture = None if pixels is None else face_picture(pixels, prediction, scale)
            if picture is not None:
                # Apart from the face's record, so that only pictures that are looked at are read.
                text = base64.b64encode(picture.jpeg).decode("ascii")
                self._write_block(f'type="text/plain" id="picture-{self._faces}"', text)
            self._write_json("face", face_record(prediction, len(predictions), picture))
            self._faces += 1
        for failure in failures:
            self._write_json("failure", failure_record(failure))

    def close(self) -> None:
        """Finishes the file and puts it in its place. May be called twice."""
        if self._file.closed:
            return
        from plotly.offline import get_plotlyjs

        with self._file:
            self._file.write(self._after.replace("{{scripts}}", _script(get_plotlyjs()) + _own()))
        os.replace(self._partial, self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write_json(self, kind: str, content: Any) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # No text of a photo's name may end the script that holds it.
        self._write_block(f'type="application/json" class="{kind}"', text.replace("<", "\\u003c"))

    def _write_block(self, attributes: str, text: str) -> None:
        self._file.write(f"<script {attributes}>{text}</script>\n")


def _own() -> str:
    return "".join(_script((_HERE / name).read_text(encoding="utf-8")) for name in _SCRIPTS)


def _script(code: str) -> str:
    return f"<script>\n{code}\n</script>\n"
