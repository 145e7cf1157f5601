"""The head that people are shown for slider values, as far as it is on disk, and its colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from exports.morph_targets import MAKEHUMAN
from exports.painted_face import frame_face, painted_face
from rig.fetch import rig_folder_if_there
from rig.landmark_head import LandmarkHead
from rig.paint import vertex_colours
from rig.portrait import Framing, frame_head
from rig.rig import FloatArray, Rig, RigError

PREPARED_FILE = "rig/prepared.npz"
"""In a models folder: the rig that the models were trained for, see rig.prepared_rig."""

_SKIN = (0.82, 0.60, 0.48)
_CLOSER = (0.2, 0.84)  # than portraits: up, in eye heights that they show 3.1 of, and in height


class ShownHead(NamedTuple):
    """A head to be drawn. v vertices.

    rig: its mesh and sliders, decimetres.
    colours: (v, 3) float32, red, green, blue 0..1.
    note: why it is the face mesh and not the head itself, a sentence; empty where it is the head.
    """

    rig: Rig
    colours: FloatArray
    note: str = ""

    @property
    def framing(self) -> Framing:
        """What a picture shows of it: the head larger than in a portrait."""
        if self.note:
            return frame_face(self.rig)
        framing = frame_head(self.rig)
        across, up, deep = framing.centre
        higher, closer = _CLOSER
        return Framing((across, up + higher * framing.height / 3.1, deep), closer * framing.height)


def shown_head(models_folder: Path, rig_path: Path | None, head: LandmarkHead) -> ShownHead:
    """The head to show, the first that is there: the models' rig, MakeHuman's, the face mesh.

    Args:
        models_folder: of the models that predict.
        rig_path: MakeHuman's data folder; None for the one of FPP_RIG or the one fetched.
        head: of the models.

    Raises:
        RigError: a rig that is named, or lies in the models folder, cannot be used.
    """
    prepared = models_folder / PREPARED_FILE
    if prepared.is_file():
        from rig.prepared_rig import load_prepared

        return _whole(load_prepared(prepared).rig, head)
    if head.rig != MAKEHUMAN:
        return face_alone(
            head, f"The face mesh is shown, not the head: there is no {PREPARED_FILE}."
        )
    folder = rig_folder_if_there(rig_path)
    if folder is None:
        return face_alone(
            head, "The face mesh is shown, not the head: `fpp rig fetch makehuman` fetches it."
        )
    from rig.makehuman import load_makehuman

    return _whole(load_makehuman(folder), head)


def shown_head_or_face(models_folder: Path, rig_path: Path | None, head: LandmarkHead) -> ShownHead:
    """The same, but the face mesh and a note where a rig cannot be used."""
    try:
        return shown_head(models_folder, rig_path, head)
    except RigError as error:
        return face_instead(head, error)


def face_instead(head: LandmarkHead, error: Exception) -> ShownHead:
    """The face mesh, and why the head cannot be shown; a note has no room for all of an error."""
    what = str(error).split(". ", 1)[0].rstrip(".")
    return face_alone(head, f"The face mesh is shown, not the head: {what}.")


def face_alone(head: LandmarkHead, note: str) -> ShownHead:
    """The face mesh of a landmark head, and why it is shown."""
    rig = painted_face(head)
    return ShownHead(rig, vertex_colours(rig, skin=_SKIN), note)


def rig_columns(rig: Rig, slider_names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Where each slider stands in the rig.

    Raises RigError for one that it does not have.
    """
    number = {name: column for column, name in enumerate(rig.slider_names)}
    missing = [name for name in slider_names if name not in number]
    if missing:
        raise RigError(
            f"The rig {rig.name} has no slider {missing[0]}, which the models predict. The rig "
            "that they were trained for was expected. Name it with --rig, or use models of this "
            "one."
        )
    return np.array([number[name] for name in slider_names], np.intp)


def _whole(rig: Rig, head: LandmarkHead) -> ShownHead:
    rig_columns(rig, head.slider_names)
    return ShownHead(rig, vertex_colours(rig, skin=_SKIN))
