from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from regression.models.settling import Settler
from regression.training.adaptation import (
    FEWEST_PEOPLE,
    Adaptation,
    AdaptationError,
    NewPeople,
    adapt_route,
    divide_people,
)
from regression.training.adaptation_report import report_csv, report_markdown
from regression.training.recipe import PhotographMap, Recipe, fit_to_photos
from rig.landmark_head import LandmarkHead
from tests.regression.planted_people import Camera, Population, planted_people
from vision.features import ROUTES

PEOPLE = 40


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    """Few sliders, so that the teacher is quick."""
    return np.arange(len(head.sliders)) % 5 == 0


@pytest.fixture(scope="module")
def old(head: LandmarkHead, told: np.ndarray) -> dict[str, PhotographMap]:
    """By route, learned from people as an old camera saw them."""
    people = planted_people(head, told, 200, 1, Camera(), seed=1)
    faces = [
        replace(face, person=owner) for face, owner in zip(people.faces, people.owners, strict=True)
    ]
    return {route: fit_to_photos(route, faces, people.labels, Recipe()) for route in ROUTES}


@pytest.fixture(scope="module")
def folder(head: LandmarkHead, told: np.ndarray) -> Population:
    """Other people, two photos each, as a new camera sees them."""
    return planted_people(head, told, PEOPLE, 2, Camera(scale=1.05, shift=2.0), seed=2)


@pytest.fixture(scope="module")
def people(folder: Population, head: LandmarkHead, told: np.ndarray) -> NewPeople:
    return divide_people(folder.faces, head, told)


def finished(
    fitted: PhotographMap, features: np.ndarray, head: LandmarkHead, told: np.ndarray
) -> np.ndarray:
    return Settler(head, told, fitted.spread).finish(fitted(features))


def adapted(
    route: str,
    old: dict[str, PhotographMap],
    people: NewPeople,
    head: LandmarkHead,
    told: np.ndarray,
) -> Adaptation:
    return adapt_route(
        route,
        old[route].moments,
        lambda features: finished(old[route], features, head, told),
        people,
        head,
        told,
        Recipe(),
    )


def test_people_are_told_apart_whatever_the_files_are_called(
    folder: Population, people: NewPeople
) -> None:
    owner = {face.photo: name for face, name in zip(folder.faces, folder.owners, strict=True)}
    names = defaultdict(set)
    for face in (*people.adapting, *people.held_out):
        names[owner[face.photo]].add(face.person)
    assert all(len(found) == 1 for found in names.values())
    assert len(set.union(*names.values())) == PEOPLE


def test_nobody_is_on_both_sides(folder: Population, people: NewPeople) -> None:
    owner = {face.photo: name for face, name in zip(folder.faces, folder.owners, strict=True)}
    adapting, held_out = (
        {owner[face.photo] for face in faces} for faces in (people.adapting, people.held_out)
    )
    assert not adapting & held_out
    assert len(adapting | held_out) == PEOPLE
    assert len(held_out) == round(0.3 * PEOPLE)
    assert people.counts == ((2 * len(adapting), len(adapting)), (2 * len(held_out), len(held_out)))
    assert people.adapting_labels.keys() == {face.person for face in people.adapting}
    assert people.held_out_labels.keys() == {face.person for face in people.held_out}


def test_people_who_may_be_one_are_held_out_together(
    head: LandmarkHead, told: np.ndarray, folder: Population
) -> None:
    # Every second person gets an encoding 0.47 from the one before: too far to share a label.
    random = np.random.default_rng(5)
    faces = []
    for number in range(0, len(folder.faces), 2):
        one = folder.faces[number]
        step = np.zeros_like(one.features)
        step[:128] = random.normal(size=128)
        step *= 0.47 / np.linalg.norm(step)
        other = replace(one, features=one.features + step, mirrored_features=one.features + step)
        faces += [one, replace(other, photo=one.photo.with_suffix(".png"))]
    divided = divide_people(faces, head, told)
    sides = [{face.photo.stem for face in side} for side in (divided.adapting, divided.held_out)]
    assert not sides[0] & sides[1]
    assert sum(count for _, count in divided.counts) == len(faces)


