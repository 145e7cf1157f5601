"""`fpp app` as its users meet it: a real server, a real browser, real faces."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas
import pytest
from PIL import Image

from app.page_values import ROUTE_NAMES
from app.visit import MOST_PHOTOS
from exports.tables import FACE_COLUMNS
from regression.models.model_files import shipped_models
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.mhm import read_mhm
from tests.browser.app_page import AppPage
from tests.browser.camera_video import camera_flags, write_camera_video
from tests.browser.chromium import PHONE, Visit, open_browser, open_visit
from tests.browser.running_app import ROOT, RunningApp, running_app
from tests.conftest import SAMPLES
from tests.exports.read_glb import open_glb, weights_of

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

# Half of the last digit that the page shows.
SHOWN = 0.0051


@pytest.fixture(scope="module")
def app(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One server for all tests; Ctrl-C ends it, and nothing of it is left."""
    with running_app(tmp_path_factory.mktemp("app") / "served") as running:
        yield running
    assert running.process.returncode == 130
    assert list(running.temporary.iterdir()) == []
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def opened(visit: Callable[..., Visit], app: RunningApp) -> Iterator[Callable[..., AppPage]]:
    """Opens the page; at the end no page has erred or reached outside, and neither has the app."""
    visits: list[Visit] = []

    def open_page(**wishes: object) -> AppPage:
        visits.append(visit(**wishes))
        return AppPage(visits[-1], app.address)

    yield open_page
    for seen in visits:
        assert seen.outside() == []
        assert seen.errors == []
    assert app.outside() == []
    assert "Traceback" not in app.log.read_text()


@pytest.fixture(scope="module")
def head() -> LandmarkHead:
    return load_landmark_head(shipped_models() / "head.npz")


def predict(folder: Path, *arguments: object) -> pandas.DataFrame:
    """What `fpp predict` says: a row per face, or per person with --group."""
    command = [sys.executable, "-m", "scripts.main", "predict", "--no-overlay", "--out", folder]
    subprocess.run(
        [*map(str, command), *map(str, arguments)], cwd=ROOT, check=True, capture_output=True
    )
    table = folder / "people.csv"
    return pandas.read_csv(table if table.exists() else folder / "predictions.csv")


def sliders_of(row: pandas.Series) -> dict[str, float]:
    names = [
        name
        for name in row.index
        if "/" in name and not name.endswith(("[low]", "[high]")) and name not in FACE_COLUMNS
    ]
    return {name: float(row[name]) for name in names}


@pytest.fixture(scope="module")
def predicted(portrait_path: Path, tmp_path_factory: pytest.TempPathFactory) -> pandas.Series:
    return predict(tmp_path_factory.mktemp("predicted"), portrait_path).iloc[0]


def assert_shown(page: AppPage, row: pandas.Series) -> None:
    """The page's sliders come to stand where the table says; a busy computer takes its time."""
    expected = sliders_of(row)
    end = time.monotonic() + 20
    while (shown := page.values()) != pytest.approx(expected, abs=SHOWN):
        if time.monotonic() > end:
            break
        time.sleep(0.2)
    assert set(shown) == set(expected)
    assert shown == pytest.approx(expected, abs=SHOWN)


def colours(picture: bytes) -> int:
    with Image.open(io.BytesIO(picture)) as opened:
        return len(np.unique(np.asarray(opened.convert("RGB")).reshape(-1, 3), axis=0))


def test_a_portrait_becomes_a_head_with_the_values_of_predict(
    opened: Callable[..., AppPage], portrait_path: Path, predicted: pandas.Series
) -> None:
    page = opened()
    assert page.heads() is None
    assert page.values() == {}
    page.add(portrait_path)

    (head,) = page.wait_for_heads(1)
    assert len(head[0]) > 400
    assert colours(page.head_picture()) > 500
    assert_shown(page, predicted)
    assert portrait_path.name in page.text()


def test_other_routes_have_the_values_of_predict(
    opened: Callable[..., AppPage], portrait_path: Path, tmp_path: Path
) -> None:
    page = opened()
    page.add(portrait_path)
    for route in ("landmarks", "encoding"):
        page.choose(ROUTE_NAMES[route])
        assert_shown(page, predict(tmp_path / route, portrait_path, "--model", route).iloc[0])


