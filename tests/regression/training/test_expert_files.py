"""A kept network is the one that was trained, and is taken for nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.network import NetworkSettings
from regression.training.expert_files import kept_expert
from regression.training.network_training import TrainingSettings, predict_values
from regression.training.recipe import Recipe
from regression.training.rendered_expert import RenderedExpert

RECIPE = Recipe(NetworkSettings(units=(16,)), TrainingSettings(epochs=2, batch_size=32))


def rows(count: int, seed: int) -> Examples:
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, 81)).astype(np.float32)
    sliders = np.clip(0.5 + 0.1 * features[:, :4], 0, 1)
    return Examples(features, sliders, np.arange(count).astype(str), np.ones(count, np.float32))


TRAIN, TEST = rows(200, 0), rows(50, 1)


def make(
    folder: Path | None, train: Examples = TRAIN, recipe: Recipe = RECIPE
) -> tuple[RenderedExpert, bool]:
    """The expert, and whether it was trained now."""
    lines: list[str] = []
    expert = kept_expert(folder, "landmarks", train, TEST, recipe, lines)
    return expert, "epoch" in lines[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experts") / "kept"
    make(folder)
    return folder


def assert_same(one: RenderedExpert, other: RenderedExpert) -> None:
    for name in ("held_out_r2", "test_errors", "test_spread"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.intervals.half_widths, other.intervals.half_widths)
    np.testing.assert_array_equal(
        *(predict_values(expert.network, TEST.features) for expert in (one, other))
    )


def test_a_kept_expert_is_the_one_that_was_trained(folder: Path) -> None:
    kept, trained = make(folder)
    assert not trained
    fresh, trained = make(None)
    assert trained
    assert_same(kept, fresh)
    assert {path.name for path in folder.iterdir()} == {"landmarks.keras", "landmarks.npz"}


def test_an_expert_of_something_else_is_trained_anew(folder: Path, tmp_path: Path) -> None:
    other = replace(TRAIN, sliders=1 - TRAIN.sliders)
    longer = replace(RECIPE, training=replace(RECIPE.training, epochs=3))
    for change in ({"train": other}, {"recipe": longer}):
        for path in folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        assert make(tmp_path, **change)[1]
        assert not make(tmp_path, **change)[1]


@pytest.mark.parametrize("name", ["landmarks.keras", "landmarks.npz"])
@pytest.mark.parametrize("damage", ["missing", "short", "empty"])
def test_a_damaged_one_is_trained_anew(
    folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if damage == "missing":
        (tmp_path / name).unlink()
    else:
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2] if damage == "short" else b"")
    expert, trained = make(tmp_path)
    assert trained
    assert_same(expert, make(folder)[0])
