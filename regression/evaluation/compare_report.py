"""The comparison's report, as Markdown and as HTML, and the block of it that the README shows."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from regression.evaluation.compare import Compared
from regression.evaluation.compare_plots import write_slider_bars
from regression.evaluation.compare_tables import (
    STUDY,
    duration,
    study_words,
    summary,
    summary_tables,
    training,
)
from regression.evaluation.compare_tiles import people_pictures, samples
from regression.evaluation.compared_models import MEAN
from regression.evaluation.document import (
    Block,
    Heading,
    Picture,
    Table,
    Text,
    write_html,
    write_markdown,
)
from regression.evaluation.evaluate import Evaluation
from regression.evaluation.report import model_title
from regression.measures.agreement import MEAN as ALL_PROPORTIONS
from regression.measures.markdown import markdown_table
from vision.features import ROUTES

README_START = "<!-- compare: written by fpp compare -->"
README_END = "<!-- /compare -->"

_SHOWN_IN_BARS = ("landmarks", "encoding", "fused", "fit", "linear by fused", STUDY)
_TITLE = "The routes compared"


def write_comparison(compared: Compared) -> list[Path]:
    """Writes compare.md, compare.html and their pictures into the plan's folder."""
    folder = compared.plan.out
    folder.mkdir(parents=True, exist_ok=True)
    blocks = _blocks(compared)
    return [
        write_markdown(blocks, folder / "compare.md"),
        write_html(blocks, folder / "compare.html", _TITLE),
    ]


def _blocks(compared: Compared) -> list[Block]:
    return [
        Heading(_TITLE, 1),
        Text(_what(compared)),
        *summary(compared),
        *training(compared),
        *_sliders(compared),
        Heading("Which route knows which sliders"),
        Text(
            f"From the {len(compared.rows.sliders)} held-out heads. One route knows a slider "
            "better than another where the 95 % interval of the difference of their errors, on the "
            "same heads drawn together, leaves out 0."
        ),
        *(Text(words) for words in compared.words),
        *samples(compared),
        *people_pictures(compared),
        *_agreement(compared),
        Heading("How to get this report"),
        Text(
            f"`{command_line(compared)}` wrote it in {duration(compared.seconds)}. Runs that are "
            "finished are used again when the command is given again."
        ),
    ]


def command_line(compared: Compared) -> str:
    """The command, with PHOTOS and RUN for folders of one's own."""
    plan = compared.plan
    words = ["fpp", "compare", "--study-epochs", str(plan.study_epochs)]
    if plan.rig_folder:
        words += ["--rig", "RIG"]
    if plan.photos:
        words += ["--photos", "PHOTOS"]
    if plan.collections:
        words += ["--collections", ",".join(plan.collections)]
    if plan.task_file:
        words += ["--landmarker", "face_landmarker.task"]
    if plan.limit:
        words += ["--limit", str(plan.limit)]
    words += ["--run", "RUN"] * len(plan.runs)
    return " ".join(words)


def _what(compared: Compared) -> str:
    limited = (
        f" Only the first {compared.plan.limit} rows of each table were used (`--limit`)."
        if compared.plan.limit
        else ""
    )
    return (
        "Three routes lead from a picture of a face to slider values: the landmarks, the face "
        "encoding, and both together (fused). Here they stand beside a rig fitted to the "
        "landmarks, linear regression, the network of the study that this project grew from, and "
        f"the average face for everybody. All predict the same {len(compared.rows.sliders)} "
        f"rendered heads, which no model saw, with {len(compared.rows.head.sliders)} sliders each."
        f"{limited}"
    )


def _sliders(compared: Compared) -> list[Block]:
    names = compared.rows.head.slider_names
    shown = [model.name for model in compared.models if model.name in _SHOWN_IN_BARS]
    r2 = {name: np.nan_to_num(compared.measured[name].figures.r2) for name in shown}
    pictures = write_slider_bars(r2, names, compared.plan.out)
    blocks: list[Block] = [
        Heading("Slider by slider"),
        Text(
            "R2 of each slider on the held-out heads, by part of the face, the best known first. A "
            "bar to the left of 0 is worse than the average; bars end at -0.25."
        ),
    ]
    for family, path in pictures.items():
        blocks.append(Picture(path, f"R2 of the sliders of the family {family}, by model"))
    return blocks


