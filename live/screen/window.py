"""The window: shows pictures, and tells which keys were pressed and where it was clicked."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from live.screen.display import display_trouble
from live.screen.keys import KEYS

_MOST_KEYS = 8  # that are taken at once
_MOST_CLICKS = 16


class WindowError(Exception):
    """No window can be opened."""


@dataclass(frozen=True)
class Event:
    """What a person did.

    Attributes:
        action: what a key stands for, see `live.screen.keys`; or "click".
        x, y: of a click, in pixels of the picture that is shown.
        number: for the action "face": which one, 1 the largest; None for the next one.
    """

    action: str
    x: int = 0
    y: int = 0
    number: int | None = None


class Window:
    """One window of OpenCV's HighGUI. It keeps the picture's shape when it is resized.

    To be used by one thread, the main one. Use it as a context manager, or call close().
    """

    def __init__(self, title: str, size: tuple[int, int] = (1280, 720)) -> None:
        """Open it.

        title: also its name; two windows of a process need different ones.
        size: width and height in pixels at first.

        Raises WindowError where there is no screen to open it on.
        """
        trouble = display_trouble()
        if trouble is not None:
            raise WindowError(trouble)
        # Qt speaks of fonts that no letter of ours uses, and of Wayland plugins that OpenCV lacks.
        os.environ.setdefault("QT_LOGGING_RULES", "*=false")
        if os.environ.get("DISPLAY"):
            os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
        import cv2

        self._title = title
        self._clicks: deque[tuple[int, int]] = deque(maxlen=_MOST_CLICKS)
        self._is_open = True
        self._size = size
        try:
            flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
            cv2.namedWindow(title, flags)
            cv2.resizeWindow(title, *size)
            cv2.setMouseCallback(title, self._on_mouse)
        except cv2.error as error:
            raise WindowError(
                f"No window can be opened: {str(error).strip().splitlines()[-1]}. An OpenCV with "
                "windows was expected; opencv-python-headless has none. Install opencv-python, or "
                "add --no-window."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; further calls do nothing."""
        if not self._is_open:
            return
        self._is_open = False
        import cv2

        # Where the person has closed it, OpenCV has no window of this name any more.
        if self._is_visible():
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)

    def show(self, picture: np.ndarray) -> None:
        """Show a picture, (height, width, 3) uint8 RGB. It is drawn by the next `events`."""
        if not self._is_open or not self._is_visible():
            return
        import cv2

        self._size = (picture.shape[1], picture.shape[0])
        cv2.imshow(self._title, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def events(self) -> list[Event]:
        """What was done since the last call, in about the order in which it was.

        A closed window gives "quit", every time. Waits for a millisecond.
        """
        if not self._is_open:
            return [Event("quit")]
        import cv2

        pressed = [cv2.waitKeyEx(1)]
        while pressed[-1] != -1 and len(pressed) < _MOST_KEYS:
            pressed.append(cv2.waitKeyEx(1))
        events = [event for code in pressed if (event := key_event(code)) is not None]
        while self._clicks:
            x, y = self._clicks.popleft()
            events.append(Event("click", x, y))
        return events if self._is_visible() else [*events, Event("quit")]

    def _is_visible(self) -> bool:
        import cv2

        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:
            return False

    def _on_mouse(self, kind: int, x: int, y: int, flags: int, data: object) -> None:
        import cv2

        width, height = self._size
        if kind == cv2.EVENT_LBUTTONDOWN and 0 <= x < width and 0 <= y < height:
            self._clicks.append((x, y))


def key_event(code: int) -> Event | None:
    """The event of a key code of cv2.waitKeyEx; None for keys that do nothing.

    Arrows and the like have large codes; their last byte is some letter's.
    """
    # GTK adds Shift, Num Lock and the like above the lowest 16 bits.
    low = code & 0xFFFF
    if code < 0 or low > 0x7F:
        return None
    character = chr(low).lower()
    action = KEYS.get(character)
    if action is None:
        return None
    number = int(character) if action == "face" and character.isdigit() else None
    return Event(action, number=number)
