"""The whole comparison on few rows: trained apart, used again, written whole."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.tables import read_table, write_table
from regression.evaluation.compare import Compared, compare_models
from regression.evaluation.compare_report import (
    README_END,
    README_START,
    readme_block,
    write_comparison,
)
from regression.evaluation.compared_pictures import picture_values
from regression.evaluation.compared_runs import ComparePlan, planned_runs
from regression.measures.slider_figures import slider_figures
from regression.training.training_run import run_training
from tests.regression.conftest import ROOT


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory, models: Path) -> ComparePlan:
    """Linear regression is given by short runs; the study's network is left to train."""
    folder = tmp_path_factory.mktemp("compare")
    for name, rows in (("train", 500), ("test", 300)):
        table = read_table(ROOT / "data" / name).head(rows)
        write_table(table, folder / "data" / name / "faces.parquet")
    samples = folder / "samples"
    samples.mkdir()
    for name in ("head_1.png", "head_2.png", "sliders.csv"):
        shutil.copy(ROOT / "data" / "samples" / name, samples)
    plan = ComparePlan(folder / "data", models, folder / "out", samples, study_epochs=1)
    short = [
        replace(run, epochs=3, out=folder / run.route)
        for run in planned_runs(plan)
        if run.preset.name == "linear"
    ]
    for run in short:
        run_training(run)
    return replace(plan, runs=tuple(run.out for run in short))


@pytest.fixture(scope="module")
def compared(plan: ComparePlan) -> Compared:
    lines: list[str] = []
    compared = compare_models(plan, lines.append)
    assert any("Training study by encoding" in line for line in lines)
    return compared


def test_runs_that_are_given_stand_instead_of_those_made_here(
    plan: ComparePlan, compared: Compared
) -> None:
    found = {model.name: model.run for model in compared.models if model.run}
    assert sorted(found) == sorted(
        f"{run.preset.name} by {run.route}" for run in planned_runs(plan)
    )
    for name, run in found.items():
        assert run is not None
        given = name.startswith("linear")
        assert (run.folder in plan.runs) is given
        assert len(run.history) == (3 if given else plan.study_epochs)
    assert [path.name.partition("-")[0] for path in (plan.out / "runs").iterdir()] == ["study"]


def test_started_again_nothing_is_trained_and_the_figures_are_the_same(
    plan: ComparePlan, compared: Compared
) -> None:
    lines: list[str] = []
    again = compare_models(plan, lines.append)
    assert any("Trained before: study by encoding" in line for line in lines)
    assert not any("Training " in line for line in lines)
    assert again.words == compared.words
    for name, one in compared.measured.items():
        assert np.array_equal(again.measured[name].values, one.values)


def test_other_rows_or_epochs_get_a_run_of_their_own(plan: ComparePlan) -> None:
    study = planned_runs(plan)[-1].out
    assert planned_runs(plan)[-1].out == study
    for other in (replace(plan, study_epochs=2), replace(plan, limit=250)):
        assert planned_runs(other)[-1].out != study


def test_all_are_measured_on_the_same_rows(compared: Compared) -> None:
    true = compared.rows.sliders
    assert {"mean", "landmarks", "encoding", "fused", "fit"} <= compared.measured.keys()
    for name, one in compared.measured.items():
        figures = slider_figures(compared.rows.head.slider_names, true, one.values)
        assert np.array_equal(figures.mae, one.figures.mae), name
        assert one.values.shape == true.shape
    assert compared.measured["mean"].surface_ratio["similarity"] == 1
    assert compared.measured["fused"].surface_ratio["similarity"] < 0.8


def test_a_run_measures_as_it_did_when_it_was_trained(compared: Compared) -> None:
    # Its figures come from Keras in another process, these from LiteRT.
    for model in compared.models:
        if model.run:
            values = compared.measured[model.name].values
            error = np.square(values - compared.rows.sliders, dtype=np.float64).mean()
            assert error == pytest.approx(model.run.figures["held_out_mse"], rel=1e-3)


def test_the_fused_network_comes_closest_on_the_samples(compared: Compared) -> None:
    told = compared.told
    errors = {}
    for model in compared.models:
        values = picture_values(model, compared.samples, rendered=True)
        errors[model.name] = np.abs(values - compared.true_samples)[:, told].mean()
    assert errors["fused"] < errors["mean"]
    assert compared.reading.landmarks > 0
    assert compared.reading.of("fused") >= compared.reading.of("landmarks")


def test_both_reports_tell_the_same_and_are_whole(compared: Compared) -> None:
    markdown, page = (path.read_text("utf-8") for path in write_comparison(compared))
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", markdown)
    assert {"training.png", "heads.png", "sliders_nose.png"} <= set(pictures)
    assert all((compared.plan.out / name).is_file() for name in pictures)
    assert not re.search(r"<script|<link|https?:", page)
    assert page.count("data:image/png") == len(pictures) - 1  # the sheet is tiles there
    for words in ("What the columns are", "870 times", "1 of the study's 200", "From the models"):
        assert words in markdown
        assert words.replace("'", "&#x27;") in page
    for model in compared.models:
        assert f"| `{model.name}` |" in markdown
        assert f"<td><code>{model.name}</code></td>" in page


def test_the_readme_block_is_within_its_markers(compared: Compared) -> None:
    lines = readme_block(compared).splitlines()
    assert (lines[0], lines[-1]) == (README_START, README_END)
    assert "](docs/compare/compare.md)" in "\n".join(lines)
    assert sum(line.startswith("| `") for line in lines) == len(compared.models)
    assert str(compared.plan.data) not in "\n".join(lines)