def test_a_photo_is_taken_by_the_camera(
    playwright: Playwright,
    app: RunningApp,
    portrait_path: Path,
    predicted: pandas.Series,
    tmp_path: Path,
) -> None:
    video = write_camera_video(portrait_path, tmp_path / "camera.mjpeg")
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser(playwright, *camera_flags(video)))
        page = AppPage(open_visit(browser, stack, camera=True), app.address)
        page.take_photo()

        page.wait_for_heads(1)
        shown, expected = page.values(), sliders_of(predicted)
        assert page.visit.outside() == []
        assert page.visit.errors == []
    assert set(shown) == set(expected)
    # The camera's picture is smaller, compressed and framed otherwise.
    assert np.mean([abs(shown[name] - expected[name]) for name in expected]) < 0.02


def test_routes_are_compared(opened: Callable[..., AppPage], portrait_path: Path) -> None:
    page = opened()
    page.add(portrait_path)
    (fused,) = page.wait_for_heads(1)
    page.choose("Compare")

    heads = page.wait_for_heads(3)
    assert len({json.dumps(head) for head in heads}) == 3
    assert fused in heads
    assert "differ most" in page.text()


def test_sliders_are_moved_by_hand_and_taken_back(
    opened: Callable[..., AppPage], portrait_path: Path, predicted: pandas.Series
) -> None:
    page = opened()
    page.add(portrait_path)
    (before,) = page.wait_for_heads(1)
    name = next(iter(page.values()))
    page.move(name, 0.9)

    (moved,) = page.wait_for_heads(1)
    assert moved != before
    assert page.values()[name] == 0.9
    page.press("Reset all sliders")
    assert page.wait_for_heads(1) == [before]
    assert_shown(page, predicted)


def test_downloads_open_again(
    opened: Callable[..., AppPage],
    portrait_path: Path,
    predicted: pandas.Series,
    head: LandmarkHead,
    tmp_path: Path,
) -> None:
    page = opened()
    page.add(portrait_path)
    expected = sliders_of(predicted)

    written = json.loads(page.download(".json", tmp_path).read_text())
    assert {name: entry["unit"] for name, entry in written["sliders"].items()} == pytest.approx(
        expected, abs=1e-5
    )
    wanted = [
        slider.minimum + (slider.maximum - slider.minimum) * expected[slider.name]
        for slider in head.sliders
    ]
    character = page.download(".mhm", tmp_path)
    np.testing.assert_allclose(read_mhm(character, head.sliders), wanted, atol=1e-5)
    weights = weights_of(open_glb(page.download(".glb", tmp_path)))
    assert {name: weights[name] for name in written["morph_targets"]} == pytest.approx(
        written["morph_targets"], abs=1e-5
    )
    picture = page.download(".png", tmp_path)
    assert colours(picture.read_bytes()) > 500
    assert {path.stem for path in tmp_path.iterdir()} == {portrait_path.stem}


def test_downloads_hold_what_was_set_by_hand(
    opened: Callable[..., AppPage], portrait_path: Path, tmp_path: Path
) -> None:
    page = opened()
    page.add(portrait_path)
    page.wait_for_heads(1)
    name = next(iter(page.values()))
    page.move(name, 0.91)

    written = json.loads(page.download(".json", tmp_path).read_text())
    assert written["sliders"][name]["unit"] == pytest.approx(0.91)
    assert written["edited"] == [name]


def test_photos_of_one_person_are_combined_as_predict_does(
    opened: Callable[..., AppPage], tmp_path: Path
) -> None:
    photos = [SAMPLES / "head_1.png", SAMPLES / "head_2.png"]
    page = opened()
    page.add(*photos)
    page.choose("These photos show one person: combine them")

    person = tmp_path / "person"
    person.mkdir()
    for photo in photos:
        (person / photo.name).write_bytes(photo.read_bytes())
    assert_shown(page, predict(tmp_path / "out", person, "--group", "folder").iloc[0])


