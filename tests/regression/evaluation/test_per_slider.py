"""Figures per slider: planted predictions come back, and the shipped models beat the mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.tables import TableError, read_table
from regression.evaluation.per_slider import (
    MEAN,
    Predictions,
    evaluate_per_slider,
    least_squares,
    linear_name,
    load_models,
    measure_predictions,
)
from regression.measures.surface import ALIGNMENTS
from regression.models.model_files import ModelError
from rig.landmark_head import LandmarkHead, save_landmark_head
from rig.makehuman import load_makehuman
from tests.regression.planted_sliders import planted_per_slider, planted_predictions

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def parts() -> dict[str, pd.DataFrame]:
    return {
        "train": read_table(ROOT / "data" / "train" / "faces.parquet").iloc[:3000],
        "test": read_table(ROOT / "data" / "test" / "faces.parquet").iloc[:300],
    }


def test_planted_predictions_come_back(head: LandmarkHead) -> None:
    found = planted_per_slider(head)
    true, one = found.true, found.predictions["fused"]
    figures = found.routes["fused"]
    told = one.told
    # Half of the difference to the mean is left, so a quarter of the variance.
    np.testing.assert_allclose(figures.values.r2, 0.75, atol=0.02)
    np.testing.assert_allclose(figures.values.mae[told], found.mean.mae[told] / 2, rtol=0.02)
    np.testing.assert_allclose(figures.values.rank_correlation[told], 1)
    np.testing.assert_allclose(figures.linear.r2, 1)
    np.testing.assert_allclose(found.mean.r2, 0, atol=0.05)
    assert np.isnan(figures.values.coverage[~told]).all()
    held = np.abs(one.values - true)[:, told] <= 0.1
    np.testing.assert_allclose(figures.values.coverage[told], held.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(figures.values.mean_width[told], 0.2, atol=1e-3)


def test_the_surface_follows_the_sliders(head: LandmarkHead) -> None:
    found = planted_per_slider(head)
    (surface,) = found.surfaces
    assert set(surface.errors) == {
        *(MEAN, "landmarks", linear_name("landmarks")),
        *("fused", linear_name("fused")),
    }
    for alignment in ALIGNMENTS:
        assert surface.estimates[MEAN, alignment][1].value == 1
        error, ratio = surface.estimates["fused", alignment]
        assert error.low < error.value < error.high
        assert 0 < ratio.low <= ratio.value <= ratio.high < 1
        assert surface.estimates[linear_name("fused"), alignment][1].value < 1e-3
        mean = surface.errors["fused"].heads[alignment].mean()
        assert error.value == pytest.approx(mean)
        assert ratio.value == pytest.approx(mean / surface.errors[MEAN].heads[alignment].mean())


def test_least_squares_finds_the_planted_map_and_stays_in_range() -> None:
    random = np.random.default_rng(0)
    features = random.normal(5, [1, 2, 3, 0], (500, 4))
    targets = np.clip(0.5 + (features - 5) @ random.normal(0, 0.02, (4, 3)), 0, 1)
    new = random.normal(5, [1, 2, 3, 0], (50, 4))
    np.testing.assert_allclose(least_squares(features, targets, features), targets, atol=1e-9)
    extreme = least_squares(features, targets, 5 + 1000 * (new - 5))
    assert ((extreme >= 0) & (extreme <= 1)).all()
    assert {0.0, 1.0} <= set(extreme.flat)


def test_least_squares_agrees_with_the_normal_equations() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(300, 5))
    targets = np.clip(0.5 + 0.05 * features[:, :2] + random.normal(0, 0.05, (300, 2)), 0, 1)
    with_one = np.hstack([features, np.ones((300, 1))])
    factors = np.linalg.solve(with_one.T @ with_one, with_one.T @ targets)
    np.testing.assert_allclose(least_squares(features, targets, features), with_one @ factors)


def test_the_shipped_models_beat_the_average_face(
    models: Path, parts: dict[str, pd.DataFrame]
) -> None:
    loaded = load_models(models)
    lines: list[str] = []
    found = evaluate_per_slider(loaded, parts, report=lines.append)
    assert list(found.routes) == list(loaded)
    assert found.main_route == "fused"
    assert len(lines) == len(loaded) + 1
    assert set(found.conditions) == {"expression_strength", "camera_distance_mm"}
    (surface,) = found.surfaces
    for route, one in found.predictions.items():
        told, figures = one.told, found.routes[route]
        assert told.sum() == loaded[route].told_on(True).sum()
        assert (figures.values.mae < found.mean.mae)[told].mean() > 0.8
        assert 0.85 < figures.values.coverage[told].mean() < 0.95
        assert np.ptp(one.values, axis=0).min() > 0
        assert surface.estimates[route, "similarity"][1].high < 0.8
    held = surface.errors["fused"].heads["similarity"]
    assert held.mean() < surface.errors["encoding"].heads["similarity"].mean()


def test_baselines_learn_from_the_validation_table_too(
    models: Path, parts: dict[str, pd.DataFrame]
) -> None:
    loaded = load_models(models, ["landmarks"])
    train = parts["train"]
    divided = {"train": train[:2000], "validation": train[2000:], "test": parts["test"]}
    whole, other = (evaluate_per_slider(loaded, each) for each in (parts, divided))
    assert whole.training_faces == other.training_faces == 3000
    np.testing.assert_allclose(whole.average, other.average, atol=1e-9)
    np.testing.assert_allclose(
        whole.predictions["landmarks"].linear, other.predictions["landmarks"].linear, atol=1e-6
    )


def test_the_surface_of_the_rig_says_much_the_same(
    models: Path, parts: dict[str, pd.DataFrame], makehuman_folder: Path
) -> None:
    found = evaluate_per_slider(
        load_models(models, ["fused"]), parts, load_makehuman(makehuman_folder)
    )
    mesh, whole = (one.estimates["fused", "similarity"][1].value for one in found.surfaces)
    assert whole == pytest.approx(mesh, abs=0.05)


def test_sliders_that_move_no_head_have_no_surface(head: LandmarkHead) -> None:
    still = replace(head, negative=0 * head.negative, positive=0 * head.positive)
    found = planted_per_slider(still)
    assert not found.surfaces
    assert np.isfinite(found.routes["fused"].values.mae).all()


def test_what_cannot_be_measured_is_refused(
    models: Path, parts: dict[str, pd.DataFrame], tmp_path: Path, head: LandmarkHead
) -> None:
    with pytest.raises(ModelError, match="has no model for"):
        load_models(tmp_path)
    save_landmark_head(head, tmp_path / "head.npz")
    with pytest.raises(ModelError, match="landmarks"):
        load_models(tmp_path, ["landmarks"])
    loaded = load_models(models, ["landmarks"])
    with pytest.raises(TableError, match="At least one"):
        evaluate_per_slider(loaded, {**parts, "test": parts["test"][:0]})
    other = replace(loaded["landmarks"], head=head.with_sliders(np.arange(len(head.sliders)) < 9))
    with pytest.raises(ModelError, match="one head"):
        evaluate_per_slider({**loaded, "fused": other}, parts)
    with pytest.raises(ModelError, match="photographs only"):
        evaluate_per_slider(load_models(models / "face_landmarker", ["encoding"]), parts)


def test_predictions_are_measured_wherever_they_come_from(head: LandmarkHead) -> None:
    true, one = planted_predictions(head, 60)
    assert isinstance(one, Predictions)
    found = measure_predictions(head, np.arange(60).astype(str), true, true, {"landmarks": one})
    assert found.main_route == "landmarks"
    assert not found.conditions
