from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra [cluster] is not installed")

from runs.cluster.addresses import find_cluster_photos, is_address
from runs.cluster.errors import ClusterError
from runs.cluster.fetching import fetch_ahead
from runs.marks import mark_of
from vision.photos import find_photos


@pytest.fixture
def folder(tmp_path: Path, portrait_path: Path) -> Path:
    """Photos with names that sort, one of them in a hidden folder, and a file that is none."""
    folder = tmp_path / "photos # 1"
    for name in ("b/anna 10.jpg", "b/anna 9.jpg", "a.JPG", ".hidden/c.jpg", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(portrait_path, folder / name)
    return folder


def test_a_folder_gives_the_same_photos_as_path_and_as_address(folder: Path) -> None:
    paths = find_photos([folder])
    assert [path.name for path in paths] == ["a.JPG", "anna 9.jpg", "anna 10.jpg"]
    by_path = find_cluster_photos([str(folder), str(paths[0])])
    assert by_path == [mark_of(path, "") for path in paths]
    by_address = find_cluster_photos([f"file://{folder}"])
    assert [mark.path for mark in by_address] == [f"file://{path}" for path in paths]
    assert [mark.size for mark in by_address] == [mark.size for mark in by_path]
    assert all(is_address(mark.path) for mark in by_address)
    assert not any(is_address(mark.path) for mark in by_path)

    before = by_address[0]
    paths[0].write_bytes(b"other")
    (after,) = find_cluster_photos([before.path])
    assert after.path == before.path
    assert after.version != before.version


def test_photos_in_an_archive_are_found_and_fetched_in_order(folder: Path, tmp_path: Path) -> None:
    paths = find_photos([folder])
    contents = [bytes([number]) * (number + 1) for number in range(len(paths))]
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path, content in zip(paths, contents, strict=True):
            file.writestr(str(path.relative_to(tmp_path)), content)

    marks = find_cluster_photos([f"zip://{folder.name}::file://{archive}"])

    assert [Path(mark.path.partition("::")[0]).name for mark in marks] == [p.name for p in paths]
    assert [mark.size for mark in marks] == [len(content) for content in contents]
    assert [content for _, content in fetch_ahead(marks, 60)] == contents


def test_what_does_not_exist_is_kept_for_a_row_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "missing.jpg"
    marks = find_cluster_photos([str(path), f"file://{path}"])
    assert [mark.path for mark in marks] == [str(path), f"file://{path}"]
    assert {mark.size for mark in marks} == {-1}


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ClusterError, match="nosuch://bucket/photos cannot be opened"):
        find_cluster_photos(["nosuch://bucket/photos"])
