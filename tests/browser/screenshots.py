"""Makes docs/app.png and docs/report.png from rendered heads: python -m tests.browser.screenshots

Needs MakeHuman's data, for the head; FPP_RIG or ../shared names it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.app_page import AppPage
from tests.browser.chromium import LAPTOP, PHONE, file_address, open_browser, open_visit
from tests.browser.running_app import MAKEHUMAN, ROOT, running_app

SAMPLES = ROOT / "data" / "samples"

# Milliseconds for what moves to come to rest.
_REST = 1500


def picture_app(browser: Browser, folder: Path, path: Path, size: tuple[int, int]) -> None:
    """The page with three heads dropped on it."""
    with running_app(folder, "--rendered") as app, ExitStack() as stack:
        page = AppPage(open_visit(browser, stack, size), app.address)
        page.add(SAMPLES / "head_3.png", SAMPLES / "head_5.png", SAMPLES / "head_1.png")
        page.wait_for_heads(1)
        page.page.wait_for_timeout(_REST)
        page.page.screenshot(path=path)


def picture_report(browser: Browser, folder: Path, path: Path, size: tuple[int, int]) -> None:
    """The report of all sample heads, from its beginning."""
    command = [sys.executable, "-m", "scripts.main", "predict", SAMPLES, "--rendered", "--report"]
    subprocess.run([*map(str, command), "--out", str(folder)], cwd=ROOT, check=True)
    with ExitStack() as stack:
        visit = open_visit(browser, stack, size)
        visit.page.goto(file_address(folder / "report.html"))
        visit.page.locator("canvas").first.wait_for()
        visit.page.wait_for_timeout(_REST)
        visit.page.screenshot(path=path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="FOLDER")
    parser.add_argument("--phone", action="store_true", help="as on a phone; to look at only")
    arguments = parser.parse_args()
    if MAKEHUMAN.is_dir():
        os.environ.setdefault("FPP_RIG", str(MAKEHUMAN.resolve()))
    size = PHONE if arguments.phone else LAPTOP
    arguments.out.mkdir(parents=True, exist_ok=True)
    with (
        sync_playwright() as playwright,
        open_browser(playwright) as browser,
        tempfile.TemporaryDirectory() as made,
    ):
        picture_report(browser, Path(made) / "report", arguments.out / "report.png", size)
        picture_app(browser, Path(made) / "app", arguments.out / "app.png", size)


if __name__ == "__main__":
    main()
