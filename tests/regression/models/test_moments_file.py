from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.fingerprints import sign
from regression.models.linear import Moments, moments_of
from regression.models.model_files import ModelError
from regression.models.moments_file import load_moments, moments_path, save_moments
from regression.training.recipe import Recipe, solve_map
from vision.features import feature_names


@pytest.fixture(scope="module")
def moments() -> Moments:
    """Of correlated features on very different scales, two photos per person."""
    random = np.random.default_rng(0)
    width = len(feature_names("fused"))
    features = random.normal(size=(600, 40)) @ random.normal(size=(40, width))
    features = features * 10.0 ** random.uniform(-3, 2, width) + random.normal(size=width)
    targets = 0.5 + 0.05 * random.normal(size=(600, 34))
    return moments_of(
        Examples(
            features.astype(np.float32),
            targets.astype(np.float32),
            (np.arange(600) // 2).astype(str),
            random.uniform(0.1, 1, 600).astype(np.float32),
        )
    )


def test_what_is_written_predicts_the_same(moments: Moments, tmp_path: Path) -> None:
    _save(moments, tmp_path / "new")
    loaded = load_moments(tmp_path / "new", "fused")
    assert (loaded.weight, loaded.pairs) == (moments.weight, moments.pairs)
    scale = np.sqrt(np.diag(moments.spread))
    features = moments.features + scale * np.random.default_rng(1).normal(size=(50, len(scale)))
    predicted = solve_map("fused", moments, Recipe())(features)
    assert np.ptp(predicted) > 0.05
    again = solve_map("fused", loaded, Recipe())(features)
    np.testing.assert_allclose(again, predicted, atol=1e-3)


def test_two_written_sets_add_up_as_they_did(moments: Moments, tmp_path: Path) -> None:
    _save(moments + moments, tmp_path)
    twice = load_moments(tmp_path, "fused")
    assert twice.weight == pytest.approx(2 * moments.weight)
    np.testing.assert_allclose(twice.spread, moments.spread, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(twice.change, twice.change.T)


def _save(moments: Moments, folder: Path) -> None:
    """With a card that names the file."""
    save_moments(moments, folder, "fused")
    (folder / "fused.json").write_text("{}")
    sign(folder)


def test_nothing_but_the_file_is_left(moments: Moments, tmp_path: Path) -> None:
    save_moments(moments, tmp_path, "fused")
    save_moments(moments, tmp_path, "fused")
    assert list(tmp_path.iterdir()) == [moments_path(tmp_path, "fused")]


def test_a_folder_without_moments_says_that_it_cannot_be_adapted(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no file fused\.moments\.npz.*cannot be adapted"):
        load_moments(tmp_path, "fused")


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "lacking", "shape", "nan"])
def test_a_broken_file_is_named(moments: Moments, tmp_path: Path, damage: str) -> None:
    _save(moments, tmp_path)
    path = moments_path(tmp_path, "fused")
    content = path.read_bytes()
    if damage in ("cut", "empty", "text"):
        path.write_bytes({"cut": content[:3000], "empty": b"", "text": b"moments"}[damage])
    else:
        with np.load(path) as file:
            arrays = dict(file)
        if damage == "lacking":
            del arrays["spread"]
        elif damage == "shape":
            arrays["features"] = arrays["features"][:-1]
        else:
            arrays["change"][3] = np.nan
        np.savez(path, **arrays)
    with pytest.raises(ModelError, match=r"fused\.moments\.npz is not the file its model card"):
        load_moments(tmp_path, "fused")
    sign(tmp_path)
    with pytest.raises(ModelError, match=r"fused\.moments\.npz cannot be read"):
        load_moments(tmp_path, "fused")
