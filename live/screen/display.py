"""Whether a window can be opened here; asked before OpenCV is, whose Qt ends the process if not."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from pathlib import Path

# Whoever opens a window without a screen should still get the rest.
_INSTEAD = "Add --no-window to work without a window."

# Connections by display. They stay open: an X server without other programs starts anew when its
# last one leaves, and would refuse the window meanwhile.
_KEPT: dict[str, int | None] = {}


def display_trouble() -> str | None:
    """Why no window can be opened: three sentences; None where one can.

    Windows and macOS have a screen; on Linux an X server must answer.
    """
    if not sys.platform.startswith("linux"):
        return None
    name = os.environ.get("DISPLAY", "")
    if not name:
        wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
        expected = (
            "Wayland with XWayland was expected, which sets DISPLAY; OpenCV's windows need it. "
            if wayland
            else "A desktop was expected, or DISPLAY set to an X server. "
        )
        return f"No window can be opened: DISPLAY is not set. {expected}{_INSTEAD}"
    if not _answers(name):
        return (
            f"No window can be opened: the display {name} does not answer. An X server that lets "
            f"this user in was expected there. Correct DISPLAY, or start one. {_INSTEAD}"
        )
    return None


def _answers(name: str) -> bool:
    """Whether the X server lets us in: by libX11 where it is there, else by its socket."""
    library = ctypes.util.find_library("X11")
    if library is not None:
        try:
            x11 = ctypes.CDLL(library)
        except OSError:
            pass
        else:
            x11.XOpenDisplay.restype = ctypes.c_void_p
            x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
            if name not in _KEPT:
                _KEPT[name] = x11.XOpenDisplay(name.encode())
            return bool(_KEPT[name])
    host, _, number = name.rpartition(":")
    if host in ("", "unix"):
        return Path(f"/tmp/.X11-unix/X{number.partition('.')[0]}").exists()
    return True
