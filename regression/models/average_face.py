"""The average person's slider values: what a model knows before it sees anybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from regression.models.fitted_model import FittedModel
from regression.models.model_files import TrainedModel
from regression.models.moments_file import load_moments, moments_path


def average_values(folder: Path, model: TrainedModel | FittedModel) -> np.ndarray:
    """(s,) float32, 0..1: the mean of the people that a model learned from; the rig's neutral face
    where the folder does not say.

    Raises ModelError for a broken file.
    """
    sliders = model.head.sliders
    neutral = np.array([slider.to_unit(slider.neutral) for slider in sliders], np.float32)
    if not moments_path(folder, model.route).is_file():
        return neutral
    mean = load_moments(folder, model.route).targets[: len(sliders)]
    return np.where(model.told, np.clip(mean, 0, 1), neutral).astype(np.float32)
