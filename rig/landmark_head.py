"""The compact decoder: from slider values to face-mesh landmarks, without the rig's mesh.

It ships with the models, so that previews, proportions and fits need no rig on disk. Which point
of the head each landmark is was found on rendered pictures of it (rig.correspondence).
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rig.correspondence import Correspondence
from rig.rig import FloatArray, Rig, RigError, Slider

# What numpy raises for .npz files that are empty, cut short or changed.
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class LandmarkHead:
    """Landmarks of a rig's head as a function of its sliders. s sliders, n landmarks.

    Attributes:
        rig: the rig's name.
        licence: the licence of the rig's data.
        sliders: the rig's sliders, all of them, in the rig's order.
        neutral: (n, 3) float32, mesh units; x to the picture's right, y DOWN, z AWAY from the
            viewer: the axes of landmarks, not of the mesh.
        negative, positive: (s, n, 3) float32, offsets at slider value -1 and +1.
    """

    rig: str
    licence: str
    sliders: tuple[Slider, ...]
    neutral: FloatArray
    negative: FloatArray
    positive: FloatArray

    @property
    def slider_names(self) -> tuple[str, ...]:
        """Names in the order of the arrays."""
        return tuple(slider.name for slider in self.sliders)

    def landmarks(self, values: np.ndarray) -> FloatArray:
        """Landmarks (..., n, 3) for slider values (..., s) in rig units."""
        values = np.asarray(values, np.float32)
        count = len(self.sliders)
        flat = np.maximum(values, 0) @ self.positive.reshape(count, -1)
        flat += np.maximum(-values, 0) @ self.negative.reshape(count, -1)
        return self.neutral + flat.reshape(*values.shape[:-1], *self.neutral.shape)

    def with_sliders(self, chosen: np.ndarray) -> LandmarkHead:
        """The same head with only some of its sliders, (s,) bool."""
        sliders = tuple(s for s, keep in zip(self.sliders, chosen, strict=True) if keep)
        return LandmarkHead(
            self.rig,
            self.licence,
            sliders,
            self.neutral,
            self.negative[chosen],
            self.positive[chosen],
        )


def extract_landmark_head(rig: Rig, correspondence: Correspondence) -> LandmarkHead:
    """Takes from a rig what landmarks can show of it."""
    axes = np.array([1, -1, -1], np.float32)
    return LandmarkHead(
        rig=rig.name,
        licence=rig.licence,
        sliders=rig.sliders,
        neutral=correspondence.landmarks(rig.neutral) * axes,
        negative=correspondence.landmarks(rig.negative) * axes,
        positive=correspondence.landmarks(rig.positive) * axes,
    )


def save_landmark_head(head: LandmarkHead, path: Path) -> None:
    """Writes a .npz of 16-bit floats (a rounding of about 0.01 mm) and JSON text."""
    description = {
        "rig": head.rig,
        "licence": head.licence,
        "sliders": [vars(slider) for slider in head.sliders],
    }
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            description=np.array(json.dumps(description)),
            neutral=head.neutral.astype(np.float32),
            negative=head.negative.astype(np.float16),
            positive=head.positive.astype(np.float16),
        )
    os.replace(partial, path)


def load_landmark_head(path: Path) -> LandmarkHead:
    """Reads what save_landmark_head wrote.

    Raises:
        RigError: the file is missing or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            description = json.loads(str(file["description"]))
            neutral, negative, positive = (
                file[name].astype(np.float32) for name in ("neutral", "negative", "positive")
            )
        sliders = tuple(
            Slider(**{**slider, "modifiers": tuple(slider["modifiers"])})
            for slider in description["sliders"]
        )
        head = LandmarkHead(
            description["rig"], description["licence"], sliders, neutral, negative, positive
        )
    except (*_DAMAGE, KeyError, ValueError, TypeError, RigError) as error:
        raise RigError(
            f"{path} cannot be read as a landmark head ({error}). A .npz file written by this "
            "project was expected. Restore it from the repository or run `fpp rig map`."
        ) from error
    if not (
        head.negative.shape == head.positive.shape == (len(sliders), *head.neutral.shape)
        and head.neutral.shape[1:] == (3,)
    ):
        raise RigError(
            f"{path} holds arrays that do not fit together. Offsets for each of its "
            f"{len(sliders)} sliders were expected. Restore it from the repository."
        )
    return head
