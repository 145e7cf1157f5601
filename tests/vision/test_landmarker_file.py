"""Only the one landmarker file is taken, and fetched whole or not at all."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.vision.task_file import task_file_or_skip
from vision import landmarker_file
from vision.landmarker_file import (
    FILE_NAME,
    SHA256,
    SIZE,
    SOURCE,
    LandmarkerFileError,
    fetch_landmarker,
    find_landmarker_file,
    landmarker_cache_folder,
    read_landmarker_file,
)

CONTENT = bytes(range(256)) * 40
"""Stands for the file where the pinned one is not at hand; see `pinned`."""


@dataclass
class Server:
    """Answers every request on this machine with one content, or with statuses first."""

    address: str = ""
    content: bytes = CONTENT
    statuses: list[int] = field(default_factory=list)
    promised: int = 0  # bytes more than are sent
    asked: int = 0


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            if served.statuses:
                self.send_error(served.statuses.pop(0))
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(served.content) + served.promised))
            self.end_headers()
            self.wfile.write(served.content)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        served.address = f"http://127.0.0.1:{running.server_address[1]}/{FILE_NAME}"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield served
        running.shutdown()
        thread.join()


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONTENT becomes the expected file."""
    monkeypatch.setattr(landmarker_file, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(landmarker_file, "SIZE", len(CONTENT))


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FPP_LANDMARKER", raising=False)


def names_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_pinned_file_is_taken() -> None:
    path = task_file_or_skip()
    content = read_landmarker_file(path)
    assert len(content) == SIZE
    assert find_landmarker_file(path) == path


@pytest.mark.usefixtures("pinned")
def test_the_explicit_file_counts_more_than_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explicit, named, wrong = (tmp_path / name for name in ("explicit", "named", "wrong"))
    explicit.write_bytes(CONTENT)
    named.write_bytes(CONTENT)
    assert find_landmarker_file() is None
    assert find_landmarker_file(explicit) == explicit
    monkeypatch.setenv("FPP_LANDMARKER", str(named))
    assert find_landmarker_file() == named
    assert find_landmarker_file(explicit) == explicit
    # The first one given counts, also when it is wrong and the other is not.
    with pytest.raises(LandmarkerFileError, match="wrong"):
        find_landmarker_file(wrong)
    monkeypatch.setenv("FPP_LANDMARKER", str(wrong))
    with pytest.raises(LandmarkerFileError, match="wrong"):
        find_landmarker_file()
    monkeypatch.setenv("FPP_LANDMARKER", "")
    assert find_landmarker_file() is None


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "cut", "changed", "foreign"])
@pytest.mark.usefixtures("pinned")
def test_every_other_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / FILE_NAME
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        changed = bytearray(CONTENT)
        changed[5000] ^= 1
        contents = {"empty": b"", "cut": CONTENT[:-1], "changed": changed, "foreign": b"PK\3\4 zip"}
        path.write_bytes(contents[kind])
    with pytest.raises(LandmarkerFileError) as refused:
        find_landmarker_file(path)
    happened, expected, advice = str(refused.value).split(". ", 2)
    assert happened.startswith(str(path))
    assert landmarker_file.SHA256 in expected
    assert "trained for exactly that one" in expected
    assert "fpp landmarker fetch" in advice
    assert "leave the option" in advice


@pytest.mark.usefixtures("pinned")
def test_what_is_fetched_is_the_file_and_fetched_once(server: Server, tmp_path: Path) -> None:
    path = fetch_landmarker(tmp_path / "new" / "folder", server.address)
    assert path.read_bytes() == CONTENT
    assert names_below(tmp_path) == [FILE_NAME]
    assert fetch_landmarker(path.parent, server.address) == path
    assert server.asked == 1
    path.write_bytes(CONTENT[:-1])  # a broken one is replaced
    fetch_landmarker(path.parent, server.address)
    assert path.read_bytes() == CONTENT
    assert server.asked == 2


def test_the_pinned_file_is_fetched(server: Server, tmp_path: Path) -> None:
    server.content = task_file_or_skip().read_bytes()
    assert find_landmarker_file(fetch_landmarker(tmp_path, server.address)) is not None


@pytest.mark.parametrize("change", ["other", "longer", "shorter", "interrupted"])
@pytest.mark.usefixtures("pinned")
def test_a_changed_file_is_refused_and_not_kept(
    server: Server, tmp_path: Path, change: str
) -> None:
    contents = {"other": b"x" + CONTENT[1:], "longer": CONTENT + b"x"}
    server.content = contents.get(change, CONTENT[:-9])
    server.promised = 9 if change == "interrupted" else 0
    (tmp_path / FILE_NAME).write_bytes(b"what was there")
    with pytest.raises(LandmarkerFileError, match="is not the expected file"):
        fetch_landmarker(tmp_path, server.address)
    assert (tmp_path / FILE_NAME).read_bytes() == b"what was there"
    assert names_below(tmp_path) == [FILE_NAME]


@pytest.mark.usefixtures("pinned")
def test_a_hiccup_is_tried_again_and_a_missing_file_is_not(server: Server, tmp_path: Path) -> None:
    server.statuses = [503]
    assert fetch_landmarker(tmp_path / "hiccup", server.address).read_bytes() == CONTENT
    assert server.asked == 2
    server.statuses = [404]
    with pytest.raises(LandmarkerFileError, match=rf"{FILE_NAME} cannot be downloaded .*404"):
        fetch_landmarker(tmp_path / "missing", server.address)
    assert server.asked == 3


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/{FILE_NAME}"
    with pytest.raises(LandmarkerFileError, match="Check the connection.*FPP_LANDMARKER"):
        fetch_landmarker(tmp_path, address)
    assert names_below(tmp_path) == []


def test_the_source_is_googles_and_the_cache_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SOURCE.startswith("https://storage.googleapis.com/mediapipe-models/")
    assert SOURCE.endswith(f"/1/{FILE_NAME}")  # a numbered release, not "latest"
    assert len(SHA256) == 64
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert landmarker_cache_folder() == tmp_path / "face-parameters-predictor" / "landmarker"
