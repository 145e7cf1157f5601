"""Every model and its baselines, measured on people that no model has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.datasets.tables import TableError
from regression.evaluation.nested import NestedAgreement, NestedOutputs, nested_outputs
from regression.evaluation.several_photos import SeveralPhotos, several_photos_of
from regression.evaluation.unchanged_models import Unchanged, predict_unchanged
from regression.measures.agreement import Agreement, agreements_of, gains_over, head_proportions
from regression.measures.bootstrap import Estimate
from regression.measures.consistency import Consistency, consistency_of, people_with_several_photos
from regression.measures.drift import Conditions, Drift, drift_of
from regression.models.fitted_model import load_fit
from regression.models.model_files import folder_for, load_model
from regression.training.calibration import Calibration, calibrate
from regression.training.cross_validation import (
    FIT,
    UnseenFit,
    UnseenOutputs,
    cross_validated_outputs,
    folds_over_people,
)
from regression.training.recipe import (
    Recipe,
    collections_by_hand,
    label_faces,
)
from rig.landmark_head import LandmarkHead
from vision.features import ALL_FEATURES, LANDMARKERS, ROUTES, feature_names
from vision.ratios import PROPORTION_NAMES

MODELS = ("landmarks", "encoding", "fused", FIT)
"""The routes, and the rig fitted to the landmarks."""

MEASURED = "measured"
AVERAGE = "average"
BASELINES = (MEASURED, AVERAGE)
"""The 14 proportions measured on the face mesh's landmarks, without any rig; and everybody the
average face."""

SPLITS = ("people", "collections")
NO_SPLIT = "none"
"""Instead of a split: the models as they are, on people that they did not learn from."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured, by model: routes, routes "with" the second landmarker, the fit, baselines.

    Attributes:
        split: what no model saw of those it is tested on: their "people", or their "collections";
            or NO_SPLIT.
        models: the names, in order.
        faces: all that were read.
        slider_names: all of the rig's, in its order.
        labelled: (s,) bool, the sliders that the teacher moves.
        proportions: (n, 14) by model, a row per face; nan for people who always train.
        agreements: by kind of photo, "neutral" and "smiling".
        gains: mean r less that of MEASURED on the same people, by kind of photo.
        consistency: of the sliders, of MEASURED that of its proportions; empty where fewer than 10
            people have several photos.
        drift: empty without conditions.
        calibrations: how sure each route is; empty where collections are left out.
        several_photos: what a person's photos say together; empty where collections are left out,
            or too few people have several.
        nested: the routes with their choices made anew in each fold; empty unless asked for.
    """

    split: str
    models: tuple[str, ...]
    faces: Sequence[RealFace]
    slider_names: tuple[str, ...]
    labelled: np.ndarray
    proportions: Mapping[str, np.ndarray]
    agreements: Mapping[str, Mapping[str, Agreement]]
    gains: Mapping[str, Mapping[str, Estimate]]
    consistency: Mapping[str, Consistency]
    drift: Mapping[str, Sequence[Drift]]
    calibrations: Mapping[str, Calibration]
    several_photos: Mapping[str, SeveralPhotos]
    nested: Mapping[str, NestedAgreement]


@dataclass(frozen=True, eq=False)
class _Predicted:
    """What cross-validation, or the models as they are, gave, by model."""

    told: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    unseen: Mapping[str, UnseenOutputs]
    nested: Mapping[str, NestedOutputs]
    unchanged: Mapping[str, Unchanged] = field(default_factory=dict)


def with_landmarker(model: str, landmarker: str) -> str:
    """The name of a model that reads a landmarker's landmarks; "fused with face_landmarker"."""
    return model if landmarker == LANDMARKERS[0] else f"{model} with {landmarker}"


def direct_measures(faces: Sequence[RealFace], landmarker: str = LANDMARKERS[0]) -> np.ndarray:
    """(n, 14) proportions measured on the detected landmarks, without any rig; the mean over each
    photo and its mirror image, as the models see it."""
    prefix = "" if landmarker == LANDMARKERS[0] else f"{landmarker}_"
    columns = [ALL_FEATURES.index(f"{prefix}ratio_{name}") for name in PROPORTION_NAMES]
    return np.array([face.tested_features[columns] for face in faces])


