"""One moment of a video as files: the picture, the character, and what was shown of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exports.character_files import check_kinds, write_character_files
from live.saving.file_names import unused_names
from live.state import LiveState
from regression.prediction.prediction import Prediction
from rig.rig import Slider

if TYPE_CHECKING:
    from exports.export_head import ExportHead

_JPEG_QUALITY = 95


class CaptureError(Exception):
    """A moment cannot be captured. The message says what happened, why and what to do."""


def save_capture(
    folder: Path,
    state: LiveState,
    sliders: Sequence[Slider],
    preview: np.ndarray | None,
    kinds: Collection[str],
    rig_licence: str,
    export_head: ExportHead | None = None,
    when: datetime | None = None,
) -> list[Path]:
    """Writes a moment's files, all of them or none, and returns their paths, the frame's first.

    capture_YYYYmmdd-HHMMSS.jpg is the frame, ..._preview.png the preview, and the character has the
    same name with .mhm, .json, .glb ... and the values of all frames so far; of the second largest
    face it is ..._face2.mhm, as `fpp predict` calls it. Captures of one second are numbered.

    folder: is made where it does not exist.
    sliders: the rig's, in the order of the state's values.
    preview: (height, width, 3) uint8 RGB, or None for none.
    kinds: of character files, see `exports.character_files.KINDS`.
    export_head: for kinds that show a head, see `exports.export_head.head_for_exports`.
    when: names the files; now by default.

    Raises CaptureError where there is no face or no estimate yet, or the folder cannot be written;
    what write_character_files raises.
    """
    if state.face is None:
        raise CaptureError(
            "There is no face to capture. A face in the picture was expected. Come into the "
            "picture, and look into the camera."
        )
    if state.estimate is None:
        raise CaptureError(
            f"There is nothing to capture yet: the route {state.model!r} has not seen enough of "
            "the face. A face that was in the picture for a second was expected. Wait, and look "
            "into the camera."
        )
    check_kinds(kinds, state.estimate.rig)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = _make_folder(folder, when or datetime.now())
        try:
            name = beside.name.removesuffix(".partial")
            photo = folder / f"{name}.jpg"
            _write_pictures(beside, name, state.frame.pixels, preview)
            prediction = _prediction(state, photo)
            write_character_files(
                beside, prediction, sliders, kinds, name, rig_licence, export_head
            )
            return _moved(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise CaptureError(
            f"The capture cannot be written into {folder} ({error}). A folder that this user may "
            "write to, with free space, was expected. Name another, or change its permissions."
        ) from error


def _make_folder(folder: Path, when: datetime) -> Path:
    """A new folder NAME.partial, where NAME is no other capture's, not even one under way."""
    for name in unused_names(folder, "capture", when):
        beside = folder / f"{name}.partial"
        try:
            beside.mkdir()
        except FileExistsError:
            continue
        return beside
    raise AssertionError("unused_names never ends")


def _write_pictures(
    folder: Path, name: str, pixels: np.ndarray, preview: np.ndarray | None
) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(folder / f"{name}.jpg", quality=_JPEG_QUALITY)
    if preview is not None:
        Image.fromarray(preview).save(folder / f"{name}_preview.png")


def _moved(beside: Path, folder: Path) -> list[Path]:
    """Moves all files up, the picture first; where one cannot be moved, none stays."""
    moved: list[Path] = []
    try:
        for path in sorted(beside.iterdir(), key=lambda one: (one.suffix != ".jpg", one.name)):
            moved.append(folder / path.name)
            os.replace(path, moved[-1])
    except BaseException:
        for path in moved:
            path.unlink(missing_ok=True)
        raise
    return moved


def _prediction(state: LiveState, photo: Path) -> Prediction:
    """What all frames say, as if it was predicted from the captured one."""
    face, pose, estimate = state.face, state.pose, state.estimate
    if face is None or pose is None or estimate is None or state.chosen is None:
        raise ValueError(
            "A state lacks its face, pose or estimate. One with all three was expected. Take it "
            "from a LiveSession."
        )
    return Prediction(
        photo=photo,
        face_number=state.chosen + 1,
        box=face.box,
        face_size_pixels=pose.size_pixels,
        face_size_millimetres=pose.size_millimetres,
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        quality=state.quality,
        model=estimate.model,
        rig=estimate.rig,
        slider_names=estimate.slider_names,
        values=estimate.values,
        lower=estimate.lower,
        upper=estimate.upper,
        told=estimate.told,
        landmarks=face.landmarks,
    )
