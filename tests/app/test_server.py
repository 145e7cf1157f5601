"""The server of the page: who gets in, what it answers to, what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.gate import Gate, is_loopback
from app.server import AppError, AppPlan, run_app


def ask(path: str, host: str = "127.0.0.1:7860", length: int = 0, local: bool = True) -> int:
    """The status that a request gets; 200 where it is passed on."""
    answers: list[Mapping[str, object]] = []

    async def behind(_: object, __: object, send: object) -> None:
        answers.append({"type": "http.response.start", "status": 200})

    async def send(message: Mapping[str, object]) -> None:
        answers.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "path": path,
        "headers": [(b"host", host.encode()), (b"content-length", str(length).encode())],
    }
    asyncio.run(Gate(behind, local, 1000)(scope, receive, send))
    status = answers[0]["status"]
    assert isinstance(status, int)
    return status


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/index-1.js", "/fpp/plotly.min.js", "/gradio_api/queue/join"],
)
def test_what_the_page_needs_is_answered(path: str) -> None:
    assert ask(path) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://example.com/",
        "/gradio_api/file=https://example.com/photo.jpg",
        "/gradio_api/file=http://example.com/photo.jpg",
        "/gradio_api/run/add_files",
        "/gradio_api/call/add_files",
        "/gradio_api/runs",
        "/gradio_api/deep_link",
        "/monitoring",
        "/docs",
    ],
)
def test_nothing_else_is_answered(path: str) -> None:
    assert ask(path) == 404


def test_a_name_that_points_here_is_refused() -> None:
    assert ask("/", host="evil.example") == 403
    assert ask("/", host="") == 403
    assert ask("/", host="localhost:7860") == 200
    assert ask("/", host="[::1]:7860") == 200
    assert ask("/", host="my-computer.lan", local=False) == 200


def test_too_much_at_once_is_refused() -> None:
    assert ask("/gradio_api/upload", length=1000) == 200
    assert ask("/gradio_api/upload", length=1001) == 413


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_computer_needs_no_password(host: str) -> None:
    assert is_loopback(host)
    assert AppPlan(host=host).password is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "my-computer", "128.0.0.1"])
def test_other_addresses_need_a_password(host: str) -> None:
    for password in (None, ""):
        with pytest.raises(AppError, match=r"A password was expected.*--password"):
            AppPlan(host=host, password=password)
    assert AppPlan(host=host, password="secret").host == host


def test_a_port_that_is_taken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gradio")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AppError, match=rf"port {port} .*--port"):
            run_app(AppPlan(port=port, open_browser=False))
    assert list(tmp_path.iterdir()) == []


def test_without_gradio_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AppError, match=r"pip install 'face-parameters-predictor\[app\]'"):
        run_app(AppPlan(open_browser=False))