def test_the_seed_draws_who_is_held_out(
    folder: Population, head: LandmarkHead, told: np.ndarray, people: NewPeople
) -> None:
    def photos(one: NewPeople) -> list[str]:
        return [face.photo.name for face in one.held_out]

    assert photos(divide_people(folder.faces, head, told)) == photos(people)
    assert photos(divide_people(folder.faces, head, told, seed=1)) != photos(people)


@pytest.mark.parametrize("photos", [0, 1, 2 * (FEWEST_PEOPLE - 1)])
def test_too_few_people_are_counted(
    folder: Population, head: LandmarkHead, told: np.ndarray, photos: int
) -> None:
    with pytest.raises(AdaptationError, match=f"{(photos + 1) // 2} people .* {photos} photos"):
        divide_people(folder.faces[:photos], head, told)


@pytest.mark.parametrize("route", ROUTES)
def test_a_new_camera_is_learned(
    route: str,
    old: dict[str, PhotographMap],
    people: NewPeople,
    head: LandmarkHead,
    told: np.ndarray,
    folder: Population,
) -> None:
    found = adapted(route, old, people, head, told)
    assert found.improved
    assert found.difference.high < 0
    assert found.after.error < 0.9 * found.before.error
    assert found.difference.value == pytest.approx(found.after.error - found.before.error)
    assert found.after.r > found.before.r - 0.05
    assert found.after.spread is not None
    assert found.after.spread.value < 0.5


def test_the_sliders_that_were_planted_come_nearer_too(
    old: dict[str, PhotographMap],
    people: NewPeople,
    head: LandmarkHead,
    told: np.ndarray,
    folder: Population,
) -> None:
    owner = {face.photo: name for face, name in zip(folder.faces, folder.owners, strict=True)}
    features = np.array([face.mean_features[128:] for face in people.held_out])
    true = np.array([folder.labels[owner[face.photo]] for face in people.held_out])
    new = adapted("landmarks", old, people, head, told).fitted
    before, after = (
        np.abs(finished(one, features, head, told) - true[:, : len(told)])[:, told].mean()
        for one in (old["landmarks"], new)
    )
    assert after < 0.9 * before


def test_labels_of_noise_are_refused(
    old: dict[str, PhotographMap], people: NewPeople, head: LandmarkHead, told: np.ndarray
) -> None:
    random = np.random.default_rng(3)
    noise = {
        name: row + random.normal(0.2, 0.3, row.shape)
        for name, row in people.adapting_labels.items()
    }
    found = adapted("encoding", old, replace(people, adapting_labels=noise), head, told)
    assert not found.improved
    assert found.difference.value > 0


def test_the_report_says_what_was_measured(
    old: dict[str, PhotographMap], people: NewPeople, head: LandmarkHead, told: np.ndarray
) -> None:
    good = adapted("encoding", old, people, head, told)
    bad = replace(good, route="fused", before=good.after, after=good.before)
    text = report_markdown("holiday", people, [good, bad])
    assert text.startswith("# Adapted to holiday\n\n56 photos of 28 people to adapt to, 24 of 12 ")
    (good_row, bad_row) = (line for line in text.splitlines() if line.startswith("| `"))
    assert f"| {good.before.error:.4f} | {good.after.error:.4f} | " in good_row
    assert good_row.endswith("| kept |")
    assert bad_row.endswith("| no better: refused |")
    header, *rows = (line.split(",") for line in report_csv(people, [good, bad]).splitlines())
    first, second = (dict(zip(header, row, strict=True)) for row in rows)
    assert (first["improved"], second["improved"]) == ("yes", "no")
    assert float(first["error_after"]) == pytest.approx(good.after.error, abs=1e-5)
    assert (first["photos"], first["people"], first["held_out_people"]) == ("56", "28", "12")
