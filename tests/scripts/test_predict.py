"""`fpp predict --group` as a user meets it, on rendered heads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
from PIL import Image, ImageOps

from regression.datasets.samples import shipped_samples
from regression.prediction.grouping import GROUPS, PERSON_DISTANCE
from scripts import predict
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
