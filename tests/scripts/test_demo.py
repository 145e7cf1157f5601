"""`fpp demo` as a user meets it, with the models and samples that come with the program."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from regression.datasets.samples import read_true_sliders, shipped_samples
from regression.models.model_files import shipped_models
from rig.landmark_head import load_landmark_head
from vision.landmarks import FaceLandmarker
from vision.photos import find_photos, read_photo

ROOT = Path(__file__).parents[2]
SAMPLES = find_photos([shipped_samples()])


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.main", "demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that a demo wrote, and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = run("--out", out)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_every_photo_gets_its_files(demo):
    out, _ = demo
    for folder, names in (
        ("heads", [path.stem for path in SAMPLES]),
        ("portrait", ["grace_hopper"]),
    ):
        for name in names:
            for ending in (".mhm", ".json", "_overlay.jpg"):
                assert (out / folder / f"{name}{ending}").stat().st_size > 100
        with (out / folder / "predictions.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [Path(row["photo"]).stem for row in rows] == names


def test_predictions_are_nearer_to_the_truth_than_the_average_face(demo):
    _, printed = demo
    error, of_average = map(float, re.findall(r"mean absolute error +(\S+) +(\S+)", printed)[0])
    correlation = float(re.findall(r"differences from neutral +(\S+)", printed)[0])
    assert 0 < error < of_average
    assert correlation > 0.5


def test_what_is_printed_fits_a_terminal_and_names_files_that_are_there(demo):
    out, printed = demo
    assert max(map(len, printed.replace(str(ROOT), "").replace(str(out), "").splitlines())) < 100
    listed = printed[printed.index("Open these") :]
    names = re.findall(r"^  (\S+\.\w+) ", listed, re.MULTILINE)
    assert len(names) >= 4
    assert [name for name in names if not (out / name).is_file()] == []


def test_the_true_values_of_a_head_are_printed_as_they_are(demo):
    _, printed = demo
    head = load_landmark_head(shipped_models() / "head.npz")
    true = read_true_sliders(shipped_samples(), head.slider_names)
    section = ""
    compared = 0
    for line in printed.splitlines():
        section = line if line in true else section
        row = re.fullmatch(r"  (\S+/\S+) +([\d.]+) +[\d.]+ +[\d.]+", line)
        if row:
            value = true[section][head.slider_names.index(row[1])]
            assert float(row[2]) == pytest.approx(value, abs=0.0051)
            compared += 1
    assert compared >= 3 * len(SAMPLES)


def test_the_samples_are_large_whole_faces():
    with FaceLandmarker() as landmarker:
        for path in SAMPLES:
            (face,) = landmarker.detect(read_photo(path).pixels)
            left, top, right, bottom = face.box
            assert bottom - top >= 200
            assert min(left, top, face.photo_width - right, face.photo_height - bottom) > 10
    assert sum(path.stat().st_size for path in shipped_samples().iterdir()) < 2_000_000


def test_without_matplotlib_the_demo_says_so_and_goes_on(tmp_path):
    code = (
        "import regression.datasets.samples as samples, scripts.main, sys;"
        "samples.installed_portrait = lambda: None;"
        f"sys.exit(scripts.main.main(['demo', '--out', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "matplotlib" in done.stderr
    assert (tmp_path / "heads" / f"{SAMPLES[0].stem}.mhm").is_file()


def test_a_folder_without_models_is_named(tmp_path):
    done = run("--out", tmp_path / "out", "--models", tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_wrong_usage():
    done = run("--out", __file__)
    assert done.returncode == 2
    assert "error: " in done.stderr
