"""Pictures of the comparison: whole files, the same for the same figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from regression.evaluation.compare_plots import (
    colours_of,
    write_curves_of,
    write_sheet,
    write_slider_bars,
)
from regression.evaluation.compared_models import Run

NAMES = ("nose/width", "nose/length", "mouth/width")


def planted_run(folder: Path) -> Run:
    history = pd.DataFrame({"epoch": [1, 2, 3]})
    for measure in ("mse", "mae"):
        history[measure] = [0.5, 0.2, 0.001]
        history[f"validation_{measure}"] = [0.6, 0.3, 0.25]
    figures = {"held_out_mse": 0.26, "held_out_mae": 0.27}
    return Run(folder, "study", "encoding", 3, history, figures)


def test_every_model_has_a_colour_of_its_own() -> None:
    names = ("landmarks", "encoding", "fused", "fit", "linear by fused", "linear by encoding")
    colours = colours_of((*names, "study by encoding", "tuned by fused"))
    assert len(set(colours.values())) == len(colours)
    assert colours["fused"] == colours_of(["fused"])["fused"]


def test_a_picture_per_family_that_follows_from_the_figures(tmp_path: Path) -> None:
    r2 = {"fused": np.array([0.5, 0.1, -2.0]), "fit": np.array([0.2, 0.0, 0.3])}
    files = write_slider_bars(r2, NAMES, tmp_path)
    assert {path.name for path in files.values()} == {"sliders_nose.png", "sliders_mouth.png"}
    before = {name: path.read_bytes() for name, path in files.items()}
    assert before == {
        name: path.read_bytes() for name, path in write_slider_bars(r2, NAMES, tmp_path).items()
    }
    r2["fused"][0] = 0.9
    changed = write_slider_bars(r2, NAMES, tmp_path)
    assert changed["nose"].read_bytes() != before["nose"]
    assert changed["mouth"].read_bytes() == before["mouth"]


def test_curves_have_a_row_per_run(tmp_path: Path) -> None:
    run = planted_run(tmp_path)
    one = Image.open(write_curves_of({"study": run}, tmp_path / "one.png"))
    two = Image.open(write_curves_of({"study": run, "again": run}, tmp_path / "two.png"))
    assert one.width == two.width
    assert two.height > 1.7 * one.height


def test_a_sheet_shows_every_picture(tmp_path: Path) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 0, 250)]
    tiles = [np.full((32, 32, 3), colour, np.uint8) for colour in colours]
    path = write_sheet(["a", "b"], [tiles[:2], tiles[2:]], [["1", "2"]] * 2, tmp_path / "s.png")
    shown = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    for colour in colours:
        assert (shown == colour).all(axis=1).mean() > 0.05
