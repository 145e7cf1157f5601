"""A models folder adapted to a folder of photos: read, report, write what got better."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.markdown import (
    write_text,
)
from regression.models.intervals import SliderIntervals, coverage_report, half_widths
from regression.models.linear import Moments, join_experts, linear_network
from regression.models.model_files import (
    ModelError,
    TrainedModel,
    folder_for,
    load_keras,
    load_model,
    save_network,
)
from regression.models.moments_file import load_moments, save_moments
from regression.models.settling import PROPORTION_COUNT
from regression.training.adaptation import (
    Adaptation,
    AdaptationError,
    NewPeople,
    adapt_route,
    divide_people,
)
from regression.training.adaptation_report import report_csv, report_markdown
from regression.training.model_card import write_card
from regression.training.recipe import Recipe
from vision.features import feature_names

if TYPE_CHECKING:
    import keras

_FEWEST_PEOPLE_FOR_INTERVALS = 20


@dataclass(frozen=True, eq=False)
class AdaptableModel:
    """A trained model, what its map for photographs was fitted from, and the folder of both."""

    model: TrainedModel
    moments: Moments
    folder: Path


def load_adaptable(
    folder: Path, routes: Sequence[str], landmarker: str = "face_mesh"
) -> list[AdaptableModel]:
    """A model per route, all from one folder.

    Args:
        folder: of models; those for the landmarker may be in a folder within.
        landmarker: the best that photos will be read by, one of vision.features.LANDMARKERS.

    Raises:
        ModelError: the folder cannot be used, or cannot be adapted.
        AdaptationError: its models need FaceLandmarker.
    """
    within = folder_for(folder, landmarker)
    found = []
    for route in routes:
        one = AdaptableModel(load_model(within, route), load_moments(within, route), within)
        if one.model.landmarker != landmarker == "face_mesh":
            raise AdaptationError(
                f"The model {route!r} in {within} reads MediaPipe's FaceLandmarker. Its file "
                "face_landmarker.task was expected. Name it with --landmarker."
            )
        shape = (len(one.moments.features), len(one.moments.targets))
        features = len(feature_names(route, one.model.landmarker))
        outputs = len(one.model.head.sliders) + PROPORTION_COUNT
        if shape != (features, outputs):
            raise ModelError(
                f"The moments of the model {route!r} in {within} are of {shape[0]} features and "
                f"{shape[1]} targets. {features} and {outputs} were expected. Use the files of one "
                "training run together."
            )
        found.append(one)
    return found


def adapt_models(
    models: Sequence[AdaptableModel], faces: Sequence[RealFace], seed: int = 0
) -> tuple[NewPeople, list[Adaptation]]:
    """Adapts every model to the faces, some people held out.

    Raises:
        AdaptationError: fewer than 30 people.
    """
    head = models[0].model.head
    people = divide_people(faces, head, models[0].model.labelled, seed)
    return people, [
        adapt_route(
            one.model.route,
            one.moments,
            one.model.predict,
            people,
            head,
            one.model.told,
            Recipe(),
            one.model.landmarker,
            seed,
        )
        for one in models
    ]


def write_adapted(
    models: Sequence[AdaptableModel],
    models_folder: Path,
    out: Path,
    folder: str,
    people: NewPeople,
    adaptations: Sequence[Adaptation],
) -> list[str]:
    """Writes the report, and, where a route improved, a models folder.

    That holds all files of the old one, and the new ones of the routes that improved. All is made
    in a folder beside and moved when it is complete.

    Args:
        models: the old ones, as the adaptations.
        models_folder: where they were loaded from; may be `out`.
        folder: the photos' folder, by the name that the card shall give.

    Returns:
        The routes that were replaced.

    Raises:
        ModelError: the Keras file of an old model cannot be used.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else tensorflow lists the machine's CPU
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was stopped
    improved = [pair for pair in zip(models, adaptations, strict=True) if pair[1].improved]
    if improved:
        shutil.copytree(models_folder, partial)
    else:
        partial.mkdir()
    for old, new in improved:
        within = partial / old.folder.relative_to(models_folder)
        network = linear_network(new.fitted.moments, new.fitted.coefficients)
        if old.model.serves_renders:
            network = join_experts(network, _rendered_expert(old))
        save_network(network, within, new.route)
        save_moments(new.fitted.moments, within, new.route)
        write_card(adapted_card(old.model, folder, people, new), within)
    write_text(partial / "adapt.md", report_markdown(folder, people, adaptations))
    write_text(partial / "adapt.csv", report_csv(people, adaptations))
    _move(partial, out)
    return [new.route for _, new in improved]


