"""Pictures of the comparison's report: faces, and the heads that each model makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regression.evaluation.compare import Compared
from regression.evaluation.compare_plots import write_sheet
from regression.evaluation.compare_tables import STUDY
from regression.evaluation.compared_models import ComparedModel
from regression.evaluation.compared_pictures import SeenFace, picture_values
from regression.evaluation.document import Block, Heading, Picture, Text, Tile, Tiles
from regression.evaluation.head_pictures import draw_heads
from regression.measures.surface import distances, landmark_surface


def samples(compared: Compared) -> list[Block]:
    """The sample heads, true and predicted; draws heads.png."""
    if not compared.samples:
        return []
    models = _pictured(compared)
    return [
        Heading("Rendered heads and what was predicted for them"),
        Text(
            "Pictures of rendered heads, which come with the program, and the heads that each "
            "model makes of them. Under each head: the mean distance of its face from the true "
            "one, in % of the distance between the eyes."
        ),
        _tiles(compared, models, compared.samples, compared.true_samples, "heads.png"),
    ]


def people_pictures(compared: Compared) -> list[Block]:
    """Photos of people and their heads, where there are any; draws people.png."""
    if compared.people is None or not compared.people.shown:
        return []
    return [
        Heading("Photos of people and what was predicted for them"),
        Text(
            "Real photos, read as photographs. `linear` and `study` saw rendered heads alone and "
            "take the photo for one. The models that ship may have learned from these people. "
            "These are photos of people: keep this report to yourself where they may not be shown."
        ),
        _tiles(compared, _pictured(compared), compared.people.shown, None, "people.png"),
    ]


def _pictured(compared: Compared) -> list[ComparedModel]:
    return [
        model
        for model in compared.models
        if model.model is not None
        and not (model.run and model.name not in ("linear by fused", STUDY))
    ]


def _tiles(
    compared: Compared,
    models: Sequence[ComparedModel],
    faces: Sequence[SeenFace],
    true: np.ndarray | None,
    file_name: str,
) -> Tiles:
    """The faces' pictures beside the heads; with the true heads where they are known."""
    head = compared.rows.head
    surface = landmark_surface(head)
    titles = ["picture"]
    columns = [[(face.pixels, face.path.stem) for face in faces]]
    if true is not None:
        titles.append("true")
        columns.append([(picture, "") for picture in draw_heads(head, true)])
    for model in models:
        values = picture_values(model, faces, rendered=true is not None)
        captions = [""] * len(faces)
        if true is not None:
            errors = distances(surface, values, true).mean(axis=1)
            captions = [f"{error:.1f} %" for error in errors]
        titles.append(model.name)
        columns.append(list(zip(draw_heads(head, values), captions, strict=True)))
    rows = [[column[number] for column in columns] for number in range(len(faces))]
    sheet = write_sheet(
        titles,
        [[picture for picture, _ in row] for row in rows],
        [[caption for _, caption in row] for row in rows],
        compared.plan.out / file_name,
    )
    return Tiles(
        tuple(titles),
        tuple(tuple(Tile(picture, caption) for picture, caption in row) for row in rows),
        Picture(sheet, f"A row per face: {', '.join(titles)}"),
    )