def _agreement(compared: Compared) -> list[Block]:
    blocks: list[Block] = [Heading("Real people")]
    explanation = (
        "Mean r: Pearson's correlation, over people, of a proportion of the predicted head with "
        "the same one measured by hand on the person's neutral photo; the mean of 14 proportions."
    )
    people = compared.people
    if people is not None and people.evaluation is not None:
        return [
            *blocks,
            Text(
                f"{len(people.faces)} photos. {explanation} In brackets: 95 % intervals over "
                "people. The routes and the fit are cross-validated: no model saw the person it is "
                "tested on. `linear` and `study` saw no photo of anyone; they are taken by all "
                "sliders that they give."
            ),
            _agreement_table(people.evaluation, compared),
        ]
    if people is not None:
        blocks.append(
            Text(
                "Too few of these photos have hand-placed points (.tem files) to measure agreement "
                "on them. What follows is from the models' cards."
            )
        )
    rows, kinds = _card_rows(compared)
    if not rows:
        return [*blocks, Text("The models' cards say nothing of real people.")]
    return [
        *blocks,
        Text(
            f"From the models' cards (`agreement_on_unseen_people`), measured when they were made, "
            f"on people that they had not seen; not measured again here. {explanation}"
        ),
        Table(("model", *(f"mean r, {kind} photos" for kind in kinds)), tuple(rows)),
    ]


def _agreement_table(evaluation: Evaluation, compared: Compared) -> Table:
    kinds = list(next(iter(evaluation.agreements.values())))
    found = [(model_title(name), evaluation.agreements[name]) for name in evaluation.models]
    if compared.people is not None:
        found += [
            (f"`{name}` (saw no photo)", by_kind)
            for name, by_kind in compared.people.unseen.items()
            if name != MEAN
        ]
    rows = [
        (
            title,
            *(
                by_kind[kind].estimates["r"][ALL_PROPORTIONS].text() if kind in by_kind else ""
                for kind in kinds
            ),
        )
        for title, by_kind in found
    ]
    counts = next(iter(evaluation.agreements.values()))
    return Table(
        ("model", *(f"mean r, {kind} ({counts[kind].people} people)" for kind in kinds)),
        tuple(rows),
    )


def _card_rows(compared: Compared) -> tuple[list[tuple[str, ...]], list[str]]:
    cards: dict[str, dict[str, Any]] = {}
    for name in (*ROUTES, "fit"):
        path = compared.plan.models / f"{name}.json"
        if path.is_file():
            card = json.loads(path.read_text(encoding="utf-8"))
            if card.get("agreement_on_unseen_people"):
                cards[name] = card["agreement_on_unseen_people"]
    kinds = list(dict.fromkeys(kind for card in cards.values() for kind in card))
    rows = [
        (
            f"`{name}`",
            *(
                f"{card[kind]['mean_r']:.2f} ({card[kind]['people']} people)"
                if kind in card
                else ""
                for kind in kinds
            ),
        )
        for name, card in cards.items()
    ]
    return rows, kinds


def readme_block(compared: Compared, link: str = "docs/compare/compare.md") -> str:
    """The README's part: the summary's main columns, the words, a link; markers included."""
    quality, cost = summary_tables(compared)
    keep = (0, 2, 3, 4, 8, 9)
    head = [*(quality.head[i] for i in keep), "ms per face", "kB"]
    rows = [
        [*(row[i] for i in keep), *price[3:]]
        for row, price in zip(quality.rows, cost.rows, strict=True)
    ]
    text = (
        f"On {len(compared.rows.sliders)} held-out rendered heads. R2: part of a slider's variance "
        "that is explained, 0 is the average face's. Surface: mean distance between predicted and "
        "true face, in % of the distance between the eyes, and that by the average face's. "
        f"{study_words(compared)}"
    )
    body = [
        textwrap.fill(paragraph, 100, break_on_hyphens=False, break_long_words=False)
        for paragraph in (text, *compared.words)
    ]
    code = f"```sh\n{command_line(compared)} --readme README.md\n```"
    more = f"The whole report, with curves, sliders and heads: [{link}]({link}). Written by"
    return "\n\n".join([README_START, markdown_table(head, rows), *body, more, code, README_END])
