"""Who is compared predicts what it would predict anywhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.evaluation.compared_models import (
    HeldOut,
    fit_on_renders,
    mean_model,
    read_held_out,
    run_model,
    shipped_routes,
    unique_names,
)
from regression.models.model_files import ModelError, load_model
from rig.landmark_head import LandmarkHead
from tests.regression.conftest import ROOT
from vision.features import LANDMARK_FEATURES
from vision.ratios import RATIOS, measure


@pytest.fixture(scope="module")
def rows(head: LandmarkHead) -> HeldOut:
    return read_held_out(ROOT / "data", head, limit=400)


def test_networks_give_what_users_get_where_a_slider_is_told(models: Path, rows: HeldOut) -> None:
    for one in shipped_routes(models, rows.head):
        features = one.features_of(rows)[:50]
        model = load_model(models, one.route)
        expected = model.predict(features, rendered=True)
        assert one.told.any()
        assert np.array_equal(one.predict_rows(features)[:, one.told], expected[:, one.told])
        assert np.array_equal(one.of_pictures(features, rendered=True), expected)
        photographed = one.of_pictures(features, rendered=False)
        assert np.array_equal(photographed, model.predict(features))


def test_the_mean_explains_nothing_and_its_intervals_hold(rows: HeldOut) -> None:
    one = mean_model(rows)
    values = one.predict_rows(one.features_of(rows))
    assert np.ptp(values, axis=0).max() == 0
    assert one.intervals is not None
    held = np.abs(values - rows.sliders) <= one.intervals.half_widths
    assert 0.85 <= held.mean() <= 0.95
    error = np.square(values - rows.sliders, dtype=np.float64).mean()
    assert rows.average_error == pytest.approx(error, rel=1e-4)


def test_the_average_head_gets_the_neutral_sliders(models: Path, rows: HeldOut) -> None:
    one = fit_on_renders(models, rows)
    features = np.zeros((1, len(LANDMARK_FEATURES)), np.float32)
    features[0, : len(RATIOS)] = rows.average_ratios
    neutral = [slider.to_unit(slider.neutral) for slider in rows.head.sliders]
    assert np.abs(one.predict_rows(features)[0] - neutral).max() < 0.01


def test_the_fit_recovers_what_only_its_sliders_changed(models: Path, rows: HeldOut) -> None:
    one, head = fit_on_renders(models, rows), rows.head
    random = np.random.default_rng(5)
    values = np.zeros((20, len(head.sliders)))
    values[:, one.told] = random.uniform(-0.3, 0.3, (20, int(one.told.sum())))
    low = np.array([slider.minimum for slider in head.sliders])
    values = np.maximum(values, low)
    at_rest = measure(head.landmarks(np.zeros((1, len(head.sliders)))))
    features = np.zeros((20, len(LANDMARK_FEATURES)), np.float32)
    changes = measure(head.landmarks(values)) - at_rest
    features[:, : len(RATIOS)] = rows.average_ratios + changes
    units = np.stack(
        [slider.to_unit(column) for slider, column in zip(head.sliders, values.T, strict=True)], 1
    )
    found = one.predict_rows(features)
    r = np.corrcoef((found - found.mean(0)).ravel(), (units - units.mean(0)).ravel())[0, 1]
    assert r > 0.6


def test_a_later_model_stands_instead_of_an_earlier_one(rows: HeldOut, models: Path) -> None:
    first, second = mean_model(rows), mean_model(rows)
    assert unique_names([first, second]) == [second]


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, head: LandmarkHead) -> None:
    with pytest.raises(ModelError, match=r"finished run of `fpp train --preset` was expected"):
        run_model(tmp_path, head)
    (tmp_path / "run.json").write_text('{"plan": {}, "finished": false}')
    with pytest.raises(ModelError, match="not finished"):
        run_model(tmp_path, head)
