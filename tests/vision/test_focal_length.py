"""Photos are written with EXIF data of a camera; the focal length must come back in pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from vision.photos import read_photo

NORMAL = 43.267  # millimetres, the diagonal of film: a picture's diagonal is its focal length


def written(
    path: Path, size: tuple[int, int], tags: Mapping[int, object], orientation: int = 1
) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769).update(tags)
    Image.new("RGB", size).save(path, exif=exif)
    return path


def focal_length(path: Path, size: tuple[int, int], tags: Mapping[int, object], side: int) -> float:
    found = read_photo(written(path, size, tags), side).focal_length_pixels
    assert found is not None
    return found


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_focal_length_in_pixels(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = written(tmp_path / f"a{suffix}", (80, 60), {0xA405: 24}, orientation)
    found = read_photo(path).focal_length_pixels
    assert found == pytest.approx(100 * 24 / NORMAL, rel=1e-4)


def test_a_photo_decoded_reduced_has_less_of_it(tmp_path: Path) -> None:
    whole, reduced = (
        focal_length(tmp_path / "a.jpg", (800, 600), {0xA405: 50}, side) for side in (800, 80)
    )
    assert reduced == pytest.approx(whole / 10)


def test_a_photo_stored_smaller_keeps_its_field_of_view(tmp_path: Path) -> None:
    tags = {0xA405: 26, 0xA002: 4032, 0xA003: 3024}
    found = focal_length(tmp_path / "a.jpg", (400, 300), tags, 4096)
    assert found == pytest.approx(500 * 26 / NORMAL, rel=1e-4)
    upright = focal_length(tmp_path / "b.jpg", (300, 400), tags, 4096)
    assert upright == pytest.approx(found)


def test_a_cropped_photo_does_not_tell(tmp_path: Path) -> None:
    tags = {0xA405: 26, 0xA002: 4032, 0xA003: 3024}
    path = written(tmp_path / "a.jpg", (300, 300), tags)
    assert read_photo(path).focal_length_pixels is None


@pytest.mark.parametrize("tags", [{}, {0xA405: 0}, {0xA405: "wide"}, {0x9003: "2020"}])
def test_photos_without_it_do_not_tell(tmp_path: Path, tags: Mapping[int, object]) -> None:
    path = tmp_path / "a.png"
    try:
        written(path, (80, 60), tags)
    except (TypeError, ValueError, OSError):
        pytest.skip("Pillow does not write such EXIF data")
    assert read_photo(path).focal_length_pixels is None
    assert math.isclose(read_photo(path).scale, 1)
