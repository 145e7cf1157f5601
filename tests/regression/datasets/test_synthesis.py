"""A rendered table is the same whoever makes it and however often it is interrupted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets import synthesis
from regression.datasets.random_heads import SliderPrior
from regression.datasets.synthesis import (
    SynthesisPlan,
    collect,
    load_prior,
    save_prior,
    shipped_prior,
    synthesize,
)
from regression.datasets.tables import TableError, examples_from_table
from rig.makehuman import load_makehuman
from rig.rig import Rig, RigError
from tests.regression.apart import SmallChunks
from vision.features import ROUTES, feature_names

FACES = 9


@pytest.fixture(scope="module", autouse=True)
def small_chunks() -> Iterator[None]:
    """In this process; SmallChunks does it in the workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "CHUNK", SmallChunks.SIZE)
        yield


@pytest.fixture(scope="module")
def rig(tiny_rig_folder: Path) -> Rig:
    return load_makehuman(tiny_rig_folder)


@pytest.fixture(scope="module")
def prior(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prior") / "prior.npz"
    save_prior(SliderPrior(np.full(9, 0.1), np.full((2, 9), 0.1)), path)
    return path


@pytest.fixture(scope="module")
def plan(
    rendering: None, tiny_rig_folder: Path, prior: Path, tmp_path_factory: pytest.TempPathFactory
) -> SmallChunks:
    return SmallChunks(tiny_rig_folder, tmp_path_factory.mktemp("faces"), FACES, 7, prior)


@pytest.fixture(scope="module")
def progress(plan: SmallChunks) -> list[int]:
    """Runs the plan, once."""
    return list(synthesize(plan, processes=1))


@pytest.fixture(scope="module")
def table(plan: SmallChunks, progress: list[int]) -> pd.DataFrame:
    return collect(plan)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("*.parquet")
    }


def test_progress_rises_to_the_number_of_faces(progress: list[int]) -> None:
    assert progress[0] == 0
    assert progress[-1] == FACES
    assert progress == sorted(set(progress))


def test_only_shards_and_the_plan_are_left(plan: SmallChunks, table: pd.DataFrame) -> None:
    assert {path.name for path in plan.out.iterdir()} == {
        "plan.json",
        *(f"faces_{number:05d}.parquet" for number in range(5)),
    }


def test_rows_are_faces_with_everything_known_of_them(rig: Rig, table: pd.DataFrame) -> None:
    assert FACES * 0.7 < len(table) <= FACES
    assert table["face"].is_unique
    assert {name.rsplit("-", 1)[0] for name in table["face"]} == {"render-7"}
    for route in ROUTES:
        examples = examples_from_table(table, route, rig.slider_names)
        assert examples.sliders.min() >= 0
        assert examples.sliders.max() <= 1
        assert (np.ptp(examples.sliders, axis=0) > 0).sum() > 5
    assert not table.duplicated([*rig.slider_names]).any()
    assert table["camera_yaw"].is_unique
    assert table["camera_distance_mm"].between(400, 3000).all()
    # The pose that the camera gave is the pose that was seen.
    yaw, seen = table["camera_yaw"].abs(), table["pose_yaw_magnitude"]
    assert np.abs(yaw - seen).median() < 4
    assert (table[list(feature_names("landmarks"))].std() > 0).all()


def test_the_number_of_processes_and_a_stop_change_nothing(
    plan: SmallChunks, table: pd.DataFrame, tmp_path: Path
) -> None:
    again = SmallChunks(plan.rig_folder, tmp_path / "faces", FACES, plan.seed, plan.prior)
    run = synthesize(again, processes=2)
    assert next(run) == 0
    assert next(run) == SmallChunks.SIZE
    run.close()
    before = contents(again.out)
    assert 0 < len(before) < again.chunks
    with pytest.raises(TableError):
        collect(again)
    started, *_, finished = synthesize(again, processes=2)
    assert started == len(before) * SmallChunks.SIZE
    assert finished == FACES
    after = contents(again.out)
    assert {name: after[name] for name in before} == before
    pd.testing.assert_frame_equal(collect(again), table)
    assert not list(again.out.glob("pictures*"))


def test_a_finished_run_has_nothing_to_do(plan: SmallChunks, table: pd.DataFrame) -> None:
    before = contents(plan.out)
    assert list(synthesize(plan)) == [FACES]
    assert contents(plan.out) == before


def test_another_seed_gives_other_faces(
    plan: SmallChunks, table: pd.DataFrame, rig: Rig, tmp_path: Path
) -> None:
    other = SmallChunks(plan.rig_folder, tmp_path, 2, plan.seed + 1, plan.prior)
    list(synthesize(other, processes=1))
    values = collect(other)[list(rig.slider_names)].to_numpy()
    assert len(values)
    for row in values:
        assert np.abs(table[list(rig.slider_names)].to_numpy() - row).max(axis=1).min() > 0.01


@pytest.mark.parametrize("change", [{"seed": 8}, {"faces": FACES + 2}, {"prior": None}])
def test_other_settings_do_not_go_into_the_same_folder(
    plan: SmallChunks, table: pd.DataFrame, change: dict[str, object]
) -> None:
    before = contents(plan.out)
    with pytest.raises(TableError, match="holds faces made with other settings"):
        next(synthesize(replace(plan, **change)))
    assert contents(plan.out) == before


def test_errors_of_the_processes_arrive(
    rendering: None, tiny_rig_folder: Path, prior: Path, tmp_path: Path
) -> None:
    nowhere = SynthesisPlan(tmp_path / "no rig", tmp_path / "a", 2, 0, None)
    with pytest.raises(RigError, match="no rig"):
        list(synthesize(nowhere, processes=1))
    of_another_rig = SynthesisPlan(tiny_rig_folder, tmp_path / "b", 2, 0, shipped_prior())
    with pytest.raises(TableError, match="for other sliders than the 9 of rig"):
        list(synthesize(of_another_rig, processes=1))
    for folder in ("a", "b"):
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["plan.json"]


def test_a_prior_comes_back(rig: Rig, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    prior = SliderPrior(random.normal(size=9), random.normal(size=(4, 9)))
    save_prior(prior, tmp_path / "prior.npz")
    loaded = load_prior(tmp_path / "prior.npz", rig)
    np.testing.assert_allclose(loaded.mean, prior.mean, rtol=1e-6)
    np.testing.assert_allclose(loaded.factor, prior.factor, rtol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["prior.npz"]


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "short", "zeros", "other arrays"])
def test_a_damaged_prior_is_named(rig: Rig, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "prior.npz"
    random = np.random.default_rng(0)
    save_prior(SliderPrior(random.normal(size=9), random.normal(size=(400, 9))), path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    assert zlib.crc32(whole[middle : middle + 64]) != zlib.crc32(bytes(64))
    if damage == "other arrays":
        np.savez(path, average=np.zeros(9))
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "empty": b"",
                "text": b"a prior",
                "short": whole[:middle],
                "zeros": whole[:middle] + bytes(64) + whole[middle + 64 :],
            }[damage]
        )
    with pytest.raises(TableError, match=r"prior\.npz cannot be read as a slider prior"):
        load_prior(path, rig)
