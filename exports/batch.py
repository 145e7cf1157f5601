"""Photos in, a folder of results out, with every prediction in hand.

What `fpp demo` does, and `fpp predict` where faces are compared or shown together; `runs.run` is
for any number of photos.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exports.character_files import write_character_files
from exports.names import output_names
from exports.overlay import MAXIMUM_SIDE, write_overlay
from exports.people import people_names, write_people
from exports.tables import write_predictions
from regression.prediction.grouping import (
    PERSON_DISTANCE,
    PersonPrediction,
    combine,
    group_predictions,
)
from regression.prediction.prediction import Failure, Prediction

if TYPE_CHECKING:
    from exports.export_head import ExportHead
    from exports.report.report_page import ReportWriter
    from regression.models.intervals import SliderIntervals
    from regression.prediction.predictor import Predictor

Report = Callable[[Path, Sequence[Prediction], Sequence[Failure]], None]
"""Called after each photo with its path, its faces and its failure."""


@dataclass(frozen=True)
class BatchResults:
    """What became of the photos.

    Attributes:
        predictions: one per face, in the photos' order.
        failures: one per photo without a face.
        people: one per person, in the order of their first faces; empty without grouping.
        seconds: how long it took, without loading the models.
    """

    predictions: tuple[Prediction, ...]
    failures: tuple[Failure, ...]
    people: tuple[PersonPrediction, ...]
    seconds: float


def predict_into(
    folder: Path,
    predictor: Predictor,
    photos: Sequence[Path],
    kinds: Collection[str] = (),
    overlay: bool = True,
    report: Report | None = None,
    group: str = "none",
    person_distance: float = PERSON_DISTANCE,
    export_head: ExportHead | None = None,
    report_writer: ReportWriter | None = None,
) -> BatchResults:
    """Predict photos and write tables, character files and overlays into a folder.

    Each photo's own files are written as soon as it is done. The tables are written at the end,
    and also when it is stopped or fails before: then they hold what was done.

    folder: is made where it does not exist.
    photos: files, each once.
    kinds: of character files, see `exports.character_files.KINDS`.
    group: which faces are one person's, see `regression.prediction.grouping.GROUPS`. Unless
        "none", the people get a table and character files too. "person" needs a predictor with
        encodings.
    export_head: for kinds that show a head, see `exports.export_head.head_for_exports`.
    report_writer: of the HTML report; its owner closes it.
    person_distance: for "person", see `regression.prediction.grouping.group_by_person`.

    Raises OSError where the folder cannot be written, ValueError for no such group.
    """
    from vision.photos import read_photo

    folder.mkdir(parents=True, exist_ok=True)
    names, licence = output_names(photos), predictor.head.licence
    predictions: list[Prediction] = []
    failures: list[Failure] = []
    people: list[PersonPrediction] | None = None
    begin = time.perf_counter()
    try:
        for result in predictor.predict_each(photos):
            path, faces = result.path, result.faces
            problems = [] if result.failure is None else [result.failure]
            for face in faces:
                write_character_files(
                    folder, face, predictor.sliders, kinds, names[path], licence, export_head
                )
            if overlay and faces and result.photo is not None:
                seen = result.photo
                write_overlay(folder, seen.pixels, faces, names[path], seen.scale)
            if report_writer is not None:
                # Larger than the networks need it, for the eye.
                photo = read_photo(path, maximum_side=MAXIMUM_SIDE) if faces else None
                pixels, scale = (photo.pixels, photo.scale) if photo else (None, 1.0)
                report_writer.add(path, pixels, scale, faces, problems)
            predictions += faces
            failures += problems
            if report is not None:
                report(path, faces, problems)
        seconds = time.perf_counter() - begin
    finally:
        try:
            if group != "none":
                people = _people(predictions, predictor.intervals, group, person_distance, names)
                write_people(folder, people, predictor.sliders, kinds, licence, export_head)
        finally:
            write_predictions(folder, predictions, failures, people, licence)
    return BatchResults(tuple(predictions), tuple(failures), tuple(people or ()), seconds)


def _people(
    predictions: Sequence[Prediction],
    intervals: SliderIntervals,
    group: str,
    person_distance: float,
    photo_names: Mapping[Path, str],
) -> list[PersonPrediction]:
    groups = group_predictions(predictions, group, person_distance)
    names = people_names(predictions, groups, group, photo_names)
    return [
        combine([predictions[index] for index in members], intervals, name)
        for members, name in zip(groups, names, strict=True)
    ]
