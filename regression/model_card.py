"""Model cards: what a trained model is, what it learned from, how good it is, what it is not for.

JSON for programs, Markdown for people (after Mitchell et al., "Model Cards for Model Reporting",
2019).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regression.agreement import Agreement
from regression.real_photos import RealFace
from regression.recipe import Recipe
from rig.landmark_head import LandmarkHead

INTENDED_USE = (
    "A starting point for the face sliders of a 3D character, from a roughly frontal photo of a "
    "face. It measures shape and infers no gender, age or ethnicity."
)
LIMITS = (
    "Not for recognising or judging people. Trained on adults in portraits looking into the "
    "camera; strongly turned, blurred, covered or very small faces give values near the average. "
    "Ears, the back of the head and asymmetry are not predicted. The average photographed face "
    "is taken to be the rig's neutral head."
)


def describe_photos(
    faces: Sequence[RealFace], sources: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """One entry per collection: photos, people, title, licence and source where known."""
    entries = []
    for name, photos in sorted(Counter(face.collection for face in faces).items()):
        people = {face.person for face in faces if face.collection == name}
        known = sources.get(
            name, {"title": name, "licence": "not stated", "source": "given by the user"}
        )
        entries.append({"collection": name, "photos": photos, "people": len(people), **known})
    return entries


def make_card(
    route: str,
    head: LandmarkHead,
    told: np.ndarray,
    recipe: Recipe,
    rendered_rows: int,
    test_rows: int,
    r2: np.ndarray,
    mean_error: np.ndarray,
    neutral_error: np.ndarray,
    photos: list[dict[str, Any]],
    agreements: Mapping[str, Agreement],
) -> dict[str, Any]:
    """The card's JSON.

    Args:
        told: (s,) bool.
        r2: (s,) on held-out rendered faces.
        mean_error, neutral_error: (s,) mean absolute error there, 0..1, of the model and of the
            training average.
        photos: from describe_photos.
        agreements: by name, from cross-validation over people; empty without hand-placed points.
    """
    return {
        "route": route,
        "rig": {"name": head.rig, "licence": head.licence},
        "licence": "Apache-2.0",
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "data": {"rendered_faces": rendered_rows, "real_photos": photos},
        "recipe": {
            "network": vars(recipe.network),
            "training": vars(recipe.training),
            "encoding_penalty": recipe.encoding_penalty,
            "proportion_penalty": recipe.proportion_penalty,
            "ratio_penalty": recipe.ratio_penalty,
            "depth_penalty": recipe.depth_penalty,
            "unmeasured_weight": recipe.unmeasured_weight,
        },
        "told_sliders": [n for n, is_told in zip(head.slider_names, told, strict=True) if is_told],
        "held_out_renders": {
            "faces": test_rows,
            "sliders": {
                name: {
                    "r2": round(float(r2[i]), 3),
                    "mean_absolute_error": round(float(mean_error[i]), 4),
                    "mean_absolute_error_of_the_average": round(float(neutral_error[i]), 4),
                }
                for i, name in enumerate(head.slider_names)
            },
        },
        "agreement_on_unseen_people": {
            name: {
                "people": result.people,
                "mean_r": round(result.mean, 3),
                "r": {key: round(value, 3) for key, value in result.correlations.items()},
            }
            for name, result in agreements.items()
        },
    }


def write_card(card: Mapping[str, Any], folder: Path) -> None:
    """Writes ROUTE.json and ROUTE.md, each beside its place, then moved there."""
    texts = {"json": json.dumps(card, indent=1) + "\n", "md": card_markdown(card)}
    for suffix, text in texts.items():
        path = folder / f"{card['route']}.{suffix}"
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card for people to read."""
    sliders = card["held_out_renders"]["sliders"]
    told = card["told_sliders"]
    lines = [
        f"# Model card: {card['route']}",
        "",
        f"Predicts {len(told)} of the {len(sliders)} face sliders of {card['rig']['name']} "
        f"({card['rig']['licence']}). Licence of the weights: {card['licence']}.",
        "",
        f"**Intended use.** {card['intended_use']}",
        "",
        f"**Limits.** {card['limits']}",
        "",
        "## Data",
        "",
        f"- {card['data']['rendered_faces']} rendered faces (see `data/DATASHEET.md`).",
    ]
    lines += [
        f"- {entry['photos']} photos of {entry['people']} people: {entry['title']}, "
        f"{entry['licence']}, {entry['source']}. Only the weights learned from them are kept."
        for entry in card["data"]["real_photos"]
    ]
    if card["agreement_on_unseen_people"]:
        lines += [
            "",
            "## Agreement with hand-measured faces",
            "",
            "Cross-validated: no person was in the training of the model that predicted them. "
            "Pearson r over people between a proportion of the predicted head and the same one on "
            "hand-placed points of the person's neutral photo.",
            "",
            "| photos | people | mean r of 14 proportions |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| {name} | {result['people']} | {result['mean_r']:.3f} |"
            for name, result in card["agreement_on_unseen_people"].items()
        ]
    lines += [
        "",
        f"## Held-out rendered faces ({card['held_out_renders']['faces']})",
        "",
        "R2 and mean absolute error (0..1 over the slider's range), beside the error of always "
        "predicting the training average. The other sliders stay neutral.",
        "",
        "| told slider | R2 | error | error of the average |",
        "| --- | --- | --- | --- |",
    ]
    for name in sorted(told, key=lambda name: -sliders[name]["r2"]):
        row = sliders[name]
        shown = name.replace("|", "\\|")
        lines.append(
            f"| `{shown}` | {row['r2']:.2f} | {row['mean_absolute_error']:.3f} "
            f"| {row['mean_absolute_error_of_the_average']:.3f} |"
        )
    return "\n".join(lines) + "\n"