def evaluate(
    faces: Sequence[RealFace],
    models_folder: Path,
    models: Sequence[str] = MODELS,
    folds: int = 10,
    split: str = "people",
    conditions: Conditions | None = None,
    nested: bool = False,
) -> Evaluation:
    """Measures models on people, or whole collections, that they have not seen.

    The recipe is run anew for each fold; of the models folder only the head and the lists of
    sliders are used. Where every face was seen by the second landmarker too, the routes that can
    read it are measured once more with it.

    Args:
        faces: some with hand-placed points.
        models: some of MODELS.
        folds: over people.
        split: one of SPLITS; "collections" tests each collection that has hand-placed points, or
            people with several photos, by models that saw nothing of it. NO_SPLIT tests the models
            as they are.
        conditions: from regression.measures.drift.read_conditions.
        nested: whether to choose the recipe anew in each fold too (regression.evaluation.nested).

    Raises:
        TableError: too few photos with hand-placed points.
        ModelError: the models folder cannot be used.
        ValueError: an unknown split.
    """
    if split not in (*SPLITS, NO_SPLIT):
        raise ValueError(
            f"The split {split!r} is not known; one of {', '.join((*SPLITS, NO_SPLIT))} was "
            "expected. "
            "Choose one of them."
        )
    routes = [name for name in models if name in ROUTES]
    base = load_model(models_folder, "fused" if FIT in models else routes[0])
    head, labelled = base.head, base.labelled
    fold = _folds(faces, folds, split)
    landmarkers = LANDMARKERS if all(face.seen_by_both for face in faces) else LANDMARKERS[:1]
    if split == NO_SPLIT:
        found = _unchanged_predictions(faces, models_folder, models, landmarkers)
    else:
        found = _predictions(
            faces, models_folder, models, head, labelled, fold, landmarkers, nested
        )

    measured = {with_landmarker(MEASURED, one): direct_measures(faces, one) for one in landmarkers}
    proportions = {name: head_proportions(head, rows) for name, rows in found.values.items()}
    proportions |= {**measured, AVERAGE: np.tile(_average_proportions(head), (len(faces), 1))}
    told = {name: rows[:, found.told[name]] for name, rows in found.values.items()}
    # The same people for all: those who were tested.
    tested = np.array([face.person in fold for face in faces])
    compared = told | {MEASURED: np.where(tested[:, None], proportions[MEASURED], np.nan)}
    consistency = {name: consistency_of(rows, faces) for name, rows in compared.items()}
    calibrations, several = {}, {}
    if split != "collections":
        labels = label_faces(faces, head, labelled)
        truths = np.array([labels[face.person][: len(labelled)] for face in faces])
        people = [face.person for face in faces]
        by_hand = np.isin([face.collection for face in faces], list(collections_by_hand(faces)))
        calibrations = {
            name: calibrate(unseen, truths, people, by_hand, head, labelled)
            for name, unseen in found.unseen.items()
        } | {
            name: one.calibration(truths, people, by_hand) for name, one in found.unchanged.items()
        }
        several = {
            name: several_photos_of(rows, truths, found.told[name], faces, head)
            for name, rows in found.values.items()
        }
    return Evaluation(
        split=split,
        models=tuple(proportions),
        faces=faces,
        slider_names=head.slider_names,
        labelled=labelled,
        proportions=proportions,
        agreements={name: agreements_of(rows, faces) for name, rows in proportions.items()},
        gains={
            name: gains_over(proportions[MEASURED], rows, faces)
            for name, rows in proportions.items()
            if name not in BASELINES
        },
        consistency={name: one for name, one in consistency.items() if one is not None},
        drift={
            name: drift_of(rows, _names(head, found.told[name]), faces, conditions)
            for name, rows in told.items()
        }
        if conditions
        else {},
        calibrations=calibrations,
        several_photos={name: one for name, one in several.items() if one is not None},
        nested={
            name: _nested_agreement(one, head, found.told[name], proportions[name], faces)
            for name, one in found.nested.items()
        },
    )


