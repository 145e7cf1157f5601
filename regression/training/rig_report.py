"""What came of training a rig, for people to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regression.measures.markdown import markdown_table
from rig.prepared_rig import PreparedRig
from vision.features import ROUTES

_WITHOUT_PHOTOS = (
    "**No real photos were given.** The models learned from rendered heads of this rig alone. They "
    "serve photos too, but a photographed face looks different to the detector than a rendered "
    "one, and how far they are off on photos is not known. Train with `--photos FOLDER` for models "
    "that are made for photos and say how sure they are of them."
)

_TRANSFERRED = (
    "**No real photos were given.** What the models of {rig} learned from photos of people was "
    "carried over: how its sliders are said in this rig's was found on random heads, and nearly "
    "is a matrix. No photograph measured these models, so no interval is given for photos. Train "
    "with `--photos FOLDER`, or adapt them with `fpp adapt`, to know how sure they are."
)


def rig_report(prepared: PreparedRig, figures: Mapping[str, Any], models: Path) -> str:
    """The report in Markdown.

    Args:
        figures: of figures.json.
        models: the folder, for the model cards.
    """
    rig, heads = prepared.rig, figures["heads"]
    lines = [
        f"# Models of the rig {rig.name}",
        "",
        f"Licence of the rig: {rig.licence}. {len(rig.sliders)} sliders shape the face, "
        f"{len(prepared.expression_names)} units make expressions.",
        "",
        f"Trained on {heads['train']['seen']} of {heads['train']['rendered']} rendered heads and "
        f"measured on {heads['test']['seen']} of {heads['test']['rendered']} others; in the rest "
        "the detector saw no face. The heads vary as real faces do (carried over from MakeHuman's "
        "sliders, which were fitted to real people), further than those, and with sliders moved on "
        "their own.",
        "",
        "## On rendered heads that no model saw",
        "",
        "Surface: mean distance between predicted and true face after laying one onto the other, "
        "in % of the distance between the eyes, and as a part of what predicting the average face "
        "for everybody gives (with its 95 % interval over heads). A similarity moves, turns and "
        "scales; rigid only moves and turns, and a photo does not show how large a head is. Told: "
        "sliders whose value a picture tells; R2: part of their variance that is explained.",
        "",
        _route_table(figures),
        "",
        _landmark_sentence(figures),
        "",
        "## On photos",
        "",
        *_photo_lines(models),
        "",
        "## What is here",
        "",
        "- `fpp predict PHOTO --models FOLDER` with this folder predicts sliders of this rig; with "
        "`--rendered`, of pictures of its heads.",
        "- `ROUTE.md`: the model card of each route, with every slider.",
        "- `figures.json`: the figures above. `run.json`: what they were made of.",
        "- `rig/prepared.npz`: the rig as understood; `rig/head.glb`: your head, for exports.",
        "- `work/`: tables and networks that a stopped run goes on from. It can be deleted. No "
        "picture and no measure of a real photo is in it.",
    ]
    return "\n".join(lines) + "\n"


def _route_table(figures: Mapping[str, Any]) -> str:
    average = figures["routes"]["average face"]["head"]
    rows = [
        ["the average face", f"{average['similarity']:.2f} %", "1", "1", "", "", ""],
        *(
            [
                f"`{route}`",
                f"{row['surface']['head']['similarity']['error']:.2f} %",
                _ratio(row["surface"]["head"]["similarity"]),
                _ratio(row["surface"]["head"]["rigid"]),
                f"{row['told']} of {row['sliders']}",
                f"{row['mean R2 of told']:.2f}",
                f"{row['mean R2']:.2f}",
            ]
            for route, row in figures["routes"].items()
            if route in ROUTES
        ),
    ]
    head = ["route", "surface", "of the average face's", "rigid", "told", "R2, told", "R2, all"]
    return markdown_table(head, rows)


def _ratio(row: Mapping[str, float]) -> str:
    return f"{row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _landmark_sentence(figures: Mapping[str, Any]) -> str:
    found = ", ".join(
        f"{row['surface']['face mesh']['similarity']['ratio']:.3f} (`{route}`)"
        for route, row in figures["routes"].items()
        if route in ROUTES
    )
    return f"At the 468 landmarks of the face mesh alone, after a similarity: {found}."


def _photo_lines(models: Path) -> list[str]:
    """What the cards say of photographs."""
    cards = {
        route: json.loads((models / f"{route}.json").read_text(encoding="utf-8"))
        for route in ROUTES
        if (models / f"{route}.json").is_file()
    }
    first = next(iter(cards.values()))
    photos = first["data"]["real_photos"]
    if not photos:
        return [_WITHOUT_PHOTOS]
    if "transferred_from" in first:
        return [_TRANSFERRED.format(rig=first["transferred_from"])]
    count, people = (sum(entry[key] for entry in photos) for key in ("photos", "people"))
    lines = [
        f"Learned from {count} photos of {people} people, labelled by fitting the rig to each "
        "face. Nothing of the photos is kept but the weights, and means and second moments over "
        "all of them.",
        "",
    ]
    for route, card in cards.items():
        text = f"- `{route}`: {len(card['told_sliders'])} sliders are told"
        for name, result in card["agreement_on_unseen_people"].items():
            text += f"; agreement {result['mean_r']:.3f} on {name} photos of unseen people"
        for who, row in card["coverage"].get("photographs", {}).items():
            text += f"; 90 % intervals hold for {row['coverage']:.1%} of unseen {who}"
        lines.append(text + ".")
    return lines
