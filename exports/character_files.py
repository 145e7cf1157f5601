"""A character file per face or person: MakeHuman's own (.mhm) and a self-explaining JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from exports.names import face_name, path_text
from regression.prediction.grouping import PersonPrediction
from regression.prediction.prediction import Prediction
from rig.mhm import write_mhm
from rig.rig import Slider

KINDS = ("mhm", "json")

JSON_SCHEMA = 2
"""Number of the JSON's layout, docs/json.md. It grows when a reader of the old would fail."""


def write_character_files(
    folder: Path,
    prediction: Prediction,
    sliders: Sequence[Slider],
    kinds: Collection[str] = KINDS,
    photo_name: str | None = None,
    rig_licence: str = "CC0-1.0",
) -> list[Path]:
    """Write one face's files into an existing folder and return their paths.

    They are called photo_name.mhm and photo_name.json for the photo's first face, then
    photo_name_face2.mhm, ...

    sliders: the rig's sliders in the prediction's order; they give ranges and modifier names.
    kinds: which of KINDS to write.
    photo_name: by default the photo's stem; `exports.names.output_names` gives unique ones for
        photos of several folders.
    rig_licence: SPDX name of the licence of the rig's data, for the JSON file.

    Raises ValueError for a kind that does not exist or sliders that are not the prediction's.
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
    return _write_files(folder, name, prediction, about, sliders, kinds, rig_licence)


def write_person_files(
    folder: Path,
    person: PersonPrediction,
    sliders: Sequence[Slider],
    kinds: Collection[str] = KINDS,
    rig_licence: str = "CC0-1.0",
) -> list[Path]:
    """The same for a person of several photos: person_NAME.mhm and person_NAME.json.

    A name that begins with "person_" stays as it is.

    Raises ValueError for a kind that does not exist or sliders that are not the person's.
    """
    about = {
        "person": path_text(person.name),
        "photos": [
            {"photo": path_text(photo), "face_number": face_number}
            for photo, face_number in person.members
        ],
    }
    name = person_file_name(person.name)
    return _write_files(folder, name, person, about, sliders, kinds, rig_licence)


def person_file_name(name: str) -> str:
    """What a person's files are called, without type."""
    return name if name.startswith("person_") else f"person_{name}"


def _write_files(
    folder: Path,
    name: str,
    face: Prediction | PersonPrediction,
    about: dict[str, Any],
    sliders: Sequence[Slider],
    kinds: Collection[str],
    rig_licence: str,
) -> list[Path]:
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(
            f"Character files of kind {', '.join(unknown)} were asked for. Expected some of "
            f"{', '.join(KINDS)}. Choose from these."
        )
    if tuple(slider.name for slider in sliders) != face.slider_names:
        raise ValueError(
            f"The prediction for {name} and the sliders passed with it have different names. "
            "Expected the prediction's own, in its order. Pass the rig it was made with."
        )
    values = _rig_values(face.values, sliders)
    written = []
    if "mhm" in kinds:
        # The suffix is appended: a name may have dots of its own.
        path = folder / f"{name}.mhm"
        write_mhm(path, sliders, values, name=path_text(name))
        written.append(path)
    if "json" in kinds:
        path = folder / f"{name}.json"
        made = {
            "model": face.model,
            "rig": face.rig,
            "rig_licence": rig_licence,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "sliders": _describe(face, values),
        }
        _write_json(path, {"schema": JSON_SCHEMA, **about, **made})
        written.append(path)
    return written


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