def _move(made: Path, out: Path) -> None:
    """To a new folder in one step, into one that is there file by file."""
    if not out.exists():
        os.replace(made, out)
        return
    for path in made.rglob("*"):
        place = out / path.relative_to(made)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            os.replace(path, place)
    shutil.rmtree(made)


def adapted_card(
    model: TrainedModel, folder: str, people: NewPeople, adaptation: Adaptation
) -> dict[str, Any]:
    """The old card's JSON with what is new, and without what was measured of the old model on
    photographs: agreement and coverage."""
    (photos, count), (_, held_out) = people.counts
    entry = {"collection": folder, "photos": photos, "people": count, "title": folder}
    entry |= {"licence": "not stated", "source": "given by the user"}
    card = dict(model.card)
    card["data"] = card["data"] | {"real_photos": [*card["data"]["real_photos"], entry]}
    card["agreement_on_unseen_people"] = {}
    card["coverage"] = {
        domain: rows for domain, rows in card.get("coverage", {}).items() if domain != "photographs"
    }
    card["adapted"] = {
        "folder": folder,
        "photos": photos,
        "people": count,
        "held_out_people": held_out,
        "weight": adaptation.choice.weight,
        "centred": adaptation.choice.centred,
        "error": {
            "before": round(adaptation.before.error, 5),
            "after": round(adaptation.after.error, 5),
        },
    }
    names = model.head.slider_names
    spread = zip(names, adaptation.fitted.spread, strict=True)
    card["spread"] = {name: round(float(value), 5) for name, value in spread}
    if card.get("intervals", {}).get("photographs"):
        part = _new_intervals(card["intervals"]["photographs"], model, adaptation)
        card["intervals"] = card["intervals"] | {"photographs": part}
    return card


def _new_intervals(
    old: Mapping[str, Any], model: TrainedModel, adaptation: Adaptation
) -> dict[str, Any]:
    """The card's part for photographs; coverage is that of the people held out now."""
    names, errors = model.head.slider_names, adaptation.errors
    wider = widened(model.intervals, errors, adaptation.people)
    coverage = coverage_report(
        errors,
        np.zeros_like(errors),
        errors - wider.half_widths,
        errors + wider.half_widths,
        adaptation.people,
    ).coverage
    part = wider.to_json(names)
    for place, name in enumerate(names):
        # Its row says more, such as the average face's width.
        row = old["sliders"][name] | part["sliders"][name]
        part["sliders"][name] = row | {"coverage": round(float(coverage[place]), 3)}
    return part


def widened(old: SliderIntervals, errors: np.ndarray, people: Sequence[str]) -> SliderIntervals:
    """The wider of the old interval and that of the new people, by slider.

    The new people's labels know less than the hand-placed points of the old ones: they may widen an
    interval, and not narrow it. Fewer than 20 people change nothing.

    Args:
        errors: (n, s) predicted minus label, of people held out.
        people: (n,) who is on each photo.
    """
    if len(set(people)) < _FEWEST_PEOPLE_FOR_INTERVALS:
        return old
    return replace(
        old,
        half_widths=np.maximum(old.half_widths, half_widths(errors, people, old.coverage)),
        people=old.people + len(set(people)),
    )


def _rendered_expert(old: AdaptableModel) -> keras.Model:
    """The part of the stored network that serves rendered heads."""
    try:
        return load_keras(old.folder, old.model.route, old.model.card).get_layer("rendered")
    except ValueError as error:
        raise ModelError(
            f"{old.folder / old.model.route}.keras cannot be used ({error}). The Keras file that "
            "`fpp train` writes, with a part called 'rendered', was expected. Restore the file, or "
            "train the models again."
        ) from error
