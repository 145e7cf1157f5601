"""Every model and two baselines, measured on people that no model has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.agreement import Agreement, agreements_of, gains_over, head_proportions
from regression.bootstrap import Estimate
from regression.consistency import Consistency, consistency_of, people_with_several_photos
from regression.drift import Conditions, Drift, drift_of
from regression.model_files import load_model
from regression.real_photos import RealFace
from regression.recipe import (
    Recipe,
    cross_validated_sliders,
    folds_over_collections,
    folds_over_people,
)
from regression.tables import TableError
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES
from vision.ratios import PROPORTION_NAMES

MODELS = ("landmarks", "encoding", "fused", "fit")
"""The routes, and the rig fitted to the landmarks."""

MEASURED = "measured"
AVERAGE = "average"
BASELINES = (MEASURED, AVERAGE)
"""The 14 proportions measured on the detected landmarks, without any rig; and everybody the average
face."""

SPLITS = ("people", "collections")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured, by model: those asked for, then BASELINES.

    Attributes:
        split: what no model saw of those it is tested on: their "people", or their "collections".
        models: the names, in order.
        faces: all that were read.
        proportions: (n, 14) by model, a row per face; nan for people who always train.
        agreements: by kind of photo, "neutral" and "smiling".
        gains: mean r less that of MEASURED on the same people, by kind of photo.
        consistency: of the sliders, of MEASURED that of its proportions; empty where fewer than 10
            people have several photos.
        drift: empty without conditions.
    """

    split: str
    models: tuple[str, ...]
    faces: Sequence[RealFace]
    proportions: Mapping[str, np.ndarray]
    agreements: Mapping[str, Mapping[str, Agreement]]
    gains: Mapping[str, Mapping[str, Estimate]]
    consistency: Mapping[str, Consistency]
    drift: Mapping[str, Sequence[Drift]]


def direct_measures(faces: Sequence[RealFace]) -> np.ndarray:
    """(n, 14) proportions measured on the face mesh's landmarks, without any rig; the mean over
    each photo and its mirror image, as the models see it."""
    start = len(ENCODING_FEATURES)
    return np.array([face.mean_features[start : start + len(PROPORTION_NAMES)] for face in faces])


def evaluate(
    faces: Sequence[RealFace],
    models_folder: Path,
    models: Sequence[str] = MODELS,
    folds: int = 5,
    split: str = "people",
    conditions: Conditions | None = None,
) -> Evaluation:
    """Measures models on people, or whole collections, that they have not seen.

    The recipe is run anew for each fold; of the models folder only the head and the list of told
    sliders are used, which were made from rendered faces.

    Args:
        faces: some with hand-placed points.
        models: some of MODELS.
        folds: over people.
        split: one of SPLITS; "collections" tests each collection that has hand-placed points, or
            people with several photos, by models that saw nothing of it.
        conditions: from regression.drift.read_conditions.

    Raises:
        TableError: too few photos with hand-placed points.
        ModelError: the models folder cannot be used.
        ValueError: an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(
            f"The split {split!r} is not known; one of {', '.join(SPLITS)} was expected. "
            "Choose one of them."
        )
    model = load_model(models_folder, "fused")
    fold = _folds(faces, folds, split)
    values = cross_validated_sliders(models, faces, model.head, model.told, Recipe(), fold)
    proportions = {name: head_proportions(model.head, values[name]) for name in models}
    proportions[MEASURED] = direct_measures(faces)
    proportions[AVERAGE] = np.tile(_average_proportions(model.head), (len(faces), 1))

    told = {name: values[name][:, model.told] for name in models}
    names = [
        slider for slider, tells in zip(model.head.slider_names, model.told, strict=True) if tells
    ]
    # The same people for all: those who were tested.
    tested = np.array([face.person in fold for face in faces])
    measured = np.where(tested[:, None], proportions[MEASURED], np.nan)
    consistency = {
        name: found
        for name, compared in (*told.items(), (MEASURED, measured))
        if (found := consistency_of(compared, faces)) is not None
    }
    return Evaluation(
        split=split,
        models=(*models, *BASELINES),
        faces=faces,
        proportions=proportions,
        agreements={name: agreements_of(rows, faces) for name, rows in proportions.items()},
        gains={
            name: gains_over(proportions[MEASURED], proportions[name], faces) for name in models
        },
        consistency=consistency,
        drift={name: drift_of(told[name], names, faces, conditions) for name in models}
        if conditions
        else {},
    )


def _folds(faces: Sequence[RealFace], folds: int, split: str) -> dict[str, int]:
    """Which fold tests each person: those who were measured by hand or have several photos."""
    several = people_with_several_photos(faces)
    measured = (
        folds_over_people(faces, folds) if split == "people" else folds_over_collections(faces)
    )
    if len(measured) < 10 or len(set(measured.values())) < 2:
        raise TableError(
            f"There are {len(measured)} people with hand-placed points in "
            f"{len(set(measured.values()))} folds. At least 10 people in two folds or more were "
            "expected. Add .tem files beside the photos, or choose other --folds."
        )
    if split == "people":
        others = sorted(several.keys() - measured.keys())
        return measured | {name: place % folds for place, name in enumerate(others)}
    # All people of a tested collection, or models would see some of it.
    collections = sorted({f.collection for f in faces if f.person in measured | several})
    return {f.person: collections.index(f.collection) for f in faces if f.collection in collections}


def _average_proportions(head: LandmarkHead) -> np.ndarray:
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    return head_proportions(head, neutral[None])[0]
