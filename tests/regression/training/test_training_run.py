"""A training run on few faces: what it writes, and that stopping it changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.tables import read_table, write_table
from regression.models.model_files import load_model
from regression.training.network_training import TrainingError
from regression.training.presets import PRESETS, Preset
from regression.training.run_folder import TABLE_SLIDERS
from regression.training.training_run import HISTORY_COLUMNS, RunPlan, RunResult, run_training
from rig.landmark_head import LandmarkHead, load_landmark_head
from vision.features import ENCODING_FEATURES

ROOT = Path(__file__).parents[3]
SMALL = replace(PRESETS["dense"], name="small", units=(24,), batch_size=64, epochs=5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first faces of the shipped tables."""
    folder = tmp_path_factory.mktemp("data")
    for name, rows in (("train", 500), ("test", 80)):
        table = read_table(ROOT / "data" / name / "faces.parquet")
        write_table(table.head(rows), folder / name / "faces.parquet")
    return folder


def plan(data: Path, out: Path, preset: Preset = SMALL, **options: object) -> RunPlan:
    return RunPlan(out=out, preset=preset, route="landmarks", data=data, **options)


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run_training(plan(data, tmp_path_factory.mktemp("finished") / "run"))


def weights(folder: Path) -> list[np.ndarray]:
    import keras

    return keras.models.load_model(folder / "landmarks.keras", safe_mode=True).get_weights()


def assert_same(one: RunResult, other: RunResult) -> None:
    """Bit by bit, but for the time it took."""
    for left, right in zip(weights(one.folder), weights(other.folder), strict=True):
        np.testing.assert_array_equal(left, right)
    drop = {"columns": "seconds"}
    assert one.history.drop(**drop).equals(other.history.drop(**drop))
    figures = [(run.folder / "figures.json").read_bytes() for run in (one, other)]
    assert figures[0] == figures[1]
    cards = [json.loads((run.folder / "landmarks.json").read_text()) for run in (one, other)]
    # Keras writes the time into its file, so that it is never twice the same.
    for card in cards:
        assert set(card.pop("files")) == {"head.npz", "landmarks.keras", "landmarks.tflite"}
    assert cards[0] == cards[1]


def test_the_folder_has_all_that_is_promised(finished: RunResult) -> None:
    folder = finished.folder
    assert {path.name for path in folder.iterdir()} == {
        *("run.json", "history.csv", "curves.png", "figures.json", "train.log"),
        *("tensorboard", "checkpoints", "head.npz"),
        *(f"landmarks.{suffix}" for suffix in ("keras", "tflite", "json", "md")),
    }
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"best.keras", "state.npz"}
    assert list((folder / "tensorboard").glob("events.*"))
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert run["plan"]["preset"]["units"] == [24]
    assert set(run["plan"]["tables"]) == {"train/faces.parquet", "test/faces.parquet"}
    assert run["finished"]
    assert len((folder / "train.log").read_text(encoding="utf-8").splitlines()) == 7


def test_the_history_falls_and_the_figures_are_of_the_best_epoch(finished: RunResult) -> None:
    history, figures = finished.history, finished.figures
    assert tuple(history.columns) == HISTORY_COLUMNS
    assert list(history["epoch"]) == [1, 2, 3, 4, 5]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert history["learning_rate"].is_monotonic_decreasing
    assert figures["epoch"] == history["epoch"][history["validation_mse"].idxmin()]
    assert figures["validation_mse"] == pytest.approx(history["validation_mse"].min(), rel=1e-6)
    assert figures["held_out_rows"] == 80


def test_the_folder_is_a_models_folder(finished: RunResult, data: Path, head: LandmarkHead) -> None:
    """The .tflite gives what figures.json was measured on."""
    model = load_model(finished.folder, "landmarks")
    assert model.serves_renders
    card = model.card
    assert card["trained_on"] == "tables"
    assert card["told_sliders"] == card["told_sliders_on_renders"]
    test = read_table(data / "test" / "faces.parquet")
    features = test[list(_landmark_names())].to_numpy(np.float32)
    values = np.clip(model.network(features), 0, 1)
    errors = values - test[list(head.slider_names)].to_numpy(np.float32)
    assert np.square(errors).mean() == pytest.approx(finished.figures["held_out_mse"], rel=1e-4)
    assert model.predict(features, rendered=True).shape == (80, len(head.sliders))


