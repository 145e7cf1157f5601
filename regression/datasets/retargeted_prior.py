"""How real faces vary, said in the sliders of another rig, without any photo.

Random faces are drawn from the shipped prior, which was fitted to real people in MakeHuman's
sliders. What sets each apart from the neutral head is measured, and the other rig is fitted to its
own neutral head with the same differences.
"""

from __future__ import annotations

import numpy as np

from regression.datasets.random_heads import SliderPrior
from rig.fit import MeasuredHead, fit_sliders, slider_spreads
from rig.landmark_head import LandmarkHead
from vision.ratios import PROPORTIONS, RATIOS, measure

MOST_COMPONENTS = 40

# How far a measure may miss, as a fraction of its spread over the faces; and at least so far, in
# face heights: what hardly varies need not be met to the last digit.
_PROPORTION_TOLERANCE = 0.2
_RATIO_TOLERANCE = 0.4
_LEAST_TOLERANCE = 2e-4


def retarget_prior(
    prior: SliderPrior,
    source: LandmarkHead,
    target: LandmarkHead,
    faces: int = 800,
    seed: int = 0,
) -> SliderPrior:
    """The prior of one rig carried to another, of at most MOST_COMPONENTS components.

    Sliders that change no measure stay neutral in it. Arguments and errors as of retarget_faces.
    """
    return principal_components(retarget_faces(prior, source, target, faces, seed)[1])


def retarget_faces(
    prior: SliderPrior,
    source: LandmarkHead,
    target: LandmarkHead,
    faces: int = 800,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Random faces in the sliders of two rigs.

    Args:
        prior: of the source's sliders.
        source, target: heads of the two rigs.
        faces: how many.

    Returns:
        (n, s) drawn values of the source's sliders, and (n, t) the target's fitted to them; both in
        rig units, inside the ranges.

    Raises:
        ValueError: the prior is not the source's, or fewer than 2 faces.
    """
    if prior.mean.shape != (len(source.sliders),) or faces < 2:
        raise ValueError(
            f"A prior of shape {prior.factor.shape} came in for {len(source.sliders)} sliders and "
            f"{faces} faces. A prior of the source's sliders and 2 faces or more were expected. "
            "Correct the call."
        )
    random = np.random.default_rng(seed)
    drawn = prior.mean + random.normal(size=(faces, len(prior.factor))) @ prior.factor
    low, high = np.array([(slider.minimum, slider.maximum) for slider in source.sliders]).T
    drawn = np.clip(drawn, low, high)
    differences = _differences(source, drawn)
    shares = [_PROPORTION_TOLERANCE if r in PROPORTIONS else _RATIO_TOLERANCE for r in RATIOS]
    tolerances = np.maximum(differences.std(axis=0) * shares, _LEAST_TOLERANCE)
    measured = MeasuredHead(target, measure)
    neutral = measured.measures(np.zeros(len(target.sliders)))
    return drawn, fit_sliders(
        measured, neutral + differences, tolerances, slider_spreads(target.sliders)
    )


def principal_components(values: np.ndarray, most: int = MOST_COMPONENTS) -> SliderPrior:
    """The mean of faces (n, s) and the directions they vary in most, as a prior."""
    mean = values.mean(axis=0)
    _, sizes, directions = np.linalg.svd(values - mean, full_matrices=False)
    kept = slice(0, min(most, int((sizes > 1e-9 * sizes.max(initial=1e-300)).sum())))
    factor = sizes[kept, None] * directions[kept] / np.sqrt(len(values) - 1)
    return SliderPrior(mean, factor)


def _differences(head: LandmarkHead, values: np.ndarray) -> np.ndarray:
    """(n, 78) how the ratios of faces differ from the neutral head's."""
    neutral = measure(head.landmarks(np.zeros(len(head.sliders))))
    return np.asarray(measure(head.landmarks(values)) - neutral)
