"""Drift: how far sliders move with camera distance, pose, or what else was varied on purpose.

A collection's folder may hold `conditions.csv`: a column `photo` (path relative to that folder) and
columns of numbers, such as `distance_centimetres`, `yaw_degrees` or `pitch_degrees`. A cell is
empty where the photo is not part of that series. In each series a person's reference photo is the
one with the largest distance (columns whose name holds "distance") or with the value nearest to 0
(all others); the first by path among equals.
"""

from __future__ import annotations

import csv
import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.datasets.tables import TableError
from regression.measures.bootstrap import Estimate, estimate, people_weights

CONDITIONS_FILE = "conditions.csv"
_PHOTO_COLUMN = "photo"
_MOST_VALUES = 8
_BINS = 5

Conditions = Mapping[str, Mapping[Path, float]]
"""By name of the condition, then by photo: the value."""


@dataclass(frozen=True)
class Drift:
    """How far a model's sliders moved from people's reference photos, in one bin of a condition.

    Attributes:
        condition: name of the column.
        low, high: smallest and largest value in the bin; equal where it holds one value.
        reference: mean value of the reference photos.
        photos, people: in the bin, reference photos not counted.
        movement: square root of (squared difference from the reference photo, mean over sliders)
            by (variance between people, mean over sliders), averaged over people; 1 is as far as
            people differ from the average person. With its interval over people.
        most_moved: the slider with the largest mean difference in units of its own spread between
            people.
        most_moved_by: that difference, with its sign.
    """

    condition: str
    low: float
    high: float
    reference: float
    photos: int
    people: int
    movement: Estimate
    most_moved: str
    most_moved_by: float


def read_conditions(folder: Path, collections: Sequence[str] = ()) -> dict[str, dict[Path, float]]:
    """All conditions.csv files of a folder of photos and of the collections in it.

    Args:
        folder: see regression.datasets.real_photos.
        collections: only these folders in it; empty for all, and for the folder itself.

    Returns:
        Values by condition and photo; empty where there is no such file.

    Raises:
        TableError: a file cannot be read, names a photo that is not there, or mixes numbers and
            other text in a column.
    """
    files = [folder / name / CONDITIONS_FILE for name in collections] or [
        folder / CONDITIONS_FILE,
        *sorted(folder.glob(f"*/{CONDITIONS_FILE}")),
    ]
    found: dict[str, dict[Path, float]] = defaultdict(dict)
    for path in files:
        if path.is_file():
            for condition, values in _read_file(path).items():
                found[condition] |= values
    return dict(found)


