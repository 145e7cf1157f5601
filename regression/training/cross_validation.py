"""Predictions for people whom no model has seen: the recipe run anew for each fold of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.models.rig_fit import RigFit
from regression.models.settling import PROPORTION_COUNT, Settler
from regression.training.recipe import (
    PhotographMap,
    Recipe,
    collections_by_hand,
    feature_columns,
    fit_to_photos,
    label_faces,
)
from rig.landmark_head import LandmarkHead

FIT = "fit"
"""Named beside the routes: the rig fitted to the landmarks (regression.models.rig_fit)."""


def folds_over_people(faces: Sequence[RealFace], folds: int, seed: int = 0) -> dict[str, int]:
    """Which fold tests each person; all photos of one fall into one.

    People who were measured by hand are dealt out first, and evenly.
    """
    by_hand = {face.person for face in faces if face.measured_by_hand}
    random = np.random.default_rng(seed)
    fold: dict[str, int] = {}
    for group in (by_hand, {face.person for face in faces} - by_hand):
        names = sorted(group)
        order = random.permutation(len(names))
        fold |= {names[index]: position % folds for position, index in enumerate(order)}
    return fold


@dataclass(frozen=True, eq=False)
class UnseenOutputs:
    """What maps gave for people who were not in their training. n photos.

    Attributes:
        outputs: (n, s + 14) slider values, not clipped, and proportions; nan for untested people.
        spread: (n, s) spread of the sliders over the training people.
    """

    outputs: np.ndarray
    spread: np.ndarray

    def fill(
        self,
        fitted: PhotographMap,
        faces: Sequence[RealFace],
        tested: Sequence[int],
        columns: Sequence[int],
    ) -> None:
        """Fills in the rows of tested faces, by a map of these feature columns."""
        features = np.array([faces[i].tested_features[columns] for i in tested])
        self.outputs[tested] = fitted(features)
        self.spread[tested] = fitted.spread

    def sliders(self, head: LandmarkHead, told: np.ndarray) -> np.ndarray:
        """Slider values (n, s) 0..1, settled; nan for untested people."""
        values = np.full(self.spread.shape, np.nan)
        for spread in np.unique(self.spread[np.isfinite(self.spread[:, 0])], axis=0):
            rows = (self.spread == spread).all(axis=1)
            values[rows] = Settler(head, told, spread).finish(self.outputs[rows])
        return values


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of the faces.

    Attributes:
        training: faces of all people but the tested ones.
        tested: where the faces of tested people stand among all.
    """

    training: list[RealFace]
    tested: list[int]


def divisions(faces: Sequence[RealFace], fold: Mapping[str, int]) -> Iterator[Fold]:
    """Every fold in turn.

    Args:
        fold: which fold tests each person; people without one always train.
    """
    for number in sorted(set(fold.values())):
        yield Fold(
            [face for face in faces if fold.get(face.person) != number],
            [i for i, face in enumerate(faces) if fold.get(face.person) == number],
        )


def labelled_divisions(
    faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray, fold: Mapping[str, int]
) -> Iterator[tuple[Fold, dict[str, np.ndarray]]]:
    """Every fold with the labels of its training people.

    Labels of hand-measured people are made anew in each fold, from its training people alone.

    Args:
        told: (s,) bool, the sliders to label.
        fold: which fold tests each person; people without one always train.
    """
    by_hand = collections_by_hand(faces)
    labels = label_faces([f for f in faces if f.collection not in by_hand], head, told)
    for division in divisions(faces, fold):
        measured = [face for face in division.training if face.collection in by_hand]
        yield division, labels | label_faces(measured, head, told)


def nothing_yet(faces: Sequence[RealFace], head: LandmarkHead) -> UnseenOutputs:
    """Outputs to fill in, nan all."""
    count = len(head.sliders)
    return UnseenOutputs(
        np.full((len(faces), count + PROPORTION_COUNT), np.nan),
        np.full((len(faces), count), np.nan),
    )


def cross_validated_outputs(
    routes: Sequence[str],
    faces: Sequence[RealFace],
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    fold: Mapping[str, int],
    landmarker: str = "face_mesh",
) -> dict[str, UnseenOutputs]:
    """What each route gives for every real face, by maps fitted without its person.

    Args:
        told: (s,) bool, the sliders to label.
        fold: which fold tests each person, from folds_over_people, say; people without one always
            train.
    """
    unseen = {route: nothing_yet(faces, head) for route in routes}
    for division, labels in labelled_divisions(faces, head, told, fold):
        for route in routes:
            fitted = fit_to_photos(route, division.training, labels, recipe, landmarker)
            unseen[route].fill(fitted, faces, division.tested, feature_columns(route, landmarker))
    return unseen


def cross_validated_sliders(
    routes: Sequence[str],
    faces: Sequence[RealFace],
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    fold: Mapping[str, int],
    landmarker: str = "face_mesh",
) -> dict[str, np.ndarray]:
    """Slider values (n, s) 0..1 of every real face, by models fitted without its person.

    As cross_validated_outputs, settled; nan for people without a fold.

    Args:
        routes: FIT may be among them, the rig fitted to the landmarks.
    """
    values = {}
    mapped = [route for route in routes if route != FIT]
    if mapped:
        unseen = cross_validated_outputs(mapped, faces, head, told, recipe, fold, landmarker)
        values = {route: outputs.sliders(head, told) for route, outputs in unseen.items()}
    if FIT in routes:
        values[FIT] = UnseenFit(faces, fold).sliders(head, told)
    return values


@dataclass(frozen=True, eq=False)
class UnseenFit:
    """The rig fit of people who were not in its training.

    Attributes:
        faces: n photos.
        fold: which fold tests each person; people without one always train.
    """

    faces: Sequence[RealFace]
    fold: Mapping[str, int]

    def sliders(self, head: LandmarkHead, told: np.ndarray) -> np.ndarray:
        """Slider values (n, s) 0..1; nan for untested people."""
        columns = feature_columns("landmarks")
        values = np.full((len(self.faces), len(head.sliders)), np.nan)
        for division in divisions(self.faces, self.fold):
            features = np.array([self.faces[i].tested_features[columns] for i in division.tested])
            fit = RigFit.from_people(division.training, head, told)
            values[division.tested] = fit.values(features)
        return values
