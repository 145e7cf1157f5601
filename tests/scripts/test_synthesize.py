"""`fpp synthesize` in processes of its own, on the tiny rig."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from regression.datasets.samples import read_true_sliders
from rig.makehuman import load_makehuman
from tests.rig.tiny_rig import write_tiny_makehuman
from vision.features import feature_names

ROOT = Path(__file__).parents[2]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "scripts.main", "synthesize", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny rig's data folder, where pictures of it can be drawn."""
    draw = "from rig.render import Renderer; Renderer(8, 8).close()"
    done = subprocess.run([sys.executable, "-c", draw], capture_output=True, text=True, cwd=ROOT)
    if "RenderError" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="module")
def made(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with shards/ and faces.parquet: four faces of seed 4."""
    folder = tmp_path_factory.mktemp("made")
    done = run(*_four_faces(folder, tiny_folder))
    assert done.returncode == 0, done.stderr
    assert "Faces rendered: 4." in done.stdout
    assert str(folder / "faces.parquet") in done.stdout
    return folder


def _four_faces(folder: Path, tiny_folder: Path, seed: int = 4) -> list[object]:
    settings = ["--faces", 4, "--seed", seed, "--rig", tiny_folder, "--independent"]
    return [*settings, "--out", folder / "shards", "--table", folder / "faces.parquet"]


def test_a_table_holds_features_and_the_true_sliders_of_every_face_seen(made, tiny_folder):
    table = pd.read_parquet(made / "faces.parquet")
    names = load_makehuman(tiny_folder).slider_names
    assert 1 <= len(table) <= 4
    assert table["face"].is_unique
    assert {*feature_names("fused"), *names} <= set(table.columns)
    assert np.isfinite(table[list(feature_names("fused"))].to_numpy()).all()
    sliders = table[list(names)].to_numpy()
    assert sliders.min() >= 0
    assert sliders.max() <= 1
    assert len(np.unique(sliders, axis=0)) == len(table)
    pd.testing.assert_frame_equal(table, pd.read_parquet(made / "shards" / "faces_00000.parquet"))


def test_a_finished_run_is_not_made_again(made, tiny_folder):
    shard = made / "shards" / "faces_00000.parquet"
    before = shard.stat().st_mtime_ns
    assert run(*_four_faces(made, tiny_folder)).returncode == 0
    assert shard.stat().st_mtime_ns == before


def test_a_seed_gives_the_same_faces_again_and_another_gives_others(made, tiny_folder, tmp_path):
    table = pd.read_parquet(made / "faces.parquet")
    for seed in (4, 5):
        done = run(*_four_faces(tmp_path / str(seed), tiny_folder, seed), "--processes", 1)
        assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(table, pd.read_parquet(tmp_path / "4" / "faces.parquet"))
    others = pd.read_parquet(tmp_path / "5" / "faces.parquet")
    assert set(others["nose/nose-scale-depth-decr|incr"]).isdisjoint(
        set(table["nose/nose-scale-depth-decr|incr"]) - {0.5}
    )


def test_other_settings_are_refused_for_a_folder_with_faces(made, tiny_folder):
    done = run(*_four_faces(made, tiny_folder, seed=5))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {made / 'shards'} ")
    assert "other settings" in done.stderr


def test_portraits_come_with_their_sliders(tiny_folder, tmp_path):
    settings = ["--seed", 1, "--rig", tiny_folder, "--independent"]
    for count in (1, 2):
        done = run("--portraits", count, "--out", tmp_path / str(count), *settings)
        assert done.returncode == 0, done.stderr
    names = load_makehuman(tiny_folder).slider_names
    true = read_true_sliders(tmp_path / "2", names)
    assert list(true) == ["head_1.png", "head_2.png"]
    for name, values in true.items():
        assert Image.open(tmp_path / "2" / name).size == (512, 512)
        assert values.min() >= 0
        assert values.max() <= 1
    assert not np.array_equal(*true.values())
    # More heads do not change the first ones.
    first = tmp_path / "1" / "head_1.png"
    assert first.read_bytes() == (tmp_path / "2" / "head_1.png").read_bytes()
    rows = [list(csv.reader((tmp_path / n / "sliders.csv").open()))[1] for n in ("1", "2")]
    assert rows[0] == rows[1]


def test_control_c_stops_every_process_and_says_where_it_was(tiny_folder, tmp_path):
    out = tmp_path / "faces"
    arguments = ["--faces", 4000, "--seed", 1, "--rig", tiny_folder, "--independent", "--out", out]
    with subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        # A shell starts what it puts into the background deaf to Ctrl-C, the tests too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while not list(out.glob("pictures_*")) and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        # Returns when nobody holds the pipes any more: a worker that lived on would.
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert output == ""
    stopped = [line for line in errors.splitlines() if line.startswith("Stopped after ")]
    assert len(stopped) == 1
    assert f" of 4000 faces; what was done is in {out}" in stopped[0]
    assert "Traceback" not in errors
    assert {path.name for path in out.iterdir()} <= {"plan.json", "faces_00000.parquet"}


def test_a_prior_for_another_rig_is_refused_in_one_sentence(tiny_folder, tmp_path):
    settings = ["--seed", 1, "--rig", tiny_folder, "--out", tmp_path / "out"]
    for what in ("--faces", "--portraits"):
        done = run(what, 2, *settings)
        assert done.returncode == 1
        assert "slider_prior.npz" in done.stderr
        assert "--independent" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_missing_rig_is_named(tmp_path):
    done = run("--faces", 2, "--seed", 1, "--out", tmp_path / "out", "--rig", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path} ")
    assert "fpp rig fetch makehuman" in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--faces", "2", "--portraits", "2"],
        ["--faces", "0"],
        ["--faces", "many"],
        ["--faces", "2", "--seed", "-1"],
        ["--faces", "2", "--processes", "0"],
        ["--faces", "2", "--table", "faces.csv"],
        ["--portraits", "2", "--table", "faces.parquet"],
        ["--faces", "2", "--out", __file__],
    ],
)
def test_wrong_usage_exits_with_2(wrong, tmp_path):
    done = run("--out", tmp_path / "out", "--seed", 1, *wrong)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
