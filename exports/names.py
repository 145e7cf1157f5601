"""What the files made of a photo are called, and how its path is written in them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# The ends of names that this package makes itself; a photo called so keeps its type in the name.
_OWN_ENDING = re.compile(r"_(face\d+|overlay|baked)$", re.IGNORECASE)


def output_names(photos: Iterable[Path]) -> dict[Path, str]:
    """A name without type for each photo, unique among them all: its own stem where possible.

    Where two photos would get the same name (upper and lower case count as the same, as some
    file systems have it), both get more of their path until they differ:

        a/anna.jpg, b/anna.jpg     -> a_anna, b_anna
        a/anna.jpg, a/anna.png     -> anna_jpg, anna_png
        a/anna_face2.jpg           -> anna_face2_jpg (anna_face2 is the second face of anna.jpg)
    """
    paths = {photo: Path(os.path.abspath(photo)) for photo in photos}
    # Once for each: there may be hundreds of thousands.
    keys = {photo: _folded(path.parent / path.stem) for photo, path in paths.items()}
    siblings = Counter(keys.values())
    lasts: dict[Path, str] = {}
    for photo, path in paths.items():
        ambiguous = siblings[keys[photo]] > 1 or _OWN_ENDING.search(path.stem)
        lasts[photo] = path.name.replace(".", "_") if ambiguous else path.stem

    def name(photo: Path, folders: int) -> str:
        if not folders:
            return lasts[photo]
        parents = paths[photo].parent.parts[1:]
        return "_".join([*parents[max(0, len(parents) - folders) :], lasts[photo]])

    depths = dict.fromkeys(paths, 0)
    names: dict[Path, str] = {}
    for _ in range(1 + max((len(path.parts) for path in paths.values()), default=0)):
        names = {photo: name(photo, depth) for photo, depth in depths.items()}
        uses = Counter(_folded(used) for used in names.values())
        clashing = [photo for photo, used in names.items() if uses[_folded(used)] > 1]
        if not clashing:
            return names
        for photo in clashing:
            depths[photo] += 1
    # Only paths such as /a_b/c and /a/b_c are left, whole and still the same when joined by "_".
    taken: set[str] = set()
    for photo, used in names.items():
        number, unique = 1, used
        while _folded(unique) in taken:
            number += 1
            unique = f"{used}_{number}"
        taken.add(_folded(unique))
        names[photo] = unique
    return names


def face_name(photo_name: str, face_number: int) -> str:
    """The name of one face's files: the photo's for the first face, then NAME_face2, ..."""
    return photo_name if face_number == 1 else f"{photo_name}_face{face_number}"


def path_text(path: Path | str) -> str:
    """A path, or a text that names one, as valid UTF-8; bytes that are none appear as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _folded(name: object) -> str:
    return str(name).casefold()
