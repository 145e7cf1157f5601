"""Bootstrap over people: how far a figure would move if other people had been photographed.

Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7 (1979). People
are drawn, not photos: photos of one person are no independent observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 1000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval (percentiles of the bootstrap); nan where unknown."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 2, sign: bool = False) -> str:
        """As in `0.82 [0.78, 0.85]`; without the interval where it is unknown or of no width."""
        style = f"{'+' if sign else ''}.{digits}f"
        if not self.high > self.low:
            return f"{self.value:{style}}"
        return f"{self.value:{style}} [{self.low:{style}}, {self.high:{style}}]"


def people_weights(people: Sequence[str], draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """(draws + 1, n) float64: how often each row counts in each draw of as many people.

    The first row is no draw: there, all count once. The same people in the same order get the same
    weights, so that two models can be compared draw by draw.

    Args:
        people: (n,) whom each row is of; rows of one person are drawn together.
    """
    names, number = np.unique(np.asarray(people), return_inverse=True)
    random = np.random.default_rng(seed)
    counts = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return np.concatenate([np.ones((1, len(number))), counts[:, number]])


def estimate(figures: np.ndarray) -> Estimate:
    """Of (draws + 1,) figures by the rows of people_weights; the interval leaves out nan."""
    drawn = figures[1:][np.isfinite(figures[1:])]
    low, high = np.percentile(drawn, _INTERVAL) if len(drawn) else (np.nan, np.nan)
    return Estimate(float(figures[0]), float(low), float(high))
