"""Models fitted anew to the people they were learned from and to those of a folder together.

The old people's moments are kept with the models (regression.models.moments_file) and add up with
those of the new ones, whom the teacher labels. How much the new photos count is chosen on the
people that adapt; the rest of the folder is held out and says whether the new map is better.

The labels are no truth: a route that reads the same landmarks is measured against itself, and an
adapted model calls the folder's average person average.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.bootstrap import Estimate, estimate, people_weights
from regression.measures.consistency import consistency_of
from regression.models.linear import Moments, moments_of
from regression.models.settling import Settler
from regression.prediction.grouping import PERSON_DISTANCE
from regression.training.cross_validation import (
    folds_over_people,
)
from regression.training.recipe import (
    PhotographMap,
    Recipe,
    feature_columns,
    label_faces,
    real_examples,
    solve_map,
)
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES

FEWEST_PEOPLE = 30
"""In a folder, for a third of them to say something."""

HELD_OUT = 0.3
"""The share of a folder's people that only test."""

# Nearer than this, photos share a label: among 879 strangers 2 % are, at PERSON_DISTANCE 12 %.
_LABEL_DISTANCE = 0.45

_FOLDS = 4


class AdaptationError(Exception):
    """A folder that models cannot be adapted to. The message says what, why and what to do."""


