"""From a prepared rig to models in one go, and in many: stopping a run changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression import Predictor
from regression.datasets import synthesis
from regression.datasets.tables import read_table
from regression.models.model_files import load_model
from regression.training import rig_run
from regression.training.network_training import TrainingError
from regression.training.rig_training import RigTrainingPlan, train_rig
from rig.landmark_head import load_landmark_head
from rig.rig import RigError
from tests.regression.apart import SmallChunks
from tests.regression.renamed_rig import write_renamed_rig
from vision.features import ROUTES
from vision.photos import PhotoError


@pytest.fixture(scope="module", autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "CHUNK", SmallChunks.SIZE)
        patch.setattr(rig_run, "SynthesisPlan", SmallChunks)
        yield


@pytest.fixture(scope="module")
def rig_file(
    rendering: None, tiny_rig_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("rig") / "stranger.npz"
    write_renamed_rig(tiny_rig_folder, path)
    return path


@pytest.fixture(scope="module")
def plan(rig_file: Path, tmp_path_factory: pytest.TempPathFactory) -> RigTrainingPlan:
    out = tmp_path_factory.mktemp("run") / "models"
    return RigTrainingPlan(rig_file, out, faces=24, test_faces=6, processes=1, seed=3, epochs=2)


@pytest.fixture(scope="module")
def lines(plan: RigTrainingPlan) -> list[str]:
    """Runs the plan, once."""
    return list(train_rig(plan))


def made(folder: Path) -> dict[str, Any]:
    """The files that figures rest on; of the cards, without the networks' hashes, which change with
    the names inside (see `outputs`)."""
    names = ("figures.json", "run.json", "report.md", "head.npz", "rig/prepared.npz")
    names += tuple(f"{route}.md" for route in ROUTES)
    cards = {route: json.loads((folder / f"{route}.json").read_bytes()) for route in ROUTES}
    for card in cards.values():
        del card["files"]
    return {name: (folder / name).read_bytes() for name in names} | cards


def outputs(folder: Path) -> list[np.ndarray]:
    """What the networks give; their files also hold names that count up with every network."""
    networks = [load_model(folder, route).network for route in ROUTES]
    random = np.random.default_rng(0)
    return [n(random.normal(size=(4, n.shape[0])).astype(np.float32)) for n in networks]


def test_the_folder_is_a_models_folder_that_predicts(
    plan: RigTrainingPlan, lines: list[str], portrait_path: Path
) -> None:
    head = load_landmark_head(plan.out / "head.npz")
    assert head.rig == "stranger"
    assert head.slider_names == tuple(f"shape_{number:03d}" for number in range(9))
    assert len(head.expression_names) == 2
    for route in ROUTES:
        model = load_model(plan.out, route)
        assert model.serves_renders
        assert model.card["rig"] == {"name": "stranger", "licence": "test only"}
    (face,) = Predictor(plan.out, "fused").predict([portrait_path])
    assert face.slider_names == head.slider_names


def test_figures_are_of_the_test_heads(plan: RigTrainingPlan, lines: list[str]) -> None:
    figures = json.loads((plan.out / "figures.json").read_text(encoding="utf-8"))
    tables = {part: read_table(plan.table(part)) for part in ("train", "test")}
    assert figures["heads"] == {
        "train": {"rendered": 24, "seen": len(tables["train"])},
        "test": {"rendered": 6, "seen": len(tables["test"])},
    }
    names = load_landmark_head(plan.out / "head.npz").slider_names
    rows = [set(map(tuple, table[list(names)].round(3).to_numpy())) for table in tables.values()]
    assert not rows[0] & rows[1]
    assert set(figures["routes"]) == {"average face", *ROUTES}
    for route in ROUTES:
        for surface in ("head", "face mesh"):
            for row in figures["routes"][route]["surface"][surface].values():
                assert row["error"] > 0
                assert row["low"] <= row["ratio"] <= row["high"]
                average = figures["routes"]["average face"][surface]
        assert row["ratio"] == pytest.approx(row["error"] / average["rigid"], rel=1e-3)


def test_the_report_says_what_was_not_done(plan: RigTrainingPlan, lines: list[str]) -> None:
    text = (plan.out / "report.md").read_text(encoding="utf-8")
    assert "# Models of the rig stranger" in text
    assert "Licence of the rig: test only." in text
    assert "No real photos were given." in text
    assert all(f"| `{route}` |" in text for route in ROUTES)
    assert lines[-1].endswith("report.md")


def test_a_finished_run_has_nothing_to_do(plan: RigTrainingPlan, lines: list[str]) -> None:
    before = made(plan.out)
    assert list(train_rig(plan)) == [f"{plan.out} is finished already."]
    assert made(plan.out) == before


def test_stops_change_nothing(plan: RigTrainingPlan, lines: list[str], tmp_path: Path) -> None:
    """Stopped after the first line of each stage, and started anew."""
    other = replace(plan, out=tmp_path / "models")
    stages = ("heads: 0", "heads: 2", "train heads: ", "networks", "landmarks: ", "measured")
    for stage in stages:
        run = train_rig(other)
        for line in run:
            if stage in line:
                break
        run.close()
        assert not (other.out / "figures.json").exists()
    kept = {path.name for path in (other.work / "experts").glob("*.npz")}
    assert kept == {f"{route}.npz" for route in ROUTES}
    again = list(train_rig(other))
    assert sum("is there already" in line for line in again) == len(ROUTES)
    assert not any("heads: " in line for line in again)
    assert made(other.out) == made(plan.out)
    for one, same in zip(outputs(plan.out), outputs(other.out), strict=True):
        np.testing.assert_array_equal(one, same)


def test_the_work_can_be_deleted(plan: RigTrainingPlan, lines: list[str], tmp_path: Path) -> None:
    moved = replace(plan, out=tmp_path / "models")
    shutil.copytree(plan.out, moved.out, ignore=shutil.ignore_patterns("work"))
    assert list(train_rig(moved)) == [f"{moved.out} is finished already."]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"faces": 26}, "the number of faces is 24 there and 26 here"),
        ({"test_faces": 8}, "the number of test faces is 6"),
        ({"seed": 4}, "the seed is 3"),
    ],
)
def test_other_settings_are_refused(
    plan: RigTrainingPlan, lines: list[str], change: dict[str, int], what: str
) -> None:
    before = made(plan.out)
    with pytest.raises(TrainingError, match=rf"{what}.* were expected.*Name another folder"):
        next(train_rig(replace(plan, **change)))
    assert made(plan.out) == before


def test_another_rig_is_refused(plan: RigTrainingPlan, lines: list[str], tmp_path: Path) -> None:
    other = tmp_path / "stranger.npz"
    other.write_bytes(plan.rig.read_bytes() + b" ")
    with pytest.raises(TrainingError, match="the rig's checksum is"):
        next(train_rig(replace(plan, rig=other)))


def test_a_folder_of_something_else_is_refused(rig_file: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(TrainingError, match=r"no run of `fpp rig train`\. A new folder"):
        next(train_rig(RigTrainingPlan(rig_file, tmp_path)))
    with pytest.raises(RigError, match="There is no rig at"):
        next(train_rig(RigTrainingPlan(tmp_path / "nothing.glb", tmp_path / "out")))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(rig_file.read_bytes()[:1000])
    with pytest.raises(RigError, match="cannot be read as a prepared rig"):
        list(train_rig(RigTrainingPlan(damaged, tmp_path / "out")))


def test_photos_that_are_not_there_are_named_at_once(
    plan: RigTrainingPlan, lines: list[str], tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    for change in ({"photos": tmp_path / "none"}, {"collections": ("none",)}):
        other = replace(plan, **{"photos": tmp_path / "photos", **change})
        with pytest.raises(PhotoError, match=r"There is no folder .*none\. A folder of photos"):
            next(train_rig(other))


def test_more_epochs_make_new_networks_of_the_same_heads(
    plan: RigTrainingPlan, lines: list[str], tmp_path: Path
) -> None:
    longer = replace(plan, out=tmp_path / "models", epochs=3)
    shutil.copytree(plan.out, longer.out)
    tables = {part: plan.table(part).read_bytes() for part in ("train", "test")}
    found = list(train_rig(longer))
    assert not any("heads: " in line or "already" in line for line in found)
    assert {part: longer.table(part).read_bytes() for part in tables} == tables
    for one, other in zip(outputs(plan.out), outputs(longer.out), strict=True):
        assert np.abs(one - other).max() > 1e-6
