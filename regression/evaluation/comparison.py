"""Predicted slider values beside true ones, and beside what the average face would get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regression.prediction.prediction import Prediction
from rig.rig import Slider


@dataclass(frozen=True)
class SliderComparison:
    """One slider of one head; all values 0..1 over the slider's range."""

    name: str
    true: float
    predicted: float
    neutral: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions of heads whose sliders are known. h heads, s sliders that a photo tells.

    Attributes:
        heads: file names of the photos.
        slider_names: the sliders that the model counts as told by a photo.
        true, predicted: (h, s) float64, 0..1 over each slider's range.
        neutral: (s,) float64, where the average face has them.
    """

    heads: tuple[str, ...]
    slider_names: tuple[str, ...]
    true: np.ndarray
    predicted: np.ndarray
    neutral: np.ndarray

    @property
    def error(self) -> float:
        """Mean absolute error over all heads and sliders."""
        return float(np.abs(self.predicted - self.true).mean())

    @property
    def error_of_average(self) -> float:
        """The same for predicting the average face every time."""
        return float(np.abs(self.neutral - self.true).mean())

    @property
    def correlation(self) -> float:
        """Pearson r of the differences from neutral, over all heads and sliders; nan for none."""
        one, other = (self.true - self.neutral).ravel(), (self.predicted - self.neutral).ravel()
        if one.size < 2 or one.std() == 0 or other.std() == 0:
            return float("nan")
        return float(np.corrcoef(one, other)[0, 1])

    def most_extreme(self, head: int, count: int) -> list[SliderComparison]:
        """A head's sliders that are truly furthest from neutral, the furthest first."""
        order = np.argsort(-np.abs(self.true[head] - self.neutral), kind="stable")[:count]
        return [
            SliderComparison(
                self.slider_names[slider],
                float(self.true[head, slider]),
                float(self.predicted[head, slider]),
                float(self.neutral[slider]),
            )
            for slider in order
        ]


def compare(
    predictions: Sequence[Prediction],
    true_sliders: Mapping[str, np.ndarray],
    sliders: Sequence[Slider],
) -> Comparison:
    """Compares the largest face of each photo whose file name has true sliders.

    Args:
        predictions: of one model.
        true_sliders: photo file name -> (all sliders,) 0..1, in the order of `sliders`.
        sliders: the rig's sliders, in the predictions' order.

    Raises ValueError when no prediction can be compared.
    """
    known = [one for one in predictions if one.photo.name in true_sliders and one.face_number == 1]
    if not known:
        raise ValueError(
            f"None of {len(predictions)} predictions is of a photo whose sliders are known. At "
            "least one was expected. Pass predictions of the photos that the sliders are of."
        )
    told = known[0].told
    neutral = np.array([slider.to_unit(slider.neutral) for slider in sliders], np.float64)
    return Comparison(
        heads=tuple(one.photo.name for one in known),
        slider_names=tuple(np.array(known[0].slider_names)[told].tolist()),
        true=np.array([true_sliders[one.photo.name] for one in known], np.float64)[:, told],
        predicted=np.array([one.values for one in known], np.float64)[:, told],
        neutral=neutral[told],
    )
