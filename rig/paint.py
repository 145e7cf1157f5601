"""Colours for a rig's vertices."""

from __future__ import annotations

import numpy as np

from rig.rig import FloatArray, Rig

Colour = tuple[float, float, float]

BROWN_IRIS: Colour = (0.30, 0.17, 0.09)
BLUE_IRIS: Colour = (0.36, 0.50, 0.62)


def vertex_colours(
    rig: Rig,
    skin: Colour = (0.80, 0.60, 0.50),
    iris: Colour = BROWN_IRIS,
    lips: Colour = (0.68, 0.38, 0.36),
    brows: Colour = (0.25, 0.17, 0.12),
    sclera: Colour = (0.90, 0.89, 0.87),
    teeth: Colour = (0.86, 0.83, 0.76),
    mouth_inside: Colour = (0.22, 0.08, 0.07),
    pupil: Colour = (0.02, 0.02, 0.02),
) -> FloatArray:
    """Colours (v, 3) float32, red, green, blue 0..1, by the rig's regions.

    Regions the rig does not have keep the skin's colour; None of the colours is inferred from
    anything: they are a choice of the caller.
    """
    colours = np.tile(np.array(skin, np.float32), (len(rig.neutral), 1))
    layers = {
        "lips": lips,
        "brows": brows,
        "mouth_inside": mouth_inside,
        "teeth": teeth,
        "sclera": sclera,
        "iris": iris,
        "pupil": pupil,
    }
    eyes = {name: rig.regions[name] for name in ("sclera", "iris", "pupil") if name in rig.regions}
    on_eye = np.sum(list(eyes.values()), axis=0) if eyes else np.zeros(len(rig.neutral))
    for name, colour in layers.items():
        if name not in rig.regions:
            continue
        weight = rig.regions[name][:, None]
        if name in eyes:  # the eye's weights share it out; they do not lie over skin
            colours = np.where((on_eye > 0)[:, None] & (name == "sclera"), 0, colours)
            colours = colours + weight * np.array(colour, np.float32)
        else:
            colours = colours + weight * (np.array(colour, np.float32) - colours)
    return colours.astype(np.float32)
