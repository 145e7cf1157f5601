"""Let the system forget the program's files, so that a start reads them from the disk again."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_OURS = ("vision", "regression", "rig", "exports", "runs", "scripts", "models")


def program_folders() -> set[Path]:
    """Where Python, all packages, our code and the networks are."""
    from vision.encoder_cache import cached_path

    root = Path(__file__).resolve().parents[2]
    folders = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    return folders | {root / name for name in _OURS} | {cached_path().parent}


def forget_files(folders: Iterable[Path]) -> int:
    """Drop all files of folders from the memory of the system; their content stays.

    Those that another process has in use are kept. Returns how many files were dropped; 0 where
    the system cannot do it.
    """
    if not hasattr(os, "posix_fadvise"):
        return 0
    count = 0
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    _forget(os.path.join(parent, name))
                    count += 1
    return count


def _forget(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
