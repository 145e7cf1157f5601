"""Random heads for training: slider values, expression, pose, camera, light and colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rig.camera import Camera
from rig.paint import vertex_colours
from rig.portrait import Framing
from rig.render import Light
from rig.rig import FloatArray, Rig, Slider

Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class SliderPrior:
    """How the sliders of fitted real faces vary together.

    Attributes:
        mean: (s,) rig units.
        factor: (k, s); a face is `mean + normal(k) @ factor`.
    """

    mean: np.ndarray
    factor: np.ndarray


def random_sliders(
    sliders: tuple[Slider, ...], random: Random, prior: SliderPrior | None
) -> np.ndarray:
    """One head's slider values, (s,) float64, rig units, inside the ranges.

    Two things at once, so that the values cover both likely faces and a designer's: a face that
    varies as real ones do, scaled by 0 to 2.5, and a random tenth to third of the sliders moved on
    their own.
    """
    low = np.array([slider.minimum for slider in sliders])
    high = np.array([slider.maximum for slider in sliders])
    values = np.zeros(len(sliders))
    if prior is not None:
        scale = random.uniform(0.0, 2.5)
        values += prior.mean + scale * (random.normal(size=len(prior.factor)) @ prior.factor)
    alone = random.random(len(sliders)) < random.uniform(0.1, 0.33)
    spread = random.uniform(0.2, 0.6)
    values += alone * random.normal(0.0, spread, len(sliders))
    # A one-sided slider has no other side: mirroring keeps it as often at work as the others.
    values = np.where((low == 0) & alone, np.abs(values), values)
    return np.clip(values, low, high)


def one_moved_slider(sliders: tuple[Slider, ...], moved: int, random: Random) -> np.ndarray:
    """The neutral head with one slider moved, (s,) float64, rig units.

    The slider lies between two and six tenths of the way to one end of its range: visible, and no
    rarity among random heads.
    """
    values = np.array([slider.neutral for slider in sliders], np.float64)
    slider = sliders[moved]
    ends = [end for end in (slider.minimum, slider.maximum) if end != slider.neutral]
    values[moved] += random.uniform(0.2, 0.6) * (random.choice(ends) - slider.neutral)
    return values


def random_expression(count: int, random: Random) -> np.ndarray:
    """Weights of the expression units, (count,) 0..1; 4 faces in 10 have none."""
    if random.random() < 0.4:
        return np.zeros(count)
    active = random.random(count) < random.uniform(0.1, 0.5)
    return np.clip(active * random.exponential(0.2, count), 0.0, 1.0)


def random_camera(framing: Framing, random: Random) -> Camera:
    """A portrait from 0.4 to 3 metres, mostly frontal; one decimetre is one unit of the rig."""
    closer = Framing(framing.centre, framing.height * random.uniform(0.6, 0.95))
    distance = float(np.exp(random.uniform(np.log(4.0), np.log(30.0))))
    return closer.camera(distance, random.normal(0, 7), random.normal(0, 5), random.normal(0, 4))


def random_light(random: Random) -> Light:
    """One lamp from the front half and some light from everywhere."""
    ambient = random.uniform(0.2, 0.55)
    lamp = (1.1 - ambient) * random.uniform(0.9, 1.1, 3)
    return Light(
        direction=(random.normal(0, 0.7), random.normal(0.4, 0.4), 1.0),
        colour=(float(lamp[0]), float(lamp[1]), float(lamp[2])),
        ambient=(ambient, ambient, ambient),
        specular=random.uniform(0.0, 0.15),
    )


def random_colours(rig: Rig, random: Random) -> FloatArray:
    """Vertex colours (v, 3): skin from very dark to very light, lips, brows and irises."""
    skin = np.array([0.85, 0.66, 0.56]) * random.uniform(0.3, 1.12) * random.uniform(0.94, 1.06, 3)
    lips = skin * [0.9, 0.62, 0.66] * random.uniform(0.8, 1.1)
    brows = skin * random.uniform(0.15, 0.85)
    iris = np.array([0.33, 0.25, 0.18]) * random.uniform(0.4, 1.6) * random.uniform(0.7, 1.5, 3)
    return vertex_colours(
        rig, skin=_colour(skin), lips=_colour(lips), brows=_colour(brows), iris=_colour(iris)
    )


def _colour(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = np.clip(values, 0.0, 1.0)
    return float(red), float(green), float(blue)


def random_modes(
    sliders: tuple[Slider, ...], modes: np.ndarray, random: Random, prior: SliderPrior | None
) -> np.ndarray:
    """Like random_sliders for a rig of any ranges, (s,) float64, rig units, inside them.

    Each slider strays in proportion to its longer side. Half of the heads move all modes: where
    every slider shapes the whole face a little, a head with a few of them moved is a rarity.

    Args:
        modes: (s,) bool, the sliders that are such modes.
    """
    low = np.array([slider.minimum for slider in sliders])
    high = np.array([slider.maximum for slider in sliders])
    reach = np.maximum(-low, high)
    ranged = tuple(
        replace(s, minimum=s.minimum / one, maximum=s.maximum / one, neutral=s.neutral / one)
        for s, one in zip(sliders, reach, strict=True)
    )
    if prior is not None:
        prior = SliderPrior(prior.mean / reach, prior.factor / reach)
    values = random_sliders(ranged, random, prior)
    if modes.any() and random.random() < 0.5:
        values += modes * random.normal(0.0, random.uniform(0.2, 0.6), len(sliders))
    return np.clip(reach * values, low, high)
