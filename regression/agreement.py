"""Agreement: do predicted heads have the proportions that were measured by hand on the people?

Build the predicted head, measure 14 proportions on it, correlate each over people with the same
proportion on the hand-placed points of the person's neutral photo, and average the 14 Pearson r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regression.real_photos import RealFace
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


def agreements_of(proportions: np.ndarray, faces: Sequence[RealFace]) -> dict[str, Agreement]:
    """Agreement on neutral and on smiling photos of single people.

    Every photo is compared with the hand-placed points of its person's neutral photo.

    Args:
        proportions: (n, 14), of predicted heads or measured; rows of nan are left out.
    """
    by_hand = {f.person: f.hand_placed for f in faces if f.measured_by_hand and not f.expressive}
    results = {}
    for name, expressive in (("neutral", False), ("smiling", True)):
        rows = [
            i
            for i, face in enumerate(faces)
            if face.expressive is expressive
            and face.person in by_hand
            and np.isfinite(proportions[i]).all()
        ]
        if len(rows) >= 10:
            results[name] = agreement(
                proportions[rows],
                np.array([by_hand[faces[i].person] for i in rows]),
            )
    return results
