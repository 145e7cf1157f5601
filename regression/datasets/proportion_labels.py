"""Proportions that training people are known to have, less the average person's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from regression.datasets.real_photos import RealFace
from vision.ratios import PROPORTION_NAMES

UNMEASURED_WEIGHT = 0.1
"""How much a photo without hand-placed points counts, one with them counting 1."""

FEWEST_PEOPLE_FOR_A_CENTRE = 20
"""A collection of fewer people has no average person of its own."""


def photos_at_rest(faces: Sequence[RealFace]) -> list[RealFace]:
    """The photos without expression of each person, or all where there is none."""
    rest = {face.person for face in faces if not face.expressive}
    return [face for face in faces if not face.expressive or face.person not in rest]


def means_by_person(
    faces: Sequence[RealFace], value: Callable[[RealFace], np.ndarray]
) -> dict[str, np.ndarray]:
    """By person, the mean over photos."""
    values: dict[str, list[np.ndarray]] = defaultdict(list)
    for face in faces:
        values[face.person].append(value(face))
    return {person: np.mean(rows, axis=0) for person, rows in values.items()}


def proportion_labels(faces: Sequence[RealFace]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """By person: (14,) proportions less the average person's, and how much a photo counts."""
    by_hand = {face.collection for face in faces if face.measured_by_hand}
    placed = [face for face in faces if face.measured_by_hand and not face.expressive]
    groups = [(means_by_person(placed, lambda face: face.hand_placed), 1.0)]
    for collection in sorted({face.collection for face in faces} - by_hand):
        rest = photos_at_rest([face for face in faces if face.collection == collection])
        ratios = means_by_person(rest, lambda face: face.ratios[: len(PROPORTION_NAMES)])
        if len(ratios) >= FEWEST_PEOPLE_FOR_A_CENTRE:
            groups.append((ratios, UNMEASURED_WEIGHT))
    labels: dict[str, np.ndarray] = {}
    weights: dict[str, float] = {}
    for means, weight in groups:
        if means:
            centre = np.mean([*means.values()], axis=0)
            labels |= {person: mean - centre for person, mean in means.items()}
            weights |= dict.fromkeys(means, weight)
    return labels, weights
