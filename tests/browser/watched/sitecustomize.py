"""Imported by any Python with this folder on PYTHONPATH: notes whom it connects to.

Each host that is asked for, by name or by address, becomes a line of the file OUTSIDE_LOG, unless
it is this computer.
"""

import os
import sys
from typing import Any

_HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "")


def _note(event: str, details: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(details[1], tuple):
        host = details[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = details[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name not in _HERE:
        with open(os.environ["OUTSIDE_LOG"], "a") as file:
            file.write(f"{event} {name}\n")


if "OUTSIDE_LOG" in os.environ:
    sys.addaudithook(_note)
