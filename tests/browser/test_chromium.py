"""The browser of the tests itself: it draws WebGL, and what reaches outside is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.browser.chromium import PHONE, Visit, file_address


def test_what_reaches_outside_is_noticed(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="preconnect" href="https://early.invalid/">'
        '<script src="https://scripts.invalid/a.js"></script>'
        "<script>fetch('https://fetched.invalid/').catch(() => 0)</script>"
        "<script>new WebSocket('wss://sockets.invalid/')</script>"
    )
    opened = visit()
    opened.page.goto(file_address(page))

    assert opened.outside() == [
        "https://early.invalid/",
        "https://fetched.invalid/",
        "https://scripts.invalid/a.js",
        "wss://sockets.invalid/",
    ]


def test_a_quiet_page_asks_for_nothing(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p style='width: 500px'>Wide</p><canvas></canvas>")
    opened = visit(size=PHONE, dark=True)
    opened.page.goto(file_address(page))

    assert opened.outside() == []
    assert opened.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    drawn = opened.page.evaluate("document.querySelector('canvas').getContext('webgl') !== null")
    assert drawn


def test_a_page_wider_than_the_phone_is_noticed(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    opened = visit(size=PHONE)
    head = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    for width, beyond in ((800, True), (100, False)):
        page.write_text(f"{head}<p style='width: {width}px'>Text</p>")
        opened.page.goto(file_address(page))
        assert (opened.wider_than_screen() > 0) == beyond
