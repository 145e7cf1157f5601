"""What was learned from photographs, carried to another rig without any photo.

The shipped models keep the moments of what they were fitted from: features of photos, and labels in
MakeHuman's sliders (regression.models.linear). How the sliders of one rig are said in those of
another is nearly linear (docs/experiments.md), so the moments of the same people's labels in the
other rig's sliders follow from them by a matrix.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from regression.datasets.random_heads import SliderPrior
from regression.datasets.retargeted_prior import retarget_faces
from regression.models.linear import Moments
from regression.models.moments_file import load_moments
from regression.models.settling import PROPORTION_COUNT
from regression.training.recipe import PhotographMap, Recipe, solve_map
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTIONS, measure

_PENALTY = 1e-3  # of the slider's variance; holds sliders that the prior hardly moves


@dataclass(frozen=True, eq=False)
class SliderMap:
    """From the slider values of one rig to those of another, both 0..1 over their ranges.

    Attributes:
        offset: (t,) float64.
        matrix: (s, t) float64; values (n, s) become `offset + values @ matrix`.
        spread: (t,) standard deviation of the other rig's values over random faces.
        proportions: (14,) what the other rig's neutral head has more of than the first one's.
    """

    offset: np.ndarray
    matrix: np.ndarray
    spread: np.ndarray
    proportions: np.ndarray


def slider_map(
    prior: SliderPrior, source: LandmarkHead, target: LandmarkHead, told: np.ndarray
) -> SliderMap:
    """Fits the map to random faces that the target was fitted to.

    Args:
        prior: of the source's sliders.
        told: (t,) bool, the target's sliders that may leave neutral.
    """
    drawn, fitted = retarget_faces(prior, source, target.with_sliders(told))
    values = _units(source, drawn)
    wanted = np.tile([s.to_unit(s.neutral) for s in target.sliders], (len(drawn), 1))
    wanted[:, told] = _units(target.with_sliders(told), fitted)
    mean, wanted_mean = values.mean(axis=0), wanted.mean(axis=0)
    apart = values - mean
    spread = apart.T @ apart / len(apart)
    penalties = np.diag(_PENALTY * np.diag(spread) + 1e-9)
    product = apart.T @ (wanted - wanted_mean) / len(apart)
    matrix = np.linalg.solve(spread + penalties, product)
    return SliderMap(
        wanted_mean - mean @ matrix,
        matrix,
        wanted.std(axis=0),
        _neutral_proportions(target) - _neutral_proportions(source),
    )


def transfer_moments(moments: Moments, carried: SliderMap) -> Moments:
    """The moments of the same photos with labels in the other rig's sliders.

    Args:
        moments: targets are the first rig's sliders and 14 proportions.
    """
    sliders, proportions = slice(None, -PROPORTION_COUNT), slice(-PROPORTION_COUNT, None)
    return replace(
        moments,
        targets=np.concatenate(
            [
                carried.offset + moments.targets[sliders] @ carried.matrix,
                moments.targets[proportions] + carried.proportions,
            ]
        ),
        product=np.hstack(
            [moments.product[:, sliders] @ carried.matrix, moments.product[:, proportions]]
        ),
        target_variance=np.concatenate(
            [np.square(carried.spread), moments.target_variance[proportions]]
        ),
    )


def transferred_map(
    models: Path, route: str, carried: SliderMap, recipe: Recipe, landmarker: str = "face_mesh"
) -> PhotographMap:
    """The map for photographs that the recipe makes of a models folder's moments, for another rig.

    Raises:
        regression.models.model_files.ModelError: the folder keeps no moments of the route.
    """
    moments = transfer_moments(load_moments(models, route), carried)
    return solve_map(route, moments, recipe, landmarker)


def transferred_part(models: Path, route: str, card: Mapping[str, Any]) -> dict[str, Any]:
    """What a card says of a transferred map.

    Args:
        models: the folder it was carried over from.
        card: the card so far.
    """
    theirs = json.loads((models / f"{route}.json").read_text(encoding="utf-8"))
    return {
        "transferred_from": theirs["rig"]["name"],
        "data": {**card["data"], "real_photos": theirs["data"]["real_photos"]},
    }


def _units(head: LandmarkHead, values: np.ndarray) -> np.ndarray:
    """(n, s) 0..1 of values (n, s) in rig units."""
    low, high = np.array([(slider.minimum, slider.maximum) for slider in head.sliders]).T
    return np.asarray((values - low) / (high - low))


def _neutral_proportions(head: LandmarkHead) -> np.ndarray:
    return np.asarray(measure(head.landmarks(np.zeros(len(head.sliders))), PROPORTIONS))