def _landmark_names() -> tuple[str, ...]:
    from vision.features import feature_names

    return feature_names("landmarks")


def test_the_same_plan_gives_the_same_figures_and_another_seed_does_not(
    finished: RunResult, data: Path, tmp_path: Path
) -> None:
    assert_same(run_training(plan(data, tmp_path / "again")), finished)
    other = run_training(plan(data, tmp_path / "other", seed=1))
    assert other.figures["train_mse"] != finished.figures["train_mse"]


@pytest.mark.parametrize("after", [1, 4, 5])
def test_a_run_stopped_after_an_epoch_ends_as_if_it_had_not_been(
    finished: RunResult, data: Path, tmp_path: Path, after: int
) -> None:
    def stop(line: str) -> None:
        if line.startswith(f"epoch {after} "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_training(plan(data, tmp_path / "run"), stop)
    lines: list[str] = []
    assert_same(run_training(plan(data, tmp_path / "run"), lines.append), finished)
    assert f"Taken up after epoch {after}." in lines
    assert sum(line.startswith("epoch ") for line in lines) == 5 - after


def test_a_killed_run_ends_as_if_it_had_not_been(data: Path, tmp_path: Path) -> None:
    """The process is killed at whatever it does once some epochs are done."""
    preset = replace(SMALL, epochs=60)
    whole = run_training(plan(data, tmp_path / "whole", preset))
    code = (
        "from pathlib import Path; from dataclasses import replace;"
        "from tests.regression.training.test_training_run import SMALL, plan;"
        "from regression.training.training_run import run_training;"
        f"run_training(plan(Path({str(data)!r}), Path({str(tmp_path / 'run')!r}),"
        "replace(SMALL, epochs=60)))"
    )
    log = tmp_path / "run" / "train.log"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ})
    while process.poll() is None and not (log.exists() and "epoch 3 " in log.read_text()):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "run" / "figures.json").exists(), "it was not killed in time"
    assert_same(run_training(plan(data, tmp_path / "run", preset)), whole)