def test_a_text_with_the_name_of_a_photo_is_refused_kindly(
    opened: Callable[..., AppPage], portrait_path: Path, tmp_path: Path
) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("Dear all, this is no photo.\n" * 100)
    page = opened()
    page.add(text)

    said = page.text()
    assert "letter.jpg" in said
    assert "was expected" in said or "expected" in said
    assert "Traceback" not in said
    assert str(tmp_path) not in said
    assert page.heads() is None
    page.add(portrait_path)
    page.wait_for_heads(1)


def test_a_photo_is_taken_away(
    opened: Callable[..., AppPage], portrait_path: Path, predicted: pandas.Series
) -> None:
    page = opened()
    page.add(SAMPLES / "head_3.png", portrait_path)
    page.remove("head_3.png")
    assert "head_3.png" not in page.text()
    assert_shown(page, predicted)

    page.remove(portrait_path.name)
    assert page.heads() is None
    assert page.values() == {}


def test_more_photos_than_allowed_are_left_out_with_a_word(
    opened: Callable[..., AppPage], tmp_path: Path
) -> None:
    texts = [tmp_path / f"letter {number}.jpg" for number in range(MOST_PHOTOS + 2)]
    for text in texts:
        text.write_text("Dear all")
    page = opened()
    page.add(*texts, seen=MOST_PHOTOS)
    assert "2 of these were left out" in " ".join(page.text().split())


def test_a_photo_without_a_face_says_so(opened: Callable[..., AppPage], tmp_path: Path) -> None:
    empty = tmp_path / "wall.png"
    Image.new("RGB", (400, 300), (180, 170, 160)).save(empty)
    page = opened()
    page.add(empty)

    assert "No face was found" in page.text()
    assert page.heads() is None


def test_two_users_do_not_see_each_others_photos(
    opened: Callable[..., AppPage], portrait_path: Path, predicted: pandas.Series
) -> None:
    first, second = opened(), opened()
    first.add(portrait_path)
    second.add(SAMPLES / "head_3.png")

    for mine, other, page in (
        (portrait_path.name, "head_3.png", first),
        ("head_3.png", portrait_path.name, second),
    ):
        page.wait_for_heads(1)
        assert mine in page.text()
        assert other not in page.text()
    assert first.heads() != second.heads()
    first.choose(ROUTE_NAMES["landmarks"])
    first.choose(ROUTE_NAMES["fused"])
    assert_shown(first, predicted)


def test_nothing_of_a_photo_is_left_on_the_disk(
    opened: Callable[..., AppPage], app: RunningApp, portrait_path: Path
) -> None:
    page = opened()
    page.add(portrait_path)
    page.wait_for_heads(1)

    assert list(app.temporary.glob("fpp-app-*")) != []
    # Gradio leaves an empty file for each upload, until the program ends.
    files = [path for path in app.temporary.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_size > 0] == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_phone(
    opened: Callable[..., AppPage], portrait_path: Path, dark: bool
) -> None:
    page = opened(size=PHONE, dark=dark)
    assert page.visit.wider_than_screen() == 0
    page.add(portrait_path)
    page.wait_for_heads(1)
    assert page.visit.wider_than_screen() == 0
    page.choose("Compare")
    page.wait_for_heads(3)
    assert page.visit.wider_than_screen() == 0

    background, text = page.page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert (_lightness(background) < _lightness(text)) == dark


def test_all_that_can_be_pressed_has_a_name(
    opened: Callable[..., AppPage], portrait_path: Path
) -> None:
    page = opened()
    assert page.unnamed() == []
    page.add(portrait_path)
    page.wait_for_heads(1)
    assert page.unnamed() == []
    assert page.page.title() != ""
    assert page.page.locator("html").get_attribute("lang") == "en"
    assert page.page.locator("h1").count() == 1


def test_the_head_turns_by_keys_and_stays_turned(
    opened: Callable[..., AppPage], portrait_path: Path
) -> None:
    page = opened()
    page.add(portrait_path)
    page.wait_for_heads(1)
    before = page.camera()
    page.page.locator(".fpp-plot").focus()
    for _ in range(4):
        page.page.keyboard.press("ArrowRight")
    page.settle()
    turned = page.camera()
    assert turned != before

    page.move(next(iter(page.values())), 0.9)
    assert page.camera() == pytest.approx(turned)


def _lightness(colour: str) -> float:
    return sum(float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
