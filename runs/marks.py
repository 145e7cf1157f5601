"""Which version of which photo a result is of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_NO_FILE = -1


@dataclass(frozen=True)
class PhotoMark:
    """One version of one photo.

    Attributes:
        path: the photo's path or address, as the user gave it.
        size: bytes; -1 where there is no file that can be read.
        changed_ns: when it was last changed, in nanoseconds; 0 where that is not known.
        name: what the files made of it are called, without type.
    """

    path: str
    size: int
    changed_ns: int
    name: str

    @property
    def version(self) -> tuple[int, int]:
        """What differs when the photo was changed."""
        return self.size, self.changed_ns


def mark_of(path: Path | str, name: str) -> PhotoMark:
    """The mark of a photo as it is on disk now.

    A photo that may not be read has the mark of one that is not there: with the permission given,
    it counts as changed.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # no such file, loops of links, null characters
        return PhotoMark(str(path), _NO_FILE, 0, name)
    if not os.access(path, os.R_OK):
        return PhotoMark(str(path), _NO_FILE, 0, name)
    return PhotoMark(str(path), status.st_size, status.st_mtime_ns, name)
