"""A search over tiny tables: what it keeps, what it writes, and that a kill costs one trial."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression.datasets.tables import read_table
from regression.training.presets import Preset, find_preset, load_preset, save_preset
from regression.training.search_space import TuningError
from regression.training.trials import read_trials
from regression.training.tuning import Tuning, TuningPlan, tune
from regression.training.tuning_files import tuning_text, verdict, write_tuning

# KerasTuner asks for the thread's name in the old way.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner")

ROOT = Path(__file__).parents[3]
SMALL = Preset(
    "small", "One small layer.", units=(32,), batch_size=64, epochs=2, slider_weights="spread"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the first 600 faces, and a preset to start from."""
    folder = tmp_path_factory.mktemp("data")
    for part, rows in (("train", 600), ("test", 100)):
        (folder / part).mkdir()
        table = read_table(ROOT / "data" / part / "faces.parquet").head(rows)
        table.to_parquet(folder / part / "faces.parquet")
    save_preset(SMALL, folder / "small.json")
    return folder


def plan_in(folder: Path, data: Path) -> TuningPlan:
    return TuningPlan(
        out=folder / "search",
        name="found",
        route="landmarks",
        data=data,
        method="random",
        trials=4,
        start=str(data / "small.json"),
    )


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tuning, list[str]]:
    """A whole search, and what it reported."""
    folder = tmp_path_factory.mktemp("finished")
    before = Path.cwd()
    os.chdir(folder)  # presets/ is written to the working folder
    lines: list[str] = []
    try:
        tuning = tune(plan_in(folder, data), lines.append)
        write_tuning(tuning)
    finally:
        os.chdir(before)
    return tuning, lines


