"""The files that a user takes home: characters, heads and pictures, as predicted or edited."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.person import CombinedFace, Face, edited_sliders
from exports.character_files import (
    HEAD_KINDS,
    TEXT_KINDS,
    check_kinds,
    person_file_name,
    write_character_files,
    write_person_files,
)
from exports.export_head import ExportHead
from exports.morph_targets import MAKEHUMAN
from exports.names import face_name
from regression.prediction.grouping import PersonPrediction
from rig.rig import Slider

PICTURE_KIND = "png"

_LONGEST_NAME = 80  # characters: file systems take 255 bytes, and endings follow


def kinds_for(rig: str) -> tuple[str, ...]:
    """What can be saved of a rig's heads: .mhm is MakeHuman's own."""
    text = TEXT_KINDS if rig == MAKEHUMAN else tuple(kind for kind in TEXT_KINDS if kind != "mhm")
    return (*text, *HEAD_KINDS, PICTURE_KIND)


def file_stem(name: str) -> str:
    """A name without folders and type, of letters, digits, dots, dashes and underscores."""
    last = re.split(r"[/\\]", name)[-1]
    stem = last.rpartition(".")[0] or last
    return re.sub(r"[^\w.-]+", "_", stem)[:_LONGEST_NAME].strip("._-") or "face"


def save_files(
    folder: Path,
    face: Face,
    values: np.ndarray | None,
    kinds: Collection[str],
    name: str,
    sliders: Sequence[Slider],
    licence: str,
    load_head: Callable[[], ExportHead],
    draw: Callable[[np.ndarray], bytes],
) -> list[Path]:
    """Writes files of a face and returns their paths, in the order of `kinds`.

    They are called as `fpp predict` calls them: NAME.mhm, NAME_face2.mhm for a photo's second face,
    person_NAME.mhm for several photos together.

    Args:
        folder: is made where it does not exist.
        values: (s,), 0..1, as edited by hand; None for the face's own.
        kinds: some of kinds_for(rig).
        name: of the photo or the person, any text.
        sliders, licence: the rig's.
        load_head: gives what HEAD_KINDS show; is called for these alone.
        draw: gives a PNG file's bytes for values (s,), 0..1; is called for PICTURE_KIND alone.

    Raises:
        RigError, ValueError: a kind that cannot be, or values that are none.
    """
    characters = [kind for kind in kinds if kind != PICTURE_KIND]
    check_kinds(characters, face.rig)
    edited: tuple[str, ...] = ()
    if values is not None:
        edited = edited_sliders(face, values)
        face = with_values(face, values)
    folder.mkdir(parents=True, exist_ok=True)
    head = load_head() if set(characters) & set(HEAD_KINDS) else None
    stem = file_stem(name)
    if isinstance(face, CombinedFace):
        base = person_file_name(stem)
    else:
        base = face_name(stem, face.face_number)

    def write(kind: str) -> list[Path]:
        if kind == PICTURE_KIND:
            return [_write_bytes(folder / f"{base}.{PICTURE_KIND}", draw(face.values))]
        shared = (sliders, (kind,))
        if isinstance(face, CombinedFace):
            return write_person_files(folder, _person(face, stem), *shared, licence, head, edited)
        return write_character_files(folder, face, *shared, stem, licence, head, edited)

    return [path for kind in kinds for path in write(kind)]


def with_values(face: Face, values: np.ndarray) -> Face:
    """The face with values (s,), 0..1; no photo tells those that were set by hand.

    Raises ValueError for values that are not one number in 0..1 per slider.
    """
    amounts = np.asarray(values, np.float32)
    # Written so that nan fails too.
    if amounts.shape != face.values.shape or not ((amounts >= 0) & (amounts <= 1)).all():
        raise ValueError(
            f"Slider values of shape {amounts.shape} came in. {len(face.values)} numbers from 0 to "
            "1 were expected, one per slider. Correct the call."
        )
    edited = np.isin(face.slider_names, edited_sliders(face, amounts))
    return replace(
        face,
        values=np.where(edited, amounts, face.values),
        lower=np.where(edited, np.float32(0), face.lower),
        upper=np.where(edited, np.float32(1), face.upper),
        told=face.told & ~edited,
    )


def _person(face: CombinedFace, name: str) -> PersonPrediction:
    return PersonPrediction(
        name,
        face.members,
        face.values,
        face.lower,
        face.upper,
        face.told,
        face.slider_names,
        face.model,
        face.rig,
    )


def _write_bytes(path: Path, content: bytes) -> Path:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return path