def test_a_finished_run_is_not_done_again(finished: RunResult, data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")}
    lines: list[str] = []
    again = run_training(plan(data, finished.folder), lines.append)
    assert again.figures == finished.figures
    assert len(lines) == 1
    assert {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")} == before


def test_another_plan_in_the_same_folder_is_refused(
    finished: RunResult, data: Path, tmp_path: Path
) -> None:
    for other, what in (
        (plan(data, finished.folder, seed=5), "seed is 0 there and 5 here"),
        (plan(data, finished.folder, epochs=9), "preset: epochs is 5 there and 9 here"),
        (plan(data, finished.folder, limit=300), "limit is None there and 300 here"),
    ):
        with pytest.raises(TrainingError, match=f"{what}.* Name another"):
            run_training(other)
    (tmp_path / "fused.keras").write_bytes(b"somebody's model")
    with pytest.raises(TrainingError, match=r"no run\.json"):
        run_training(plan(data, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["fused.keras"]


def test_training_stops_when_validation_gets_no_better(data: Path, tmp_path: Path) -> None:
    preset = replace(
        PRESETS["study-adamax"], units=(256,), learning_rate=0.02, epochs=100, patience=3
    )
    result = run_training(plan(data, tmp_path / "run", preset))
    epochs = len(result.history)
    assert epochs < 100
    assert result.figures["epoch"] == epochs - 3
    assert "Stopped early" in (tmp_path / "run" / "train.log").read_text(encoding="utf-8")


def test_the_last_epochs_weights_are_kept_where_the_preset_says_so(
    data: Path, tmp_path: Path
) -> None:
    # It begins at the mean, and 40 rows say little of 81 features: it only gets worse.
    preset = replace(PRESETS["linear"], epochs=8, keep="last")
    result = run_training(plan(data, tmp_path / "run", preset, limit=40))
    assert result.figures["epoch"] == 8
    last = result.history["validation_mse"].iloc[-1]
    assert last > result.history["validation_mse"].min()
    assert result.figures["validation_mse"] == pytest.approx(last, rel=1e-6)


def test_every_row_counts_once_in_an_epoch(data: Path, tmp_path: Path) -> None:
    """Also where neither batches nor the calls of tensorflow come out even: nothing is learned, so
    the running means are those of all rows."""
    preset = replace(
        PRESETS["study"], units=(), raw_outputs=False, batch_size=1, epochs=1, learning_rate=1e-12
    )
    result = run_training(plan(data, tmp_path / "one", preset))
    assert result.history["mse"][0] == pytest.approx(result.figures["train_mse"], rel=1e-4)
    odd = run_training(plan(data, tmp_path / "seven", replace(preset, batch_size=7)))
    assert odd.history["mse"][0] == pytest.approx(odd.figures["train_mse"], rel=1e-4)


def test_a_loss_that_is_no_number_stops_at_once_and_keeps_the_best(
    data: Path, tmp_path: Path
) -> None:
    import keras

    with pytest.raises(TrainingError, match=r"epoch 1 is not .* expected\. Lower the learning"):
        run_training(plan(data, tmp_path / "first", replace(PRESETS["study"], learning_rate=1e9)))

    # Plain gradient descent grows geometrically by a rate a little too large.
    preset = replace(PRESETS["linear"], name="grows", optimizer="sgd", batch_size=450, epochs=3000)
    grows = replace(preset, schedule="constant", learning_rate=300.0, raw_outputs=True)
    with pytest.raises(TrainingError, match=r"epoch \d+ is not .* kept in .*best\.keras") as caught:
        run_training(plan(data, tmp_path / "later", grows))
    best = keras.models.load_model(tmp_path / "later" / "checkpoints" / "best.keras")
    assert all(np.isfinite(array).all() for array in best.get_weights())
    history = read_table(tmp_path / "later" / "history.csv")
    assert f"epoch {len(history) + 1} is" in str(caught.value)

    clipped = replace(grows, clip_norm=1e-3, epochs=5)
    assert np.isfinite(run_training(plan(data, tmp_path / "clipped", clipped)).figures["train_mse"])


def test_the_mean_needs_no_training(data: Path, tmp_path: Path) -> None:
    result = run_training(plan(data, tmp_path / "run", PRESETS["mean"]))
    assert list(result.history["epoch"]) == [0]
    assert result.figures["train_r2_mean"] == pytest.approx(0, abs=1e-6)
    assert result.figures["told_sliders"] == 0
    assert load_model(tmp_path / "run", "landmarks").told.sum() == 0
    run_training(plan(data, tmp_path / "run", PRESETS["mean"]))


def test_a_limit_takes_the_first_training_rows_only(data: Path, tmp_path: Path) -> None:
    result = run_training(plan(data, tmp_path / "run", PRESETS["mean"], limit=40))
    assert result.figures["train_rows"] == 40
    assert result.figures["held_out_rows"] == 80


def test_sliders_that_the_head_does_not_have_get_names_and_no_shape(tmp_path: Path) -> None:
    """A table as the study's: encodings and 50 blendshapes that follow from them."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(128, 50)) * 0.1
    for name, rows in (("train", 300), ("test", 60)):
        encodings = random.normal(size=(rows, 128)) * 0.1
        shapes = np.clip(0.5 + encodings @ mixing, 0, 1)
        columns = [*ENCODING_FEATURES, *(f"blendshape_{number}" for number in range(50))]
        table = pd.DataFrame(np.hstack([encodings, shapes]), columns=columns)
        faces = pd.Series([f"{name}_{row}" for row in range(rows)], name="face")
        write_table(pd.concat([faces, table], axis=1), tmp_path / "data" / name / "faces.parquet")
    preset = replace(PRESETS["linear"], batch_size=30, epochs=10)
    run = replace(plan(tmp_path / "data", tmp_path / "run", preset), route="encoding")
    result = run_training(run)
    head = load_landmark_head(result.folder / "head.npz")
    assert head.rig == TABLE_SLIDERS
    assert head.slider_names == tuple(f"blendshape_{number}" for number in range(50))
    model = load_model(result.folder, "encoding")
    features = random.normal(size=(20, 128)).astype(np.float32) * 0.1
    expected = np.clip(0.5 + features @ mixing, 0, 1)
    told = model.predict(features, rendered=True)[:, model.told]
    assert model.told.sum() > 25
    assert np.corrcoef(told.ravel(), expected[:, model.told].ravel())[0, 1] > 0.8