def _read_file(path: Path) -> dict[str, dict[Path, float]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(
            f"{path} cannot be read ({error}). A CSV file in UTF-8 was expected. Save it as such."
        ) from error
    if _PHOTO_COLUMN not in columns:
        raise TableError(
            f"{path} has the columns {', '.join(columns) or 'none'}. A column "
            f"{_PHOTO_COLUMN!r} and columns of numbers were expected. Name the photos in one."
        )
    photos = [path.parent / (row[_PHOTO_COLUMN] or "") for row in rows]
    for photo in photos:
        if not photo.is_file():
            raise TableError(
                f"{path} names {photo}, where there is no file. A photo's path relative to the "
                "folder of that file was expected. Correct it, or take the row out."
            )
    return {
        column: values
        for column in columns
        if column != _PHOTO_COLUMN and (values := _numbers(path, column, photos, rows))
    }


def _numbers(
    path: Path, column: str, photos: Sequence[Path], rows: Sequence[Mapping[str, str | None]]
) -> dict[Path, float]:
    """The column's values by photo; nothing where no cell is a number."""
    values, texts = {}, []
    for photo, row in zip(photos, rows, strict=True):
        cell = (row[column] or "").strip()
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            values[_key(photo)] = number
        elif cell:
            texts.append(cell)
    if values and texts:
        raise TableError(
            f"{path} holds {texts[0]!r} in column {column!r} beside numbers. Numbers or empty "
            "cells were expected. Correct it, or leave it empty."
        )
    return values


def _key(photo: Path) -> Path:
    return Path(os.path.abspath(photo))


def drift_of(
    values: np.ndarray,
    names: Sequence[str],
    faces: Sequence[RealFace],
    conditions: Conditions,
) -> list[Drift]:
    """Drift of a model by condition and bin; bins without photos are left out.

    Up to 8 different values of a condition are bins of their own; more are put into 5 bins of about
    equally many photos.

    Args:
        values: (n, s) sliders that a photo tells, 0..1, a row per face; rows of nan are left out.
        names: of the s sliders.
    """
    known = np.isfinite(values).all(axis=1)
    people = np.array([face.person for face in faces])
    means = np.array([values[known & (people == name)].mean(axis=0) for name in set(people[known])])
    if len(means) < 2:
        return []
    between = means.var(axis=0, ddof=1).astype(np.float64)
    photos = [_key(face.photo) for face in faces]
    results: list[Drift] = []
    for condition, of_photo in conditions.items():
        rows = [i for i in np.flatnonzero(known) if photos[i] in of_photo]
        at = np.array([of_photo[photos[i]] for i in rows])
        references = _references([faces[i] for i in rows], at, "distance" in condition.lower())
        moved = np.array([k for k, reference in enumerate(references) if k != reference], int)
        if not len(moved):
            continue
        compared = np.array(references)[moved]
        differences = values[np.array(rows)[moved]] - values[np.array(rows)[compared]]
        for low, high in _bins(at[moved]):
            inside = (at[moved] >= low) & (at[moved] <= high)
            results.append(
                _summary(
                    condition,
                    at[moved][inside],
                    float(at[np.unique(compared[inside])].mean()),
                    people[np.array(rows)[moved][inside]],
                    differences[inside].astype(np.float64),
                    between,
                    names,
                )
            )
    return results


def _references(faces: Sequence[RealFace], at: np.ndarray, distance: bool) -> list[int]:
    """For each photo, which of the photos is its person's reference."""
    badness = -at if distance else np.abs(at)
    best: dict[str, int] = {}
    for i in sorted(range(len(faces)), key=lambda i: (badness[i], faces[i].photo)):
        best.setdefault(faces[i].person, i)
    return [best[face.person] for face in faces]


def _bins(at: np.ndarray) -> list[tuple[float, float]]:
    different = np.unique(at)
    if len(different) <= _MOST_VALUES:
        return [(float(value), float(value)) for value in different]
    parts = np.array_split(np.sort(at), _BINS)
    # Equal values belong to one bin.
    edges = np.unique([part[0] for part in parts])
    ends = [*(different[different < edge].max() for edge in edges[1:]), different[-1]]
    return [(float(low), float(high)) for low, high in zip(edges, ends, strict=True)]


def _summary(
    condition: str,
    at: np.ndarray,
    reference: float,
    people: np.ndarray,
    differences: np.ndarray,
    between: np.ndarray,
    names: Sequence[str],
) -> Drift:
    movements = np.sqrt(np.square(differences).mean(axis=1) / max(between.mean(), 1e-300))
    who = sorted(set(people))
    by_person = np.array([movements[people == name].mean() for name in who])
    weights = people_weights(who)
    movement = estimate(weights @ by_person / weights.sum(axis=1))
    if len(who) < 3:
        movement = Estimate(movement.value, math.nan, math.nan)
    varies = between > 1e-12 * between.max()
    shift = np.array([differences[people == name].mean(axis=0) for name in who]).mean(axis=0)
    scaled = np.where(varies, shift / np.sqrt(np.where(varies, between, 1)), 0)
    most = int(np.abs(scaled).argmax())
    return Drift(
        condition=condition,
        low=float(at.min()),
        high=float(at.max()),
        reference=reference,
        photos=len(at),
        people=len(who),
        movement=movement,
        most_moved=names[most],
        most_moved_by=float(scaled[most]),
    )
