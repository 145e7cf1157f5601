"""How the shipped models are made.

1. A network is trained on rendered faces. It serves rendered faces, and on some held out it shows
   which sliders a picture of a face can tell.
2. The teacher labels every real person with those sliders, the others neutral.
3. A linear map from features to sliders is fitted to the real people. It serves photographs.

The two are joined in one network per route. They are kept apart because a rendered head looks
different to the detector and, much more so, to the encoder: mixed, the many rendered faces draw
the few real ones away (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from regression.linear import fit_linear
from regression.models import NetworkSettings
from regression.real_photos import RealFace
from regression.tables import Examples
from regression.teacher import label_people
from regression.training import TrainingSettings, predict_values, train_network
from rig.landmark_head import LandmarkHead
from vision.features import (
    ENCODING_FEATURES,
    LANDMARK_FEATURES,
    encoding_width,
    feature_names,
)
from vision.ratios import PROPORTIONS, RATIOS

if TYPE_CHECKING:
    import keras

TOLD_R2 = 0.2
"""A slider counts as told by a photo when this much of its variance is explained on held-out
rendered faces by the fused route, which sees the most."""

NEVER_TOLD = ("head/head-age-decr|incr", "forehead/forehead-nubian-decr|incr")
"""Sliders named after age or descent, which this project does not infer from a photo."""


_RATIO_OF_FEATURE = dict(zip(LANDMARK_FEATURES, RATIOS, strict=False))


@dataclass(frozen=True)
class Recipe:
    """The choices, made by cross-validation over people (docs/experiments.md).

    Attributes:
        network, training: of the network for rendered faces.
        encoding_penalty, proportion_penalty, ratio_penalty, depth_penalty: of the linear map for
            photographs: on the encoding's numbers, the 14 proportions, the other ratios with size
            and pose, and the depths.
        unmeasured_weight: how much a photo without hand-placed points counts, one with them
            counting 1.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    encoding_penalty: float = 1.0
    proportion_penalty: float = 0.03
    ratio_penalty: float = 0.3
    depth_penalty: float = 1.0
    unmeasured_weight: float = 0.1


Report = Callable[[str], None]


