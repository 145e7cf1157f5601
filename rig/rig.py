"""A rig: named sliders, a neutral mesh, and how far every slider moves every vertex.

The model is linear per sign: a slider at +1 adds its `positive` offsets, at -1 its `negative`
offsets, and anything between or beyond in proportion. That is how MakeHuman applies its targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

NOT_SKIN = "not_skin"
"""Region of eyes, teeth and the inside of the mouth, whoever shows them: paint or own colours."""

FloatArray = npt.NDArray[np.float32]
IntegerArray = npt.NDArray[np.int32]


class RigError(Exception):
    """A rig, or a file of one, that cannot be used. The message says what, why and what to do."""


@dataclass(frozen=True)
class Slider:
    """One value that shapes the face.

    name: unique in its rig. For a left/right pair that moves together, the name of the left twin.
    minimum, maximum, neutral: in rig units, minimum <= neutral <= maximum, minimum < maximum.
    modifiers: the rig's own full names that this value is written to: one, or right and left twin.
    opposites: names that the value's negative part is written to, as a positive number; empty where
        the modifiers take negative values themselves.

    Raises RigError for ranges that make no sense.
    """

    name: str
    minimum: float
    maximum: float
    neutral: float = 0.0
    modifiers: tuple[str, ...] = ()
    opposites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or any(character.isspace() for character in self.name):
            raise RigError(
                f"A slider has the name {self.name!r}. Names have at least one character and no "
                "spaces, because rig files separate by them. Rename the slider."
            )
        if not (self.minimum <= self.neutral <= self.maximum and self.minimum < self.maximum):
            raise RigError(
                f"Slider {self.name} goes from {self.minimum} to {self.maximum} with neutral "
                f"{self.neutral}. Expected minimum < maximum with neutral between them. "
                "Correct its range."
            )
        if not self.modifiers:
            object.__setattr__(self, "modifiers", (self.name,))

    def to_unit(self, value: npt.ArrayLike) -> Any:
        """Rig units -> 0..1 over the range (not clipped). Scalar or array, float64."""
        return (np.asarray(value, np.float64) - self.minimum) / (self.maximum - self.minimum)

    def from_unit(self, unit: npt.ArrayLike) -> Any:
        """0..1 over the range -> rig units (not clipped). Scalar or array, float64."""
        return self.minimum + np.asarray(unit, np.float64) * (self.maximum - self.minimum)

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Slider:
        """The slider whose `vars` went through JSON."""
        values: dict[str, Any] = {
            key: tuple(part) if isinstance(part, list) else part for key, part in entry.items()
        }
        return Slider(**values)

    def written(self, value: float) -> dict[str, float]:
        """What each of the rig's own names gets for a value in rig units."""
        if not self.opposites:
            return dict.fromkeys(self.modifiers, value)
        return dict.fromkeys(self.modifiers, max(value, 0.0)) | dict.fromkeys(
            self.opposites, max(-value, 0.0)
        )


