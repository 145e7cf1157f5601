from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra [cluster] is not installed")

from runs.cluster.fetching import FetchError, fetch_ahead
from runs.marks import PhotoMark


def _mark(path: Path) -> PhotoMark:
    return PhotoMark(f"file://{path}", 100, 0, "")


def test_photos_come_in_order_and_those_that_cannot_come_do_not_stop_the_others(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(40)]
    for number, path in enumerate(paths):
        if number % 7 != 3:
            path.write_bytes(str(number).encode())
    marks = [_mark(path) for path in paths]

    for number, (mark, content) in enumerate(fetch_ahead(marks, 60)):
        assert mark == marks[number]
        if number % 7 != 3:
            assert content == str(number).encode()
        else:
            assert isinstance(content, FetchError)
            assert str(content).startswith(f"{mark.path} cannot be fetched (there is no such file)")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_photo_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    pipe, photo = tmp_path / "pipe.jpg", tmp_path / "photo.jpg"
    os.mkfifo(pipe)
    photo.write_bytes(b"photo")

    results = [content for _, content in fetch_ahead([_mark(pipe), _mark(photo)], 0.2)]

    assert isinstance(results[0], FetchError)
    assert "did not come within" in str(results[0])
    assert results[1] == b"photo"
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # lets the thread that waits go
