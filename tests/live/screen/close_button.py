"""Presses a window's close button, as window managers do: the message WM_DELETE_WINDOW, by Xlib."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),  # an XEvent is 24 longs
    )


_CLIENT_MESSAGE = 33


def press_close_button(display: str, window: int) -> None:
    """Skips the test where there is no Xlib."""
    name = ctypes.util.find_library("X11")
    if name is None:
        pytest.skip("libX11 is not installed")
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XSendEvent.argtypes = [
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_void_p,
    ]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    opened = x11.XOpenDisplay(display.encode())
    assert opened
    message = _ClientMessage(
        type=_CLIENT_MESSAGE,
        display=opened,
        window=window,
        message_type=x11.XInternAtom(opened, b"WM_PROTOCOLS", 0),
        format=32,
    )
    message.data[0] = x11.XInternAtom(opened, b"WM_DELETE_WINDOW", 0)
    assert x11.XSendEvent(opened, window, 0, 0, ctypes.byref(message))
    x11.XCloseDisplay(opened)