def from_units(sliders: Sequence[Slider], units: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Values (..., s) 0..1 over their sliders' ranges, in rig units."""
    low = np.array([slider.minimum for slider in sliders])
    high = np.array([slider.maximum for slider in sliders])
    return np.asarray(low + np.asarray(units, np.float64) * (high - low))


@dataclass(frozen=True, eq=False)
class Rig:
    """Sliders and the mesh they move. s sliders, v vertices, t triangles.

    neutral: (v, 3) float32, the mesh with all sliders at 0; x to the person's left, y up, z towards
        the viewer. MakeHuman's unit is the decimetre.
    triangles: (t, 3) int32, counter-clockwise seen from outside.
    negative, positive: (s, v, 3) float32 offsets at slider value -1 and +1. `negative` is zero for
        one-sided sliders.
    parts: (t,) uint8 index into part_names.
    source_vertices: (v,) int32, the vertex of the rig's own full mesh (MakeHuman: base.obj, from
        0) that each vertex is; -1 where it comes from elsewhere (eyes).
    regions: named (v,) float32 weights 0..1 for painting: "lips", "brows", "iris", "pupil", ...
    licence: short name of the licence of the rig's data.
    colours: (v, 3) float32, red, green, blue 0..1 of the rig's own materials; (0, 3) where it has
        none.

    Arrays are converted, validated and made read-only. Raises RigError when they do not fit
    together.
    """

    name: str
    licence: str
    sliders: tuple[Slider, ...]
    neutral: FloatArray
    triangles: IntegerArray
    negative: FloatArray
    positive: FloatArray
    parts: npt.NDArray[np.uint8]
    part_names: tuple[str, ...] = ("skin", "eye")
    source_vertices: IntegerArray = field(default_factory=lambda: np.zeros(0, np.int32))
    regions: Mapping[str, FloatArray] = field(default_factory=dict)
    colours: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))

    def __post_init__(self) -> None:
        def refuse(what: str, expected: str) -> RigError:
            return RigError(
                f"Rig {self.name}: {what}. Expected {expected}. "
                "Check the code or file that made it."
            )

        def keep(name: str, dtype: Any, shape: tuple[int | None, ...]) -> None:
            value = np.array(getattr(self, name), dtype)
            fits = value.ndim == len(shape) and all(
                wanted is None or wanted == got
                for wanted, got in zip(shape, value.shape, strict=True)
            )
            if not fits:
                raise refuse(f"{name} has shape {value.shape}", f"shape {shape}")
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise refuse(f"{name} has values that are not finite", "finite numbers")
            value.setflags(write=False)
            object.__setattr__(self, name, value)

        names = self.slider_names
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise refuse(f"slider names occur twice: {', '.join(twice)}", "unique names")
        keep("neutral", np.float32, (None, 3))
        vertex_count = len(self.neutral)
        keep("triangles", np.int32, (None, 3))
        keep("negative", np.float32, (len(names), vertex_count, 3))
        keep("positive", np.float32, (len(names), vertex_count, 3))
        keep("parts", np.uint8, (len(self.triangles),))
        if len(self.source_vertices) == 0:
            object.__setattr__(self, "source_vertices", np.arange(vertex_count, dtype=np.int32))
        keep("source_vertices", np.int32, (vertex_count,))
        keep("colours", np.float32, (vertex_count if len(self.colours) else 0, 3))
        if len(self.triangles) and not (
            self.triangles.min() >= 0 and self.triangles.max() < vertex_count
        ):
            raise refuse("triangles name vertices that are not there", f"0..{vertex_count - 1}")
        if len(self.parts) and self.parts.max() >= len(self.part_names):
            raise refuse("parts name a part that is not there", f"0..{len(self.part_names) - 1}")
        regions = {}
        for name, weights in self.regions.items():
            weights = np.array(weights, np.float32)
            if weights.shape != (vertex_count,) or not ((weights >= 0) & (weights <= 1)).all():
                raise refuse(f"region {name} is not a weight per vertex", "(v,) numbers 0..1")
            weights.setflags(write=False)
            regions[name] = weights
        object.__setattr__(self, "regions", regions)

    @property
    def slider_names(self) -> tuple[str, ...]:
        """The sliders' names, in the order of every (s,) array."""
        return tuple(slider.name for slider in self.sliders)

    def vertices(self, values: npt.ArrayLike) -> FloatArray:
        """The mesh for slider values in rig units: (s,) -> (v, 3), (n, s) -> (n, v, 3), float32.

        Values outside a slider's range extrapolate. Raises RigError for another shape or values
        that are not finite.
        """
        amounts = np.asarray(values, np.float32)
        if amounts.ndim not in (1, 2) or amounts.shape[-1] != len(self.sliders):
            raise RigError(
                f"Rig {self.name} got slider values of shape {amounts.shape}. Expected "
                f"({len(self.sliders)},) or (n, {len(self.sliders)}). Pass one value per slider."
            )
        if not np.isfinite(amounts).all():
            raise RigError(
                f"Rig {self.name} got slider values that are not finite. Expected numbers in rig "
                "units. Check where they come from."
            )
        count = len(self.sliders)
        offsets = np.maximum(amounts, 0) @ self.positive.reshape(count, -1)
        offsets += np.maximum(-amounts, 0) @ self.negative.reshape(count, -1)
        moved = self.neutral + offsets.reshape(*amounts.shape[:-1], *self.neutral.shape)
        return np.asarray(moved, np.float32)
