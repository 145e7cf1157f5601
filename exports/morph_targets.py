"""Which morph targets of a file a slider becomes, and what they weigh for its value.

A slider of a rig may move a head differently to either side, while a morph target moves in
proportion to its weight. So a slider becomes one target or two, by its name alone: files and JSON
agree without a mesh.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rig.rig import FloatArray, RigError, Slider

MAKEHUMAN = "makehuman"
"""The rig whose sliders are no morph targets of a file, but files of offsets for each direction."""

_SAME = 1e-3  # mesh units: files of landmark heads and prepared rigs have 16-bit offsets


def two_names(slider: Slider, rig: str) -> tuple[str, str] | None:
    """The targets for a slider's positive and its negative values; None where it is one target.

    A slider with `opposites` has names for both. MakeHuman's `nose/nose-scale-horiz-decr|incr`
    becomes `nose/nose-scale-horiz-incr` and `nose/nose-scale-horiz-decr`.
    """
    if slider.opposites:
        return slider.name, slider.opposites[0]
    if rig != MAKEHUMAN or slider.minimum >= 0:
        return None
    stem, dash, ends = slider.name.rpartition("-")
    low, bar, high = ends.partition("|")
    return (stem + dash + high, stem + dash + low) if dash and low and high else None


def target_weights(sliders: Sequence[Slider], values: npt.ArrayLike, rig: str) -> dict[str, float]:
    """Target name -> weight, for slider values (s,) in rig units; clipped to the sliders' ranges.

    MakeHuman's left and right twins are one target, under the left one's name, that moves both. A
    slider of another rig is written to all its own names, left and right.

    Raises RigError for another number of values, or values that are not finite.
    """
    amounts = np.asarray(values, np.float64)
    if amounts.shape != (len(sliders),) or not np.isfinite(amounts).all():
        raise RigError(
            f"Slider values of shape {amounts.shape} came in. {len(sliders)} finite numbers were "
            "expected, one per slider. Check where they come from."
        )
    weights: dict[str, float] = {}
    for slider, amount in zip(sliders, amounts, strict=True):
        value = float(min(max(amount, slider.minimum), slider.maximum))
        if rig != MAKEHUMAN:
            weights |= slider.written(value)
        elif (names := two_names(slider, rig)) is not None:
            weights |= {names[0]: max(value, 0.0), names[1]: max(-value, 0.0)}
        else:
            weights[slider.name] = value
    return weights


def morph_targets(
    sliders: Sequence[Slider], negative: FloatArray, positive: FloatArray, rig: str
) -> dict[str, FloatArray]:
    """Target name -> offsets (v, 3) at weight 1, from offsets (s, v, 3) at slider values -1 and +1.

    Raises RigError for a slider to both sides that is no straight line and has one name only.
    """
    targets: dict[str, FloatArray] = {}
    for slider, low, high in zip(sliders, negative, positive, strict=True):
        names = two_names(slider, rig)
        if names is not None:
            targets |= {names[0]: high, names[1]: low}
            continue
        if slider.minimum < 0 and np.abs(low + high).max(initial=0.0) > _SAME:
            raise RigError(
                f"Slider {slider.name} moves the head differently below and above 0 and has one "
                "name. A name for each direction was expected, as morph targets move in straight "
                "lines. Give it an opposite name."
            )
        targets[slider.name] = high
    return targets
