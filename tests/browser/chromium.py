"""Chromium, driven by Playwright, and a record of everything that a page asks for."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

LAPTOP = (1280, 800)
PHONE = (390, 844)

# No sandbox: containers have no user namespaces. SwiftShader draws WebGL without a graphics card.
_FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
# Whatever wants outside, Chromium's own updates too, goes to a port where nobody answers.
_NOBODY = "http://127.0.0.1:9"


def find_chromium() -> str | None:
    """The installed browser, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    return None


@contextmanager
def open_browser(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """A browser without a window; `flags` are added to its command line."""
    found = find_chromium()
    assert found is not None
    browser = playwright.chromium.launch(
        executable_path=found,
        args=[*_FLAGS, *flags],
        proxy={"server": _NOBODY, "bypass": "127.0.0.1,localhost"},
    )
    try:
        yield browser
    finally:
        browser.close()


@dataclass(frozen=True)
class Visit:
    """One page in a browser profile of its own, as one user has it.

    Attributes:
        page: Playwright's page.
        requests: the addresses that it asked for, also websockets; in order.
        errors: what scripts threw, and what the page wrote to the console as errors.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def outside(self) -> list[str]:
        """The addresses of other computers that the page asked for or prepared to ask for.

        Connections opened early (`<link rel="preconnect">`) stand in no log of requests, and
        profiles such as this one's do not open them; so the page's links are read too.
        """
        within = ("file:", "data:", "blob:", "about:", "chrome:")
        here = tuple(
            f"{scheme}://{host}{end}"
            for scheme in ("http", "https", "ws", "wss")
            for host in ("127.0.0.1", "localhost")
            for end in (":", "/")
        )
        links = self.page.evaluate(
            "[...document.querySelectorAll('link[href], [src], [srcset], object[data]')]"
            ".map(each => each.href || each.src || each.srcset || each.data)"
        )
        asked = [*self.requests, *(str(link) for link in links)]
        return sorted({address for address in asked if not address.startswith(within + here)})

    def wider_than_screen(self) -> int:
        """Pixels by which the page can be scrolled sideways; 0 where it fits."""
        return int(
            self.page.evaluate(
                "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
                " - document.documentElement.clientWidth"
            )
        )


def open_visit(
    browser: Browser,
    stack: ExitStack,
    size: tuple[int, int] = LAPTOP,
    dark: bool = False,
    camera: bool = False,
) -> Visit:
    """A blank page of a new profile; closed with `stack`.

    Args:
        browser: where.
        stack: closes the profile.
        size: the screen's width and height in pixels; PHONE also has touch.
        dark: whether the user prefers dark pages.
        camera: whether the user lets pages use the camera.
    """
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
        device_scale_factor=1,
        permissions=["camera"] if camera else [],
        accept_downloads=True,
    )
    stack.callback(context.close)
    page = context.new_page()
    visit = Visit(page)
    context.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda opened: visit.requests.append(opened.url))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on(
        "console",
        lambda message: visit.errors.append(message.text) if message.type == "error" else None,
    )
    return visit


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def file_address(path: Path) -> str:
    """The address that opens a file from disk."""
    return path.resolve().as_uri()
