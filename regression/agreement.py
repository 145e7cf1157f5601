"""Agreement: do predicted heads have the proportions that were measured by hand on the people?

Build the predicted head, measure 14 proportions on it, correlate each over people with the same
proportion on the hand-placed points of the person's neutral photo, and average the 14 Pearson r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure


@dataclass(frozen=True)
class Agreement:
    """Correlations over people.

    Attributes:
        people: how many were compared.
        correlations: Pearson r of each proportion of PROPORTION_NAMES.
    """

    people: int
    correlations: dict[str, float]

    @property
    def mean(self) -> float:
        """The average of the 14 correlations."""
        return float(np.mean(list(self.correlations.values())))


def head_proportions(head: LandmarkHead, values: np.ndarray) -> np.ndarray:
    """(n, 14) proportions, seen from the front, of heads with slider values (n, s) 0..1.

    Rows of nan stay nan.
    """
    rig_values = np.stack(
        [slider.from_unit(column) for slider, column in zip(head.sliders, values.T, strict=True)],
        axis=1,
    )
    return measure(head.landmarks(rig_values), PROPORTIONS)


def agreement(proportions: np.ndarray, by_hand: np.ndarray) -> Agreement:
    """Correlates (n, 14) proportions with (n, 14) hand-measured ones, row by row one person.

    A proportion that does not vary counts as 0.

    Raises:
        ValueError: fewer than 3 people, or shapes that differ.
    """
    if proportions.shape != by_hand.shape or len(proportions) < 3:
        raise ValueError(
            f"Proportions of shape {proportions.shape} and {by_hand.shape} came in. Equal shapes "
            "with at least 3 people were expected. Compare the same people, one row each."
        )
    correlations = {}
    for column, name in enumerate(PROPORTION_NAMES):
        one, other = proportions[:, column], by_hand[:, column]
        varies = one.std() > 1e-12 and other.std() > 1e-12
        correlations[name] = float(np.corrcoef(one, other)[0, 1]) if varies else 0.0
    return Agreement(len(proportions), correlations)
