"""What the parts of the page are told, as JSON: photos, heads, sliders, differences."""

from __future__ import annotations

import html
import json
from typing import Any

import numpy as np

from app.person import Face, PhotoResult, largest_differences
from app.service import HeadService
from app.visit import COMPARE, Visit
from rig.slider_words import slider_label

ROUTE_NAMES = {
    "fused": "Both",
    "landmarks": "Landmarks",
    "encoding": "Encoding",
}
"""What the routes are called here."""

MOST_STRIKING = 12
"""Sliders in the first group."""

_DIFFERENCES = 10
_PROFILE = 75.0  # degrees


def seen_value(visit: Visit) -> str:
    """For seen.js: the chosen photo, its warnings, and all photos in small."""
    entries = [_entry(visit, *entry) for entry in visit.entries]
    if not entries or visit.chosen is None:
        return json.dumps({"entries": [], "empty": "No photo yet. Add one above."})
    photo, face = visit.chosen
    seen = visit.photos[photo]
    result = seen.result
    caption, warnings = result.name, list(result.warnings[face]) if result.faces else []
    if len(result.faces) > 1:
        caption += f", face {face + 1} of {len(result.faces)}"
    description = f"{caption}, with what was seen drawn over it"
    if visit.person is not None:
        caption = f"{len(visit.person.members)} photos as one person: their values are combined."
        warnings = []
    results = [visit.photos[number].result for number in sorted({one for one, _ in visit.entries})]
    return json.dumps(
        {
            "entries": entries,
            "picture": seen.large,
            "description": description,
            "caption": caption,
            "warnings": warnings,
            "problems": [_problem(one) for one in results if one.problem],
        }
    )


def _problem(result: PhotoResult) -> str:
    """Why a photo has no face, naming it once."""
    named = result.name in result.problem
    return result.problem if named else f"{result.name}: {result.problem}"


def _entry(visit: Visit, photo: int, face: int) -> dict[str, Any]:
    seen = visit.photos[photo]
    result = seen.result
    title = result.name
    if len(result.faces) > 1:
        title += f" ({face + 1})"
    label = title
    if result.problem:
        label += ": no face. " + result.problem
    elif result.warnings[face]:
        label += ", with warnings"
    return {
        "photo": photo,
        "face": face,
        "title": title,
        "label": label,
        "picture": seen.small,
        "sign": bool(result.problem),
        "chosen": visit.chosen == (photo, face) and visit.person is None,
    }


def head_value(service: HeadService, visit: Visit, view: str) -> str:
    """For head_view.js: the figure of what is looked at.

    view: "photo" as in the photo, "front" or "side".
    """
    face, values = visit.face, visit.values
    if face is None or values is None:
        problem = bool(visit.photos)
        empty = (
            "There is no face to show for this photo."
            if problem
            else "The head appears here as soon as there is a photo."
        )
        return json.dumps({"empty": empty})
    if visit.shown == COMPARE:
        by_model = {one.model: one.values for one in (face, *face.others)}
        heads = [(ROUTE_NAMES[route], by_model[route]) for route in service.routes]
        what = "Three heads side by side: " + ", ".join(title for title, _ in heads)
    else:
        heads = [("", values)]
        what = f"The head predicted from {ROUTE_NAMES[visit.shown].lower()}"
    yaw, pitch, roll = {
        "photo": (face.yaw, face.pitch, face.roll),
        "side": (_PROFILE, 0.0, 0.0),
    }.get(view, (0.0, 0.0, 0.0))
    figure = service.figure(heads, yaw, pitch, roll, None, view)
    description = what + ", in 3D. Turn it with the arrow keys."
    return f'{{"description": {json.dumps(description)}, "figure": {figure.to_json()}}}'


def sliders_value(service: HeadService, visit: Visit) -> str:
    """For slider_panel.js: all sliders, what sets the face apart first, the rest by part."""
    face = visit.face
    if face is None or visit.shown == COMPARE:
        empty = "The sliders of the head appear here."
        return json.dumps({"edition": visit.edition, "groups": [], "empty": empty})
    away = np.where(face.told, np.abs(face.values - service.average), -1.0)
    striking = [int(index) for index in np.argsort(-away, kind="stable") if face.told[index]]
    striking = striking[:MOST_STRIKING]
    groups = [("What sets this face apart", striking)]
    parts: dict[str, list[int]] = {}
    for index in range(len(face.slider_names)):
        if index not in striking:
            parts.setdefault(_part(face.slider_names[index]), []).append(index)
    groups += parts.items()
    spelled = [
        {"title": title, "sliders": [_slider(service, face, index) for index in indices]}
        for title, indices in groups
    ]
    return json.dumps(
        {
            "edition": visit.edition,
            "edited": {str(index): value for index, value in visit.edits.items()},
            "legend": "The light band holds the true value 9 times in 10; the small line is the "
            "average person. Values go from 0 to 1. Pale ones cannot be told from a photo.",
            "groups": spelled,
        }
    )


def _part(name: str) -> str:
    """The part of the face that a slider belongs to: "nose" for "nose/nose-hump-decr|incr"."""
    family = name.rpartition("/")[0].rpartition("/")[2]
    return family or slider_label(name).partition(":")[0]


def _slider(service: HeadService, face: Face, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "name": face.slider_names[index],
        "label": slider_label(face.slider_names[index]),
        "value": round(float(face.values[index]), 4),
        "low": round(float(face.lower[index]), 4),
        "high": round(float(face.upper[index]), 4),
        "average": round(float(service.average[index]), 4),
        "told": bool(face.told[index]),
    }


def differences_html(visit: Visit) -> str:
    """A table of the sliders on which the routes differ most; "" unless they are compared."""
    face = visit.face
    if face is None or visit.shown != COMPARE:
        return ""
    rows = []
    for name, values in largest_differences(face, _DIFFERENCES):
        cells = "".join(
            f"<td>{values[route]:.2f}</td>" if route in values else "<td>–</td>"
            for route in ROUTE_NAMES
        )
        rows.append(f'<tr><th scope="row">{html.escape(slider_label(name))}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{name}</th>' for name in ROUTE_NAMES.values())
    return (
        '<section class="fpp-card"><h2>Where they differ most</h2>'
        f'<table class="fpp-differences"><thead><tr><th scope="col">Slider</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def read_edits(text: str | None, visit: Visit) -> dict[int, float] | None:
    """What slider_panel.js tells: number of a slider -> value; None where it is out of date.

    Raises ValueError for what it never tells.
    """
    told = json.loads(text or "{}")
    if "groups" in told or told.get("edition") != visit.edition or visit.face is None:
        return None
    count = len(visit.face.slider_names)
    edits = {int(index): float(value) for index, value in told.get("edited", {}).items()}
    if not all(0 <= index < count and 0 <= value <= 1 for index, value in edits.items()):
        raise ValueError(
            f"Sliders {edits} were set. Numbers below {count} and values 0..1 were expected. "
            "Move the sliders of the page."
        )
    return edits
