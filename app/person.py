"""What a user of the page has: photos that were read, the faces on them, several taken as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from exports.report.report_faces import WARNINGS
from regression.models.intervals import SliderIntervals
from regression.prediction.grouping import combine
from regression.prediction.prediction import Prediction, RouteValues

_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What came of one photo.

    Attributes:
        name: what the user calls it.
        picture: (height, width, 3) uint8 RGB, at most 1024 pixels, with what was seen drawn over
            it; None where the file is no picture.
        faces: largest first, by the route "fused", with the other routes as `others`.
        warnings: for each face, what makes it less certain, in sentences.
        problem: why there is no face, in sentences; empty where there is one.
    """

    name: str
    picture: np.ndarray | None
    faces: tuple[Prediction, ...] = ()
    warnings: tuple[tuple[str, ...], ...] = ()
    problem: str = ""


@dataclass(frozen=True, eq=False)
class CombinedFace:
    """One person by several photos. Reads like a Prediction. s sliders.

    Attributes:
        name: the person's, fit for a file name.
        members: the photo and face number of each face.
        model, rig, slider_names, values, lower, upper, told, others: as in Prediction.
        yaw, pitch, roll: 0: it is shown from the front.
        quality: none.
    """

    name: str
    members: tuple[tuple[Path, int], ...]
    model: str
    rig: str
    slider_names: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    told: np.ndarray
    others: tuple[RouteValues, ...] = field(default=(), repr=False)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    quality: tuple[str, ...] = ()


Face = Prediction | CombinedFace
AnyFace = TypeVar("AnyFace", Prediction, CombinedFace)


def route_values(face: Face) -> tuple[RouteValues, ...]:
    """What every route says of a face, the face's own first."""
    own = RouteValues(face.model, face.values, face.lower, face.upper, face.told)
    return (own, *face.others)


def by_route(face: AnyFace, route: str) -> AnyFace:
    """The same face with another route's values; the former ones are among the others.

    Raises ValueError for a route that did not predict it.
    """
    routes = {one.model: one for one in route_values(face)}
    if route not in routes:
        raise ValueError(
            f"The route {route!r} was asked for. One of {', '.join(routes)} was expected: the face "
            "was predicted by these. Choose from them."
        )
    chosen = routes.pop(route)
    return replace(
        face,
        model=route,
        values=chosen.values,
        lower=chosen.lower,
        upper=chosen.upper,
        told=chosen.told,
        others=tuple(routes.values()),
    )


def combine_faces(
    faces: Sequence[Prediction], intervals: dict[str, SliderIntervals], name: str
) -> CombinedFace:
    """One person by several photos, as every route says; that of the first face goes first.

    intervals: of each route.

    Raises ValueError for no faces.
    """
    if not faces:
        raise ValueError(
            "No faces were to be combined. One or more were expected. Choose photos with a face."
        )
    people = [
        combine([by_route(face, route.model) for face in faces], intervals[route.model], name)
        for route in route_values(faces[0])
    ]
    own = people[0]
    return CombinedFace(
        own.name,
        own.members,
        own.model,
        own.rig,
        own.slider_names,
        own.values,
        own.lower,
        own.upper,
        own.told,
        tuple(
            RouteValues(one.model, one.values, one.lower, one.upper, one.told) for one in people[1:]
        ),
    )


def edited_sliders(face: Face, values: np.ndarray) -> tuple[str, ...]:
    """Which sliders were set by hand: those whose values (s,), 0..1, are not the face's."""
    changed = np.abs(np.asarray(values, np.float64) - face.values) > _ROUNDING
    return tuple(name for name, edit in zip(face.slider_names, changed, strict=True) if edit)


def largest_differences(face: Face, count: int = 12) -> list[tuple[str, dict[str, float]]]:
    """The sliders on which the routes differ most, most first: name, and route -> value 0..1.

    Only routes that tell a slider count; of a slider that fewer than two tell, nothing is said.
    """
    routes = route_values(face)
    told = np.array([one.told for one in routes])
    values = np.array([one.values for one in routes], np.float64)
    highest = np.where(told, values, -np.inf).max(axis=0)
    lowest = np.where(told, values, np.inf).min(axis=0)
    spread = np.where(told.sum(axis=0) >= 2, highest - lowest, -1.0)
    order = np.argsort(-spread, kind="stable")[:count]
    return [
        (
            face.slider_names[index],
            {one.model: float(one.values[index]) for one in routes if one.told[index]},
        )
        for index in order
        if spread[index] >= 0
    ]


def quality_warnings(quality: Sequence[str]) -> tuple[str, ...]:
    """Sentences for the flags of vision.quality."""
    return tuple(WARNINGS.get(flag, flag.replace("_", " ")) for flag in quality)
