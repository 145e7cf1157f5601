"""A character file per face or person.

MakeHuman's own (.mhm), a self-explaining JSON file, and the head itself as .glb or .obj.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from exports.export_head import ExportHead, write_glb
from exports.glb_file import GENERATOR
from exports.morph_targets import MAKEHUMAN, target_weights
from exports.names import face_name, path_text
from exports.obj_file import write_obj
from regression.prediction.grouping import PersonPrediction
from regression.prediction.prediction import Prediction
from rig.mhm import write_mhm
from rig.rig import RigError, Slider

TEXT_KINDS = ("mhm", "json")
"""Kinds that need the sliders alone."""

HEAD_KINDS = ("glb", "glb-baked", "obj")
"""Kinds that need a head: `exports.export_head.head_for_exports`."""

KINDS = TEXT_KINDS + HEAD_KINDS

ENDINGS = {
    "mhm": ".mhm",
    "json": ".json",
    "glb": ".glb",
    "glb-baked": "_baked.glb",
    "obj": ".obj",
}
"""What is added to a face's name in the file of each kind."""

JSON_SCHEMA = 2
"""Number of the JSON's layout, docs/json.md. It grows when a reader of the old would fail."""

_TOLD_OF_HEADS = ("photo", "face_number", "person", "photos", "edited")


def check_kinds(kinds: Collection[str], rig: str) -> None:
    """Refuses kinds that cannot be written for a rig; to be asked before the work begins.

    Raises ValueError for a kind that does not exist, RigError for MakeHuman's format and another
    rig.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(
            f"Character files of kind {', '.join(unknown)} were asked for. Expected some of "
            f"{', '.join(KINDS)}. Choose from these."
        )
    if "mhm" in kinds and rig != MAKEHUMAN:
        raise RigError(
            f"A .mhm file was asked for, and the models are of the rig {rig}. .mhm is MakeHuman's "
            "own format, for MakeHuman's sliders alone. Export json or glb instead."
        )


def write_character_files(
    folder: Path,
    prediction: Prediction,
    sliders: Sequence[Slider],
    kinds: Collection[str] = TEXT_KINDS,
    photo_name: str | None = None,
    rig_licence: str = "CC0-1.0",
    export_head: ExportHead | None = None,
    edited: Sequence[str] = (),
) -> list[Path]:
    """Write one face's files into an existing folder and return their paths.

    They are called photo_name.mhm, .json, .glb and .obj, and photo_name_baked.glb, for the photo's
    first face, then photo_name_face2.mhm, ...

    sliders: the rig's sliders in the prediction's order; they give ranges and modifier names.
    kinds: which of KINDS to write.
    photo_name: by default the photo's stem; `exports.names.output_names` gives unique ones for
        photos of several folders.
    rig_licence: SPDX name of the licence of the rig's data, for the JSON file.
    export_head: what HEAD_KINDS show, with the same sliders; one for all photos.
    edited: sliders whose values were set by hand, not predicted; the files say so.

    Raises ValueError for a kind that does not exist or has no head, or for sliders that are not the
    prediction's; RigError for .mhm of a rig that is not MakeHuman's.
    """
    name = face_name(photo_name or prediction.photo.stem, prediction.face_number)
    millimetres = prediction.face_size_millimetres
    about = {
        "photo": path_text(prediction.photo),
        "face_number": prediction.face_number,
        "box": [round(float(side), 2) for side in prediction.box],
        "face_size_pixels": round(float(prediction.face_size_pixels), 2),
        "face_size_millimetres": round(float(millimetres), 2) if np.isfinite(millimetres) else None,
        "yaw": round(float(prediction.yaw), 2),
        "pitch": round(float(prediction.pitch), 2),
        "roll": round(float(prediction.roll), 2),
        "quality": list(prediction.quality),
    }
    return _write_files(
        folder, name, prediction, about | _edited(edited), sliders, kinds, rig_licence, export_head
    )


def write_person_files(
    folder: Path,
    person: PersonPrediction,
    sliders: Sequence[Slider],
    kinds: Collection[str] = TEXT_KINDS,
    rig_licence: str = "CC0-1.0",
    export_head: ExportHead | None = None,
    edited: Sequence[str] = (),
) -> list[Path]:
    """The same for a person of several photos: person_NAME.mhm, person_NAME.json, ...

    A name that begins with "person_" stays as it is. Raises what write_character_files does.
    """
    about = {
        "person": path_text(person.name),
        "photos": [
            {"photo": path_text(photo), "face_number": face_number}
            for photo, face_number in person.members
        ],
    }
    name = person_file_name(person.name)
    return _write_files(
        folder, name, person, about | _edited(edited), sliders, kinds, rig_licence, export_head
    )


def person_file_name(name: str) -> str:
    """What a person's files are called, without type."""
    return name if name.startswith("person_") else f"person_{name}"


