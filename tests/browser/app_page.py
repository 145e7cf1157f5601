"""The page of `fpp app` as its user sees it: what to press, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Download

PATIENCE = 60_000
"""Milliseconds: the networks may still be loading."""

_HEADS = """() => {
  const place = document.querySelector('.fpp-plot');
  if (!place || place.hidden || !place._fullData) return null;
  return place._fullData.map((mesh) => [mesh.x, mesh.y, mesh.z].map((axis) => Array.from(axis)));
}"""
_DRAWN = f"() => JSON.stringify(({_HEADS})())"


class AppPage:
    """One user's page."""

    def __init__(self, visit: Visit, address: str) -> None:
        self.visit, self.page = visit, visit.page
        self.page.goto(address)
        self.page.locator("#fpp-drop input[type=file]").wait_for(state="attached", timeout=PATIENCE)

    def add(self, *photos: Path, seen: int | None = None) -> None:
        """Drops photos, and waits until `seen` entries stand in the list (one per photo)."""
        expected = self.entries() + (len(photos) if seen is None else seen)
        self.drop(*photos)
        self.wait_for_entries(expected)

    def drop(self, *photos: Path) -> None:
        """Drops photos, and waits for nothing."""
        self.page.locator("#fpp-drop input[type=file]").set_input_files(list(photos))

    def remove(self, name: str) -> None:
        """Takes a photo out of the list."""
        expected = self.entries() - 1
        self.page.get_by_role("button", name=f"Remove {name}", exact=True).click()
        self.wait_for_entries(expected)

    def entries(self) -> int:
        return self.page.locator(".fpp-thumb").count()

    def wait_for_entries(self, count: int) -> None:
        """Waits until so many photos and faces stand in the list, and no event is at work."""
        self.page.wait_for_function(
            f"document.querySelectorAll('.fpp-thumb').length === {count}", timeout=PATIENCE
        )
        self.settle()

    def settle(self) -> None:
        """Waits until nothing that was pressed is still at work."""
        self.page.wait_for_timeout(100)
        self.page.wait_for_function(
            "![...document.querySelectorAll('.wrap.generating, .wrap.pending, .wrap.full')]"
            ".some(each => each.offsetParent && !each.classList.contains('hide'))",
            timeout=PATIENCE,
        )

    def take_photo(self) -> None:
        """Takes a photo by the camera."""
        self.page.get_by_role("tab", name="Camera").click()
        camera = self.page.locator("#fpp-camera")
        camera.get_by_role("button").first.click()  # lets the page use the camera
        camera.locator("video").wait_for(timeout=PATIENCE)
        self.page.wait_for_function(
            "document.querySelector('#fpp-camera video').videoWidth > 0", timeout=PATIENCE
        )
        expected = self.entries() + 1
        camera.get_by_role("button", name="capture photo").click()
        self.wait_for_entries(expected)

    def text(self) -> str:
        """All that can be read on the page."""
        return self.page.locator("body").inner_text()

    def values(self) -> dict[str, float]:
        """The sliders' full names and the values that they stand at, in the page's order."""
        found = self.page.evaluate(
            "[...document.querySelectorAll('input[data-slider]')]"
            ".map(each => [each.dataset.slider, each.closest('.fpp-slider')"
            ".querySelector('output').textContent])"
        )
        return {name: float(value) for name, value in found}

    def move(self, slider: str, value: float) -> None:
        """Moves a slider by hand, and waits for the head; groups are opened."""
        self.page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
        control = self.page.locator(f'input[data-slider="{slider}"]')
        control.focus()
        before = self.drawn()
        control.fill(f"{value:.2f}")
        self.wait_for_other_heads(before)

    def choose(self, label: str) -> None:
        """Presses a radio button or a checkbox by its words."""
        self.page.get_by_label(label, exact=True).check()
        self.settle()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()
        self.settle()

    def heads(self) -> list[list[list[float]]] | None:
        """x, y and z of every head that is shown in 3D; None where there is none."""
        found: list[list[list[float]]] | None = self.page.evaluate(_HEADS)
        return found

    def wait_for_heads(self, count: int) -> list[list[list[float]]]:
        self.page.wait_for_function(f"(({_HEADS})() || []).length === {count}", timeout=PATIENCE)
        heads = self.heads()
        assert heads is not None
        return heads

    def drawn(self) -> str:
        """The heads as one text, to compare them by."""
        return str(self.page.evaluate(_DRAWN))

    def wait_for_other_heads(self, before: str) -> None:
        """Waits until heads are drawn that are not those of `before`."""
        self.page.wait_for_function(
            f"before => ![before, 'null'].includes(({_DRAWN})())", arg=before, timeout=PATIENCE
        )

    def camera(self) -> list[float]:
        """Where the first head is looked at from: x, y, z."""
        eye = self.page.evaluate(
            "document.querySelector('.fpp-plot')._fullLayout.scene._scene.getCamera().eye"
        )
        return [float(eye[axis]) for axis in "xyz"]

    def head_picture(self) -> bytes:
        """What the place of the head looks like, PNG."""
        return bytes(self.page.locator(".fpp-plot").screenshot())

    def download(self, kind: str, folder: Path) -> Path:
        """The file that the button for ".json", ".mhm", ".glb" or ".png" gives."""
        with self.page.expect_download(timeout=PATIENCE) as waiting:
            self.page.locator("#fpp-downloads").get_by_role("button", name=kind).click()
        got: Download = waiting.value
        path = folder / got.suggested_filename
        got.save_as(path)
        return path

    def unnamed(self) -> list[str]:
        """What can be pressed or filled in and has no name for those who cannot see it."""
        found: Sequence[Any] = self.page.evaluate(
            """() => [...document.querySelectorAll(
                'button, input:not([type=hidden]), select, textarea, img, [tabindex="0"]')]
              .filter((each) => each.checkVisibility({visibilityProperty: true}))
              .filter((each) => !(each.getAttribute('aria-label')
                || document.getElementById(each.getAttribute('aria-labelledby') || '')
                || (each.labels && each.labels.length) || each.textContent.trim()
                || each.hasAttribute('alt') || each.title))
              .map((each) => each.outerHTML.slice(0, 120))"""
        )
        return [str(each) for each in found]
