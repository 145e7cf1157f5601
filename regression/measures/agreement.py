"""Agreement: do predicted heads have the proportions that were measured by hand on the people?

Build the predicted head, measure 14 proportions on it, and compare each over people with the same
proportion on the hand-placed points of the person's neutral photo, by three statistics:

- r: Pearson's correlation.
- slope: of the regression of predicted on hand-measured; 1 is the right amplitude, less is pulled
  to the average person.
- error: mean absolute difference in % of the face height (pupils to chin bottom), after the mean
  over the people compared is taken from both sides. A character rig's average head is another than
  the people's, and predictions say how a person differs from the average person.

A side that does not vary has r 0 and slope 0; its error is that of calling everyone average.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.bootstrap import Estimate, estimate, people_weights
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure

STATISTICS = ("r", "slope", "error")
MEAN = "mean"
"""Stands in the place of a proportion for the mean over all 14."""

_FEWEST_PEOPLE = 10
_NO_VARIANCE = 1e-24


@dataclass(frozen=True)
class Agreement:
    """Statistics over people, each with its 95 % bootstrap interval.

    Attributes:
        people: how many were compared.
        estimates: by statistic of STATISTICS, then by proportion of PROPORTION_NAMES and MEAN.
    """

    people: int
    estimates: Mapping[str, Mapping[str, Estimate]]

    @property
    def correlations(self) -> dict[str, float]:
        """Pearson r of each proportion of PROPORTION_NAMES."""
        return {name: self.estimates["r"][name].value for name in PROPORTION_NAMES}

    @property
    def mean(self) -> float:
        """The average of the 14 correlations."""
        return self.estimates["r"][MEAN].value


@dataclass(frozen=True, eq=False)
class ComparedPhotos:
    """Photos of one kind beside what was measured by hand on their people.

    Attributes:
        rows: (n,) int, places of the photos among the faces.
        people: (n,) whom each is of.
        by_hand: (n, 14) proportions of the person's neutral photo (the mean over several).
    """

    rows: np.ndarray
    people: tuple[str, ...]
    by_hand: np.ndarray


def head_proportions(head: LandmarkHead, values: np.ndarray) -> np.ndarray:
    """(n, 14) proportions, seen from the front, of heads with slider values (n, s) 0..1.

    Rows of nan stay nan.
    """
    rig_values = np.stack(
        [slider.from_unit(column) for slider, column in zip(head.sliders, values.T, strict=True)],
        axis=1,
    )
    return measure(head.landmarks(rig_values), PROPORTIONS)


def agreement(
    proportions: np.ndarray, by_hand: np.ndarray, people: Sequence[str] | None = None
) -> Agreement:
    """Compares (n, 14) proportions with (n, 14) hand-measured ones, row by row.

    Args:
        people: (n,) whom each row is of; None where each is of another person.

    Raises:
        ValueError: fewer than 3 rows, or shapes that differ.
    """
    if proportions.shape != by_hand.shape or len(proportions) < 3:
        raise ValueError(
            f"Proportions of shape {proportions.shape} and {by_hand.shape} came in. Equal shapes "
            "with at least 3 people were expected. Compare the same people, one row each."
        )
    names = [str(row) for row in range(len(proportions))] if people is None else people
    statistics = _statistics(proportions, by_hand, people_weights(names))
    return Agreement(
        len(set(names)),
        {
            statistic: {
                **{name: estimate(values[:, i]) for i, name in enumerate(PROPORTION_NAMES)},
                MEAN: estimate(values.mean(axis=1)),
            }
            for statistic, values in zip(STATISTICS, statistics, strict=True)
        },
    )


def compared_photos(
    proportions: np.ndarray, faces: Sequence[RealFace]
) -> dict[str, ComparedPhotos]:
    """The "neutral" and "smiling" photos with proportions, of people who were measured by hand;
    kinds of which there are fewer than 10 are left out.

    Args:
        proportions: (n, 14), a row per face; rows of nan are left out.
    """
    measured: dict[str, list[np.ndarray]] = defaultdict(list)
    for face in faces:
        if face.measured_by_hand and not face.expressive:
            measured[face.person].append(face.hand_placed)
    found = {}
    for kind, expressive in (("neutral", False), ("smiling", True)):
        rows = [
            i
            for i, face in enumerate(faces)
            if face.expressive is expressive
            and face.person in measured
            and np.isfinite(proportions[i]).all()
        ]
        people = tuple(faces[i].person for i in rows)
        if len(set(people)) >= _FEWEST_PEOPLE:
            by_hand = np.array([np.mean(measured[person], axis=0) for person in people])
            found[kind] = ComparedPhotos(np.array(rows), people, by_hand)
    return found


def agreements_of(proportions: np.ndarray, faces: Sequence[RealFace]) -> dict[str, Agreement]:
    """Agreement on "neutral" and on "smiling" photos.

    Every photo is compared with the hand-placed points of its person's neutral photo.

    Args:
        proportions: (n, 14), of predicted heads or measured; rows of nan are left out.
    """
    return {
        kind: agreement(proportions[photos.rows], photos.by_hand, photos.people)
        for kind, photos in compared_photos(proportions, faces).items()
    }


def gains_over(
    baseline: np.ndarray, proportions: np.ndarray, faces: Sequence[RealFace]
) -> dict[str, Estimate]:
    """The mean r of `proportions` less that of `baseline`, both (n, 14), by kind of photo.

    Paired: on the same people, drawn together. Where the interval leaves out 0, one is better;
    intervals of the two that overlap do not say that neither is.
    """
    gains = {}
    for kind, photos in compared_photos(proportions + baseline, faces).items():
        weights = people_weights(photos.people)
        one, other = (
            mean_correlations(side[photos.rows], photos.by_hand, weights)
            for side in (proportions, baseline)
        )
        gains[kind] = estimate(one - other)
    return gains


def mean_correlations(
    proportions: np.ndarray, by_hand: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """(d,) mean of the 14 correlations of rows (n, 14) with hand-measured ones (n, 14).

    Args:
        weights: (d, n), from regression.measures.bootstrap.people_weights.
    """
    return np.asarray(_statistics(proportions, by_hand, weights)[0].mean(axis=1))


def _statistics(
    predicted: np.ndarray, by_hand: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """r, slope and error, each (d, 14), of rows (n, 14) under d sets of weights (d, n)."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    # Centred first: variances are then no small differences of large numbers.
    x, y = predicted - predicted.mean(axis=0), by_hand - by_hand.mean(axis=0)
    mean_x, mean_y = shares @ x, shares @ y
    var_x, var_y = shares @ x**2 - mean_x**2, shares @ y**2 - mean_y**2
    covariance = shares @ (x * y) - mean_x * mean_y
    varies = (var_x > _NO_VARIANCE) & (var_y > _NO_VARIANCE)
    safe_x, safe_y = np.where(varies, var_x, 1), np.where(varies, var_y, 1)
    r = np.where(varies, covariance / np.sqrt(safe_x * safe_y), 0)
    slope = np.where(varies, covariance / safe_y, 0)
    difference, mean_difference = x - y, mean_x - mean_y
    error = np.stack(
        [
            (shares * np.abs(column[None, :] - mean[:, None])).sum(axis=1)
            for column, mean in zip(difference.T, mean_difference.T, strict=True)
        ],
        axis=1,
    )
    return r, slope, 100 * error