@pytest.fixture
def folder_of(finished: tuple[Tuning, list[str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the finished search."""
    folder = finished[0].plan.out.parent
    monkeypatch.chdir(folder)
    return folder


def test_the_start_is_the_first_trial_and_is_trained_as_a_run_is(
    finished: tuple[Tuning, list[str]],
) -> None:
    tuning = finished[0]
    first = tuning.trials[0]
    assert replace(first.preset, name=SMALL.name) == SMALL
    # What is searched is what is trained: same rows, same order, same weights.
    assert first.score == pytest.approx(tuning.start.validation_error, rel=1e-6)
    assert [trial.number for trial in tuning.trials] == [1, 2, 3, 4]


def test_the_winner_is_the_best_trial_and_is_trained_as_it_was_searched(
    finished: tuple[Tuning, list[str]],
) -> None:
    tuning = finished[0]
    scores = {trial.number: trial.score for trial in tuning.trials[1:]}
    assert tuning.best.score == min(score for score in scores.values() if score is not None)
    assert tuning.best.score == pytest.approx(tuning.winner.validation_error, rel=1e-6)


def test_the_written_preset_is_found_by_its_name_and_is_the_better_of_the_two(
    finished: tuple[Tuning, list[str]], folder_of: Path
) -> None:
    tuning = finished[0]
    preset = find_preset("found")
    assert preset == tuning.preset
    better = tuning.best.preset if tuning.better_on_validation else SMALL
    assert replace(preset, name="", description="") == replace(better, name="", description="")


def test_the_files_hold_every_trial_and_say_which_rows_chose(
    finished: tuple[Tuning, list[str]], folder_of: Path
) -> None:
    tuning = finished[0]
    table = pd.read_csv(tuning.plan.out / "trials.csv")
    assert list(table["trial"]) == [1, 2, 3, 4]
    assert np.allclose(table["error"], [trial.score for trial in tuning.trials])
    text = (tuning.plan.out / "tuning.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.split("## Trials")[1].splitlines() if line[:2] == "| "]
    shown = [float(row[3]) for row in rows[2:]]
    assert shown == sorted(shown)
    assert len(shown) == 4
    assert verdict(tuning) in text
    assert (tuning.plan.out / "trials.png").read_bytes().startswith(b"\x89PNG")


def test_a_worse_winner_is_called_worse(finished: tuple[Tuning, list[str]]) -> None:
    tuning = finished[0]
    one = replace(tuning.start, validation_error=1.0, test_error=1.0)
    worse = replace(tuning.winner, validation_error=1.25, test_error=1.5)
    lost = replace(tuning, start=one, winner=worse)
    assert "nothing better" in verdict(lost)
    assert "25.0 % more error" in verdict(lost)
    assert "50.0 % more error" in verdict(lost)
    surprised = replace(tuning, start=one, winner=replace(worse, validation_error=0.9))
    assert "10.0 % less error" in verdict(surprised)
    assert "it is worse: 50.0 % more error" in tuning_text(surprised)


def test_progress_is_plain_lines_with_the_time_left(finished: tuple[Tuning, list[str]]) -> None:
    trials = [line for line in finished[1] if line.startswith("trial ")]
    assert [line.split(":")[0].split(" (")[0] for line in trials] == [
        f"trial {number} of 4" for number in (1, 2, 3, 4)
    ]
    assert all("left" in line and "\n" not in line and "\r" not in line for line in trials)


def test_a_finished_search_is_not_done_again_and_can_be_made_longer(
    finished: tuple[Tuning, list[str]], folder_of: Path, tmp_path: Path
) -> None:
    tuning = finished[0]
    again = tune(tuning.plan)
    assert again.trials == tuning.trials  # the seconds they took, too
    assert again.winner.test_error == tuning.winner.test_error
    out = tmp_path / "search"
    shutil.copytree(tuning.plan.out, out, ignore=shutil.ignore_patterns("start", "winner"))
    longer = tune(replace(tuning.plan, out=out, trials=5))
    assert longer.trials[:4] == tuning.trials
    assert len(longer.trials) == 5


def test_the_folder_of_another_search_is_refused(
    finished: tuple[Tuning, list[str]], folder_of: Path, tmp_path: Path
) -> None:
    plan = finished[0].plan
    kept = (plan.out / "trials.json").read_bytes()
    with pytest.raises(TuningError, match="it differs in seed"):
        tune(replace(plan, seed=1))
    with pytest.raises(TuningError, match="it differs in method"):
        tune(replace(plan, method="hyperband", trials=5))
    assert (plan.out / "trials.json").read_bytes() == kept
    (tmp_path / "mine.txt").write_text("Mine.", encoding="utf-8")
    with pytest.raises(TuningError, match="no search.json"):
        tune(replace(plan, out=tmp_path))


@pytest.mark.parametrize("name", ["dense", "a/b", "..", "", "mine.json"])
def test_names_that_find_preset_would_not_find_are_refused(
    name: str, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(TuningError, match="--name"):
        tune(replace(plan_in(tmp_path, data), name=name))
    assert not (tmp_path / "search").exists()


def test_too_few_trials_are_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="At least 2 were expected"):
        tune(replace(plan_in(tmp_path, data), trials=1))
    assert not (tmp_path / "search").exists()


def test_without_keras_tuner_it_is_said_how_to_install_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras_tuner", None)
    with pytest.raises(TuningError, match="pip install keras-tuner"):
        tune(plan_in(tmp_path, data))


def test_killed_between_trials_it_goes_on_and_ends_as_if_it_had_not_been(
    finished: tuple[Tuning, list[str]], data: Path, tmp_path: Path
) -> None:
    whole = finished[0]
    plan = plan_in(tmp_path, data)
    words = ["tune", "--route", plan.route, "--method", plan.method, "--trials", str(plan.trials)]
    words += ["--data", str(data), "--start", plan.start, "--name", plan.name, "--out", "search"]
    command = [sys.executable, "-m", "scripts.main", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("trial 2 of 4"):
                break
        time.sleep(0.2)  # into the third
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    kept = read_trials(plan.out)
    assert 2 <= len(kept) < 4
    assert not (tmp_path / "presets").exists()

    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} trials are finished" in done.stderr
    trials = read_trials(plan.out)
    assert trials[: len(kept)] == kept
    assert [trial.preset for trial in trials] == [trial.preset for trial in whole.trials]
    assert [trial.score for trial in trials] == [trial.score for trial in whole.trials]
    assert load_preset(tmp_path / "presets" / "found.json") == whole.preset
    assert verdict(whole) in done.stdout


def test_a_trial_file_that_was_tampered_with_is_refused(
    finished: tuple[Tuning, list[str]], data: Path, tmp_path: Path
) -> None:
    plan = replace(finished[0].plan, out=tmp_path / "search")
    plan.out.mkdir()
    for name in ("search.json", "trials.json"):
        (plan.out / name).write_bytes((finished[0].plan.out / name).read_bytes())
    content = json.loads((plan.out / "trials.json").read_text(encoding="utf-8"))
    content["trials"][1]["preset"]["batch_size"] = 7
    (plan.out / "trials.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TuningError, match="Trial 2 in"):
        tune(plan)
    (plan.out / "trials.json").write_text('{"trials": [', encoding="utf-8")
    with pytest.raises(TuningError, match="cannot be read"):
        tune(plan)
