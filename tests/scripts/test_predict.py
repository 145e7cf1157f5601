"""`fpp predict` as a user meets it, on rendered heads."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest
from PIL import Image, ImageOps

from regression.datasets.samples import shipped_samples
from regression.prediction.grouping import GROUPS, PERSON_DISTANCE
from scripts import predict
from tests.runs.run_photos import make_photos
from vision.photos import find_photos

ROOT = Path(__file__).parents[2]
HEADS = find_photos([shipped_samples()])[:3]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.main", "predict", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three heads, each in a folder with a smaller, turned and mirrored copy of its picture."""
    folder = tmp_path_factory.mktemp("photos")
    for head in HEADS:
        (folder / head.stem).mkdir()
        with Image.open(head) as image:
            picture = image.convert("RGB")
        picture.save(folder / head.stem / "one.png")
        smaller = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3))
        ImageOps.mirror(smaller.rotate(5)).save(folder / head.stem / "two.png")
    return folder


@pytest.mark.parametrize("group", ["folder", "person"])
def test_each_head_is_found_to_be_one_person(photos: Path, tmp_path: Path, group: str) -> None:
    # Rendered heads have one skin, and are nearer to each other than people are.
    options = ("--model", "landmarks", "--rendered", "--person-distance", "0.22", "--no-overlay")
    done = run(photos, "--out", tmp_path, "--group", group, "--export", "mhm,json", *options)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Faces predicted: 6\. People: 3\. ", done.stdout)
    names = [head.stem for head in HEADS] if group == "folder" else ["001", "002", "003"]
    assert sorted(path.name for path in tmp_path.glob("person_*")) == sorted(
        f"person_{name}.{kind}" for name in names for kind in ("json", "mhm")
    )
    by_face = pandas.read_csv(tmp_path / "predictions.csv").set_index("photo")
    people = pandas.read_csv(tmp_path / "people.csv")
    assert people["photo_count"].tolist() == [2, 2, 2]
    for head, (_, person) in zip(HEADS, people.iterrows(), strict=True):
        own = [str(photos / head.stem / name) for name in ("one.png", "two.png")]
        assert person["photos"].split(";") == own
        assert set(by_face.loc[own, "person"]) == {person["person"]}
        (file,) = tmp_path.glob(f"*{person['person']}.json")
        content = json.loads(file.read_text(encoding="utf-8"))
        assert content["person"] == person["person"]
        for name, row in content["sliders"].items():
            assert row["unit"] == pytest.approx(by_face.loc[own, name].mean(), abs=2e-6)
            assert row["low"] <= row["unit"] <= row["high"]


def test_a_distance_of_nothing_is_wrong_usage() -> None:
    done = run("a.jpg", "--group", "person", "--person-distance", "0")
    assert done.returncode == 2
    assert "--person-distance" in done.stderr


def test_the_choices_are_those_of_the_library() -> None:
    assert predict.GROUPS == GROUPS
    assert predict.PERSON_DISTANCE == PERSON_DISTANCE


def test_the_report_is_one_file_with_every_face_and_failure(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "no photo.jpg").write_text("text")
    options = ("--model", "landmarks", "--rendered", "--no-overlay", "--report")
    done = run(photos, tmp_path / "no photo.jpg", "--out", tmp_path / "out", *options)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"predictions.csv", "predictions.parquet", "failures.csv", "report.html"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="face"') == 6
    assert page.count('class="failure"') == 1
    first = json.loads(re.search(r'class="face">(.*?)</script>', page)[1])
    (row, *_) = pandas.read_csv(tmp_path / "out" / "predictions.csv").to_dict("records")
    assert first["photo"] == row["photo"]
    assert [route["model"] for route in first["routes"]] == ["landmarks", "encoding", "fused"]
    sliders = json.loads(re.search(r'class="shared">(.*?)</script>', page)[1])["sliders"]
    values = [row[slider["name"]] for slider in sliders]
    assert first["routes"][0]["values"] == pytest.approx(values, abs=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        ("--processes", "0"),
        ("--watch", "0"),
        ("--report", "--watch"),
        ("--report", "--processes", "2"),
        ("--group", "person", "--processes", "2"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(options: tuple[str, ...]) -> None:
    done = run("a.jpg", *options)
    assert done.returncode == 2
    assert "--processes" in done.stderr or "--watch" in done.stderr


def test_a_run_goes_on_and_says_so(photos: Path, tmp_path: Path) -> None:
    options = ("--model", "landmarks", "--rendered", "--quick", "--out", tmp_path / "out")
    assert "Photos: 2. " in run(photos / HEADS[0].stem, *options).stdout
    done = run(photos, tmp_path / "none.jpg", *options)
    assert done.returncode == 0, done.stderr
    assert "Photos: 7 (2 done before). Faces predicted: 6. Failures: 1. " in done.stdout
    assert "none.jpg: no such file" in done.stderr
    assert run(photos, *options).stdout.startswith("Photos: 6 (6 done before). ")
    (tmp_path / "failing").mkdir()
    assert run(tmp_path / "none.jpg", "--out", tmp_path / "failing").returncode == 1


def hear_ctrl_c() -> None:
    """Tests that run in the background ignore it, and so would the processes they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_watching_goes_on_until_it_is_interrupted(photos: Path, tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    command = [sys.executable, "-m", "scripts.main", "predict", str(inbox), "--out", str(out)]
    options = ("--model", "landmarks", "--rendered", "--quick", "--watch", "0.1")
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=hear_ctrl_c,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Photos: 0. ")
        assert process.stdout.readline().startswith("Watching for new photos")
        shutil.copyfile(photos / HEADS[0].stem / "one.png", inbox / "one.png")
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate()
    assert line == "Photos: 1. Faces predicted: 1. Failures: 0; 1 photos in all.\n", complaints
    assert process.returncode == 0, complaints
    assert pandas.read_csv(out / "predictions.csv")["photo"].tolist() == [str(inbox / "one.png")]


def test_ctrl_c_keeps_what_was_done(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 300)
    command = [sys.executable, "-m", "scripts.main", "predict", str(tmp_path / "photos")]
    options = ("--model", "landmarks", "--rendered", "--quick", "--processes", "2")
    with subprocess.Popen(
        [*command, *options, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=hear_ctrl_c,
    ) as process:
        while not list((tmp_path / "out" / "parts").glob("*.parquet")):
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, complaints = process.communicate()
    assert process.returncode == 130, complaints
    said = complaints.strip().splitlines()[-1]
    assert re.fullmatch(r"Stopped after \d+ of 300 photos; .* The same command goes on\.", said)
    assert "Traceback" not in complaints
    assert 0 < len(pandas.read_csv(tmp_path / "out" / "predictions.csv")) < 300
