"""SHA-256 of the files of a models folder, which each model card keeps under `files`.

They tell a damaged, exchanged or foreign file from the one that was trained, before anything of it
is decoded. They do not prove who wrote a folder: whoever can change a file and its card can make
them fit again. SECURITY.md says what that means.

Run as a program (`python -m regression.models.fingerprints FOLDER`) it writes them into the cards
of a folder that was made before cards had them, or changed by somebody you trust.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vision.features import LANDMARKERS, ROUTES

_HEAD = "head.npz"
_FIT = "fit"
_ENDINGS = ("tflite", "keras", "moments.npz")


def fingerprint(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def files_of(folder: Path, route: str) -> dict[str, str]:
    """File name -> SHA-256 of all the route's files that are in a models folder, but its card."""
    own = [f"{_FIT}.npz"] if route == _FIT else [f"{route}.{ending}" for ending in _ENDINGS]
    there = [name for name in (_HEAD, *own) if (folder / name).is_file()]
    return {name: fingerprint((folder / name).read_bytes()) for name in there}


def difference(card: Mapping[str, Any], path: Path, content: bytes) -> str | None:
    """What is wrong with a file, in three sentences; None where its card names it as it is."""
    named = card.get("files")
    expected = named.get(path.name) if isinstance(named, Mapping) else None
    if not isinstance(expected, str):
        return (
            f"The model card beside {path} does not name the SHA-256 of {path.name}. A card of "
            "this version, with `files`, was expected. Train the models anew, or, where you "
            f"trust the folder, run `python -m regression.models.fingerprints {path.parent}`."
        )
    found = fingerprint(content)
    if found == expected:
        return None
    return (
        f"{path} is not the file its model card names (SHA-256 {found[:16]}..., expected "
        f"{expected[:16]}...). The files of one training run were expected. Restore it from where "
        "the models came from, or train them again."
    )


def sign(folder: Path) -> list[Path]:
    """Writes the fingerprints into all cards of a models folder; returns those that changed.

    Raises ValueError for a card that is no JSON object.
    """
    changed = []
    for within in (folder, *(folder / landmarker for landmarker in LANDMARKERS)):
        for route in (*ROUTES, _FIT):
            path = within / f"{route}.json"
            if not path.is_file():
                continue
            card = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(card, dict):
                raise ValueError(f"{path} is no model card. A JSON object was expected.")
            signed = card | {"files": files_of(within, route)}
            if signed != card:
                partial = path.with_name(path.name + ".partial")
                partial.write_text(json.dumps(signed, indent=1) + "\n", encoding="utf-8")
                os.replace(partial, path)
                changed.append(path)
    return changed


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for changed_card in sign(Path(name)):
            print(changed_card)
