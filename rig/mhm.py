"""MakeHuman's character files (.mhm): text, one `modifier group/name value` per line.

Written as MakeHuman 1.2 writes them (`version v1.2.0` first, six decimals, only what is not zero).
MakeHuman itself reads them in Files > Load; modifiers a file does not name, macro ones included,
take MakeHuman's defaults.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rig.rig import RigError, Slider

VERSION = "v1.2.0"


def write_mhm(
    path: Path,
    sliders: Sequence[Slider],
    values: npt.ArrayLike,
    name: str | None = None,
    remarks: Sequence[str] = (),
) -> None:
    """Write slider values (s,) in rig units as a .mhm file; left/right twins get the same value.

    Values outside a slider's range are clipped, because MakeHuman knows no others. `name` is the
    character's name, by default the file's; `remarks` come first, as lines that MakeHuman passes
    over. The file appears complete or not at all. Raises
    RigError for values that are not one finite number per slider.
    """
    amounts = np.asarray(values, np.float64)
    if amounts.shape != (len(sliders),) or not np.isfinite(amounts).all():
        raise RigError(
            f"{path} cannot be written from slider values of shape {amounts.shape}. Expected "
            f"{len(sliders)} finite numbers, one per slider. Check where they come from."
        )
    character = " ".join((path.stem if name is None else name).split()) or "face"
    lines = [" ".join(["#", *remark.split()]) for remark in remarks]
    lines += [f"version {VERSION}", f"name {character}"]
    for slider, amount in zip(sliders, amounts, strict=True):
        text = f"{min(max(amount, slider.minimum), slider.maximum):.6f}"
        if float(text) != 0:
            lines += [f"modifier {modifier} {text}" for modifier in slider.modifiers]
    partial = path.with_name(path.name + ".partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_mhm(path: Path, sliders: Sequence[Slider]) -> npt.NDArray[np.float64]:
    """Read slider values (s,) float64 in rig units from a .mhm file.

    Lines about anything else (macro sliders, clothes, camera) are passed over. A slider that
    writes left and right gets their mean, a side that is not named counting as 0. Values outside
    the range are clipped, as MakeHuman does. Raises RigError naming file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RigError(
            f"{path} cannot be read ({error}). Expected a MakeHuman .mhm text file. Check the "
            "path, or save the character in MakeHuman again."
        ) from error
    found: dict[str, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0] != "modifier":
            continue
        try:
            _, modifier, value = words
            found[modifier] = float(value)
            if not math.isfinite(found[modifier]):
                raise ValueError(value)
        except ValueError as error:
            raise RigError(
                f"{path}, line {number}, cannot be understood: {line[:80]!r}. Expected "
                "`modifier group/name value` with a finite number. Correct the line or remove it."
            ) from error
    values = [
        float(np.mean([found.get(modifier, 0.0) for modifier in slider.modifiers]))
        for slider in sliders
    ]
    minimum = [slider.minimum for slider in sliders]
    maximum = [slider.maximum for slider in sliders]
    return np.clip(np.array(values, np.float64), minimum, maximum)
