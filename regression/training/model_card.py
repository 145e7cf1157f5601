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

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import Agreement
from regression.models.fingerprints import files_of
from regression.training.calibration import Calibration
from regression.training.recipe import Recipe
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
    landmarker: str,
    head: LandmarkHead,
    labelled: np.ndarray,
    told: np.ndarray,
    spread: np.ndarray,
    recipe: Recipe,
    photos: list[dict[str, Any]],
    agreements: Mapping[str, Agreement],
    calibration: Calibration | None,
) -> dict[str, Any]:
    """The card's JSON, but for what rendered heads add.

    Args:
        labelled: (s,) bool, the sliders that the teacher moved.
        told: (s,) bool, those of them whose interval says something.
        spread: (s,) of the sliders' labels, 0..1.
        photos: from describe_photos.
        agreements: by name, from cross-validation over people; empty without hand-placed points.
        calibration: of photographs; None without photos or cross-validation.
    """
    names = head.slider_names
    card: dict[str, Any] = {
        "route": route,
        "landmarker": landmarker,
        "rig": {"name": head.rig, "licence": head.licence},
        "licence": "Apache-2.0",
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "data": {"rendered_faces": 0, "real_photos": photos},
        "recipe": {
            name: vars(value) if name in ("network", "training") else value
            for name, value in vars(recipe).items()
        },
        "labelled_sliders": [
            n for n, is_labelled in zip(names, labelled, strict=True) if is_labelled
        ],
        "told_sliders": [n for n, is_told in zip(names, told, strict=True) if is_told],
        "spread": {n: round(float(v), 5) for n, v in zip(names, spread, strict=True)},
        "agreement_on_unseen_people": {
            name: {
                "people": result.people,
                "mean_r": round(result.mean, 3),
                "r": {key: round(value, 3) for key, value in result.correlations.items()},
            }
            for name, result in agreements.items()
        },
        "intervals": {},
        "coverage": {},
    }
    if calibration is not None:
        card["intervals"]["photographs"] = calibration.intervals.to_json(names)
        rows = card["intervals"]["photographs"]["sliders"]
        for i, name in enumerate(names):
            rows[name]["average_half_width"] = round(float(calibration.average_half_widths[i]), 4)
            rows[name]["coverage"] = round(float(calibration.coverage.sliders[i]), 3)
        card["coverage"]["photographs"] = {
            who: {"people": coverage.people, "coverage": round(coverage.mean, 4)}
            for who, coverage in (
                ("people", calibration.coverage),
                ("people without hand-placed points", calibration.coverage_of_others),
            )
            if coverage is not None and coverage.told.any()
        }
    return card


def write_card(card: Mapping[str, Any], folder: Path) -> None:
    """Writes ROUTE.json and ROUTE.md, each beside its place, then moved there.

    The JSON gets the SHA-256 of the route's other files, which are to be there already.
    """
    card = {**card, "files": files_of(folder, card["route"])}
    texts = {"json": json.dumps(card, indent=1) + "\n", "md": card_markdown(card)}
    for suffix, text in texts.items():
        path = folder / f"{card['route']}.{suffix}"
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card for people to read."""
    told = card["told_sliders"]
    lines = [
        f"# Model card: {card['route']}",
        "",
        f"Predicts {len(told)} of the {len(card['spread'])} face sliders of {card['rig']['name']} "
        f"({card['rig']['licence']}) from what {card['landmarker']} sees. Licence of the weights: "
        f"{card['licence']}.",
        "",
        f"**Intended use.** {card['intended_use']}",
        "",
        f"**Limits.** {card['limits']}",
        "",
        "## Data",
        "",
    ]
    if card["data"]["rendered_faces"]:
        lines.append(
            f"- {card['data']['rendered_faces']} rendered faces of {card['rig']['name']}"
            + (" (see `data/DATASHEET.md`)." if card["rig"]["name"] == "makehuman" else ".")
        )
    lines += [
        f"- {entry['photos']} photos of {entry['people']} people: {entry['title']}, "
        f"{entry['licence']}, {entry['source']}. Only the weights learned from them, and means and "
        "second moments over all of them, are kept."
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
    if card["coverage"]:
        lines += [
            "",
            "## 90 % intervals",
            "",
            "How often the true value lay inside, on people and heads that did not set the width. "
            "For photographs the teacher's label counts as true; where people have no hand-placed "
            "points it comes from the same landmarks that the model sees.",
            "",
            "| pictures | unseen | slider values inside |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| {domain} | {figures['people']} {who} | {figures['coverage']:.1%} |"
            for domain, rows in card["coverage"].items()
            for who, figures in rows.items()
            if figures["coverage"] is not None
        ]
    return "\n".join(lines + _slider_table(card)) + "\n"


def _slider_table(card: Mapping[str, Any]) -> list[str]:
    """Every told slider with its interval and error, the surest first."""
    photographs = card["intervals"].get("photographs", {}).get("sliders", {})
    rendered = card["intervals"].get("rendered", {}).get("sliders", {})
    renders = card.get("held_out_renders", {}).get("sliders", {})

    def sureness(name: str) -> float:
        if name in photographs:
            row = photographs[name]
            return float(row["half_width"] / max(row["average_half_width"], 1e-9))
        return -float(renders[name]["r2"]) if name in renders else 0.0

    def cell(rows: Mapping[str, Any], name: str, key: str, digits: int) -> str:
        return f"{rows[name][key]:.{digits}f}" if name in rows else ""

    lines = [
        "",
        "## Told sliders",
        "",
        "The others stay neutral: a photo's interval is no narrower than the average face's (wider "
        "by 5 % and more, which is how well a hundred people tell it). Widths "
        "are from the value to either end, 0..1 over the slider's range; in brackets how often "
        "the interval held on unseen people and heads.",
        "",
        "| slider | photographs: +- | +- of the average face | rendered: +- | rendered: R2 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in sorted(card["told_sliders"], key=sureness):
        shown = name.replace("|", "\\|")
        photograph = cell(photographs, name, "half_width", 3)
        if photograph:
            photograph += f" ({photographs[name]['coverage']:.0%})"
        render = cell(rendered, name, "half_width", 3)
        if render:
            render += f" ({renders[name]['coverage']:.0%})"
        lines.append(
            f"| `{shown}` | {photograph} | {cell(photographs, name, 'average_half_width', 3)} "
            f"| {render} | {cell(renders, name, 'r2', 2)} |"
        )
    return lines
