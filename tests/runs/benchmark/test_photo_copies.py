"""Folders of many photos made of few."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from runs.benchmark.photo_copies import evenly, fill_folder
from vision.photos import find_photos


def _three(folder: Path) -> list[Path]:
    folder.mkdir()
    paths = [folder / name for name in ("a.JPG", "b.png", "c.jpeg")]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_every_photo_is_taken_in_turn_and_all_are_found(tmp_path: Path) -> None:
    photos = _three(tmp_path / "given")
    folder = fill_folder(tmp_path / "many", photos, 8)
    found = find_photos([folder])
    assert len(found) == 8
    assert Counter(path.read_text() for path in found) == {"a.JPG": 3, "b.png": 3, "c.jpeg": 2}
    assert {path.suffix for path in found} == {".jpg", ".png", ".jpeg"}


def test_a_folder_is_emptied_before_and_the_photos_outlive_it(tmp_path: Path) -> None:
    photos = _three(tmp_path / "given")
    fill_folder(tmp_path / "many", photos, 8)
    assert len(find_photos([fill_folder(tmp_path / "many", photos, 2)])) == 2
    assert [path.read_text() for path in photos] == ["a.JPG", "b.png", "c.jpeg"]


def test_photos_are_taken_evenly() -> None:
    photos = [Path(str(number)) for number in range(10)]
    assert evenly(photos, 5) == photos[::2]
    assert evenly(photos, None) == evenly(photos, 99) == photos