@dataclass(frozen=True, eq=False)
class NewPeople:
    """A folder's photos, divided between people that adapt and people that test.

    Attributes:
        adapting, held_out: photos; no person is in both.
        adapting_labels: by person, (s + 14,), made without those held out.
        held_out_labels: the same of the people held out.
    """

    adapting: list[RealFace]
    held_out: list[RealFace]
    adapting_labels: Mapping[str, np.ndarray]
    held_out_labels: Mapping[str, np.ndarray]

    @property
    def counts(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Photos and people that adapt, and those held out."""
        adapting, held_out = (
            (len(faces), len({face.person for face in faces}))
            for faces in (self.adapting, self.held_out)
        )
        return adapting, held_out


@dataclass(frozen=True)
class Choice:
    """How new photos enter.

    Attributes:
        weight: of a new photo beside an old one with hand-placed points.
        centred: whether the old people are first moved to where the new camera sees the average
            person.
    """

    weight: float
    centred: bool


CHOICES = tuple(Choice(weight, centred) for centred in (False, True) for weight in (0.1, 0.3, 1.0))


@dataclass(frozen=True)
class Accuracy:
    """Of one model on the people held out, against the teacher's labels.

    Attributes:
        error: mean absolute error of told sliders, 0..1 over each slider's range; people count
            once.
        r: Pearson's correlation over people, mean over told sliders.
        spread: of people with several photos, within a person by between people
            (regression.measures.consistency); None for fewer than 10 such people.
    """

    error: float
    r: float
    spread: Estimate | None


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What came of one route.

    Attributes:
        route: "encoding", "landmarks" or "fused".
        choice: how the new photos entered.
        fitted: the new map.
        before, after: the old and the new model.
        difference: of the errors, after less before, with its 95 % interval over people.
        errors: (n, s) of the new model on the photos held out, predicted minus label.
        people: (n,) who is on those.
    """

    route: str
    choice: Choice
    fitted: PhotographMap
    before: Accuracy
    after: Accuracy
    difference: Estimate
    errors: np.ndarray
    people: tuple[str, ...]

    @property
    def improved(self) -> bool:
        """Whether the new model is better on the people held out."""
        return self.after.error < self.before.error


def divide_people(
    faces: Sequence[RealFace], head: LandmarkHead, labelled: np.ndarray, seed: int = 0
) -> NewPeople:
    """Finds out who is who, draws who is held out, and labels both.

    Whatever the files are called, people are told apart by their encodings; names, collections,
    expressions and hand-placed points are not used. People who look so alike that they may be one
    are held out together or not at all.

    Args:
        labelled: (s,) bool, the sliders that the teacher may move.

    Raises:
        AdaptationError: fewer than 30 people.
    """
    named, groups = _who_is_who(faces)
    count = len(set(groups))
    if count < FEWEST_PEOPLE:
        raise AdaptationError(
            f"{count} people were found on {len(faces)} photos with a face. At least "
            f"{FEWEST_PEOPLE} were expected, to learn from some and to test on others. Add photos "
            "of other people."
        )
    drawn = np.random.default_rng(seed).permutation(count)[: round(HELD_OUT * count)]
    tests = np.isin(groups, drawn)
    adapting = [face for face, is_test in zip(named, tests, strict=True) if not is_test]
    held_out = [face for face, is_test in zip(named, tests, strict=True) if is_test]
    # Measured from the average person of the whole folder, which the few held out know too badly.
    labels = label_faces(named, head, labelled)
    return NewPeople(
        adapting,
        held_out,
        label_faces(adapting, head, labelled),
        {face.person: labels[face.person] for face in held_out},
    )


def _who_is_who(faces: Sequence[RealFace]) -> tuple[list[RealFace], np.ndarray]:
    """The faces under new names, and (n,) the group 0, 1, ... of people who may be one."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(faces) < 2:
        return list(faces), np.arange(len(faces))
    width = len(ENCODING_FEATURES)
    encodings = np.array([face.mean_features[:width] for face in faces], np.float64)
    tree = linkage(encodings, "average")  # as regression.prediction.grouping does
    people = fcluster(tree, _LABEL_DISTANCE, "distance")
    groups = fcluster(tree, PERSON_DISTANCE, "distance") - 1
    unknown = np.full_like(faces[0].hand_placed, np.nan)
    named = [
        replace(
            face,
            person=f"person_{person:04d}",
            collection="adapted",
            expressive=False,
            hand_placed=unknown,
        )
        for face, person in zip(faces, people, strict=True)
    ]
    return named, groups


def adapt_route(
    route: str,
    old: Moments,
    predict: Callable[[np.ndarray], np.ndarray],
    people: NewPeople,
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    landmarker: str = "face_mesh",
    seed: int = 0,
) -> Adaptation:
    """Chooses how the new photos enter, fits, and measures on the people held out.

    Args:
        old: of the people the model was learned from.
        predict: the old model, slider values (n, s) 0..1 of features (n, d).
        told: (s,) bool, the sliders that count.
        recipe: how the old map was fitted.
    """
    columns = feature_columns(route, landmarker)
    adapting, held_out = people.adapting, people.held_out
    fold = folds_over_people(adapting, _FOLDS, seed)

    def fitted_to(faces: Sequence[RealFace], choice: Choice) -> PhotographMap:
        counted = replace(recipe, unmeasured_weight=choice.weight)
        rows = real_examples(route, faces, people.adapting_labels, counted, landmarker)
        return solve_map(route, _together(old, moments_of(rows), choice), recipe, landmarker)

    def features(faces: Sequence[RealFace]) -> np.ndarray:
        return np.array([face.mean_features[columns] for face in faces])

    def values(fitted: PhotographMap, faces: Sequence[RealFace]) -> np.ndarray:
        return Settler(head, told, fitted.spread).finish(fitted(features(faces)))

    def cross_validated_error(choice: Choice) -> float:
        errors = np.zeros((len(adapting), len(told)))
        for number in range(_FOLDS):
            tested = [i for i, face in enumerate(adapting) if fold[face.person] == number]
            fitted = fitted_to([f for f in adapting if fold[f.person] != number], choice)
            errors[tested] = values(fitted, [adapting[i] for i in tested])
        errors -= _label_rows(adapting, people.adapting_labels, len(told))
        weights = _person_weights(adapting)
        return float(weights @ np.abs(errors[:, told]).mean(axis=1) / weights.sum())

    choice = min(CHOICES, key=cross_validated_error)
    fitted = fitted_to(adapting, choice)
    labels = _label_rows(held_out, people.held_out_labels, len(told))
    before = predict(features(held_out))
    after = values(fitted, held_out)
    errors_before, errors_after = (
        np.abs(found - labels)[:, told].mean(axis=1) for found in (before, after)
    )
    names = tuple(face.person for face in held_out)
    weights = people_weights(names) * _person_weights(held_out)
    return Adaptation(
        route,
        choice,
        fitted,
        before=_accuracy(before[:, told], labels[:, told], held_out),
        after=_accuracy(after[:, told], labels[:, told], held_out),
        difference=estimate(weights @ (errors_after - errors_before) / weights.sum(axis=1)),
        errors=after - labels,
        people=names,
    )


def _together(old: Moments, new: Moments, choice: Choice) -> Moments:
    """Of both, as the new camera sees them."""
    return (replace(old, features=new.features) if choice.centred else old) + new


def _label_rows(
    faces: Sequence[RealFace], labels: Mapping[str, np.ndarray], sliders: int
) -> np.ndarray:
    """(n, sliders), a row per photo."""
    return np.array([labels[face.person][:sliders] for face in faces])


def _person_weights(faces: Sequence[RealFace]) -> np.ndarray:
    """(n,) one over the number of photos of the person."""
    photos = Counter(face.person for face in faces)
    return np.array([1 / photos[face.person] for face in faces])


def _accuracy(values: np.ndarray, labels: np.ndarray, faces: Sequence[RealFace]) -> Accuracy:
    """values, labels: (n, told sliders)."""
    weights = _person_weights(faces)
    _, who = np.unique([face.person for face in faces], return_inverse=True)
    means = np.zeros((2, who.max() + 1, values.shape[1]))
    for sums, rows in zip(means, (values, labels), strict=True):
        np.add.at(sums, who, rows * weights[:, None])
    one, other = means - means.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(one).sum(axis=0) * np.square(other).sum(axis=0))
    r = np.where(size > 1e-12, (one * other).sum(axis=0) / np.maximum(size, 1e-12), 0.0)
    consistency = consistency_of(values, faces)
    return Accuracy(
        float(weights @ np.abs(values - labels).mean(axis=1) / weights.sum()),
        float(r.mean()),
        consistency.spread if consistency else None,
    )
