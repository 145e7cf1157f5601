"""A rig whose sliders are mixed from MakeHuman's gets MakeHuman's maps in the same mix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.random_heads import SliderPrior
from regression.datasets.tables import Examples
from regression.models.linear import Moments, moments_of
from regression.models.model_files import ModelError
from regression.models.moments_file import load_moments
from regression.models.settling import PROPORTION_COUNT
from regression.training.recipe import Recipe, solve_map
from regression.training.transferred_map import (
    SliderMap,
    slider_map,
    transfer_moments,
    transferred_map,
    transferred_part,
)
from rig.landmark_head import LandmarkHead
from rig.rig import Slider
from vision.features import ROUTES
from vision.ratios import PROPORTIONS, measure

MIXED = (
    "nose/nose-scale-horiz-decr|incr",
    "mouth/mouth-scale-horiz-decr|incr",
    "head/head-scale-vert-decr|incr",
    "eyes/l-eye-trans-in|out",
    "chin/chin-width-decr|incr",
    "head/head-scale-horiz-decr|incr",
)
RANGE = 3.0  # of the mixed sliders
UNTOLD = Slider("untold", -1.0, 2.0)


@pytest.fixture(scope="module")
def linear(head: LandmarkHead) -> LandmarkHead:
    """MakeHuman's landmarks with sliders that do the opposite at the other end."""
    straight = (head.positive - head.negative) / 2
    return replace(head, negative=-straight, positive=straight)


@pytest.fixture(scope="module")
def columns(head: LandmarkHead) -> list[int]:
    return [head.slider_names.index(name) for name in MIXED]


@pytest.fixture(scope="module")
def mix() -> np.ndarray:
    """(m, m) what each mixed slider is made of."""
    count = len(MIXED)
    return np.eye(count) + np.random.default_rng(0).normal(0, 0.3, (count, count))


@pytest.fixture(scope="module")
def mixed(linear: LandmarkHead, columns: list[int], mix: np.ndarray) -> LandmarkHead:
    """A head of the mixed sliders and a last one that is never told."""
    offsets = np.einsum("ts,snc->tnc", mix, linear.positive[columns])
    offsets = np.concatenate([offsets, linear.positive[:1]]).astype(np.float32)
    sliders = (*(Slider(f"mode{number}", -RANGE, RANGE) for number in range(len(MIXED))), UNTOLD)
    return LandmarkHead("mixed", "test only", sliders, linear.neutral, -offsets, offsets)


@pytest.fixture(scope="module")
def carried(
    linear: LandmarkHead, mixed: LandmarkHead, columns: list[int], prior: SliderPrior
) -> SliderMap:
    return slider_map(prior, linear, mixed, told(mixed))


def told(head: LandmarkHead) -> np.ndarray:
    return np.array([slider is not UNTOLD for slider in head.sliders])


@pytest.fixture(scope="module")
def prior(linear: LandmarkHead, columns: list[int]) -> SliderPrior:
    """Only the sliders that are mixed vary."""
    factor = np.zeros((len(columns), len(linear.sliders)))
    factor[range(len(columns)), columns] = 0.2
    return SliderPrior(np.zeros(len(linear.sliders)), factor)


def test_the_mix_comes_back(carried: SliderMap, columns: list[int], mix: np.ndarray) -> None:
    # Sliders x of MakeHuman are y = x @ inv(mix) here; both ranges are made 0..1.
    wanted = np.linalg.inv(mix) / RANGE
    np.testing.assert_allclose(carried.matrix[columns, :-1], wanted, atol=0.01)
    others = np.delete(carried.matrix, columns, axis=0)
    np.testing.assert_allclose(others, 0, atol=1e-6)


def test_neutral_stays_neutral_and_what_is_not_told_does_too(
    carried: SliderMap, linear: LandmarkHead
) -> None:
    neutral = carried.offset + np.full(len(linear.sliders), 0.5) @ carried.matrix
    np.testing.assert_allclose(neutral[:-1], 0.5, atol=0.005)
    assert neutral[-1] == pytest.approx(UNTOLD.to_unit(0))
    np.testing.assert_allclose(carried.matrix[:, -1], 0, atol=1e-12)
    assert carried.spread[-1] == pytest.approx(0, abs=1e-12)
    assert (carried.spread[:-1] > 0.01).all()


