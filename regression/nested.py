"""The recipe's choices made anew inside each fold, by its training people alone.

The recipe was chosen by cross-validation over the same people that its figures are of, so those may
flatter. Here every fold chooses for itself, by a cross-validation within its training people
(nested cross-validation: Varma and Simon, "Bias in error estimation when using cross-validation for
model selection", BMC Bioinformatics 7, 2006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import add
from typing import Any

import numpy as np

from regression.agreement import Agreement, compared_photos, mean_correlations
from regression.bootstrap import Estimate
from regression.linear import Moments, moments_of
from regression.real_photos import RealFace
from regression.recipe import (
    Recipe,
    UnseenOutputs,
    collections_by_hand,
    feature_columns,
    folds_over_people,
    label_faces,
    real_examples,
    solve_map,
)
from regression.settling import PROPORTION_COUNT
from rig.landmark_head import LandmarkHead

GRID: Mapping[str, tuple[float, ...]] = {
    "encoding_penalty": (1.0, 2.0),
    "proportion_steadiness": (0.1, 0.2, 0.5),
    "unknown_penalty": (1.0, 15.0),
}
"""What is chosen, fields of regression.recipe.Recipe, and among which numbers."""

_MATTERS = {
    "landmarks": ("proportion_steadiness",),
    "encoding": ("encoding_penalty", "proportion_steadiness"),
    "fused": tuple(GRID),
}
_INNER_FOLDS = 5

Choice = Mapping[str, float]
"""A number of GRID for each field that matters to a route."""


@dataclass(frozen=True, eq=False)
class NestedOutputs:
    """What a route's maps gave for people whom neither the fit nor the choice had seen.

    Attributes:
        unseen: as of regression.recipe.cross_validated_outputs.
        chosen: by fold, in order.
    """

    unseen: UnseenOutputs
    chosen: tuple[Choice, ...]


@dataclass(frozen=True, eq=False)
class NestedAgreement:
    """How well a route agrees when every fold chooses for itself.

    Attributes:
        agreements: by kind of photo.
        changes: mean r less that of the fixed recipe on the same people, by kind of photo.
        chosen: by fold, in order.
    """

    agreements: Mapping[str, Agreement]
    changes: Mapping[str, Estimate]
    chosen: tuple[Choice, ...]


def choices(route: str) -> list[Choice]:
    """All that a route can choose from."""
    fields = _MATTERS[route]
    return [
        dict(zip(fields, values, strict=True))
        for values in product(*(GRID[field] for field in fields))
    ]


def nested_outputs(
    routes: Sequence[str],
    faces: Sequence[RealFace],
    head: LandmarkHead,
    labelled: np.ndarray,
    fold: Mapping[str, int],
    landmarker: str = "face_mesh",
) -> dict[str, NestedOutputs]:
    """As regression.recipe.cross_validated_outputs, but each fold chooses its recipe.

    Args:
        labelled: (s,) bool, the sliders to label.
        fold: which fold tests each person; people without one always train.
    """
    by_hand = collections_by_hand(faces)
    labels = label_faces([f for f in faces if f.collection not in by_hand], head, labelled)
    count = len(head.sliders)
    outputs = {r: np.full((len(faces), count + PROPORTION_COUNT), np.nan) for r in routes}
    spreads = {r: np.full((len(faces), count), np.nan) for r in routes}
    chosen: dict[str, list[Choice]] = {route: [] for route in routes}
    for number in sorted(set(fold.values())):
        training = [face for face in faces if fold.get(face.person) != number]
        tested = [i for i, face in enumerate(faces) if fold.get(face.person) == number]
        measured = [face for face in training if face.collection in by_hand]
        fold_labels = labels | label_faces(measured, head, labelled)
        for route in routes:
            choice, moments = _choose(route, training, fold_labels, landmarker)
            fitted = solve_map(route, moments, _recipe(choice), landmarker)
            columns = feature_columns(route, landmarker)
            outputs[route][tested] = fitted(
                np.array([faces[i].mean_features[columns] for i in tested])
            )
            spreads[route][tested] = fitted.spread
            chosen[route].append(choice)
    return {
        route: NestedOutputs(UnseenOutputs(outputs[route], spreads[route]), tuple(chosen[route]))
        for route in routes
    }


def _recipe(choice: Choice) -> Recipe:
    numbers: dict[str, Any] = dict(choice)
    return Recipe(**numbers)


def _choose(
    route: str, faces: Sequence[RealFace], labels: Mapping[str, np.ndarray], landmarker: str
) -> tuple[Choice, Moments]:
    """The choice whose proportions agree best with hand-measured people, and the moments of all.

    Moments add up: those of each inner fold are computed once and serve every choice.
    """
    examples = real_examples(route, faces, labels, Recipe(), landmarker)
    inner = folds_over_people(faces, _INNER_FOLDS)
    number = np.array([inner[face.person] for face in faces])
    used = sorted(set(number.tolist()))
    parts = {n: moments_of(examples.rows(np.tile(number == n, 2))) for n in used}
    columns = feature_columns(route, landmarker)
    features = np.array([face.mean_features[columns] for face in faces])
    candidates = choices(route)
    proportions = np.full((len(candidates), len(faces), PROPORTION_COUNT), np.nan)
    for n in used:
        others = reduce(add, (part for m, part in parts.items() if m != n))
        for place, choice in enumerate(candidates):
            fitted = solve_map(route, others, _recipe(choice), landmarker)
            proportions[place, number == n] = fitted(features[number == n])[:, -PROPORTION_COUNT:]
    scores = [_score(rows, faces) for rows in proportions]
    return candidates[int(np.argmax(scores))], reduce(add, parts.values())


def _score(proportions: np.ndarray, faces: Sequence[RealFace]) -> float:
    """Mean r over kinds of photos; 0 where too few people were measured by hand."""
    found = [
        mean_correlations(proportions[p.rows], p.by_hand, np.ones((1, len(p.rows))))[0]
        for p in compared_photos(proportions, faces).values()
    ]
    return float(np.mean(found)) if found else 0.0
