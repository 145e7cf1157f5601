"""The files hold what was measured, and the pictures can be opened."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from regression.evaluation.per_slider import LINEAR, MEAN, PerSlider, measure_predictions
from regression.evaluation.per_slider_files import (
    in_words,
    sliders_markdown,
    sorted_sliders,
    summary_table,
    write_per_slider,
)
from regression.measures.surface import ALIGNMENTS
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman
from tests.regression.planted_sliders import planted_per_slider, planted_predictions

TABLES = ["per_slider.csv", "surface.csv", "surface.md", "per_slider.md"]
PICTURES = ["predicted_true.png", "heat.png", "worst.png"]


@pytest.fixture(scope="module")
def evaluation(head: LandmarkHead) -> PerSlider:
    return planted_per_slider(head)


@pytest.fixture(scope="module")
def written(evaluation: PerSlider, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("per_slider") / "figures"
    paths = write_per_slider(evaluation, folder)
    assert [path.name for path in paths] == [*TABLES, *PICTURES]
    assert sorted(folder.iterdir()) == sorted(paths)
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        picture.load()
        return np.asarray(picture.convert("RGB"))


def test_the_table_of_sliders_comes_back(evaluation: PerSlider, written: Path) -> None:
    table = pd.read_csv(written / "per_slider.csv").set_index(["route", "slider"])
    names = evaluation.head.slider_names
    assert len(table) == 2 * len(names)
    for route, one in evaluation.routes.items():
        rows = table.loc[route].loc[list(names)]
        told = evaluation.predictions[route].told
        np.testing.assert_array_equal(rows["told"] == 1, told)
        for column, figures in (
            ("", one.values),
            (f"{LINEAR}_", one.linear),
            (f"{MEAN}_", evaluation.mean),
        ):
            for name in ("mae", "rmse", "r2", "rank_correlation"):
                np.testing.assert_allclose(
                    rows[column + name], getattr(figures, name), atol=1e-6, err_msg=column + name
                )
        np.testing.assert_allclose(rows["coverage"], one.values.coverage, atol=1e-6)
        np.testing.assert_allclose(rows["mean_width"], one.values.mean_width, atol=1e-6)


def test_the_table_of_the_surface_comes_back(evaluation: PerSlider, written: Path) -> None:
    table = pd.read_csv(written / "surface.csv").set_index(["alignment", "predicted_by"])
    (surface,) = evaluation.surfaces
    assert len(table) == len(ALIGNMENTS) * len(surface.errors)
    for (who, alignment), (error, ratio) in surface.estimates.items():
        row = table.loc[alignment, who]
        assert row["error_percent"] == pytest.approx(error.value, abs=1e-5)
        assert row["ratio_to_average_face"] == pytest.approx(ratio.value, abs=1e-5)
        assert row["error_low"] <= row["error_percent"] <= row["error_high"]


def test_told_sliders_stand_first_and_the_best_known_first(head: LandmarkHead) -> None:
    true, one = planted_predictions(head)
    noise = np.random.default_rng(1).normal(0, np.linspace(0.01, 0.2, true.shape[1]), true.shape)
    one = replace(one, values=true + noise)
    people = np.arange(len(true)).astype(str)
    found = measure_predictions(head, people, true, true, {"fused": one})
    order = sorted_sliders(found, "fused")
    assert sorted(order) == list(range(len(order)))
    told = one.told[order]
    assert told[: told.sum()].all()
    r2 = found.routes["fused"].values.r2[order]
    assert (np.diff(r2[told]) <= 0).all()
    assert (np.diff(r2[~told]) <= 0).all()
    lines = sliders_markdown(found, "fused").splitlines()
    first = head.slider_names[order[0]].replace("|", "\\|")
    assert lines[4].startswith(f"| `{first}` | yes |")


def test_every_markdown_table_is_one(evaluation: PerSlider, written: Path) -> None:
    for path in (written / "per_slider.md", written / "surface.md"):
        text = path.read_text(encoding="utf-8")
        assert "nan" not in text
        for block in re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    everything = (written / "per_slider.md").read_text(encoding="utf-8")
    assert summary_table(evaluation) in everything
    assert in_words(evaluation) in everything


def test_the_words_say_what_was_planted(evaluation: PerSlider) -> None:
    words = in_words(evaluation)
    told = int(evaluation.predictions["fused"].told.sum())
    count = len(evaluation.head.sliders)
    assert f"The route fused tells {told} of {count} sliders" in words
    assert f"R2 of 0.2 or more on {count - told} further sliders" in words
    assert "better than least squares from the same features on 0 of them" in words
    ratio = evaluation.surfaces[0].estimates["fused", "similarity"][1]
    assert ratio.text(3) in words


def test_the_words_say_what_goes_with_errors(head: LandmarkHead) -> None:
    true, one = planted_predictions(head)
    people = np.arange(len(true)).astype(str)
    share = np.linspace(0, 1, len(true))[:, None]
    one = replace(one, values=true + share * (one.values - true))
    conditions = {"expression_strength": share[:, 0], "camera_distance_mm": 500 - share[:, 0]}
    words = in_words(measure_predictions(head, people, true, true, {"fused": one}, conditions))
    assert "it grows with the strength of the expression" in words
    assert "it falls with the camera's distance" in words


def test_a_route_that_tells_nothing_says_so(head: LandmarkHead, tmp_path: Path) -> None:
    true, one = planted_predictions(head, 40)
    nothing = np.zeros_like(one.told)
    unknown = np.full_like(one.low, np.nan)
    one = replace(one, told=nothing, low=unknown, high=unknown)
    people = np.arange(len(true)).astype(str)
    found = measure_predictions(head, people, true, true, {"fused": one})
    assert "tells no slider" in in_words(found)
    written = write_per_slider(found, tmp_path)
    assert [path.name for path in written] == [*TABLES, *PICTURES[1:]]


def test_without_a_surface_there_are_tables_and_the_scatter(
    head: LandmarkHead, tmp_path: Path
) -> None:
    still = replace(head, negative=0 * head.negative, positive=0 * head.positive)
    written = write_per_slider(planted_per_slider(still, 40), tmp_path)
    assert [path.name for path in written] == ["per_slider.csv", "per_slider.md", PICTURES[0]]


def test_pictures_are_large_and_the_same_again(
    evaluation: PerSlider, written: Path, tmp_path: Path
) -> None:
    write_per_slider(evaluation, tmp_path)
    for name in PICTURES:
        assert min(pixels(written / name).shape[:2]) > 400
        assert (written / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_few_heads_are_enough_for_pictures(head: LandmarkHead, tmp_path: Path) -> None:
    written = write_per_slider(planted_per_slider(head, 2), tmp_path)
    assert [path.name for path in written] == [*TABLES, *PICTURES]


def test_less_error_is_drawn_lighter(written: Path) -> None:
    picture = pixels(written / "heat.png").astype(float)
    # The first column is the average face, the last but the colour bar a route.
    third = int(picture.shape[1] * 0.88) // 3
    columns = [picture[120:, k * third : (k + 1) * third] for k in range(3)]
    greens = [column[(column.max(axis=2) - column.min(axis=2)) > 60][:, 1] for column in columns]
    assert greens[0].mean() < greens[2].mean() - 20


@pytest.mark.usefixtures("rendering")
def test_whole_heads_are_drawn_where_there_is_a_rig(
    head: LandmarkHead, evaluation: PerSlider, makehuman_folder: Path, tmp_path: Path
) -> None:
    true, one = planted_predictions(head, 30)
    people = np.arange(len(true)).astype(str)
    rig = load_makehuman(makehuman_folder)
    found = measure_predictions(head, people, true, true, {"fused": one}, rig=rig)
    lines: list[str] = []
    write_per_slider(found, tmp_path, makehuman_folder, lines.append)
    assert not lines
    plain = replace(found, surfaces=found.surfaces[:1])
    write_per_slider(plain, tmp_path / "plain")
    tall, short = (pixels(folder / "heat.png") for folder in (tmp_path, tmp_path / "plain"))
    assert len(tall) > 1.5 * len(short)
    assert (tmp_path / "worst.png").read_bytes() != (tmp_path / "plain/worst.png").read_bytes()