def _predictions(
    faces: Sequence[RealFace],
    models_folder: Path,
    models: Sequence[str],
    head: LandmarkHead,
    labelled: np.ndarray,
    fold: Mapping[str, int],
    landmarkers: Sequence[str],
    nested: bool,
) -> _Predicted:
    told: dict[str, np.ndarray] = {}
    values: dict[str, np.ndarray] = {}
    outputs: dict[str, UnseenOutputs] = {}
    chosen: dict[str, NestedOutputs] = {}
    for landmarker in landmarkers:
        # A route that reads nothing of the second landmarker would only be measured twice.
        routes = [
            route
            for route in models
            if route in ROUTES
            and (
                landmarker == LANDMARKERS[0]
                or feature_names(route, landmarker) != feature_names(route)
            )
        ]
        unseen = cross_validated_outputs(routes, faces, head, labelled, Recipe(), fold, landmarker)
        for route in routes:
            name = with_landmarker(route, landmarker)
            told[name] = load_model(folder_for(models_folder, landmarker), route).told
            values[name] = unseen[route].sliders(head, told[name])
            outputs[name] = unseen[route]
        if nested:
            found = nested_outputs(routes, faces, head, labelled, fold, landmarker)
            chosen |= {with_landmarker(route, landmarker): one for route, one in found.items()}
    if FIT in models:
        made = (models_folder / "fit.npz").is_file()
        told[FIT] = load_fit(models_folder).told if made else labelled
        values[FIT] = UnseenFit(faces, fold).sliders(head, told[FIT])
    return _Predicted(told, values, outputs, chosen)


def _unchanged_predictions(
    faces: Sequence[RealFace],
    models_folder: Path,
    models: Sequence[str],
    landmarkers: Sequence[str],
) -> _Predicted:
    wanted = {
        with_landmarker(model, landmarker): (model, landmarker)
        for landmarker in landmarkers
        for model in models
        if landmarker == LANDMARKERS[0] or model in ("landmarks", "fused")
    }
    found = predict_unchanged(faces, models_folder, wanted)
    told = {name: one.told for name, one in found.items()}
    values = {name: one.values for name, one in found.items()}
    return _Predicted(told, values, {}, {}, found)


def _nested_agreement(
    outputs: NestedOutputs,
    head: LandmarkHead,
    told: np.ndarray,
    fixed: np.ndarray,
    faces: Sequence[RealFace],
) -> NestedAgreement:
    proportions = head_proportions(head, outputs.unseen.sliders(head, told))
    return NestedAgreement(
        agreements_of(proportions, faces), gains_over(fixed, proportions, faces), outputs.chosen
    )


def _names(head: LandmarkHead, told: np.ndarray) -> list[str]:
    return [name for name, tells in zip(head.slider_names, told, strict=True) if tells]


def _folds(faces: Sequence[RealFace], folds: int, split: str) -> dict[str, int]:
    """Which fold tests each person: everyone, or all of the collections that are tested."""
    measured = {face.person for face in faces if face.measured_by_hand}
    if split == NO_SPLIT:
        return dict.fromkeys((face.person for face in faces), 0)
    if split == "people":
        fold = folds_over_people(faces, folds)
    else:
        several = people_with_several_photos(faces)
        # All people of a tested collection, or models would see some of it.
        collections = sorted({f.collection for f in faces if f.person in measured | several.keys()})
        fold = {
            f.person: collections.index(f.collection) for f in faces if f.collection in collections
        }
    used = len({fold[person] for person in measured})
    if len(measured) < 10 or used < 2:
        raise TableError(
            f"There are {len(measured)} people with hand-placed points in {used} folds. At least "
            "10 people in two folds or more were expected. Add .tem files beside the photos, or "
            "choose other --folds."
        )
    return fold


def _average_proportions(head: LandmarkHead) -> np.ndarray:
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    return head_proportions(head, neutral[None])[0]
