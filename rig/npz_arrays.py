"""Arrays of a .npz file that may be damaged or hostile."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_BYTES = 2 << 30
"""Of all arrays of a file together, unpacked: more is refused before memory is taken for it."""


def read_arrays(source: Path | bytes) -> dict[str, npt.NDArray[Any]]:
    """All arrays of a .npz file, by name; pickled objects are refused.

    source: the file, or its content.

    Raises ValueError for whatever is wrong with the file, OSError where it cannot be opened.
    """
    stream = source.open("rb") if isinstance(source, Path) else BytesIO(source)
    with stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
                if unpacked > MOST_BYTES:
                    raise ValueError(f"it unpacks to {unpacked} bytes, more than {MOST_BYTES}")
                return {
                    entry.filename.removesuffix(".npy"): _array(archive, entry)
                    for entry in archive.infolist()
                }
        except Exception as error:  # zipfile, zlib and numpy raise nearly anything for damage
            raise ValueError(f"{type(error).__name__}: {str(error)[:200]}") from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(entry) as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    if array.dtype.kind == "U":
        order = "<" if array.dtype.byteorder in "=<" else ">"
        letters = np.frombuffer(array.tobytes(), np.dtype(f"{order}u4"))
        if letters.max(initial=0) > sys.maxunicode:  # Python would not survive some of them
            raise ValueError(f"{entry.filename} holds letters that do not exist")
    return array
