"""Folders of as many photos as wanted, made of few by links: they take no space."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path


def fill_folder(folder: Path, photos: Sequence[Path], count: int) -> Path:
    """Make a folder of `count` photos, each a link to one of `photos` in turn.

    folder: what it held before is removed.
    Returns the folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, photo in enumerate(islice(cycle(photos), count), start=1):
        _link(photo.resolve(), folder / f"photo_{number:06d}{photo.suffix.lower()}")
    return folder


def evenly(photos: Sequence[Path], count: int | None) -> list[Path]:
    """`count` of the photos, evenly from the whole; all where there are no more."""
    if count is None or count >= len(photos):
        return list(photos)
    return [photos[index * len(photos) // count] for index in range(count)]


def _link(photo: Path, place: Path) -> None:
    """A hard link, else a symbolic one, else a copy (another disk; a system without links)."""
    for link in (os.link, os.symlink):
        try:
            link(photo, place)
        except OSError:
            continue
        return
    shutil.copyfile(photo, place)
