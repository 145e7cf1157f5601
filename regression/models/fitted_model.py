"""The rig fit as a model beside the trained networks: `--model fit`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regression.models.intervals import SliderIntervals, told_bounds
from regression.models.model_files import ModelError, checked_bytes, read_card
from regression.models.rig_fit import RigFit
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.rig import RigError

ROUTE = "fit"


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A rig fit with the same interface as regression.models.model_files.TrainedModel.

    Attributes:
        fit: the fit.
        card: the model card's JSON.
        intervals: how sure it is of photographs.
    """

    fit: RigFit
    card: dict[str, Any]
    intervals: SliderIntervals
    route: str = ROUTE
    reads: str = "landmarks"
    landmarker: str = "face_mesh"
    serves_renders: bool = False

    @property
    def head(self) -> LandmarkHead:
        """The rig's sliders and landmarks."""
        return self.fit.head

    @property
    def told(self) -> np.ndarray:
        """(s,) bool, the sliders that are fitted."""
        return self.fit.told

    def told_on(self, rendered: bool) -> np.ndarray:
        """(s,) bool, `told`; of rendered heads nothing is known."""
        return self.told

    @property
    def rendered_intervals(self) -> SliderIntervals:
        """Nothing is known of rendered heads."""
        return SliderIntervals.unknown(len(self.told))

    def predict(
        self,
        features: np.ndarray,
        rendered: bool = False,
        distances: np.ndarray | None = None,
    ) -> np.ndarray:
        """Slider values (n, s) float32, 0..1; the neutral where not told.

        Args:
            features: (n, 81) vision.features.LANDMARK_FEATURES.
            rendered: must be False.
            distances: (n,) face heights to the camera, nan where unknown
                (regression.models.perspective).
        """
        if rendered:
            raise ModelError(
                "The rig fit is made for photographs. Photographs were expected. Use one of the "
                "networks for pictures of rendered heads."
            )
        return self.fit.values(features, distances)

    def bounds(self, values: np.ndarray, rendered: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of each value's interval, (n, s) float32; 0 and 1 where not told."""
        return told_bounds(self.intervals, values, self.told)


def load_fit(folder: Path) -> FittedModel:
    """Reads fit.npz and fit.json of a models folder.

    Raises:
        ModelError: a file is missing, cannot be used, or is not the one that the card names.
    """
    missing = [n for n in ("head.npz", "fit.npz", "fit.json") if not (folder / n).is_file()]
    if missing:
        raise ModelError(
            f"The models folder {folder} has no file {missing[0]}. A folder written by `fpp train` "
            "from photos was expected. Name such a folder with --models, or leave the option out "
            "to use the models that come with the program."
        )
    card = read_card(folder, ROUTE)
    head_path, fit_path = folder / "head.npz", folder / "fit.npz"
    try:
        head = load_landmark_head(head_path, checked_bytes(head_path, card))
        fit = RigFit.load(fit_path, head, checked_bytes(fit_path, card))
        part = card.get("intervals", {}).get("photographs")
        intervals = (
            SliderIntervals.from_json(part, fit.head.slider_names)
            if part
            else SliderIntervals.unknown(len(fit.told))
        )
    except (RigError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"The rig fit in {folder} cannot be read ({error}). Files written by `fpp train` were "
            "expected. Restore them, or train the model again."
        ) from error
    return FittedModel(fit, card, intervals)
