"""The agreement of every route and of two baselines, on people that no model has seen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from regression.agreement import Agreement, head_proportions
from regression.model_making import MakingPlan, agreements_of, read_photo_folder
from regression.real_photos import RealFace
from regression.recipe import Recipe, cross_validated_sliders, told_sliders, train_on_renders
from regression.tables import TableError, examples_from_table, read_table
from rig.landmark_head import LandmarkHead, load_landmark_head
from vision.features import ENCODING_FEATURES
from vision.ratios import PROPORTION_NAMES

MEASURED = "measured"
AVERAGE = "average"


def direct_measures(faces: Sequence[RealFace]) -> np.ndarray:
    """(n, 14) proportions measured on the detected landmarks, without any rig."""
    start = len(ENCODING_FEATURES)
    return np.array([face.features[start : start + len(PROPORTION_NAMES)] for face in faces])


def evaluate(
    plan: MakingPlan, head_path: Path, leave_out_collections: bool = False
) -> Iterator[str | dict[str, dict[str, Agreement]]]:
    """Cross-validates each route; yields lines of progress and at last the figures.

    The figures are agreements by model (route, "measured", "average") and by kind of photo.

    Args:
        leave_out_collections: test each collection with hand-placed points by models that saw
            nothing of it, instead of random folds of people.

    Raises:
        TableError: there are no photos with hand-placed points, or a table cannot be used.
    """
    if plan.photos is None:
        raise TableError(
            "No photos were named. Photos with hand-placed points (.tem) were expected. Name a "
            "folder with --photos."
        )
    head = load_landmark_head(head_path)
    faces = read_photo_folder(plan.photos, plan.collections)
    people = {face.person for face in faces if face.measured_by_hand}
    if len(people) < 2 * plan.folds:
        raise TableError(
            f"{plan.photos} holds {len(people)} people with hand-placed points. At least two for "
            f"each of the {plan.folds} folds were expected. Add .tem files beside the photos, or "
            "lower --folds."
        )
    table = read_table(plan.data / "train" / "faces.parquet")
    lines: list[str] = []
    recipe: Recipe = plan.recipe
    rendered = examples_from_table(table, "fused", head.slider_names)
    told = told_sliders(
        train_on_renders("fused", rendered, recipe, lines.append)[1], head.slider_names
    )
    yield f"{int(told.sum())} of {len(told)} sliders can be told from rendered faces."
    figures = {
        AVERAGE: _average(faces, head),
        MEASURED: agreements_of(direct_measures(faces), faces),
    }
    fold = None
    folds = plan.folds
    if leave_out_collections:
        collections = sorted({face.collection for face in faces if face.measured_by_hand})
        fold = {
            face.person: collections.index(face.collection)
            for face in faces
            if face.measured_by_hand
        }
        folds = len(collections)
    values = cross_validated_sliders(
        plan.routes, faces, head, told, recipe, folds, lines.append, fold
    )
    yield lines[-1]
    for route in plan.routes:
        figures[route] = agreements_of(head_proportions(head, values[route]), faces)
    yield figures


def _average(faces: Sequence[RealFace], head: LandmarkHead) -> dict[str, Agreement]:
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    return agreements_of(head_proportions(head, np.tile(neutral, (len(faces), 1))), faces)


def figures_table(figures: Mapping[str, Mapping[str, Agreement]]) -> str:
    """The figures as a Markdown table: a row per model, mean r by kind of photo."""
    kinds = list(dict.fromkeys(kind for row in figures.values() for kind in row))
    counts = {kind: next(row[kind].people for row in figures.values()) for kind in kinds}
    names = {
        AVERAGE: "the average face",
        MEASURED: "face mesh measured directly, no rig",
    }
    lines = [
        "| predicted from | " + " | ".join(f"{k} photo ({counts[k]} people)" for k in kinds) + " |",
        "| --- |" + " --- |" * len(kinds),
    ]
    lines += [
        f"| {names.get(model, model)} | "
        + " | ".join(f"{row[kind].mean:.3f}" if kind in row else "" for kind in kinds)
        + " |"
        for model, row in figures.items()
    ]
    return "\n".join(lines)


def write_figures(figures: Mapping[str, Mapping[str, Agreement]], folder: Path) -> list[Path]:
    """Writes agreement.md and agreement.csv (one row per model, kind of photo and proportion)."""
    import csv
    import io

    folder.mkdir(parents=True, exist_ok=True)
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(["model", "photos", "people", "proportion", "r"])
    for model, row in figures.items():
        for kind, result in row.items():
            for proportion, value in {**result.correlations, "mean": result.mean}.items():
                writer.writerow([model, kind, result.people, proportion, f"{value:.4f}"])
    written = []
    for name, text in (
        ("agreement.md", figures_table(figures) + "\n"),
        ("agreement.csv", rows.getvalue()),
    ):
        path = folder / name
        partial = path.with_name(name + ".partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
        written.append(path)
    return written