def test_faces_keep_how_they_differ_from_the_neutral_one(
    carried: SliderMap,
    linear: LandmarkHead,
    mixed: LandmarkHead,
    columns: list[int],
) -> None:
    values = np.zeros((20, len(linear.sliders)))
    values[:, columns] = np.random.default_rng(1).uniform(-0.5, 0.5, (20, len(columns)))
    units = carried.offset + (values + 1) / 2 @ carried.matrix
    theirs = np.array([s.from_unit(u) for s, u in zip(mixed.sliders, units.T, strict=True)]).T
    moved = [one.landmarks(v) - one.neutral for one, v in ((linear, values), (mixed, theirs))]
    size = np.linalg.norm(moved[0], axis=2).mean()
    assert np.linalg.norm(moved[0] - moved[1], axis=2).mean() < 0.03 * size


def test_the_neutral_heads_other_proportions_are_told(
    carried: SliderMap,
    linear: LandmarkHead,
    mixed: LandmarkHead,
    columns: list[int],
    prior: SliderPrior,
) -> None:
    np.testing.assert_allclose(carried.proportions, 0, atol=1e-9)
    wider = replace(mixed, neutral=mixed.neutral + linear.positive[columns[0]])
    other = slider_map(prior, linear, wider, told(wider))
    own, theirs = (measure(one.neutral, PROPORTIONS) for one in (linear, wider))
    np.testing.assert_allclose(other.proportions, theirs - own, atol=1e-6)
    names = [ratio.name for ratio in PROPORTIONS]
    assert int(np.abs(other.proportions).argmax()) == names.index("nose_width")
    # The faces that are fitted differ as before, each from its own neutral head.
    np.testing.assert_allclose(other.matrix, carried.matrix, atol=0.1)


def random_map(random: np.random.Generator, own: int, theirs: int) -> SliderMap:
    return SliderMap(
        random.uniform(size=theirs),
        random.normal(size=(own, theirs)) / own,
        random.uniform(0.05, 0.2, theirs),
        random.normal(0, 0.02, PROPORTION_COUNT),
    )


@pytest.mark.parametrize("seed", range(4))
def test_moments_are_those_of_the_labels_carried_over(seed: int) -> None:
    """Photos of several people, some of them twice, with weights."""
    random = np.random.default_rng(seed)
    count, own, theirs = 200, 9, 5
    labels = random.uniform(size=(count, own + PROPORTION_COUNT))
    examples = Examples(
        random.normal(3, 2, (count, 12)).astype(np.float32),
        labels.astype(np.float32),
        random.integers(0, 150, count).astype(str),
        random.uniform(0.5, 2, count).astype(np.float32),
    )
    carried = random_map(random, own, theirs)
    mapped = np.hstack(
        [
            carried.offset + labels[:, :own] @ carried.matrix,
            labels[:, own:] + carried.proportions,
        ]
    )
    wanted = moments_of(examples, mapped)
    # The spread is that of random faces; here, that of the labels themselves.
    carried = replace(carried, spread=np.sqrt(wanted.target_variance[:theirs]))
    found = transfer_moments(moments_of(examples, labels), carried)
    for name in vars(wanted):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=1e-9)


@pytest.mark.parametrize("route", ROUTES)
def test_shipped_maps_give_the_mix_of_what_they_gave(
    models: Path, head: LandmarkHead, route: str
) -> None:
    random = np.random.default_rng(5)
    moments: Moments = load_moments(models, route)
    carried = random_map(random, len(head.sliders), 7)
    recipe = Recipe()
    before = solve_map(route, moments, recipe)
    after = transferred_map(models, route, carried, recipe)
    scale = np.sqrt(np.diag(moments.spread))
    features = moments.features + scale * random.normal(size=(30, len(scale)))
    own, theirs = before(features), after(features)
    sliders = slice(None, -PROPORTION_COUNT)
    wanted = carried.offset + own[:, sliders] @ carried.matrix
    np.testing.assert_allclose(theirs[:, sliders], wanted, atol=1e-6)
    proportions = own[:, -PROPORTION_COUNT:] + carried.proportions
    np.testing.assert_allclose(theirs[:, -PROPORTION_COUNT:], proportions, atol=1e-6)
    np.testing.assert_allclose(after.spread, carried.spread)


def test_a_folder_without_moments_is_refused(models: Path, tmp_path: Path) -> None:
    carried = random_map(np.random.default_rng(0), 3, 2)
    with pytest.raises(ModelError, match="expected"):
        transferred_map(tmp_path, "fused", carried, Recipe())


def test_the_card_says_whose_photos_they_were(models: Path) -> None:
    theirs = json.loads((models / "fused.json").read_text(encoding="utf-8"))
    part = transferred_part(models, "fused", {"data": {"rendered": 5, "real_photos": []}})
    assert part["transferred_from"] == "makehuman"
    assert part["data"] == {"rendered": 5, "real_photos": theirs["data"]["real_photos"]}
    assert part["data"]["real_photos"]
