"""What the files of a recording or a capture are called: by the moment, never one name twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path


def unused_names(folder: Path, kind: str, when: datetime) -> Iterator[str]:
    """Names without type that no file of a folder begins with: KIND_YYYYmmdd-HHMMSS, KIND_..._2.

    They are only offered: another program may be quicker. The caller makes a file or folder of the
    name with a call that refuses an existing one, and takes the next name where it does.

    folder: an existing one; read once. Raises OSError where it cannot be read.
    """
    there = os.listdir(folder)
    stem = f"{kind}_{when:%Y%m%d-%H%M%S}"
    for number in count(1):
        name = stem if number == 1 else f"{stem}_{number}"
        if not any(one.startswith((f"{name}.", f"{name}_")) for one in there):
            yield name
