"""How sure a slider value is: 90 % intervals from the errors on people the model never saw.

Split conformal prediction (Papadopoulos et al., "Inductive Confidence Machines for Regression",
2002; Lei et al., "Distribution-Free Predictive Inference for Regression", 2018): the half width of
a slider's interval is the quantile of its absolute errors over held-out people. Whatever the model,
the interval holds for a new person of the same kind with the probability asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

COVERAGE = 0.9
"""The probability with which an interval is meant to hold the true value."""

MARGIN = 1.05
"""An interval this many times as wide as the average face's says nothing. Above 1, because a
hundred people tell the quantile of their errors to about 5 %."""

_FEWEST_PEOPLE = 10  # with two photos or more, for the shared part of the error to mean anything
_DIGITS = 4


def half_widths(
    errors: np.ndarray, people: Sequence[str], coverage: float = COVERAGE
) -> np.ndarray:
    """Half the width of each slider's interval.

    Each person counts once, whatever the number of their photos, as in hierarchical conformal
    prediction (Lee, Barber and Willett, 2023): many photos of one person are not many people.

    Args:
        errors: (n, s) predicted minus true values, of people the model never saw.
        people: (n,) who is on each photo.
        coverage: above 0, below 1.

    Returns:
        (s,) float64, 0..1 over each slider's range; 1.0, the whole range, where there are too few
        people (9 are enough for 90 %).

    Raises:
        ValueError: wrong shapes, errors that are not finite, no photos, an impossible coverage.
    """
    who = _checked(people, errors)
    if not 0 < coverage < 1:
        raise ValueError(
            f"The coverage {coverage} came in. A number above 0 and below 1 was expected. "
            "Correct the call."
        )
    count = int(who.max()) + 1
    needed = np.ceil((count + 1) * coverage - 1e-9)
    if needed > count:
        return np.ones(errors.shape[1])
    sizes = np.abs(errors.astype(np.float64))
    order = np.argsort(sizes, axis=0)
    # How many people, in parts of a person, have an error no greater than each row's.
    reached = np.cumsum(_photo_weights(who)[order], axis=0)
    rank = np.argmax(reached >= needed - 1e-9, axis=0)
    columns = np.arange(errors.shape[1])
    return np.asarray(np.minimum(sizes[order[rank, columns], columns], 1.0))


def shared_error(errors: np.ndarray, people: Sequence[str]) -> np.ndarray:
    """Which part of the squared error all photos of one person have in common.

    One minus the variance within people over the mean square: the intraclass correlation of the
    errors (Fisher, 1925) about zero instead of their mean, since an error common to everybody is
    not averaged away either. It comes from the people with two photos or more.

    Args:
        errors: (n, s) predicted minus true values, of people the model never saw.
        people: (n,) who is on each photo.

    Returns:
        (s,) float64, 0 (photos err independently) to 1 (more photos do not help); 1 where fewer
        than 10 people have two photos, and where there is no error.

    Raises:
        ValueError: wrong shapes, errors that are not finite, no photos.
    """
    who = _checked(people, errors)
    several = np.bincount(who)[who] > 1
    if len(np.unique(who[several])) < _FEWEST_PEOPLE:
        return np.ones(errors.shape[1])
    who = np.unique(who[several], return_inverse=True)[1]
    errors = errors[several].astype(np.float64)
    photos = np.bincount(who)
    means = np.stack([np.bincount(who, column) / photos for column in errors.T], axis=1)
    within = np.square(errors - means[who]).sum(axis=0) / (len(who) - len(photos))
    total = np.average(np.square(errors), axis=0, weights=_photo_weights(who))
    independent = np.divide(within, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(np.clip(1.0 - independent, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class SliderIntervals:
    """The intervals of one model's sliders. s sliders, in the rig's order.

    Attributes:
        half_widths: (s,) float64, 0..1 over each slider's range; 1.0 where nothing is known.
        shared_error: (s,) float64, 0..1, see `shared_error`.
        people: how many people the half widths come from.
        coverage: the probability with which an interval holds.
    """

    half_widths: np.ndarray
    shared_error: np.ndarray
    people: int
    coverage: float = COVERAGE

    def __post_init__(self) -> None:
        arrays = (self.half_widths, self.shared_error)
        if self.half_widths.ndim != 1 or self.half_widths.shape != self.shared_error.shape:
            raise ValueError(
                f"Half widths of shape {self.half_widths.shape} and shared errors of shape "
                f"{self.shared_error.shape} came in. One of each per slider was expected. "
                "Correct the call."
            )
        # Written so that nan fails too.
        if not all(((array >= 0) & (array <= 1)).all() for array in arrays):
            raise ValueError(
                "Half widths or shared errors outside 0..1 came in. Parts of a slider's range and "
                "of the error were expected. Correct the call."
            )
        if not 0 < self.coverage < 1 or self.people < 0:
            raise ValueError(
                f"A coverage of {self.coverage} from {self.people} people came in. A number above "
                "0 and below 1, and a count, were expected. Correct the call."
            )

    @classmethod
    def unknown(cls, sliders: int) -> SliderIntervals:
        """Intervals that say nothing, for a model that was never tested on unseen people."""
        return cls(np.ones(sliders), np.ones(sliders), people=0)

    def bounds(self, values: np.ndarray, photos: float = 1) -> tuple[np.ndarray, np.ndarray]:
        """The intervals about predicted values.

        Averaging photos of one person shrinks only what their errors do not share: the half width
        times sqrt(shared + (1 - shared) / photos), the standard deviation of the mean of equally
        correlated errors. For more than one photo this is an approximation, not a guarantee.

        Args:
            values: (n, s) or (s,), 0..1.
            photos: how many photos of one person each row is the mean of, 1 or more; with unequal
                weights the effective number.

        Returns:
            lower, upper, float64 in the shape of values, 0..1.

        Raises:
            ValueError: another number of sliders, less than one photo.
        """
        if values.shape[-1:] != self.half_widths.shape or not photos >= 1:
            raise ValueError(
                f"Values of shape {values.shape} from {photos} photos came in. "
                f"{len(self.half_widths)} sliders and one photo or more were expected. "
                "Correct the call."
            )
        shrunk = self.half_widths * np.sqrt(self.shared_error + (1 - self.shared_error) / photos)
        # The whole range is no measured error but a lack of one: averaging does not help.
        width = np.where(self.half_widths >= 1, 1.0, shrunk)
        exact = values.astype(np.float64)
        return np.clip(exact - width, 0.0, 1.0), np.clip(exact + width, 0.0, 1.0)

    def to_json(self, slider_names: Sequence[str]) -> dict[str, Any]:
        """A model card's part, by slider name, numbers rounded to 4 digits."""
        rows = zip(slider_names, self.half_widths, self.shared_error, strict=True)
        return {
            "coverage": self.coverage,
            "people": self.people,
            "sliders": {
                name: {
                    "half_width": round(float(half_width), _DIGITS),
                    "shared_error": round(float(shared), _DIGITS),
                }
                for name, half_width, shared in rows
            },
        }

    @classmethod
    def from_json(
        cls, card_part: Mapping[str, Any], slider_names: Sequence[str]
    ) -> SliderIntervals:
        """What to_json wrote, in the order of slider_names.

        Raises:
            ValueError: a part or slider is missing, or a number is impossible.
        """
        try:
            rows = [card_part["sliders"][name] for name in slider_names]
            return cls(
                np.array([float(row["half_width"]) for row in rows]),
                np.array([float(row["shared_error"]) for row in rows]),
                int(card_part["people"]),
                float(card_part["coverage"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"The intervals of a model card cannot be read ({error!r}). Coverage, people and, "
                f"for each of {len(slider_names)} sliders, half_width and shared_error were "
                "expected. Restore the card, or train the model again."
            ) from error


def told_bounds(
    intervals: SliderIntervals, values: np.ndarray, told: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of each value's interval, (n, s) float32; 0 and 1 where not told."""
    lower, upper = intervals.bounds(values)
    lower = np.where(told, np.minimum(lower, values), 0.0)
    upper = np.where(told, np.maximum(upper, values), 1.0)
    return lower.astype(np.float32), upper.astype(np.float32)


def says_something(half_widths: np.ndarray, average_half_widths: np.ndarray) -> np.ndarray:
    """Which sliders' intervals are narrower than what needs no photo.

    Args:
        half_widths: (s,) of the model.
        average_half_widths: (s,) of the average face for everybody, with the same coverage.

    Returns:
        (s,) bool: below MARGIN times the average face's.
    """
    if half_widths.shape != average_half_widths.shape:
        raise ValueError(
            f"Half widths of shapes {half_widths.shape} and {average_half_widths.shape} came in. "
            "The same sliders were expected. Correct the call."
        )
    return np.asarray(half_widths < MARGIN * average_half_widths)


@dataclass(frozen=True, eq=False)
class CoverageReport:
    """How often intervals held. s sliders; people weigh equally.

    Attributes:
        coverage: (s,) which part of the true values lay in their interval, 0..1.
        width: (s,) mean of upper minus lower, 0..1.
        error: (s,) mean absolute error of the values themselves, 0..1.
        people: how many.
    """

    coverage: np.ndarray
    width: np.ndarray
    error: np.ndarray
    people: int

    @property
    def overall_coverage(self) -> float:
        """Mean over sliders."""
        return float(self.coverage.mean())

    @property
    def overall_width(self) -> float:
        """Mean over sliders."""
        return float(self.width.mean())


def coverage_report(
    values: np.ndarray,
    truths: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    people: Sequence[str],
) -> CoverageReport:
    """Counts how often intervals held.

    Args:
        values, truths, lower, upper: (n, s), 0..1.
        people: (n,) who is on each photo.

    Raises:
        ValueError: wrong shapes, numbers that are not finite, no photos.
    """
    weights = _photo_weights(_checked(people, values, truths, lower, upper))

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.average(rows, axis=0, weights=weights))

    return CoverageReport(
        coverage=mean((lower <= truths) & (truths <= upper)),
        width=mean(upper - lower),
        error=mean(np.abs(values - truths)),
        people=len(set(people)),
    )


def _photo_weights(who: np.ndarray) -> np.ndarray:
    """(n,): one over the number of photos of the row's person."""
    return np.asarray(1.0 / np.bincount(who)[who])


def _checked(people: Sequence[str], *arrays: np.ndarray) -> np.ndarray:
    """(n,) int: each row's person, counted from 0."""
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or arrays[0].ndim != 2 or not 0 < len(people) == len(arrays[0]):
        raise ValueError(
            f"Arrays of shapes {sorted(shapes)} came in for {len(people)} photos. (photos, "
            "sliders), with one photo or more, was expected. Correct the call."
        )
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(
            "Slider values or errors that are not finite came in. A number for every photo and "
            "slider was expected. Leave photos without a known value out."
        )
    return np.asarray(np.unique(np.asarray(people), return_inverse=True)[1])
