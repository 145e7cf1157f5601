"""Every file of the hostile corpus comes to its named end, one by one and all in one run."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.hostile.corpus import DECODED, Hostile, make_corpus
from vision import photo_bounds
from vision.photos import PhotoError, find_photos, read_photo

ROOT = Path(__file__).parents[2]
_NOBODY = 65534


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def corpus(folder: Path, portrait_path: Path) -> list[Hostile]:
    return make_corpus(folder, portrait_path)


def test_every_file_is_decoded_or_refused_with_its_reason(
    folder: Path, corpus: list[Hostile]
) -> None:
    assert len(corpus) > 100
    wrong = []
    for entry in corpus:
        try:
            read_photo(folder / entry.name, maximum_side=1000)
            reason = DECODED
        except PhotoError as error:
            reason = str(error)
            assert "expected" in reason
            assert str(folder / entry.name) in reason
        if entry.reason not in reason or bool(entry.reason) != bool(reason):
            wrong.append((entry, reason))
    assert not wrong


def test_content_fetched_elsewhere_comes_to_the_same_end(
    folder: Path, corpus: list[Hostile]
) -> None:
    for entry in corpus:
        path = folder / entry.name
        if not path.is_file() or path.stat().st_size > 10**8:
            continue
        try:
            read_photo(path, content=path.read_bytes())
            reason = DECODED
        except PhotoError as error:
            reason = str(error)
        assert entry.reason in reason
        assert bool(entry.reason) == bool(reason)


def test_one_run_over_all_of_them_names_each_once(
    folder: Path, corpus: list[Hostile], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "scripts.main", "predict", folder, "--model", "landmarks"]
    done = subprocess.run(
        [*map(str, command), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    there: dict[str, list[dict[str, str]]] = {}
    for name in ("predictions.csv", "failures.csv"):
        with (tmp_path / "out" / name).open(encoding="utf-8", newline="") as file:
            there[name] = list(csv.DictReader(file))
    predicted = [row["photo"] for row in there["predictions.csv"]]
    reasons = {row["photo"]: row["reason"] for row in there["failures.csv"]}
    # Linked folders are followed once, so "itself" adds nothing.
    assert sorted(predicted + list(reasons)) == sorted(str(p) for p in find_photos([folder]))
    assert len(there["failures.csv"]) == len(reasons)
    for entry in corpus:
        path = str(folder / entry.name)
        if entry.in_folder and entry.reason:
            assert entry.reason in reasons[path]
        elif path in reasons:
            assert reasons[path].startswith("No face was found"), reasons[path]
    for name in (
        "line\nbreak.png",
        "orientation_6.jpg",
        "moving.webp",
        "山田花子.jpg",
        "UPPER.JPEG",
    ):
        assert str(folder / name) in predicted


def test_what_may_not_be_read_is_named_as_such(portrait_path: Path, tmp_path: Path) -> None:
    """In a child without rights, because nothing is unreadable for root."""
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent != Path("/tmp") and parent.is_relative_to("/tmp"):
            parent.chmod(0o755)
    photo = tmp_path / "private.jpg"
    photo.write_bytes(portrait_path.read_bytes())
    photo.chmod(0)
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "inside.jpg").write_bytes(portrait_path.read_bytes())
    locked.chmod(0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(_NOBODY)
                os.setuid(_NOBODY)
            said = []
            for path in find_photos([tmp_path]):
                try:
                    read_photo(path)
                    said.append(f"{path.name} was read")
                except PhotoError as error:
                    said.append(str(error))
            os.write(writer, "\n".join(said).encode())
        except BaseException as error:  # it must not come back into the tests
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode().splitlines()
    locked.chmod(0o755)
    assert len(said) == 2, said
    assert f"{locked} is a folder that cannot be listed" in said[0]
    assert f"{photo} may not be read" in said[1]


def test_a_file_that_grows_while_it_is_read_ends(portrait_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing.jpg"
    content = portrait_path.read_bytes()
    path.write_bytes(content[:2000])
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"\xff\xfe\0\2" * 4096)
                file.flush()

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        for _ in range(20):
            # What was written when it was opened is a picture or none; the rest is not waited for.
            with contextlib.suppress(PhotoError):
                assert read_photo(path).pixels.size
    finally:
        stop.set()
        growing.join()


def test_a_slow_file_is_given_up(
    monkeypatch: pytest.MonkeyPatch, portrait_path: Path, tmp_path: Path
) -> None:
    """Many chunks, each of which Pillow looks at, and less time than they take."""
    path = tmp_path / "slow.png"
    with Image.open(portrait_path) as opened:
        opened.resize((64, 64)).save(path)
    png = path.read_bytes()
    empty = bytes(4) + b"teSt" + zlib.crc32(b"teSt").to_bytes(4, "big")
    path.write_bytes(png[:33] + empty * 20_000 + png[33:])
    monkeypatch.setattr(photo_bounds, "DECODE_SECONDS", 0.001)
    with pytest.raises(PhotoError, match="takes more than 0 seconds to decode"):
        read_photo(path)
