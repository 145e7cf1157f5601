"""What the server of the page answers to at all: only what the page itself needs.

Gradio also serves other things: programmatic access, proxies to other servers, a run history,
monitoring. None of them is wanted here, and some could reach outside.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_NEEDED = re.compile(
    r"/(|config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|login|logout"
    r"|assets/.+|static/.+|fpp/[^/]+"
    r"|gradio_api/(info|app_id|user|login_check|token|theme\.css|startup-events|upload"
    r"|upload_progress|cancel|reset|queue/join|queue/data|queue/status|heartbeat/\w+"
    r"|file=(?!\w+:).+))/?"
)

_LOCAL_NAMES = ("localhost",)


def is_loopback(host: str) -> bool:
    """Whether an address or name means this computer alone: 127.0.0.1, ::1, localhost."""
    name = host.strip("[]").lower()
    if name in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Gate:
    """An ASGI application in front of another.

    Args:
        behind: the other one.
        local: only requests to this computer's own names are let through. A web page of someone
            else's, whose name was made to point here, asks for that name.
        most_bytes: of an upload.
    """

    def __init__(self, behind: Application, local: bool, most_bytes: int) -> None:
        self._behind, self._local, self._most_bytes = behind, local, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself, or passes the request on."""
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = urlsplit("//" + headers.get(b"host", "")).hostname or ""
        length = headers.get(b"content-length", "")
        if self._local and not is_loopback(host):
            await _answer(send, 403, "This page is for this computer alone: open 127.0.0.1.")
        elif not _NEEDED.fullmatch(scope["path"]):
            await _answer(send, 404, "There is nothing here.")
        elif length.isdecimal() and int(length) > self._most_bytes:
            await _answer(send, 413, "That is too much at once. Add fewer or smaller photos.")
        else:
            await self._behind(scope, receive, send)


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
