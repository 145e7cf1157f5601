"""A browser for the tests of pages; without Chromium or Playwright they are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import (
    Visit,
    find_chromium,
    open_browser,
    open_visit,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if find_chromium() is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with open_browser(playwright) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a blank page in a profile of its own: visit(size=PHONE, dark=True).page.goto(...)."""
    with ExitStack() as stack:
        yield lambda **wishes: open_visit(browser, stack, **wishes)