def _edited(names: Sequence[str]) -> dict[str, list[str]]:
    return {"edited": list(names)} if names else {}


def _write_files(
    folder: Path,
    name: str,
    face: Prediction | PersonPrediction,
    about: dict[str, Any],
    sliders: Sequence[Slider],
    kinds: Collection[str],
    rig_licence: str,
    export_head: ExportHead | None,
) -> list[Path]:
    check_kinds(kinds, face.rig)
    if tuple(slider.name for slider in sliders) != face.slider_names:
        raise ValueError(
            f"The prediction for {name} and the sliders passed with it have different names. "
            "Expected the prediction's own, in its order. Pass the rig it was made with."
        )
    head = _checked_head(export_head, sliders) if set(kinds) & set(HEAD_KINDS) else None
    values = _rig_values(face.values, sliders)
    made = {"model": face.model, "made": datetime.now(UTC).isoformat(timespec="seconds")}
    # Suffixes are appended: a name may have dots of its own.
    written = []
    if "mhm" in kinds:
        written.append(folder / f"{name}{ENDINGS['mhm']}")
        source = about.get("photo") or ", ".join(entry["photo"] for entry in about["photos"])
        remarks = [
            f"Predicted by {GENERATOR}, model {made['model']}, {made['made']}, from {source}",
            f"Licence of the rig {face.rig}: {rig_licence}",
        ]
        if "edited" in about:
            remarks.append("Set by hand: " + ", ".join(about["edited"]))
        write_mhm(written[-1], sliders, values, path_text(name), remarks)
    if "json" in kinds:
        written.append(folder / f"{name}{ENDINGS['json']}")
        content = {
            "schema": JSON_SCHEMA,
            **about,
            "model": made["model"],
            "rig": face.rig,
            "rig_licence": rig_licence,
            "made": made["made"],
            "sliders": _describe(face, values),
            "morph_targets": {
                target: round(weight, 6)
                for target, weight in target_weights(sliders, values, face.rig).items()
            },
        }
        _write_json(written[-1], content)
    if head is not None:
        told = {key: value for key, value in about.items() if key in _TOLD_OF_HEADS} | made
        if "glb" in kinds:
            written.append(folder / f"{name}{ENDINGS['glb']}")
            write_glb(written[-1], head, values, told, baked=False)
        if "glb-baked" in kinds:
            written.append(folder / f"{name}{ENDINGS['glb-baked']}")
            write_glb(written[-1], head, values, told, baked=True)
        if "obj" in kinds:
            written.append(folder / f"{name}{ENDINGS['obj']}")
            write_obj(written[-1], head, values, told)
    return written


def _checked_head(head: ExportHead | None, sliders: Sequence[Slider]) -> ExportHead:
    if head is None or head.sliders != tuple(sliders):
        raise ValueError(
            f"Files of kind {', '.join(HEAD_KINDS)} were asked for, and the head that came with "
            "them is none or has other sliders. A head with the prediction's sliders was expected. "
            "Pass the one that exports.export_head.head_for_exports gives."
        )
    return head


def _rig_values(unit_values: np.ndarray, sliders: Sequence[Slider]) -> np.ndarray:
    """(sliders,) float64 in rig units, inside each slider's range."""
    pairs = zip(sliders, unit_values, strict=True)
    return np.array([slider.from_unit(min(max(float(unit), 0.0), 1.0)) for slider, unit in pairs])


def _describe(face: Prediction | PersonPrediction, rig_values: np.ndarray) -> dict[str, Any]:
    columns = (face.slider_names, face.values, rig_values, face.lower, face.upper, face.told)
    return {
        name: {
            "unit": round(float(unit), 6),
            "rig": round(float(value), 6),
            "low": round(float(low), 6),
            "high": round(float(high), 6),
            "told": bool(told),
        }
        for name, unit, value, low, high, told in zip(*columns, strict=True)
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".partial")
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)
