"""A report as people open it: from disk, in Chromium."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exports.report.report_page import ReportWriter
from exports.shown_head import ShownHead, shown_head
from exports.tables import write_predictions
from regression.models.average_face import average_values
from regression.models.model_files import load_model
from regression.prediction.prediction import Failure, Prediction
from regression.prediction.predictor import Predictor
from rig.camera import Camera
from rig.landmark_head import LandmarkHead
from tests.browser.chromium import PHONE, Visit, file_address
from tests.conftest import installed_portrait
from tests.exports.report.made_faces import landmark_head, made_face, made_photo, shown_face
from vision.photos import read_photo

ROOT = Path(__file__).parents[2]
MAKEHUMAN = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"
MANY = 500
Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def head() -> LandmarkHead:
    return landmark_head()


@pytest.fixture(scope="module")
def whole_head(head: LandmarkHead) -> ShownHead:
    """MakeHuman's, where it is there."""
    if MAKEHUMAN.is_dir():
        return shown_head(ROOT / "models", MAKEHUMAN, head)
    return shown_face(head)


@pytest.fixture(scope="module")
def predicted(whole_head: ShownHead, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with report.html and predictions.csv of a real portrait, and a failure."""
    folder = tmp_path_factory.mktemp("report")
    predictor = Predictor(also=("encoding", "landmarks"))
    average = average_values(predictor.folder, load_model(predictor.folder, "fused"))
    path, wall = installed_portrait(), folder / "wall.png"
    Image.fromarray(made_photo()).save(wall)
    results = list(predictor.predict([path, wall]))
    faces = [one for one in results if isinstance(one, Prediction)]
    failures = [one for one in results if isinstance(one, Failure)]
    photo = read_photo(path)
    with ReportWriter(folder / "report.html", predictor.sliders, whole_head, average) as report:
        report.add(path, photo.pixels, photo.scale, faces)
        report.add(wall, None, 1.0, (), failures)
    write_predictions(folder, faces, failures)
    return folder


@pytest.fixture(scope="module")
def many(
    head: LandmarkHead, whole_head: ShownHead, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A report of many faces."""
    path = tmp_path_factory.mktemp("many") / "report.html"
    photos = [made_photo(seed, 750, 600) for seed in range(5)]
    with ReportWriter(path, head.sliders, whole_head, np.full(len(head.sliders), 0.5)) as report:
        for seed in range(MANY):
            face = made_face(head, seed)
            report.add(face.photo, photos[seed % 5], 400 / 600, [face])
    return path


def opened(visit: Visit, path: Path) -> Visit:
    visit.page.goto(file_address(path))
    visit.page.wait_for_selector(".card, .empty")
    return visit


def drawn_head(visit: Visit) -> np.ndarray:
    """What is seen of the first head, (height, width, 3), once it stands still."""
    view = visit.page.locator(".view.head").first
    view.scroll_into_view_if_needed()
    view.locator("canvas").first.wait_for()
    pictures = [np.zeros(0)]
    for _ in range(40):
        shot = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
        pictures.append(np.asarray(shot, np.float32))
        alike = np.array_equal(pictures[-1], pictures[-2])
        if alike and _skin(pictures[-1]).mean() > 0.1:
            break
        visit.page.wait_for_timeout(150)
    return pictures[-1]


def _skin(picture: np.ndarray) -> np.ndarray:
    """Where red is clearly more than blue: nowhere on the page but on heads."""
    return picture[..., 0] - picture[..., 2] > 20


def test_nothing_is_fetched_and_nothing_goes_wrong(visit: Open, predicted: Path) -> None:
    seen = opened(visit(), predicted / "report.html")
    drawn_head(seen)
    assert all(one.startswith(("file:", "data:", "blob:")) for one in seen.requests)
    assert seen.outside() == []
    assert seen.errors == []
    tried = "fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')"
    assert seen.page.evaluate(tried) == "refused"
    assert any("Content Security Policy" in error for error in seen.errors)


def test_the_values_are_those_of_the_table(visit: Open, predicted: Path) -> None:
    with (predicted / "predictions.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    seen = opened(visit(), predicted / "report.html")
    seen.page.get_by_role("button", name="Show all").click()
    lines = seen.page.locator(".sliders [data-slider]").evaluate_all(
        "rows => rows.map(row => [row.dataset.slider, ...['.value', '.range'].map("
        "part => row.querySelector(part).textContent)])"
    )
    assert len(lines) > 20
    told = seen.page.evaluate("toldSliders(faces[0].main).map(one => shared.sliders[one].name)")
    assert sorted(name for name, _, _ in lines) == sorted(told)
    for name, value, ends in lines:
        assert float(value) == pytest.approx(float(row[name]), abs=0.00501)
        low, high = ends.removeprefix(", between ").split(", average")[0].split(" –  and ")
        assert float(low) == pytest.approx(float(row[f"{name} [low]"]), abs=0.0051)
        assert float(high) == pytest.approx(float(row[f"{name} [high]"]), abs=0.0051)
    average = seen.page.evaluate("shared.average")
    names = seen.page.evaluate("shared.sliders.map(one => one.name)")
    middle = dict(zip(names, average, strict=True))
    apart = [abs(float(row[name]) - middle[name]) for name, _, _ in lines]
    assert all(one >= other - 1e-5 for one, other in pairwise(apart))


def test_the_routes_are_compared(visit: Open, predicted: Path) -> None:
    seen = opened(visit(), predicted / "report.html")
    seen.page.locator("details.routes summary").click()
    first = seen.page.locator("details.routes .range").first.text_content()
    assert first is not None
    values = [float(part.split()[1]) for part in first.split(", ")]
    assert [part.split()[0] for part in first.split(", ")] == ["fused", "encoding", "landmarks"]
    assert max(values) - min(values) > 0
    assert seen.page.locator("details.routes li").first.locator(".mark").count() == 3


def test_the_failure_is_listed(visit: Open, predicted: Path) -> None:
    seen = opened(visit(), predicted / "report.html")
    seen.page.get_by_role("link", name="1 photo without a prediction").click()
    words = seen.page.locator("#failures li").inner_text()
    assert words.startswith("wall.png")
    assert "No face was found" in words


def test_the_head_is_drawn_and_can_be_turned(visit: Open, predicted: Path) -> None:
    seen = opened(visit(), predicted / "report.html")
    posed = drawn_head(seen)
    assert 0.15 < _skin(posed).mean() < 0.9
    assert len(np.unique(posed.reshape(-1, 3), axis=0)) > 200  # shaded, not flat

    seen.page.locator(".view.head").first.focus()
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_timeout(300)
    assert np.abs(drawn_head(seen) - posed).mean() > 2
    seen.page.get_by_role("button", name="Face front").first.click()
    seen.page.wait_for_timeout(300)
    front = drawn_head(seen)
    assert np.abs(front - posed).mean() > 0.5
    seen.page.get_by_role("button", name="As in the photo").first.click()
    seen.page.wait_for_timeout(300)
    assert np.abs(drawn_head(seen) - posed).mean() < 0.5


def test_heads_have_the_shape_and_the_pose_of_the_rig(
    visit: Open, predicted: Path, whole_head: ShownHead, head: LandmarkHead
) -> None:
    seen = opened(visit(), predicted / "report.html")
    face: dict[str, Any] = seen.page.evaluate(
        "({...faces[0], shape: [...headShape(faces[0].main.values)]})"
    )
    amounts = dict.fromkeys(whole_head.rig.slider_names, 0.0)
    for slider, value in zip(head.sliders, face["main"]["values"], strict=True):
        amounts[slider.name] = float(slider.from_unit(value))
    expected = whole_head.rig.vertices(list(amounts.values())) - whole_head.framing.centre
    shape = np.reshape(face["shape"], (-1, 3))
    assert np.linalg.norm(shape - expected, axis=1).max() < 5e-4  # 0.05 mm

    pose = {"yaw": 25.0, "pitch": -15.0, "roll": 10.0}
    turned = seen.page.evaluate(
        "pose => { const {x, y, z} = turned(headShape(faces[0].main.values), pose);"
        " return [[...x], [...y], [...z]]; }",
        pose,
    )
    right, away, up = np.array(turned)
    in_camera = np.stack([right, up, -away], axis=1)
    assert np.abs(in_camera - shape @ Camera(**pose).rotation.T).max() < 1e-4


def test_landmarks_can_be_switched_off(visit: Open, predicted: Path) -> None:
    seen = opened(visit(), predicted / "report.html")
    lines = seen.page.locator(".view svg path").first
    assert lines.is_visible()
    seen.page.get_by_label("Landmarks on photos").uncheck()
    assert not lines.is_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone_in_light_and_dark(visit: Open, predicted: Path, dark: bool) -> None:
    seen = opened(visit(size=PHONE, dark=dark), predicted / "report.html")
    seen.page.locator("details.routes summary").click()
    drawn_head(seen)
    assert seen.wider_than_screen() == 0
    colours = seen.page.evaluate(
        "['backgroundColor', 'color'].map(part => getComputedStyle(document.body)[part])"
    )
    ground, text = (
        np.mean([int(part) for part in colour.strip("rgb()").split(",")]) for colour in colours
    )
    assert (ground < text) == dark
    assert abs(ground - text) > 150


def test_names_of_photos_do_nothing(visit: Open, head: LandmarkHead, tmp_path: Path) -> None:
    names = [
        "</script><script>window.entered = 1</script>.jpg",
        "<img src=x onerror='window.entered = 1'>.jpg",
        "\"><svg onload='window.entered = 1'>.jpg",
    ]
    path = tmp_path / "report.html"
    with ReportWriter(path, head.sliders, shown_face(head), np.full(len(head.sliders), 0.5)) as one:
        for name in names:
            one.add(Path(name), made_photo(), 1.0, [made_face(head, photo=Path(name))])
            one.add(Path(name), None, 1.0, (), [Failure(Path(name), f"{name} is none.")])
    seen = opened(visit(), path)
    assert seen.page.evaluate("window.entered") is None
    assert seen.errors == []
    titles = seen.page.locator(".card h2").all_inner_texts()
    assert titles == [name.split("/")[-1] for name in names]
    shown = seen.page.locator("#failures li").all_inner_texts()
    assert all(name in text for name, text in zip(names, shown, strict=True))
    # The face mesh, which stands in for the head, is explained.
    assert "face mesh" in seen.page.locator("#note").inner_text()


def test_a_report_without_faces_says_so(visit: Open, head: LandmarkHead, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with ReportWriter(path, head.sliders, shown_face(head), np.full(len(head.sliders), 0.5)) as one:
        one.add(Path("wall.jpg"), None, 1.0, (), [Failure(Path("wall.jpg"), "No face.")])
    seen = opened(visit(), path)
    assert "No face was found" in seen.page.locator(".empty").inner_text()
    assert seen.errors == []


def test_many_photos_stay_usable(visit: Open, many: Path) -> None:
    megabytes = many.stat().st_size / 1e6
    seen = visit()
    words: list[str] = []
    seen.page.on("console", lambda message: words.append(message.text))
    begin = time.perf_counter()
    opened(seen, many)
    seconds = time.perf_counter() - begin
    print(f"\n{MANY} photos, {megabytes:.0f} MB: the first page after {seconds:.1f} s")
    assert megabytes < 60

    assert seen.page.locator(".card").count() <= 20
    canvases = 0
    for _ in range(2):
        for card in seen.page.locator(".card").all():
            card.scroll_into_view_if_needed()
            card.locator("canvas").first.wait_for()
            canvases = max(canvases, seen.page.locator(".plot").count())
        seen.page.get_by_role("button", name="Next").first.click()
    # Browsers take contexts away from 17 on; what is out of sight gives its own back.
    assert canvases <= 8
    assert not [text for text in words if "WebGL" in text]
    assert seen.errors == []

    assert "Page 3 of" in seen.page.locator(".pages").first.inner_text()
    seen.page.get_by_label("Find a photo").fill("photos/123")
    assert seen.page.locator(".card h2").all_inner_texts() == ["123.jpg"]
    seen.page.get_by_label("Find a photo").fill("nobody")
    assert "nobody" in seen.page.locator(".empty").inner_text()
    seen.page.get_by_label("Find a photo").fill("")
    seen.page.get_by_label("Order").select_option("disagree")
    spreads = seen.page.evaluate("chosen.map(face => scores.disagree(face))")
    assert len(spreads) == MANY
    assert all(one >= other for one, other in pairwise(spreads))
    given = seen.page.evaluate("faces.map(face => scores.disagree(face))")
    assert spreads != given
    first = seen.page.locator(".card h2").first.inner_text()
    assert first == f"{int(np.argmax(given)):03d}.jpg"


def test_order_by_warnings(visit: Open, many: Path) -> None:
    seen = opened(visit(), many)
    seen.page.get_by_label("Order").select_option("warned")
    cards = seen.page.locator(".card")
    assert cards.count() == seen.page.locator(".card .warnings").count()
    assert "blurred" in seen.page.locator(".warnings li").first.inner_text()
