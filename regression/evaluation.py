"""The agreement of every route and of two baselines, on people that no model has seen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from regression.agreement import Agreement, agreements_of, head_proportions
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

MEASURED = "measured"
AVERAGE = "average"


def direct_measures(faces: Sequence[RealFace]) -> np.ndarray:
    """(n, 14) proportions measured on the detected landmarks, without any rig."""
    start = len(ENCODING_FEATURES)
    return np.array([face.features[start : start + len(PROPORTION_NAMES)] for face in faces])


def evaluate(
    faces: Sequence[RealFace],
    models_folder: Path,
    routes: Sequence[str],
    folds: int,
    leave_out_collections: bool = False,
) -> dict[str, dict[str, Agreement]]:
    """Agreements by model (route, "measured", "average") and by kind of photo.

    The recipe is run anew for each fold; of the models only the head and the list of told sliders
    are used, which were made from rendered faces.

    Args:
        faces: some with hand-placed points.
        folds: over people.
        leave_out_collections: test each collection with hand-placed points by models that saw
            nothing of it, instead of random folds of people.

    Raises:
        TableError: too few photos with hand-placed points.
        ModelError: the models folder cannot be used.
    """
    model = load_model(models_folder, "fused")
    fold = (
        folds_over_collections(faces) if leave_out_collections else folds_over_people(faces, folds)
    )
    if len(fold) < 10 or len(set(fold.values())) < 2:
        raise TableError(
            f"There are {len(fold)} people with hand-placed points in {len(set(fold.values()))} "
            "folds. At least 10 people in two folds or more were expected. Add .tem files beside "
            "the photos, or choose other --folds."
        )
    figures = {
        AVERAGE: _average(faces, model.head),
        MEASURED: agreements_of(direct_measures(faces), faces),
    }
    values = cross_validated_sliders(routes, faces, model.head, model.told, Recipe(), fold)
    for route in routes:
        figures[route] = agreements_of(head_proportions(model.head, values[route]), faces)
    return figures


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
