"""The compact decoder: from slider values to face-mesh landmarks, without the rig's mesh.

It ships with the models, so that previews, proportions and fits need no rig on disk. Which point
of the head each landmark is was found on rendered pictures of it (rig.correspondence).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rig.correspondence import Correspondence
from rig.npz_arrays import read_arrays
from rig.rig import FloatArray, Rig, RigError, Slider


@dataclass(frozen=True, eq=False)
class LandmarkHead:
    """Landmarks of a rig's head as a function of its sliders and its expression.

    s sliders, e expression units, n landmarks.

    Attributes:
        rig: the rig's name.
        licence: the licence of the rig's data.
        sliders: the rig's sliders, all of them, in the rig's order.
        neutral: (n, 3) float32, mesh units; x to the picture's right, y DOWN, z AWAY from the
            viewer: the axes of landmarks, not of the mesh.
        negative, positive: (s, n, 3) float32, offsets at slider value -1 and +1.
        expression_names: the rig's expression units; none in files of before they were kept.
        expressions: (e, n, 3) float32, offsets at full strength; units go from 0 to 1.
    """

    rig: str
    licence: str
    sliders: tuple[Slider, ...]
    neutral: FloatArray
    negative: FloatArray
    positive: FloatArray
    expression_names: tuple[str, ...] = ()
    expressions: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 3), np.float32))

    @property
    def slider_names(self) -> tuple[str, ...]:
        """Names in the order of the arrays."""
        return tuple(slider.name for slider in self.sliders)

    def landmarks(self, values: np.ndarray, expression: np.ndarray | None = None) -> FloatArray:
        """Landmarks (..., n, 3) for slider values (..., s) in rig units.

        Args:
            expression: (..., e) strength of each expression unit, 0..1; None for a face at rest.
        """
        values = np.asarray(values, np.float32)
        count, numbers = len(self.sliders), self.neutral.size
        flat = np.maximum(values, 0) @ self.positive.reshape(count, numbers)
        flat += np.maximum(-values, 0) @ self.negative.reshape(count, numbers)
        if expression is not None:
            strengths = np.asarray(expression, np.float32)
            flat += strengths @ self.expressions.reshape(len(self.expression_names), numbers)
        return self.neutral + flat.reshape(*values.shape[:-1], *self.neutral.shape)

    def with_sliders(self, chosen: np.ndarray) -> LandmarkHead:
        """The same head with only some of its sliders, (s,) bool."""
        sliders = tuple(s for s, keep in zip(self.sliders, chosen, strict=True) if keep)
        return replace(
            self, sliders=sliders, negative=self.negative[chosen], positive=self.positive[chosen]
        )

    def with_expression_sliders(self) -> LandmarkHead:
        """The same head with its expression units as further sliders, 0..1, behind the others."""
        units = tuple(Slider(f"expression/{name}", 0.0, 1.0) for name in self.expression_names)
        offsets = self.expressions.reshape(len(units), *self.neutral.shape)
        return replace(
            self,
            sliders=self.sliders + units,
            negative=np.concatenate([self.negative, np.zeros_like(offsets)]),
            positive=np.concatenate([self.positive, offsets]),
            expression_names=(),
            expressions=offsets[:0],
        )


def extract_landmark_head(
    rig: Rig,
    correspondence: Correspondence,
    expression_names: tuple[str, ...] = (),
    expressions: FloatArray | None = None,
) -> LandmarkHead:
    """Takes from a rig what landmarks can show of it.

    Args:
        expression_names: of the rig's expression units.
        expressions: (e, v, 3) offsets of the rig's mesh at full strength, in mesh axes.
    """
    if expressions is None:
        expressions = np.zeros((0, *rig.neutral.shape), np.float32)
    axes = np.array([1, -1, -1], np.float32)
    return LandmarkHead(
        rig=rig.name,
        licence=rig.licence,
        sliders=rig.sliders,
        neutral=correspondence.landmarks(rig.neutral) * axes,
        negative=correspondence.landmarks(rig.negative) * axes,
        positive=correspondence.landmarks(rig.positive) * axes,
        expression_names=expression_names,
        expressions=correspondence.landmarks(expressions) * axes,
    )


def save_landmark_head(head: LandmarkHead, path: Path) -> None:
    """Writes a .npz of 16-bit floats (a rounding of about 0.01 mm) and JSON text."""
    description = {
        "rig": head.rig,
        "licence": head.licence,
        "sliders": [vars(slider) for slider in head.sliders],
        "expressions": list(head.expression_names),
    }
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            description=np.array(json.dumps(description)),
            neutral=head.neutral.astype(np.float32),
            negative=head.negative.astype(np.float16),
            positive=head.positive.astype(np.float16),
            expressions=head.expressions.astype(np.float16),
        )
    os.replace(partial, path)


def load_landmark_head(path: Path, content: bytes | None = None) -> LandmarkHead:
    """Reads what save_landmark_head wrote.

    Args:
        content: the file's bytes, where they were read already.

    Raises:
        RigError: the file is missing or is not such a file.
    """
    try:
        file = read_arrays(path if content is None else content)
        description = json.loads(str(file["description"]))
        neutral, negative, positive = (
            file[name].astype(np.float32) for name in ("neutral", "negative", "positive")
        )
        names = tuple(str(name) for name in description.get("expressions", ()))
        expressions = np.zeros((0, *neutral.shape), np.float32)
        if names:
            expressions = file["expressions"].astype(np.float32)
        sliders = tuple(Slider.from_json(slider) for slider in description["sliders"])
        head = LandmarkHead(
            description["rig"],
            description["licence"],
            sliders,
            neutral,
            negative,
            positive,
            names,
            expressions,
        )
    except (
        *(OSError, KeyError, ValueError, TypeError, AttributeError),
        *(RecursionError, RigError),
    ) as error:
        raise RigError(
            f"{path} cannot be read as a landmark head ({error}). A .npz file written by this "
            "project was expected. Restore it from the repository or run `fpp rig map`."
        ) from error
    if not (
        head.negative.shape == head.positive.shape == (len(sliders), *head.neutral.shape)
        and head.expressions.shape == (len(names), *head.neutral.shape)
        and head.neutral.shape[1:] == (3,)
    ):
        raise RigError(
            f"{path} holds arrays that do not fit together. Offsets for each of its "
            f"{len(sliders)} sliders and {len(names)} expression units were expected. Restore it "
            "from the repository."
        )
    return head
