"""How the shipped models are made: rendered faces and labelled real people, mixed.

1. A network trained on rendered faces alone shows which sliders a route can tell.
2. The teacher labels every real person with those sliders, the others neutral.
3. The network is trained on both together, real people counting more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from regression.models import NetworkSettings
from regression.real_photos import RealFace
from regression.tables import Examples, join_examples
from regression.teacher import label_people
from regression.training import TrainingSettings, predict_values, train_network
from rig.landmark_head import LandmarkHead
from vision.features import encoding_width, feature_names

if TYPE_CHECKING:
    import keras

TOLD_R2 = 0.2
"""A slider counts as told by a photo when this much of its variance is explained on held-out
rendered faces."""

NEVER_TOLD = ("head/head-age-decr|incr", "forehead/forehead-nubian-decr|incr")
"""Sliders named after age or descent, which this project does not infer from a photo."""


@dataclass(frozen=True)
class Recipe:
    """The choices, tuned by cross-validation over people (docs/experiments.md).

    Attributes:
        network, training: of the final network.
        real_weight: how much a real photo counts, a rendered one counting 1.
        unmeasured_weight: how much a real photo without hand-placed points counts of that.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    real_weight: float = 30.0
    unmeasured_weight: float = 0.3


Report = Callable[[str], None]


def explained_variance(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """R2 of each column of (n, s) predictions, (s,) float64; 1 is perfect, 0 is the mean's."""
    error = np.square(predicted.astype(np.float64) - true).mean(axis=0)
    return 1.0 - error / np.maximum(true.astype(np.float64).var(axis=0), 1e-12)


def find_told_sliders(
    route: str, rendered: Examples, slider_names: Sequence[str], recipe: Recipe
) -> np.ndarray:
    """(s,) bool: the sliders whose R2 reaches TOLD_R2 on a tenth of the rendered faces held out.

    Those of NEVER_TOLD never do.
    """
    held_out = np.arange(len(rendered)) % 10 == 0
    model = train_network(
        rendered.rows(~held_out), recipe.network, recipe.training, encoding_width(route)
    )
    test = rendered.rows(held_out)
    r2 = explained_variance(predict_values(model, test.features), test.sliders)
    return (r2 >= TOLD_R2) & np.array([name not in NEVER_TOLD for name in slider_names])


def real_examples(
    faces: Sequence[RealFace],
    labels: dict[str, np.ndarray],
    route: str,
    recipe: Recipe,
) -> Examples:
    """All photos of labelled people as training rows."""
    columns = [feature_names("fused").index(name) for name in feature_names(route)]
    measured = {face.person for face in faces if face.measured_by_hand}
    weight = [1.0 if face.person in measured else recipe.unmeasured_weight for face in faces]
    return Examples(
        features=np.array([face.features[columns] for face in faces], np.float32),
        sliders=np.array([labels[face.person] for face in faces], np.float32),
        people=np.array([face.person for face in faces]),
        weights=np.array(weight, np.float32) * np.float32(recipe.real_weight),
    )


def label_faces(
    faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray
) -> dict[str, np.ndarray]:
    """The teacher's labels by person; collections with and without hand-placed points apart."""
    by_hand = {face.collection for face in faces if face.measured_by_hand}
    labels: dict[str, np.ndarray] = {}
    for measured in (True, False):
        group = [face for face in faces if (face.collection in by_hand) is measured]
        if group:
            labels |= label_people(group, head, told)
    return labels


def train_route(
    route: str,
    rendered: Examples,
    faces: Sequence[RealFace],
    labels: dict[str, np.ndarray],
    recipe: Recipe,
    report: Report = lambda line: None,
) -> keras.Model:
    """Step 3 for one route.

    Args:
        rendered: examples of the same route.
        faces: real faces, may be empty.
        labels: of their people, from label_faces.
        report: called with a line of progress after each epoch.
    """
    examples = rendered
    if faces:
        examples = join_examples([rendered, real_examples(faces, labels, route, recipe)])

    def epoch_done(epoch: int, figures: dict[str, float]) -> None:
        report(f"{route}: epoch {epoch} of {recipe.training.epochs}, loss {figures['loss']:.4f}")

    return train_network(
        examples, recipe.network, recipe.training, encoding_width(route), report=epoch_done
    )


def fold_of_people(people: Sequence[str], folds: int, seed: int = 0) -> dict[str, int]:
    """Which fold tests each person; all photos of one person fall into one fold."""
    names = sorted(set(people))
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[index]: position % folds for position, index in enumerate(order)}


def cross_validated_sliders(
    route: str,
    rendered: Examples,
    faces: Sequence[RealFace],
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    folds: int,
    report: Report = lambda line: None,
) -> np.ndarray:
    """Slider values (n, s) 0..1 for every real face, by a model trained without its person.

    Only people with hand-placed points are tested; the others always train, and their rows hold
    nan. Labels are made anew in each fold, from its training people alone.
    """
    by_hand = {face.collection for face in faces if face.measured_by_hand}
    untested = [face for face in faces if face.collection not in by_hand]
    labels = label_faces(untested, head, told)
    tested_people = {face.person for face in faces if face.measured_by_hand}
    fold = fold_of_people(sorted(tested_people), folds)
    columns = [feature_names("fused").index(name) for name in feature_names(route)]
    predicted = np.full((len(faces), len(head.sliders)), np.nan)
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    for number in range(folds):
        training = [face for face in faces if fold.get(face.person) != number]
        tested = [i for i, face in enumerate(faces) if fold.get(face.person) == number]
        measured = [face for face in training if face.collection in by_hand]
        labels |= label_faces(measured, head, told)
        model = train_route(route, rendered, training, labels, recipe)
        features = np.array([faces[i].features[columns] for i in tested], np.float32)
        values = predict_values(model, features)
        predicted[tested] = np.where(told, values, neutral)
        report(f"{route}: fold {number + 1} of {folds}, {len(tested)} photos of unseen people")
    return predicted