def explained_variance(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """R2 of each column of (n, s) predictions, (s,) float64; 1 is perfect, 0 is the mean's."""
    error = np.square(predicted.astype(np.float64) - true).mean(axis=0)
    return 1.0 - error / np.maximum(true.astype(np.float64).var(axis=0), 1e-12)


def train_on_renders(
    route: str, rendered: Examples, recipe: Recipe, report: Report = lambda line: None
) -> tuple[keras.Model, np.ndarray]:
    """Step 1: the network for rendered faces, and (s,) R2 on a tenth of them held out.

    Args:
        report: called with a line of progress after each epoch.
    """

    def epoch_done(epoch: int, figures: dict[str, float]) -> None:
        report(f"{route}: epoch {epoch} of {recipe.training.epochs}, loss {figures['loss']:.4f}")

    held_out = np.arange(len(rendered)) % 10 == 0
    model = train_network(
        rendered.rows(~held_out),
        recipe.network,
        recipe.training,
        encoding_width(route),
        report=epoch_done,
    )
    test = rendered.rows(held_out)
    return model, explained_variance(predict_values(model, test.features), test.sliders)


def told_sliders(r2: np.ndarray, slider_names: Sequence[str]) -> np.ndarray:
    """(s,) bool: the sliders whose R2 by the fused route reaches TOLD_R2, but never NEVER_TOLD."""
    return (r2 >= TOLD_R2) & np.array([name not in NEVER_TOLD for name in slider_names])


def label_faces(
    faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray
) -> dict[str, np.ndarray]:
    """Step 2: the teacher's labels by person; collections with and without hand-placed points
    apart."""
    by_hand = _collections_by_hand(faces)
    labels: dict[str, np.ndarray] = {}
    for measured in (True, False):
        group = [face for face in faces if (face.collection in by_hand) is measured]
        if group:
            labels |= label_people(group, head, told)
    return labels


def fit_to_photos(
    route: str, faces: Sequence[RealFace], labels: dict[str, np.ndarray], recipe: Recipe
) -> keras.Model:
    """Step 3: the linear map for photographs; every photo counts together with its mirror image.

    Args:
        labels: of the faces' people, from label_faces.
    """
    penalties = np.array([_penalty(name, recipe) for name in feature_names(route)])
    return fit_linear(real_examples(route, faces, labels, recipe), penalties)


def _penalty(feature: str, recipe: Recipe) -> float:
    """MediaPipe's depths are its weakest measures, the proportions its best understood ones."""
    if feature in ENCODING_FEATURES:
        return recipe.encoding_penalty
    ratio = _RATIO_OF_FEATURE.get(feature)
    if ratio in PROPORTIONS:
        return recipe.proportion_penalty
    return recipe.depth_penalty if ratio and ratio.kind == "depth" else recipe.ratio_penalty


def real_examples(
    route: str, faces: Sequence[RealFace], labels: dict[str, np.ndarray], recipe: Recipe
) -> Examples:
    """All photos of labelled people and their mirror images as weighted rows."""
    columns = _columns(route)
    by_hand = _collections_by_hand(faces)
    weights = [1.0 if f.collection in by_hand else recipe.unmeasured_weight for f in faces]
    sliders = [labels[face.person] for face in faces]
    people = [face.person for face in faces]
    return Examples(
        features=np.array(
            [face.features[columns] for face in faces]
            + [face.mirrored_features[columns] for face in faces],
            np.float32,
        ),
        sliders=np.array(sliders * 2, np.float32),
        people=np.array(people * 2),
        weights=np.array(weights * 2, np.float32),
    )


def folds_over_people(faces: Sequence[RealFace], folds: int, seed: int = 0) -> dict[str, int]:
    """Which fold tests each person who was measured by hand; all photos of one fall into one."""
    names = sorted({face.person for face in faces if face.measured_by_hand})
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[index]: position % folds for position, index in enumerate(order)}


def folds_over_collections(faces: Sequence[RealFace]) -> dict[str, int]:
    """Folds that each leave out a whole collection with hand-placed points."""
    collections = sorted(_collections_by_hand(faces))
    return {f.person: collections.index(f.collection) for f in faces if f.measured_by_hand}


def cross_validated_sliders(
    routes: Sequence[str],
    faces: Sequence[RealFace],
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    fold: Mapping[str, int],
) -> dict[str, np.ndarray]:
    """Slider values (n, s) 0..1 of every real face, by models fitted without its person.

    People without a fold always train, and their rows hold nan. Labels are made anew in each
    fold, from its training people alone.

    Args:
        fold: which fold tests each person, from folds_over_people or folds_over_collections.

    Returns:
        An array by route.
    """
    by_hand = _collections_by_hand(faces)
    labels = label_faces([f for f in faces if f.collection not in by_hand], head, told)
    predicted = {route: np.full((len(faces), len(head.sliders)), np.nan) for route in routes}
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    for number in sorted(set(fold.values())):
        training = [face for face in faces if fold.get(face.person) != number]
        tested = [i for i, face in enumerate(faces) if fold.get(face.person) == number]
        measured = [face for face in training if face.collection in by_hand]
        fold_labels = labels | label_faces(measured, head, told)
        for route in routes:
            model = fit_to_photos(route, training, fold_labels, recipe)
            features = np.array([faces[i].features[_columns(route)] for i in tested], np.float32)
            predicted[route][tested] = np.where(told, predict_values(model, features), neutral)
    return predicted


def _columns(route: str) -> list[int]:
    """Where a route's features stand among the fused route's."""
    fused = feature_names("fused")
    return [fused.index(name) for name in feature_names(route)]


def _collections_by_hand(faces: Sequence[RealFace]) -> set[str]:
    return {face.collection for face in faces if face.measured_by_hand}
