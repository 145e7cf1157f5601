"""Several photos of one person: which faces are one person's, and what they say together.

docs/intervals.md shows the figures behind the numbers here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from regression.models.intervals import SliderIntervals
from regression.prediction.prediction import Prediction

GROUPS = ("none", "folder", "person")
"""What `fpp predict --group` knows."""

PERSON_DISTANCE = 0.5
"""Faces whose encodings differ by less, on average over two groups, are one person's.

face_recognition's own tolerance of 0.6 is meant for two photos; in a folder of many people, with
its many pairs, some strangers are nearer than that.
"""

FLAGGED_WEIGHT = 0.3
"""What a face with any quality flag weighs beside a clean one."""

# Further apart than any mean of encoding distances, even divided by the sizes of two large groups.
_NEVER = 1e12


class GroupedFace(Protocol):
    """What is needed of a Prediction, which is one, to group and combine it."""

    @property
    def photo(self) -> Path: ...

    @property
    def face_number(self) -> int: ...

    @property
    def quality(self) -> tuple[str, ...]: ...

    @property
    def model(self) -> str: ...

    @property
    def rig(self) -> str: ...

    @property
    def slider_names(self) -> tuple[str, ...]: ...

    @property
    def values(self) -> np.ndarray: ...

    @property
    def told(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class PersonPrediction:
    """The slider values of one person, from all their photos.

    Attributes:
        name: unique among the people of a run, and fit for a file name.
        members: the photo and face number of each of the person's faces, in the photos' order.
        values: (sliders,) float32, 0..1: the mean of the faces, flagged ones weighing less.
        lower, upper: (sliders,) float32, 0..1, the 90 % interval; 0 and 1 where not told.
        told: (sliders,) bool.
        slider_names: the rig's sliders, in the rig's order.
        model: the model that predicted.
        rig: the rig's name.
    """

    name: str
    members: tuple[tuple[Path, int], ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    told: np.ndarray
    slider_names: tuple[str, ...]
    model: str
    rig: str


def group_predictions(
    predictions: Sequence[Prediction], how: str, threshold: float = PERSON_DISTANCE
) -> list[list[int]]:
    """Indices into the predictions, a list per person; nobody for "none".

    how: one of GROUPS.
    threshold: see group_by_person.

    Raises ValueError for any other `how`, and what group_by_person raises.
    """
    if how == "none":
        return []
    if how == "folder":
        return group_by_folder(predictions)
    if how == "person":
        return group_by_person(predictions, threshold)
    raise ValueError(
        f"A grouping by {how!r} was asked for. One of {', '.join(GROUPS)} was expected. "
        "Choose one of these."
    )


def group_by_folder(predictions: Sequence[GroupedFace]) -> list[list[int]]:
    """The largest faces of a folder's photos are one person; every other face is one by itself.

    Returns lists of indices, each in order, the lists in the order of their first index.
    """
    groups: dict[object, list[int]] = {}
    for index, one in enumerate(predictions):
        folder = os.path.abspath(one.photo.parent)
        key: object = folder if one.face_number == 1 else index
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def group_by_person(
    predictions: Sequence[Prediction], threshold: float = PERSON_DISTANCE
) -> list[list[int]]:
    """Faces whose encodings are near each other are one person; two of one photo never are.

    Agglomerative clustering: the two groups of the least mean distance join (average linkage, Sokal
    and Michener 1958) as long as that is below the threshold. Memory and time grow with the square
    of the number of faces: 10,000 need about 1 GB.

    threshold: Euclidean distance of encodings, where strangers are about 0.8 apart.

    Returns lists of indices, each in order, the lists in the order of their first index.
    Raises ValueError for predictions without encodings.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    encodings = [one.encoding for one in predictions if one.encoding is not None]
    if len(encodings) != len(predictions):
        raise ValueError(
            f"{len(predictions) - len(encodings)} of {len(predictions)} predictions have no "
            "encoding. One each was expected. Predict with Predictor(with_encodings=True)."
        )
    if len(predictions) < 2:
        return [[index] for index in range(len(predictions))]
    distances = pdist(np.array(encodings, np.float64))
    numbers: dict[str, int] = {}
    for one in predictions:
        numbers.setdefault(os.path.abspath(one.photo), len(numbers))
    photos = [[numbers[os.path.abspath(one.photo)]] for one in predictions]
    distances[pdist(np.array(photos, np.float64)) == 0] = _NEVER
    labels = fcluster(linkage(distances, "average"), threshold, "distance")
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(int(label), []).append(index)
    return list(groups.values())


def combine(
    predictions: Sequence[GroupedFace], intervals: SliderIntervals, name: str
) -> PersonPrediction:
    """What all photos of one person say together.

    A face with quality flags weighs FLAGGED_WEIGHT of one without. The interval narrows as for
    (sum w)^2 / sum w^2 photos of equal weight (Kish, "Survey Sampling", 1965).

    Args:
        predictions: of one person by one model, at least one.
        intervals: the model's.
        name: the person's.

    Raises:
        ValueError: no predictions, or of different models.
    """
    kinds = {(one.model, one.rig, one.slider_names, one.told.tobytes()) for one in predictions}
    if len(kinds) != 1:
        raise ValueError(
            f"Predictions of {len(kinds)} models were to be combined for {name}. At least one "
            "prediction, and all by the same model, were expected. Predict the photos together."
        )
    first = predictions[0]
    weights = np.array([FLAGGED_WEIGHT if one.quality else 1.0 for one in predictions])
    weights /= weights.sum()
    values = (weights @ np.array([one.values for one in predictions], np.float64)).astype(
        np.float32
    )
    # Rounding may make one photo a little less than one.
    lower, upper = intervals.bounds(values, max(1.0, 1.0 / float(weights @ weights)))
    return PersonPrediction(
        name=name,
        members=tuple((one.photo, one.face_number) for one in predictions),
        values=values,
        lower=np.where(first.told, lower, 0.0).astype(np.float32),
        upper=np.where(first.told, upper, 1.0).astype(np.float32),
        told=first.told,
        slider_names=first.slider_names,
        model=first.model,
        rig=first.rig,
    )
