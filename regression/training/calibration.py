"""From errors on unseen people to a model's intervals, and to the sliders that it can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from regression.models.intervals import SliderIntervals, half_widths, says_something, shared_error
from rig.landmark_head import LandmarkHead

_FEWEST_BY_HAND = 50
_FOLDS = 5


class UnseenSliders(Protocol):
    """Predictions by models fitted without the people (regression.training.recipe)."""

    def sliders(self, head: LandmarkHead, told: np.ndarray) -> np.ndarray:
        """Slider values (n, s) 0..1; the sliders that are not told are neutral."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """How often intervals held on people who did not calibrate them.

    Attributes:
        people: how many.
        sliders: (s,) which part of the true values lay in their interval, 0..1.
        told: (s,) bool, the sliders that count.
    """

    people: int
    sliders: np.ndarray
    told: np.ndarray

    @property
    def mean(self) -> float:
        """Over told sliders; nan where there are none."""
        return float(self.sliders[self.told].mean()) if self.told.any() else float("nan")


@dataclass(frozen=True, eq=False)
class Calibration:
    """How sure one route is of photographs.

    Attributes:
        told: (s,) bool, the sliders whose interval says something.
        intervals: their 90 % intervals.
        average_half_widths: (s,) half widths of the average face's intervals.
        values: (n, s) what is predicted for the people, 0..1, with these told sliders.
        coverage: on hand-measured people, or on all where those are too few.
        coverage_of_others: on people without hand-placed points; None where there are none.
    """

    told: np.ndarray
    intervals: SliderIntervals
    average_half_widths: np.ndarray
    values: np.ndarray
    coverage: Coverage
    coverage_of_others: Coverage | None


def calibrate(
    unseen: UnseenSliders,
    labels: np.ndarray,
    people: Sequence[str],
    by_hand: np.ndarray,
    head: LandmarkHead,
    told: np.ndarray,
) -> Calibration:
    """Intervals for photographs, from people with hand-placed points where they are 50 or more.

    Labels of other people come from the same landmarks that the models see, so errors against
    them flatter. Which sliders are told: intervals.says_something.

    Args:
        unseen: what is predicted for the people.
        labels: (n, s) the teacher's values.
        people: (n,) who is on each photo.
        by_hand: (n,) bool, whose labels rest on hand-placed points.
        told: (s,) bool, the sliders that the labels move.
    """
    names = np.asarray(people)
    if len(np.unique(names[by_hand])) < _FEWEST_BY_HAND:
        by_hand = np.ones(len(names), dtype=bool)
    truths, who = labels[by_hand], names[by_hand]
    average = half_widths(truths - truths.mean(axis=0), list(who))
    errors = unseen.sliders(head, told)[by_hand] - truths
    told = told & says_something(half_widths(errors, list(who)), average)
    values = unseen.sliders(head, told)
    errors = values - labels
    hand_errors = errors[by_hand]
    intervals = SliderIntervals(
        half_widths(hand_errors, list(who)),
        shared_error(hand_errors, list(who)),
        len(np.unique(who)),
    )
    others = None
    if not by_hand.all():
        held = np.abs(errors[~by_hand]) <= intervals.half_widths
        others = Coverage(len(np.unique(names[~by_hand])), held.mean(axis=0), told)
    return Calibration(
        told, intervals, average, values, unseen_coverage(hand_errors, who, told), others
    )


def unseen_coverage(errors: np.ndarray, people: np.ndarray, told: np.ndarray) -> Coverage:
    """How often intervals from four fifths of the people hold on the last fifth.

    Args:
        errors: (n, s) on people that the model never saw.
        people: (n,) who is on each photo.
        told: (s,) bool.
    """
    names, who = np.unique(people, return_inverse=True)
    fold = np.random.default_rng(0).permutation(len(names))[who] % _FOLDS
    held = np.zeros(errors.shape, dtype=bool)
    for number in range(_FOLDS):
        tested = fold == number
        if tested.any() and not tested.all():
            widths = half_widths(errors[~tested], list(people[~tested]))
            held[tested] = np.abs(errors[tested]) <= widths
    weights = 1.0 / np.bincount(who)[who]
    return Coverage(len(names), np.average(held, axis=0, weights=weights), told)
