"""Everything side by side: on the same held-out heads, the same pictures, the same people."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace, read_photo_folder
from regression.datasets.samples import read_true_sliders
from regression.evaluation.compared_models import (
    MEAN,
    ComparedModel,
    HeldOut,
    fit_on_renders,
    mean_model,
    read_held_out,
    run_model,
    shipped_routes,
    unique_names,
)
from regression.evaluation.compared_pictures import (
    ReadingCost,
    SeenFace,
    read_faces,
    read_samples,
)
from regression.evaluation.compared_runs import ComparePlan, Report, train_missing
from regression.evaluation.evaluate import Evaluation, evaluate
from regression.evaluation.route_words import route_words
from regression.measures.agreement import Agreement, agreements_of, head_proportions
from regression.measures.slider_figures import SliderFigures, slider_figures
from regression.measures.surface import Surface, landmark_surface, rig_surface, surface_errors
from regression.models.intervals import told_bounds
from regression.training.recipe import feature_columns
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.makehuman import load_makehuman
from vision.features import ROUTES

PEOPLE = 12
_FEWEST_BY_HAND = 10  # people, for an agreement


@dataclass(frozen=True, eq=False)
class Measured:
    """One model on the held-out heads.

    Attributes:
        values: (n, s) float32, 0..1.
        figures: by slider.
        surface: by alignment, mean distance, % of the inter-ocular distance.
        surface_ratio: by alignment, that over the average face's.
        milliseconds: of the network for one face.
    """

    values: np.ndarray
    figures: SliderFigures
    surface: Mapping[str, float]
    surface_ratio: Mapping[str, float]
    milliseconds: float


@dataclass(frozen=True, eq=False)
class People:
    """What was measured on photos of real people.

    Attributes:
        faces: all that were read.
        shown: some of them, for pictures.
        evaluation: of routes and fit, cross-validated; None with too few hand-placed points.
        unseen: by other model and kind of photo: they saw no photo at all.
    """

    faces: Sequence[RealFace]
    shown: Sequence[SeenFace]
    evaluation: Evaluation | None
    unseen: Mapping[str, Mapping[str, Agreement]]


@dataclass(frozen=True, eq=False)
class Compared:
    """All that the report tells.

    Attributes:
        told: (s,) bool, the sliders that the fused route counts as told by rendered heads; R2 over
            told sliders is over these for everybody.
        words: which route knows which sliders.
        samples: rendered heads; `true_samples` has their sliders, (k, s).
        people: None without photos.
        surface: where the distance between faces was measured.
        seconds: since the start.
    """

    plan: ComparePlan
    rows: HeldOut
    models: tuple[ComparedModel, ...]
    measured: Mapping[str, Measured]
    told: np.ndarray
    words: tuple[str, ...]
    reading: ReadingCost
    samples: Sequence[SeenFace]
    true_samples: np.ndarray
    people: People | None
    surface: Surface
    seconds: float


def compare_models(plan: ComparePlan, report: Report) -> Compared:
    """Trains what is missing, and measures everything.

    Args:
        report: called with lines of progress, which say the time since the start.

    Raises:
        TableError, ModelError, RigError: data or models cannot be used.
        TrainingError: a training run failed.
        PhotoError: the photos are not there.
    """
    started = time.monotonic()

    def say(line: str) -> None:
        seconds = int(time.monotonic() - started)
        report(f"[{seconds // 60:2d}:{seconds % 60:02d}] {line}")

    head = load_landmark_head(plan.models / "head.npz")
    given = [run_model(folder, head) for folder in plan.runs]
    trained = [run_model(folder, head) for folder in train_missing(plan, given, say)]
    rows = read_held_out(plan.data, head, plan.limit)
    say(f"Held-out heads: {len(rows.sliders)}.")
    shipped = shipped_routes(plan.models, head)
    fits = [fit_on_renders(plan.models, rows)] if (plan.models / "fit.npz").is_file() else []
    models = unique_names([mean_model(rows), *trained, *given, *shipped, *fits])

    surface = _surface(plan, head, say)
    measured: dict[str, Measured] = {}
    for model in models:
        say(f"Predicting the held-out heads: {model.name}.")
        measured[model.name] = _measure(model, rows, surface, measured.get(MEAN))
    routes = {route: measured[route].values for route in ROUTES}
    words = route_words(routes, rows.sliders, head.slider_names, list(rows.people))

    say("Reading the sample pictures.")
    samples, reading = read_samples(plan.samples)
    truth = read_true_sliders(plan.samples, head.slider_names)
    people = _people(plan, models, head, say) if plan.photos else None
    return Compared(
        plan,
        rows,
        tuple(models),
        measured,
        next(model.told for model in shipped if model.name == "fused"),
        tuple(words),
        reading,
        samples,
        np.array([truth[face.path.name] for face in samples]),
        people,
        surface,
        time.monotonic() - started,
    )


def _surface(plan: ComparePlan, head: LandmarkHead, say: Report) -> Surface:
    """The whole face where its rig is on disk, else the points of the face mesh."""
    if plan.rig_folder is None:
        return landmark_surface(head)
    rig = load_makehuman(plan.rig_folder)
    if rig.slider_names != head.slider_names:
        say("The rig's sliders are not those of the models: only the face mesh is measured.")
        return landmark_surface(head)
    return rig_surface(rig, head)


def _measure(
    model: ComparedModel, rows: HeldOut, surface: Surface, average: Measured | None
) -> Measured:
    values = model.predict_rows(model.features_of(rows))
    low = high = None
    if model.intervals is not None:
        low, high = told_bounds(model.intervals, values, np.ones(values.shape[1], bool))
    errors = {
        name: float(heads.mean())
        for name, heads in surface_errors(surface, values, rows.sliders).heads.items()
    }
    of_average = average.surface if average else errors
    return Measured(
        values,
        slider_figures(rows.head.slider_names, rows.sliders, values, low, high),
        errors,
        {name: error / of_average[name] for name, error in errors.items()},
        0.0 if model.name == MEAN else model.milliseconds(rows),
    )


def _people(
    plan: ComparePlan, models: Sequence[ComparedModel], head: LandmarkHead, say: Report
) -> People:
    assert plan.photos is not None
    say(f"Reading the photos in {plan.photos}.")
    faces = read_photo_folder(plan.photos, plan.collections, plan.task_file)
    evaluation, unseen = None, {}
    measured = {face.person for face in faces if face.measured_by_hand and not face.expressive}
    if len(measured) >= _FEWEST_BY_HAND:
        say(f"Cross-validating routes and fit on {len(faces)} photos.")
        evaluation = evaluate(faces, plan.models)
        for model in models:
            if model.run is not None or model.name == MEAN:
                columns = feature_columns(model.route or "landmarks", "face_mesh")
                features = np.array([face.mean_features[columns] for face in faces], np.float32)
                values = model.predict_rows(features)
                unseen[model.name] = agreements_of(head_proportions(head, values), faces)
    say("Reading the photos that are shown.")
    return People(faces, read_faces(_shown_photos(faces)), evaluation, unseen)


def _shown_photos(faces: Sequence[RealFace]) -> list[Path]:
    """The first photo of up to PEOPLE people, spread over all; without expression if there is."""
    first: dict[str, Path] = {}
    for face in sorted(faces, key=lambda face: face.expressive):
        first.setdefault(face.person, face.photo)
    names = sorted(first)
    chosen = np.unique(np.linspace(0, len(names) - 1, min(PEOPLE, len(names))).round().astype(int))
    return [first[names[i]] for i in chosen]
