from __future__ import annotations

import functools
import http.server
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rig.fetch import (
    SOURCE,
    cache_folder,
    describe_folder,
    fetch_makehuman,
    find_rig_folder,
    read_manifest,
)
from rig.makehuman import load_makehuman
from rig.rig import Rig, RigError


@dataclass
class Server:
    """A copy of the tiny rig's data, served on this machine, and what was asked of it."""

    folder: Path
    address: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(tiny_folder: Path, tmp_path: Path) -> Iterator[Server]:
    served = Server(shutil.copytree(tiny_folder, tmp_path / "served"))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            super().do_GET()

        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(served.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        served.address = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield served
        running.shutdown()
        thread.join()


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.partial"))


def test_what_is_fetched_is_a_rig(server: Server, tiny_rig: Rig, tmp_path: Path) -> None:
    manifest = describe_folder(server.folder)
    folder = fetch_makehuman(tmp_path / "cache", server.address, manifest, progress=False)
    fetched = load_makehuman(folder)
    assert fetched.slider_names == tiny_rig.slider_names
    np.testing.assert_array_equal(fetched.positive, tiny_rig.positive)
    assert len(server.asked) == len(manifest)
    assert leftovers(folder) == []


def test_files_that_are_right_are_not_fetched_again(server: Server, tmp_path: Path) -> None:
    manifest = describe_folder(server.folder)
    folder = fetch_makehuman(tmp_path / "cache", server.address, manifest, progress=False)
    names = list(manifest)
    (folder / names[0]).unlink()
    (folder / names[1]).write_bytes((folder / names[1]).read_bytes()[:-1])  # cut short
    (folder / names[2]).write_bytes(b"#" * manifest[names[2]]["size"])  # same size, other content
    server.asked.clear()
    fetch_makehuman(folder, server.address, manifest, progress=False)
    assert sorted(server.asked) == sorted(f"/{name}" for name in names[:3])
    assert describe_folder(folder) == manifest
    server.asked.clear()
    fetch_makehuman(folder, server.address, manifest, progress=False)
    assert server.asked == []


@pytest.mark.parametrize("change", ["other", "longer", "shorter"])
def test_a_changed_file_is_refused_and_not_kept(
    server: Server, tmp_path: Path, change: str
) -> None:
    manifest = describe_folder(server.folder)
    name = "targets/head/head-oval.target"
    content = (server.folder / name).read_bytes()
    changed = {"other": content.replace(b"0", b"1", 1), "longer": content + b"\n"}
    (server.folder / name).write_bytes(changed.get(change, content[:-5]))
    with pytest.raises(RigError, match=r"head-oval\.target is not the expected file"):
        fetch_makehuman(tmp_path / "cache", server.address, manifest, progress=False)
    assert not (tmp_path / "cache" / name).exists()
    assert leftovers(tmp_path / "cache") == []


def test_a_file_the_source_does_not_have_is_named(server: Server, tmp_path: Path) -> None:
    manifest = describe_folder(server.folder)
    (server.folder / "targets/head/head-oval.target").unlink()
    with pytest.raises(RigError, match=r"head-oval\.target cannot be downloaded .*404"):
        fetch_makehuman(tmp_path / "cache", server.address, manifest, progress=False)


def test_without_a_network_the_message_says_what_to_do(tiny_folder: Path, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(RigError, match="--rig PATH"):
        fetch_makehuman(tmp_path, address, describe_folder(tiny_folder), progress=False)


def test_the_shipped_manifest_stays_below_the_folder_and_pins_a_commit() -> None:
    manifest = read_manifest()
    assert len(manifest) > 300
    for name, entry in manifest.items():
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert len(entry["sha256"]) == 64
        assert entry["size"] > 0
    assert "/a8bc2d54ff0ac92e78ff71431b1023eda42bf482/" in SOURCE


def test_the_shipped_manifest_is_what_the_loader_reads(real_folder: Path) -> None:
    assert describe_folder(real_folder) == read_manifest()


def test_the_explicit_folder_counts_before_the_variable_and_the_cache(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cached = shutil.copytree(tiny_folder, cache_folder())
    named = shutil.copytree(tiny_folder, tmp_path / "named" / "data")
    monkeypatch.delenv("FPP_RIG", raising=False)
    assert find_rig_folder() == cached
    monkeypatch.setenv("FPP_RIG", str(named.parent))
    assert find_rig_folder() == named
    assert find_rig_folder(tiny_folder) == tiny_folder
    assert find_rig_folder(tiny_folder.parent) == tiny_folder


def test_a_wrong_folder_is_not_passed_over(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FPP_RIG", str(tiny_folder))
    with pytest.raises(RigError, match="nowhere"):
        find_rig_folder(tmp_path / "nowhere")
    monkeypatch.setenv("FPP_RIG", str(tmp_path / "elsewhere"))
    with pytest.raises(RigError, match="elsewhere"):
        find_rig_folder()


def test_without_any_rig_the_message_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("FPP_RIG", raising=False)
    with pytest.raises(RigError) as caught:
        find_rig_folder()
    for part in ("fpp rig fetch makehuman", "--rig PATH", "FPP_RIG", str(tmp_path)):
        assert part in str(caught.value)
