"""Heads of any prepared rig are rendered as MakeHuman's are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets import synthesis
from regression.datasets.drawn_rig import find_modes, load_drawn_rig
from regression.datasets.random_heads import SliderPrior, random_modes, random_sliders
from regression.datasets.synthesis import (
    collect,
    read_prior,
    save_prior,
    shipped_prior,
    synthesize,
)
from regression.datasets.tables import TableError
from rig.landmark_head import LandmarkHead
from rig.makehuman import load_makehuman
from rig.prepared_rig import PreparedRig
from rig.rig import Rig, RigError, Slider
from tests.regression.apart import SmallChunks
from tests.regression.renamed_rig import write_renamed_rig


@pytest.fixture(scope="module", autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "CHUNK", SmallChunks.SIZE)
        yield


@pytest.fixture(scope="module")
def rig_file(
    rendering: None, tiny_rig_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("rig") / "prepared.npz"
    write_renamed_rig(tiny_rig_folder, path)
    return path


@pytest.fixture(scope="module")
def prepared(rig_file: Path) -> PreparedRig:
    from rig.prepared_rig import load_prepared

    return load_prepared(rig_file)


@pytest.fixture(scope="module")
def prior(rig_file: Path) -> Path:
    path = rig_file.with_name("prior.npz")
    save_prior(SliderPrior(np.full(9, 0.1), np.full((2, 9), 0.1)), path)
    return path


@pytest.fixture(scope="module")
def plan(rig_file: Path, prior: Path, tmp_path_factory: pytest.TempPathFactory) -> SmallChunks:
    return SmallChunks(rig_file, tmp_path_factory.mktemp("faces"), 6, 7, prior)


@pytest.fixture(scope="module")
def table(plan: SmallChunks) -> pd.DataFrame:
    list(synthesize(plan, processes=1))
    return collect(plan)


def test_rows_are_of_the_rig_and_say_so(prepared: PreparedRig, table: pd.DataFrame) -> None:
    assert len(table) >= 4
    assert set(table["source"]) == {"render of the rig stranger, licence: test only"}
    values = table[list(prepared.rig.slider_names)].to_numpy()
    assert values.min() >= 0
    assert values.max() <= 1
    assert (np.ptp(values, axis=0) > 0).sum() > 5


def test_a_stop_and_another_place_change_nothing(
    plan: SmallChunks, table: pd.DataFrame, tmp_path: Path
) -> None:
    """The folder is moved with the rig between the two halves of a run."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    for file in (plan.rig_folder, plan.prior):
        assert file is not None
        shutil.copyfile(file, first / file.name)

    def half(folder: Path) -> SmallChunks:
        return SmallChunks(
            folder / "prepared.npz", folder / "faces", 6, plan.seed, folder / "prior.npz"
        )

    run = synthesize(half(first), processes=1)
    assert [next(run), next(run)] == [0, SmallChunks.SIZE]
    run.close()
    first.rename(second)
    assert next(synthesize(half(second))) > 0
    list(synthesize(half(second), processes=1))
    pd.testing.assert_frame_equal(collect(half(second)), table)


def test_another_rig_of_the_same_name_is_refused(
    plan: SmallChunks, table: pd.DataFrame, tmp_path: Path
) -> None:
    assert plan.prior is not None
    known = json.loads((plan.out / "plan.json").read_text(encoding="utf-8"))
    assert known["rig_folder"].startswith("sha256 ")
    other = tmp_path / "prepared.npz"
    other.write_bytes(plan.rig_folder.read_bytes() + b" ")
    changed = SmallChunks(other, plan.out, plan.faces, plan.seed, plan.prior)
    with pytest.raises(TableError, match="holds faces made with other settings"):
        next(synthesize(changed))


def test_a_rig_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"nothing\.npz cannot be read"):
        next(synthesize(SmallChunks(tmp_path / "nothing.npz", tmp_path / "out", 2, 0, None)))


def test_makehuman_is_drawn_as_ever(rig_folder: Path, head: LandmarkHead, tmp_path: Path) -> None:
    """To the bit: the shipped tables can be made again."""
    drawn = load_drawn_rig(rig_folder)
    rig = load_makehuman(rig_folder)
    assert drawn.source == "render of MakeHuman's head, CC0"
    fits = len(rig.sliders) == len(head.sliders)
    prior = read_prior(shipped_prior()) if fits else None
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(20):
        values = random_sliders(rig.sliders, one, prior)
        np.testing.assert_array_equal(drawn.random_sliders(other, prior), values)
    expression = np.zeros(len(drawn.expressions))
    expression[:2] = 0.5
    mesh = rig.vertices(values) + np.tensordot(
        expression.astype(np.float32), drawn.expressions, axes=1
    )
    np.testing.assert_array_equal(drawn.mesh(values, expression), mesh)


def test_ranges_of_any_size_are_used_alike() -> None:
    narrow = tuple(Slider(f"s{number}", -1 if number % 2 else 0, 1) for number in range(40))
    wide = tuple(Slider(s.name, 3 * s.minimum, 3 * s.maximum) for s in narrow)
    none = np.zeros(40, bool)
    prior = SliderPrior(np.full(40, 0.1), np.full((2, 40), 0.1))
    scaled = SliderPrior(3 * prior.mean, 3 * prior.factor)
    for seed in range(10):
        values = random_modes(narrow, none, np.random.default_rng(seed), prior)
        tripled = random_modes(wide, none, np.random.default_rng(seed), scaled)
        np.testing.assert_allclose(tripled, 3 * values, atol=1e-12)


def test_half_of_the_heads_move_all_modes() -> None:
    sliders = tuple(Slider(f"s{number}", -3, 3) for number in range(60))
    modes = np.arange(60) < 50
    random = np.random.default_rng(0)
    heads = np.array([random_modes(sliders, modes, random, None) for _ in range(300)])
    assert (np.abs(heads) <= 3).all()
    moved = (heads != 0).mean(axis=1) > 0.7
    assert 0.4 < moved.mean() < 0.6
    assert (heads[:, ~modes] == 0).mean() > 0.6


def test_modes_are_sliders_that_go_both_ways_by_one_target(tiny_rig_folder: Path) -> None:
    rig = load_makehuman(tiny_rig_folder)
    sliders = (Slider("both", -1, 1), Slider("apart", -1, 1), Slider("one", 0, 1))
    offsets = np.array(rig.positive[:3])
    zero = np.zeros_like(offsets[:1])
    three: Rig = replace(
        rig,
        sliders=sliders,
        positive=offsets,
        negative=np.concatenate([-offsets[:1], -0.5 * offsets[1:2] + 0.01, zero]),
    )
    assert find_modes(three).tolist() == [True, False, False]
