"""Consistency: do several photos of a person give the same sliders, and other people's others?

Values of different people may come from models of different folds, as all cross-validated values
do. What the folds' models disagree in counts as difference between people, which is the reason to
look at the shares that are recognised too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.bootstrap import Estimate, estimate, people_weights

_FEWEST_PEOPLE = 10
_FOLDS = 5


@dataclass(frozen=True)
class Consistency:
    """Of one model. With 95 % bootstrap intervals over people.

    Variance within a person: over the person's photos, about the person's mean, unbiased, averaged
    over people; what a smile moves in everyone is in it. Variance between people: of the people's
    means over their photos.

    Attributes:
        people: with two photos or more; no others count.
        spread: square root of (variance within, mean over sliders) by (variance between, mean over
            sliders); 0 is the same values in all photos of a person.
        median_spread: median over sliders of each slider's own square root of within by between.
        spread_without_shift: as `spread`, but of each person's first and last photo (neutral before
            smiling) and with the mean difference over people taken out: standard deviation of the
            difference by the square root of 2. What a smile moves in everyone is not in it.
        recognised: share 0..1 of photos to which, among one other photo of each person, that of the
            same person is nearest (rank-1 identification). Distance: Euclidean, after the sliders
            are scaled by their spread between people and then whitened by the covariance of the
            differences within people, both taken from other people than the photo's.
        recognised_plainly: the same without the whitening.
    """

    people: int
    spread: Estimate
    median_spread: Estimate
    spread_without_shift: Estimate
    recognised: Estimate
    recognised_plainly: Estimate


def people_with_several_photos(faces: Sequence[RealFace]) -> dict[str, list[int]]:
    """Places among the faces of each such person's photos: neutral ones first, then by path."""
    photos: dict[str, list[int]] = defaultdict(list)
    for place in sorted(range(len(faces)), key=lambda i: (faces[i].expressive, faces[i].photo)):
        photos[faces[place].person].append(place)
    return {person: places for person, places in sorted(photos.items()) if len(places) > 1}


def consistency_of(values: np.ndarray, faces: Sequence[RealFace]) -> Consistency | None:
    """The consistency of a model's values; None for fewer than 10 people with several photos, or
    values that are everyone's.

    Identification takes the first and the last photo of each person (neutral before smiling); each
    is looked for among the others' other one.

    Args:
        values: (n, s) sliders that a photo tells, 0..1, or other measures, a row per face; rows of
            nan are left out.
    """
    known = [i for i in range(len(faces)) if np.isfinite(values[i]).all()]
    people = people_with_several_photos([faces[i] for i in known])
    if len(people) < _FEWEST_PEOPLE:
        return None
    groups = [values[[known[i] for i in places]].astype(np.float64) for places in people.values()]
    within_squares = np.array([np.square(g - g.mean(axis=0)).sum(axis=0) for g in groups])
    freedom = np.array([len(group) - 1 for group in groups])
    means = np.array([group.mean(axis=0) for group in groups])

    first = np.array([group[0] for group in groups])
    last = np.array([group[-1] for group in groups])

    weights = people_weights(list(people))
    within = (weights @ within_squares) / (weights @ freedom)[:, None]
    between = _variance(means, weights)
    tiny = 1e-12 * between[0].max() + 1e-300
    varies = between[0] > tiny
    if not varies.any():
        return None
    total = np.maximum(between.mean(axis=1), tiny)
    each = np.sqrt(within[:, varies] / np.maximum(between[:, varies], tiny))
    shifted = _variance(first - last, weights) / 2
    people_drawn = weights.sum(axis=1)
    return Consistency(
        people=len(groups),
        spread=estimate(np.sqrt(within.mean(axis=1) / total)),
        median_spread=estimate(np.median(each, axis=1)),
        spread_without_shift=estimate(np.sqrt(shifted.mean(axis=1) / total)),
        recognised=estimate(weights @ _recognised(first, last, whiten=True) / people_drawn),
        recognised_plainly=estimate(
            weights @ _recognised(first, last, whiten=False) / people_drawn
        ),
    )


def _variance(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(d, s) unbiased variance of the columns of (p, s) rows under (d, p) weights."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    centred = rows - rows.mean(axis=0)
    count = len(rows)
    return (shares @ centred**2 - np.square(shares @ centred)) * count / (count - 1)


def _recognised(first: np.ndarray, last: np.ndarray, whiten: bool) -> np.ndarray:
    """(p,) share of a person's two photos that find the other one."""
    hits = np.zeros(len(first))
    fold = np.arange(len(first)) % _FOLDS
    for number in range(_FOLDS):
        others, tested = fold != number, np.flatnonzero(fold == number)
        to_distance = _scaling(first[others], last[others], whiten)
        one, other = first @ to_distance, last @ to_distance
        for queries, gallery in ((one, other), (other, one)):
            differences = queries[tested, None] - gallery[None]
            nearest = np.square(differences).sum(axis=2).argmin(axis=1)
            hits[tested] += 0.5 * (nearest == tested)
    return hits


def _scaling(first: np.ndarray, last: np.ndarray, whiten: bool) -> np.ndarray:
    """(s, s) to multiply values with, so that distances are Euclidean."""
    spread = ((first + last) / 2).std(axis=0, ddof=1)
    varies = spread > 1e-9 * spread.max() + 1e-300
    scale = np.diag(np.where(varies, 1 / np.where(varies, spread, 1), 0))
    if not whiten:
        return scale
    differences = (first - last) @ scale
    covariance = differences.T @ differences / (2 * len(differences))
    # Few people, many sliders: half of the covariance is that of sliders moving independently and
    # equally, as in Friedman, "Regularized Discriminant Analysis" (1989).
    size = np.trace(covariance) / len(covariance) + 1e-12
    eigenvalues, directions = np.linalg.eigh((covariance + size * np.eye(len(covariance))) / 2)
    return np.asarray(scale @ directions / np.sqrt(eigenvalues))
