"""Trained models as they are, on photos of people that they did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.models.fitted_model import ROUTE as FIT
from regression.models.fitted_model import FittedModel, load_fit
from regression.models.intervals import half_widths
from regression.models.model_files import TrainedModel, folder_for, load_model
from regression.training.calibration import Calibration, Coverage
from regression.training.recipe import feature_columns


@dataclass(frozen=True, eq=False)
class Unchanged:
    """What a models folder says of photos. n photos, s sliders.

    Attributes:
        model: the model.
        values: (n, s) 0..1.
    """

    model: TrainedModel | FittedModel
    values: np.ndarray

    @property
    def told(self) -> np.ndarray:
        """(s,) bool, the sliders that the model tells."""
        return self.model.told

    def calibration(
        self, labels: np.ndarray, people: Sequence[str], by_hand: np.ndarray
    ) -> Calibration:
        """How well the model's own intervals hold.

        Args:
            labels: (n, s) the teacher's values of these photos' people.
            people: (n,) who is on each photo.
            by_hand: (n,) bool, whose labels rest on hand-placed points; if nobody's, all count.
        """
        names = np.asarray(people)
        by_hand = by_hand if by_hand.any() else np.ones(len(names), dtype=bool)
        lower, upper = self.model.bounds(self.values.astype(np.float32))
        held = (lower <= labels) & (labels <= upper)
        centred = labels[by_hand] - labels[by_hand].mean(axis=0)
        return Calibration(
            told=self.told,
            intervals=self.model.intervals,
            average_half_widths=half_widths(centred, list(names[by_hand])),
            values=self.values,
            coverage=self._coverage(held[by_hand], names[by_hand]),
            coverage_of_others=(
                None if by_hand.all() else self._coverage(held[~by_hand], names[~by_hand])
            ),
        )

    def _coverage(self, held: np.ndarray, people: np.ndarray) -> Coverage:
        _, who = np.unique(people, return_inverse=True)
        counts = np.bincount(who)
        return Coverage(len(counts), np.average(held, axis=0, weights=1.0 / counts[who]), self.told)


def predict_unchanged(
    faces: Sequence[RealFace], folder: Path, models: Mapping[str, tuple[str, str]]
) -> dict[str, Unchanged]:
    """Predicts photos by the models of a folder, by name.

    Args:
        models: name -> route (or "fit") and landmarker.

    Raises:
        ModelError: a model is missing or cannot be used.
    """
    found: dict[str, Unchanged] = {}
    for name, (route, landmarker) in models.items():
        model: TrainedModel | FittedModel = (
            load_fit(folder) if route == FIT else load_model(folder_for(folder, landmarker), route)
        )
        columns = feature_columns(model.reads, landmarker)
        features = np.array([face.tested_features[columns] for face in faces], np.float32)
        found[name] = Unchanged(model, model.predict(features))
    return found
