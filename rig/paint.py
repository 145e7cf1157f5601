"""Colours for a rig's vertices."""

from __future__ import annotations

import numpy as np

from rig.rig import FloatArray, Rig

Colour = tuple[float, float, float]

BROWN_IRIS: Colour = (0.30, 0.17, 0.09)
BLUE_IRIS: Colour = (0.36, 0.50, 0.62)

_ALIKE = 0.7  # how unlike the skin a colour is, in brightnesses of the skin, that keeps 2/3 of it


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
    anything: they are a choice of the caller. A rig with colours of its own keeps them, tinted so
    that its skin has the asked colour in the middle; regions are painted over that.
    """
    colours = np.tile(np.array(skin, np.float32), (len(rig.neutral), 1))
    if len(rig.colours):
        colours = _tinted(rig, np.array(skin, np.float32))
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
            if name == "sclera":
                beside = np.where(on_eye > 0.999, 0, 1 - on_eye)[:, None].astype(np.float32)
                colours = colours * beside
            colours = colours + weight * np.array(colour, np.float32)
        else:
            colours = colours + weight * (np.array(colour, np.float32) - colours)
    return np.clip(colours, 0, 1).astype(np.float32)


def _tinted(rig: Rig, skin: FloatArray) -> FloatArray:
    """The rig's own colours with its skin's mean brought to `skin`; unlike colours stay."""
    mean = _skin_colour(rig)
    # White eyes and teeth stay white: they are brighter or of another hue than skin.
    unlike = np.linalg.norm(rig.colours - mean, axis=1) / (_ALIKE * max(float(mean.mean()), 0.05))
    share = np.exp(-np.square(unlike))[:, None]
    tint = skin / np.maximum(mean, 0.02)
    return np.asarray(rig.colours * (1 + share * (tint - 1)), np.float32)


def _skin_colour(rig: Rig) -> FloatArray:
    """The middle colour (3,) of the face, or of everything where the rig does not say where it is.

    The median: of a face, more is skin than anything else.
    """
    near = np.ones(len(rig.neutral), bool)
    if {"eyes_middle", "chin"} <= set(rig.regions):
        eyes, chin = (
            np.average(rig.neutral, axis=0, weights=rig.regions[name])
            for name in ("eyes_middle", "chin")
        )
        away = np.linalg.norm(rig.neutral - (eyes + chin) / 2, axis=1)
        near = away < 0.8 * np.linalg.norm(eyes - chin)
    return np.asarray(np.median(rig.colours[near], axis=0), np.float32)
