"""Prints how fast `fpp app` is, as a user waits for it: python -m tests.browser.app_timing

Chromium runs on the same computer, and draws without its graphics card.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.app_page import AppPage
from tests.browser.chromium import open_browser, open_visit
from tests.browser.running_app import running_app
from tests.conftest import installed_portrait

_TIMES = 5


def several_photos(folder: Path) -> list[Path]:
    """The installed portrait, each time somewhat smaller."""
    paths = []
    with Image.open(installed_portrait()) as portrait:
        for number in range(_TIMES + 1):
            side = 1 - number / 50
            size = round(portrait.width * side), round(portrait.height * side)
            paths.append(folder / f"portrait {number + 1}.jpg")
            portrait.resize(size).save(paths[-1], quality=95)
    return paths


def seconds(action: Callable[[], object]) -> float:
    """How long something took."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def rows(folder: Path) -> list[tuple[str, float]]:
    """What was waited for, and for how many seconds (the median where it is done again)."""
    first, *others = several_photos(folder)
    with (
        sync_playwright() as playwright,
        open_browser(playwright) as browser,
        ExitStack() as stack,
        running_app(folder / "app") as app,
    ):
        page = AppPage(open_visit(browser, stack), app.address)
        found = [("from `fpp app` to the page", time.monotonic() - app.started)]
        page.drop(first)
        page.wait_for_heads(1)
        found.append(("from `fpp app` to the first head", time.monotonic() - app.started))
        page.settle()

        def another(photo: Path) -> None:
            before = page.drawn()
            page.drop(photo)
            page.wait_for_other_heads(before)

        found.append(
            ("the next photo's head", median(seconds(partial(another, photo)) for photo in others))
        )
        name = next(iter(page.values()))
        moves = [seconds(partial(page.move, name, value)) for value in (0.1, 0.9, 0.2, 0.8, 0.3)]
        found.append(("a slider is moved", median(moves)))
        for kind in (".mhm", ".json", ".glb", ".png"):
            download = partial(page.download, kind, folder)
            once, again = seconds(download), seconds(download)
            found += [(f"download {kind}, first", once), (f"download {kind}, again", again)]
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder))
    print("| what | seconds |\n| --- | --- |")
    for what, took in found:
        print(f"| {what} | {took:.1f} |")


if __name__ == "__main__":
    main()
