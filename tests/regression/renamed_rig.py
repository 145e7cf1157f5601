"""A prepared rig that the program does not know: MakeHuman's head under other names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from regression.datasets.rig_mapping import map_rig
from rig.makehuman import load_expressions, load_makehuman
from rig.prepared_rig import PreparedRig, save_prepared


def write_renamed_rig(makehuman_folder: Path, path: Path) -> PreparedRig:
    """Writes the prepared rig's .npz; sliders are called shape_000 and so on, units pose_00."""
    rig = load_makehuman(makehuman_folder)
    names, expressions = load_expressions(makehuman_folder, rig)
    sliders = tuple(
        replace(slider, name=f"shape_{number:03d}", modifiers=(f"shape_{number:03d}",))
        for number, slider in enumerate(rig.sliders)
    )
    units = tuple(f"pose_{number:02d}" for number in range(len(names)))
    prepared = PreparedRig(
        replace(rig, name="stranger", licence="test only", sliders=sliders),
        units,
        expressions,
        tuple((unit,) for unit in units),
        map_rig(makehuman_folder).correspondence,
        np.eye(4),
    )
    save_prepared(prepared, path)
    return prepared
