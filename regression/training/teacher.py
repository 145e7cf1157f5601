"""Slider values for real people: the rig fitted to what was measured on their photos.

These are the labels that the networks learn real faces from. Measures are taken as differences
from the average person, because the detector sees a rendered head and a photographed one
differently: the average person gets the neutral head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from regression.datasets.proportion_labels import FEWEST_PEOPLE_FOR_A_CENTRE
from regression.datasets.real_photos import RealFace
from rig.fit import MeasuredHead, fit_sliders, slider_spreads
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTIONS, RATIOS, measure

# How far a measure may miss, as a fraction of its spread over people. The 14 proportions are what
# a person sees first; MediaPipe's depths are mostly the detector's average face.
_PROPORTION_TOLERANCE = 0.2
_RATIO_TOLERANCE = 1.5
_DEPTH_TOLERANCE = 4.0


def label_people(
    faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray
) -> dict[str, np.ndarray]:
    """Slider values 0..1, (s,) float32, for every person; only told sliders leave neutral.

    A person's measures are the mean over their photos without expression, or over all when there
    is no such photo. Where a photo has hand-placed points, they take the place of the detector's
    14 proportions. Collections with hand-placed points share one average person; every other
    collection of 20 people and more has its own, because it has its own cameras and habits of
    smiling.

    Args:
        told: (s,) bool, the sliders to fit.
    """
    people: dict[str, list[RealFace]] = defaultdict(list)
    for face in faces:
        people[face.person].append(face)
    names = sorted(people)
    chosen = [[f for f in people[name] if not f.expressive] or people[name] for name in names]
    collections = np.array([group[0].collection for group in chosen])
    ratios = np.array([np.mean([f.ratios for f in g], axis=0) for g in chosen])
    by_hand = np.array([np.mean([f.hand_placed for f in g], axis=0) for g in chosen])
    by_hand_known = np.isfinite(by_hand).all(axis=1)

    hand_collections = set(collections[by_hand_known])
    pooled = np.array([c in hand_collections for c in collections])
    if not pooled.any():
        pooled = np.ones(len(names), dtype=bool)
    centres = np.tile(ratios[pooled].mean(axis=0), (len(names), 1))
    for collection in set(collections[~pooled]):
        members = collections == collection
        if members.sum() >= FEWEST_PEOPLE_FOR_A_CENTRE:
            centres[members] = ratios[members].mean(axis=0)
    differences = ratios - centres
    spread = differences[pooled].std(axis=0) + 1e-6
    tolerances = spread * np.array(
        [
            _PROPORTION_TOLERANCE
            if ratio in PROPORTIONS
            else (_DEPTH_TOLERANCE if ratio.kind == "depth" else _RATIO_TOLERANCE)
            for ratio in RATIOS
        ]
    )

    measured = MeasuredHead(head.with_sliders(told), measure)
    neutral = measured.measures(np.zeros(int(told.sum())))
    spreads = slider_spreads(measured.head.sliders)
    values = np.zeros((len(names), int(told.sum())))
    values[~by_hand_known] = fit_sliders(
        measured, neutral + differences[~by_hand_known], tolerances, spreads
    )
    if by_hand_known.any():
        proportions = by_hand[by_hand_known]
        differences[by_hand_known, : len(PROPORTIONS)] = proportions - proportions.mean(axis=0)
        tolerances[: len(PROPORTIONS)] = _PROPORTION_TOLERANCE * (proportions.std(axis=0) + 1e-6)
        values[by_hand_known] = fit_sliders(
            measured, neutral + differences[by_hand_known], tolerances, spreads
        )
    units = np.tile([s.to_unit(s.neutral) for s in head.sliders], (len(names), 1))
    for column, fitted in zip(np.flatnonzero(told), values.T, strict=True):
        units[:, column] = head.sliders[column].to_unit(fitted)
    return dict(zip(names, units.astype(np.float32), strict=True))
