"""What several photos of a person say together, beside what one of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import compared_photos, head_proportions, mean_correlations
from regression.measures.bootstrap import Estimate, estimate, people_weights
from regression.measures.consistency import people_with_several_photos
from regression.models.intervals import (
    SliderIntervals,
    coverage_report,
    half_widths,
    shared_error,
)
from rig.landmark_head import LandmarkHead

_FEWEST_PEOPLE = 10
_FOLDS = 5


@dataclass(frozen=True, eq=False)
class IntervalsOfPhotos:
    """Intervals on people who did not calibrate them; means over told sliders.

    Attributes:
        width: 0..1 over a slider's range.
        coverage: which part of the teacher's values they held, 0..1.
    """

    width: float
    coverage: float


@dataclass(frozen=True, eq=False)
class SeveralPhotos:
    """Of one model, on people who were measured by hand and have two photos or more.

    Attributes:
        people: how many.
        photos: how many of them, on average per person.
        single: mean r of the 14 proportions by kind of photo, each photo alone.
        one: the mean of `single` over kinds: a photo of which the kind is left to chance.
        together: mean r of the mean of all of a person's photos, as
            regression.prediction.grouping.combine takes it of photos without flags.
        gain: `together` less `one`.
        gains: `together` less each of `single`.
        one_interval, together_interval: of single photos and of the mean.
    """

    people: int
    photos: float
    single: Mapping[str, Estimate]
    one: Estimate
    together: Estimate
    gain: Estimate
    gains: Mapping[str, Estimate]
    one_interval: IntervalsOfPhotos
    together_interval: IntervalsOfPhotos


def several_photos_of(
    values: np.ndarray,
    truths: np.ndarray,
    told: np.ndarray,
    faces: Sequence[RealFace],
    head: LandmarkHead,
) -> SeveralPhotos | None:
    """Combines each person's photos; None for fewer than 10 such people of every kind of photo.

    Args:
        values: (n, s) 0..1, by models that did not see the person; rows of nan are left out.
        truths: (n, s) the teacher's values.
        told: (s,) bool, the sliders whose intervals count.
    """
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    tested = [faces[i] for i in known]
    values, truths = values[known].astype(np.float64), truths[known]
    measured = {face.person for face in tested if face.measured_by_hand and not face.expressive}
    groups = {
        person: places
        for person, places in people_with_several_photos(tested).items()
        if person in measured
    }
    several = np.array([face.person in groups for face in tested])
    proportions = head_proportions(head, values)
    proportions[~several] = np.nan
    kinds = compared_photos(proportions, tested)
    # The same people for every figure: those of whom there is each kind of photo.
    people = sorted(set(groups).intersection(*(set(photos.people) for photos in kinds.values())))
    if not kinds or len(people) < _FEWEST_PEOPLE:
        return None

    combined = np.array([values[groups[person]].mean(axis=0) for person in people])
    by_hand: dict[str, np.ndarray] = {}
    single = {}
    for kind, photos in kinds.items():
        kept = np.array([person in people for person in photos.people])
        names = [person for person in photos.people if person in people]
        by_hand |= dict(zip(photos.people, photos.by_hand, strict=True))
        single[kind] = mean_correlations(
            proportions[photos.rows[kept]], photos.by_hand[kept], people_weights(names)
        )
    together = mean_correlations(
        head_proportions(head, combined),
        np.array([by_hand[person] for person in people]),
        people_weights(people),
    )
    one = np.mean(list(single.values()), axis=0)
    one_interval, together_interval = _intervals(values, truths, told, tested, measured, groups)
    return SeveralPhotos(
        people=len(people),
        photos=float(np.mean([len(groups[person]) for person in people])),
        single={kind: estimate(figures) for kind, figures in single.items()},
        one=estimate(one),
        together=estimate(together),
        gain=estimate(together - one),
        gains={kind: estimate(together - figures) for kind, figures in single.items()},
        one_interval=one_interval,
        together_interval=together_interval,
    )


def _intervals(
    values: np.ndarray,
    truths: np.ndarray,
    told: np.ndarray,
    faces: Sequence[RealFace],
    measured: set[str],
    groups: Mapping[str, Sequence[int]],
) -> tuple[IntervalsOfPhotos, IntervalsOfPhotos]:
    """Of single photos and of the means; intervals from four fifths of the people for a fifth."""
    names = sorted(measured)
    order = np.random.default_rng(0).permutation(len(names))
    fold = {names[index]: place % _FOLDS for place, index in enumerate(order)}
    number = np.array([fold.get(face.person, -1) for face in faces])
    errors = values - truths
    rows: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    who: tuple[list[str], list[str]] = ([], [])
    for left_out in range(_FOLDS):
        calibrating = (number >= 0) & (number != left_out)
        people = [face.person for face, used in zip(faces, calibrating, strict=True) if used]
        intervals = SliderIntervals(
            half_widths(errors[calibrating], people),
            shared_error(errors[calibrating], people),
            len(set(people)),
        )
        for person, places in groups.items():
            if fold[person] != left_out:
                continue
            truth = truths[places[0]]
            mean = values[places].mean(axis=0)
            for place in places:
                rows[0].append(np.array([values[place], truth, *intervals.bounds(values[place])]))
                who[0].append(person)
            rows[1].append(np.array([mean, truth, *intervals.bounds(mean, len(places))]))
            who[1].append(person)
    one, together = (
        _over_told(np.array(found), names_of, told)
        for found, names_of in zip(rows, who, strict=True)
    )
    return one, together


def _over_told(rows: np.ndarray, people: Sequence[str], told: np.ndarray) -> IntervalsOfPhotos:
    """Of (n, 4, s) values, truths, lower and upper ends."""
    values, truths, lower, upper = rows.transpose(1, 0, 2)
    if not told.any():
        return IntervalsOfPhotos(np.nan, np.nan)
    report = coverage_report(values, truths, lower, upper, people)
    return IntervalsOfPhotos(float(report.width[told].mean()), float(report.coverage[told].mean()))
