"""What the files of each photo of a run are called, also when photos have come since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from exports.names import output_names


def names_in_run(photos: Sequence[Path], kept: Mapping[str, str]) -> dict[Path, str]:
    """A name for each photo: the one it has, else as `output_names` gives it.

    kept: the name of every photo that the run has done before, by its path, also of those that are
        not among the photos now. Nobody else gets them; where one would, it gets a number.
    """
    if all(str(photo) in kept for photo in photos):
        return {photo: kept[str(photo)] for photo in photos}
    names = output_names(photos)
    if not kept:
        return names
    taken = {name.casefold() for name in kept.values()}
    for photo, name in names.items():
        if str(photo) in kept:
            names[photo] = kept[str(photo)]
            continue
        unique, uses = name, 1
        while unique.casefold() in taken:
            uses += 1
            unique = f"{name}_{uses}"
        taken.add(unique.casefold())
        names[photo] = unique
    return names
