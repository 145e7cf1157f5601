"""The recipe's choices made anew inside each fold, by its training people alone.

The recipe was chosen by cross-validation over the same people that its figures are of, so those may
flatter. Here every fold chooses for itself, by a cross-validation within its training people
(nested cross-validation: Varma and Simon, "Bias in error estimation when using cross-validation for
model selection", BMC Bioinformatics 7, 2006).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import Agreement, compared_photos, mean_correlations
from regression.measures.bootstrap import Estimate
from regression.models.linear import Moments, moments_of
from regression.models.settling import PROPORTION_COUNT
from regression.training.cross_validation import (
    UnseenOutputs,
    folds_over_people,
    labelled_divisions,
    nothing_yet,
)
from regression.training.recipe import (
    Recipe,
    collections_by_hand,
    feature_columns,
    real_examples,
    solve_map,
)
from rig.landmark_head import LandmarkHead

GRID: Mapping[str, tuple[float, ...]] = {
    "proportion_penalty": (0.03, 0.1, 0.3),
    "ratio_penalty": (0.1, 0.4, 1.0),
    "depth_penalty": (1.0, 3.0, 10.0),
    "expression_penalty": (0.3, 1.0, 3.0),
    "encoding_penalty": (0.5, 1.0, 2.0),
    "unknown_penalty": (1.0, 5.0, 15.0),
    "proportion_steadiness": (0.1, 0.2, 0.5),
    "unmeasured_weight": (0.03, 0.1, 0.3),
}
"""What is chosen, fields of regression.training.recipe.Recipe, and among which numbers. The
steadiness of sliders is not among them: agreement says nothing of it, for sliders are settled on
proportions."""

INNER_FOLDS = 10
"""As many as outside: fewer would choose by more noise."""
_ROUNDS = 2

Choice = Mapping[str, float]
"""A number of GRID for each field that matters to a route."""


@dataclass(frozen=True, eq=False)
class NestedOutputs:
    """What a route's maps gave for people whom neither the fit nor the choice had seen.

    Attributes:
        unseen: as of cross_validated_outputs.
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


def fields(route: str, landmarker: str = "face_mesh") -> tuple[str, ...]:
    """The fields of GRID that matter to a route."""
    irrelevant = {
        "landmarks": {"encoding_penalty", "unknown_penalty"},
        "encoding": {"proportion_penalty", "ratio_penalty", "depth_penalty", "unknown_penalty"},
    }.get(route, set())
    if route == "encoding" or landmarker == "face_mesh":
        irrelevant = irrelevant | {"expression_penalty"}
    return tuple(field for field in GRID if field not in irrelevant)


def nested_outputs(
    routes: Sequence[str],
    faces: Sequence[RealFace],
    head: LandmarkHead,
    labelled: np.ndarray,
    fold: Mapping[str, int],
    landmarker: str = "face_mesh",
) -> dict[str, NestedOutputs]:
    """As cross_validation.cross_validated_outputs, but each fold chooses its recipe.

    Args:
        labelled: (s,) bool, the sliders to label.
        fold: which fold tests each person; people without one always train.
    """
    unseen = {route: nothing_yet(faces, head) for route in routes}
    chosen: dict[str, list[Choice]] = {route: [] for route in routes}
    for division, labels in labelled_divisions(faces, head, labelled, fold):
        for route in routes:
            choice, moments = _choose(route, division.training, labels, landmarker)
            fitted = solve_map(route, moments, _recipe(choice), landmarker)
            unseen[route].fill(fitted, faces, division.tested, feature_columns(route, landmarker))
            chosen[route].append(choice)
    return {route: NestedOutputs(unseen[route], tuple(chosen[route])) for route in routes}


def _recipe(choice: Choice) -> Recipe:
    numbers: dict[str, Any] = dict(choice)
    return Recipe(**numbers)


def _choose(
    route: str, faces: Sequence[RealFace], labels: Mapping[str, np.ndarray], landmarker: str
) -> tuple[Choice, Moments]:
    """The choice whose proportions agree best with hand-measured people, and its moments of all.

    One field after another takes its best number while the others stay, from the first number of
    each. Moments add up: those of each inner fold are computed once and serve every choice.
    """
    parts = InnerMoments(route, faces, labels, landmarker)
    used = fields(route, landmarker)
    choice = {field: GRID[field][0] for field in used}
    scores: dict[tuple[float, ...], float] = {}
    for _ in range(_ROUNDS):
        for field in used:
            candidates = [choice | {field: number} for number in GRID[field]]
            for one in candidates:
                key = tuple(one.values())
                if key not in scores:
                    scores[key] = _score(parts.proportions(one), faces)
            choice = max(candidates, key=lambda one: scores[tuple(one.values())])
    return choice, parts.together(range(INNER_FOLDS), choice)


class InnerMoments:
    """The moments of a route's training people by inner fold, those measured by hand apart."""

    def __init__(
        self,
        route: str,
        faces: Sequence[RealFace],
        labels: Mapping[str, np.ndarray],
        landmarker: str,
    ) -> None:
        self._route, self._landmarker = route, landmarker
        columns = feature_columns(route, landmarker)
        self._features = np.array([face.mean_features[columns] for face in faces])
        inner = folds_over_people(faces, INNER_FOLDS)
        self._fold = np.array([inner[face.person] for face in faces])
        by_hand = np.isin([face.collection for face in faces], list(collections_by_hand(faces)))
        # Of weight 1 all: how much those not measured by hand count is one of the choices.
        examples = real_examples(route, faces, labels, Recipe(unmeasured_weight=1.0), landmarker)
        self._moments = {}
        for number in range(INNER_FOLDS):
            for measured in (True, False):
                rows = np.tile((self._fold == number) & (by_hand == measured), 2)
                if rows.any():
                    self._moments[number, measured] = moments_of(examples.rows(rows))

    def together(self, folds: Iterable[int], choice: Choice) -> Moments:
        """Of some inner folds together."""
        chosen = set(folds)
        weight = choice["unmeasured_weight"]
        return reduce(
            add,
            (
                part if measured else replace(part, weight=weight * part.weight)
                for (number, measured), part in self._moments.items()
                if number in chosen
            ),
        )

    def proportions(self, choice: Choice) -> np.ndarray:
        """(n, 14) of every face, by maps fitted without its inner fold."""
        found = np.full((len(self._fold), PROPORTION_COUNT), np.nan)
        for number in sorted(set(self._fold.tolist())):
            others = self.together(set(range(INNER_FOLDS)) - {number}, choice)
            fitted = solve_map(self._route, others, _recipe(choice), self._landmarker)
            tested = self._fold == number
            found[tested] = fitted(self._features[tested])[:, -PROPORTION_COUNT:]
        return found


def _score(proportions: np.ndarray, faces: Sequence[RealFace]) -> float:
    """Mean r over kinds of photos; 0 where too few people were measured by hand."""
    found = [
        mean_correlations(proportions[p.rows], p.by_hand, np.ones((1, len(p.rows))))[0]
        for p in compared_photos(proportions, faces).values()
    ]
    return float(np.mean(found)) if found else 0.0
