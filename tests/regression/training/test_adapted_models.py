"""From a models folder and photos to an adapted models folder, by the library and by `fpp adapt`.

The old models are fitted to planted people, for photographs and for renders.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from regression.measures.agreement import agreement
from regression.models.fingerprints import sign
from regression.models.intervals import SliderIntervals
from regression.models.linear import fit_linear, join_experts, linear_network
from regression.models.model_files import (
    ModelError,
    load_keras,
    load_model,
    read_card,
    save_network,
)
from regression.models.moments_file import load_moments, moments_path, save_moments
from regression.training.adaptation import Adaptation, AdaptationError, NewPeople
from regression.training.adapted_models import (
    AdaptableModel,
    adapt_models,
    load_adaptable,
    widened,
    write_adapted,
)
from regression.training.model_card import make_card, write_card
from regression.training.recipe import Recipe, fit_to_photos, real_examples, solve_map
from rig.landmark_head import LandmarkHead
from scripts import adapt
from scripts.main import main
from tests.regression.planted_people import Camera, planted_people
from vision.features import ROUTES, feature_names
from vision.photos import find_photos

ROUTE = "encoding"
BOTH = (ROUTE, "landmarks")


def folder_state(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    """Few sliders, so that the teacher is quick."""
    return np.arange(len(head.sliders)) % 5 == 0


@pytest.fixture(scope="module")
def old_models(
    models: Path, head: LandmarkHead, told: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with models of two routes."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copyfile(models / "head.npz", folder / "head.npz")
    people = planted_people(head, told, 200, 1, Camera(), seed=1)
    faces = [
        replace(face, person=owner) for face, owner in zip(people.faces, people.owners, strict=True)
    ]
    names = head.slider_names
    known = SliderIntervals(np.full(len(names), 0.02), np.full(len(names), 0.5), people=92)
    random = np.random.default_rng(4)
    seen = agreement(*random.normal(size=(2, 12, 14)))
    for route in BOTH:
        fitted = fit_to_photos(route, faces, people.labels, Recipe())
        rows = real_examples(route, faces, people.labels, Recipe())
        renders = replace(rows, sliders=1 - rows.sliders[:, : len(names)])
        rendered = fit_linear(renders, np.ones(renders.features.shape[1]))
        photographed = linear_network(fitted.moments, fitted.coefficients)
        save_network(join_experts(photographed, rendered), folder, route)
        save_moments(fitted.moments, folder, route)
        card = make_card(
            route,
            "face_mesh",
            head,
            told,
            told,
            fitted.spread,
            Recipe(),
            [],
            {"neutral": seen},
            None,
        )
        card["intervals"] = {"photographs": known.to_json(names)}
        for row in card["intervals"]["photographs"]["sliders"].values():
            row |= {"average_half_width": 0.1, "coverage": 0.95}
        write_card(card, folder)
    return folder


@dataclass(frozen=True, eq=False)
class Adapted:
    """What write_adapted takes, by route."""

    models: dict[str, AdaptableModel]
    people: NewPeople
    adaptations: dict[str, Adaptation]

    def write(
        self, folder: Path, out: Path, good: Sequence[str], bad: Sequence[str] = ()
    ) -> list[str]:
        """As "holiday"; `bad` routes as if they had got worse."""
        chosen = {route: self.adaptations[route] for route in good}
        chosen |= {route: refused(self.adaptations[route]) for route in bad}
        models = [replace(self.models[route], folder=folder) for route in chosen]
        return write_adapted(models, folder, out, "holiday", self.people, [*chosen.values()])


@pytest.fixture(scope="module")
def adapted(old_models: Path, head: LandmarkHead, told: np.ndarray) -> Adapted:
    """Both routes, to 70 people: 21 are held out."""
    camera = Camera(scale=1.05, shift=2.0)
    faces = planted_people(head, told, 70, 1, camera, seed=2).faces
    models = load_adaptable(old_models, BOTH)
    people, adaptations = adapt_models(models, faces)
    return Adapted(
        dict(zip(BOTH, models, strict=True)), people, dict(zip(BOTH, adaptations, strict=True))
    )


def held_out_features(people: NewPeople) -> np.ndarray:
    return np.array([face.mean_features[:128] for face in people.held_out])


def refused(one: Adaptation) -> Adaptation:
    return replace(one, before=one.after, after=one.before)


def test_what_is_written_is_what_was_measured(
    old_models: Path, adapted: Adapted, tmp_path: Path, told: np.ndarray
) -> None:
    people, one = adapted.people, adapted.adaptations[ROUTE]
    out = tmp_path / "new" / "models"
    assert adapted.write(old_models, out, [ROUTE]) == [ROUTE]
    model, old = load_model(out, ROUTE), load_model(old_models, ROUTE)
    features = held_out_features(people)
    labels = np.array([people.held_out_labels[face.person] for face in people.held_out])
    values = model.predict(features)
    np.testing.assert_allclose(values - labels[:, : len(told)], one.errors, atol=2e-3)
    assert np.abs(values - old.predict(features))[:, told].max() > 0.05
    # Rendered heads are seen as before.
    np.testing.assert_allclose(
        model.predict(features, rendered=True), old.predict(features, rendered=True), atol=1e-5
    )
    moments = load_moments(out, ROUTE)
    assert moments.weight > load_moments(old_models, ROUTE).weight
    card = model.card["adapted"]
    assert (card["folder"], card["photos"], card["people"]) == ("holiday", 49, 49)
    assert card["error"]["after"] < card["error"]["before"]
    assert model.card["data"]["real_photos"][-1]["people"] == 49
    text = (out / f"{ROUTE}.md").read_text(encoding="utf-8")
    assert "49 photos of 49 people: holiday" in text
    # That was measured of the old model.
    assert "Agreement" in (old_models / f"{ROUTE}.md").read_text(encoding="utf-8")
    assert "Agreement" not in text


def test_other_files_are_carried_along(old_models: Path, adapted: Adapted, tmp_path: Path) -> None:
    out = tmp_path / "models"
    before = folder_state(old_models)
    adapted.write(old_models, out, [ROUTE], bad=["landmarks"])
    after = folder_state(out)
    assert after.keys() == before.keys() | {"adapt.md", "adapt.csv"}
    changed = {name for name in before if before[name] != after[name]}
    suffixes = ("json", "keras", "md", "moments.npz", "tflite")
    assert changed == {f"{ROUTE}.{suffix}" for suffix in suffixes}
    assert "no better: refused" in after["adapt.md"].decode()
    assert folder_state(old_models) == before
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_nothing_is_replaced_when_nothing_improved(
    old_models: Path, adapted: Adapted, tmp_path: Path
) -> None:
    assert adapted.write(old_models, tmp_path / "new", [], bad=BOTH) == []
    assert folder_state(tmp_path / "new").keys() == {"adapt.md", "adapt.csv"}
    # Nor in a folder of models, even when it is the one that was to be adapted.
    there = tmp_path / "there"
    shutil.copytree(old_models, there)
    before = folder_state(there)
    assert adapted.write(there, there, [], bad=BOTH) == []
    assert before.items() <= folder_state(there).items()


def test_an_adapted_folder_can_be_adapted_in_its_place(
    old_models: Path, adapted: Adapted, tmp_path: Path, head: LandmarkHead, told: np.ndarray
) -> None:
    out = tmp_path / "models"
    adapted.write(old_models, out, [ROUTE])
    (tmp_path / "models.partial").mkdir()  # left by a run that was stopped
    faces = planted_people(head, told, 40, 1, Camera(scale=0.95, shift=-2.0), seed=3).faces
    models = load_adaptable(out, (ROUTE,))
    more, (again,) = adapt_models(models, faces)
    assert again.improved
    assert write_adapted(models, out, out, "wedding", more, [again]) == [ROUTE]
    names = [entry["collection"] for entry in load_model(out, ROUTE).card["data"]["real_photos"]]
    assert names[-2:] == ["holiday", "wedding"]
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_intervals_widen_and_never_narrow(
    old_models: Path, adapted: Adapted, tmp_path: Path, head: LandmarkHead
) -> None:
    one = adapted.adaptations[ROUTE]
    adapted.write(old_models, tmp_path / "models", [ROUTE])
    cards = [load_model(folder, ROUTE).card for folder in (old_models, tmp_path / "models")]
    old, new = (
        SliderIntervals.from_json(card["intervals"]["photographs"], head.slider_names)
        for card in cards
    )
    assert (new.half_widths >= old.half_widths).all()
    assert (new.half_widths > old.half_widths).any()
    covered = np.abs(one.errors) <= new.half_widths + 1e-4
    assert covered.mean(axis=0).min() >= 0.9
    rows = cards[1]["intervals"]["photographs"]["sliders"].values()
    assert all(row["average_half_width"] == 0.1 and row["coverage"] >= 0.9 for row in rows)
    # Few people change nothing.
    assert widened(old, one.errors[:19], one.people[:19]) is old


def test_models_that_cannot_be_adapted_are_named(old_models: Path, tmp_path: Path) -> None:
    there = tmp_path / "models"
    shutil.copytree(old_models, there)
    card = json.loads((there / f"{ROUTE}.json").read_text(encoding="utf-8"))
    shutil.copyfile(moments_path(there, "landmarks"), moments_path(there, ROUTE))
    with pytest.raises(ModelError, match="is not the file its model card names"):
        load_adaptable(there, (ROUTE,))
    sign(there)
    with pytest.raises(ModelError, match="of 81 features"):
        load_adaptable(there, (ROUTE,))
    moments_path(there, ROUTE).unlink()
    with pytest.raises(ModelError, match="cannot be adapted"):
        load_adaptable(there, (ROUTE,))
    shutil.copyfile(moments_path(old_models, ROUTE), moments_path(there, ROUTE))
    sign(there)
    assert len(load_adaptable(there, BOTH, "face_landmarker")) == 2
    write_card(card | {"landmarker": "face_landmarker"}, there)
    with pytest.raises(AdaptationError, match="--landmarker"):
        load_adaptable(there, (ROUTE,))


def test_models_of_the_second_landmarker_are_adapted_in_their_own_folder(
    old_models: Path, adapted: Adapted, tmp_path: Path
) -> None:
    """They lie within, and serve photographs alone."""
    there, out = tmp_path / "models", tmp_path / "out"
    shutil.copytree(old_models, there)
    within = there / "face_landmarker"
    shutil.copytree(old_models, within)
    moments = adapted.models[ROUTE].moments
    coefficients = solve_map(ROUTE, moments, Recipe()).coefficients
    save_network(linear_network(moments, coefficients), within, ROUTE)
    sign(there)
    (model,) = load_adaptable(there, (ROUTE,), "face_landmarker")
    assert not model.model.serves_renders
    one = adapted.adaptations[ROUTE]
    write_adapted([model], there, out, "holiday", adapted.people, [one])
    assert load_model(out, ROUTE).card == load_model(there, ROUTE).card
    new = load_model(out / "face_landmarker", ROUTE)
    assert not new.serves_renders
    assert new.card["adapted"]["folder"] == "holiday"
    # Into a folder that is there, too.
    write_adapted([model], there, there, "holiday", adapted.people, [one])
    again = load_model(within, ROUTE).card
    # Keras writes the time into its file, so that it is never twice the same.
    assert again.pop("files").keys() == new.card["files"].keys()
    assert again == {key: part for key, part in new.card.items() if key != "files"}
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_a_broken_keras_file_is_named_and_nothing_is_written(
    old_models: Path, adapted: Adapted, tmp_path: Path
) -> None:
    there, out = tmp_path / "models", tmp_path / "out"
    shutil.copytree(old_models, there)
    (there / f"{ROUTE}.keras").write_bytes(b"keras")
    with pytest.raises(ModelError, match=rf"{ROUTE}\.keras is not the file its model card names"):
        adapted.write(there, out, [ROUTE])
    sign(there)
    with pytest.raises(ModelError, match=rf"{ROUTE}\.keras cannot be used"):
        load_keras(there, ROUTE, read_card(there, ROUTE))
    assert not out.exists()


def fpp_adapt(*words: object) -> int:
    return main(["adapt", *map(str, words)])


def test_the_routes_are_those_of_the_library() -> None:
    # They are written twice so that --help need not import the library.
    assert adapt.ROUTES == ROUTES
    assert len(feature_names(ROUTE)) == 128


def test_too_few_people_are_an_error_and_broken_photos_are_named(
    old_models: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    shutil.copyfile(models.parent / "data" / "samples" / "head_1.png", photos / "IMG_1.png")
    (photos / "IMG_2.jpg").write_bytes(b"no picture")
    assert fpp_adapt(photos, "--out", out, "--models", old_models, "--route", ROUTE) == 1
    error = capsys.readouterr().err
    assert "IMG_2.jpg" in error
    assert "error: 1 people were found on 1 photos" in error
    assert not out.exists()


@pytest.mark.parametrize("wrong", ["shipped", "inside", "file", "folder", "seed", "no out"])
def test_wrong_usage_exits_with_2(
    wrong: str, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    words: dict[str, Sequence[object]] = {
        "shipped": (tmp_path, "--out", models),
        "inside": (tmp_path, "--out", models / "face_landmarker"),
        "file": (tmp_path, "--out", tmp_path / "file"),
        "folder": (tmp_path / "nowhere", "--out", tmp_path / "out"),
        "seed": (tmp_path, "--out", tmp_path / "out", "--seed", "-1"),
        "no out": (tmp_path,),
    }
    before = folder_state(models)
    with pytest.raises(SystemExit) as caught:
        fpp_adapt(*words[wrong])
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err
    assert folder_state(models) == before


def test_real_photos_adapt_planted_models(
    old_models: Path, shared_photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, path in enumerate(find_photos([shared_photos / "congress"])[:40]):
        shutil.copyfile(path, photos / f"IMG_{number:04d}.jpg")
    out = tmp_path / "out"
    assert fpp_adapt(photos, "--out", out, "--models", old_models, "--route", ROUTE) == 0
    text = capsys.readouterr().out
    assert f"| `{ROUTE}` |" in text
    assert "Adapted: encoding." in text
    assert load_model(out, ROUTE).card["adapted"]["people"] == 28
