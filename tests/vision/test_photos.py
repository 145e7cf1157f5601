"""Decoding: what is in the file comes out upright, in RGB, or with a named reason."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from vision.photo_bounds import MAXIMUM_PIXELS
from vision.photos import Photo, PhotoError, find_photos, read_photo

# How a picture is stored when its tag is n: what a viewer must undo (Exif 2.32, tag 0x0112).
STORED = {
    1: lambda image: image,
    2: ImageOps.mirror,
    3: lambda image: image.rotate(180),
    4: ImageOps.flip,
    5: lambda image: ImageOps.mirror(image.rotate(270, expand=True)),
    6: lambda image: image.rotate(90, expand=True),
    7: lambda image: ImageOps.mirror(image.rotate(90, expand=True)),
    8: lambda image: image.rotate(270, expand=True),
}


@pytest.fixture
def picture() -> Image.Image:
    """48x32, every corner another colour: no turn or mirroring of it looks the same."""
    columns, rows = np.meshgrid(np.arange(48), np.arange(32))
    levels = np.stack([columns * 5, rows * 8, (columns + rows) * 3], axis=2)
    return Image.fromarray(levels.astype(np.uint8))


def _exif(orientation: object) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_all_orientations_give_the_upright_pixels(
    tmp_path: Path, picture: Image.Image, suffix: str, orientation: int
) -> None:
    options: dict[str, dict[str, int]] = {
        ".jpg": {"quality": 100, "subsampling": 0},
        ".webp": {"lossless": 1},
    }
    path = tmp_path / f"turned{suffix}"
    stored = STORED[orientation](picture)
    stored.save(path, exif=_exif(orientation), **options.get(suffix, {}))

    pixels = read_photo(path).pixels

    tolerance = 4 if suffix == ".jpg" else 0
    assert pixels.shape == (32, 48, 3)
    assert np.abs(pixels.astype(int) - np.asarray(picture)).max() <= tolerance


def test_orientation_of_reduced_photos(tmp_path: Path, picture: Image.Image) -> None:
    large = picture.resize((960, 640))
    path = tmp_path / "large.jpg"
    STORED[6](large).save(path, exif=_exif(6), quality=95)

    photo = read_photo(path, maximum_side=48)

    assert photo.pixels.shape == (32, 48, 3)
    assert photo.scale == 20
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).mean() < 3


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_unknown_orientations_count_as_upright(
    tmp_path: Path, picture: Image.Image, orientation: int
) -> None:
    path = tmp_path / "odd.png"
    picture.save(path, exif=_exif(orientation))
    assert np.array_equal(read_photo(path).pixels, np.asarray(picture))


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40,
        b"Exif\0\0garbage that is no TIFF header",
    ],
)
def test_damaged_exif_does_not_spoil_the_photo(
    tmp_path: Path, picture: Image.Image, exif: bytes
) -> None:
    path = tmp_path / "damaged.jpg"
    picture.save(path, exif=exif, quality=100, subsampling=0)
    difference = read_photo(path).pixels.astype(int) - np.asarray(picture)
    assert np.abs(difference).max() <= 4


@pytest.mark.parametrize(
    ("mode", "suffix", "colour", "expected"),
    [
        ("1", ".png", 1, (255, 255, 255)),
        ("L", ".jpg", 70, (70, 70, 70)),
        ("LA", ".png", (70, 255), (70, 70, 70)),
        ("LA", ".png", (0, 0), (255, 255, 255)),
        ("RGBA", ".png", (10, 200, 90, 255), (10, 200, 90)),
        ("RGBA", ".png", (10, 200, 90, 0), (255, 255, 255)),
        ("RGBA", ".webp", (0, 0, 0, 51), (204, 204, 204)),
        ("CMYK", ".jpg", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", ".tif", (255, 0, 0, 0), (0, 255, 255)),
        ("YCbCr", ".jpg", (76, 85, 255), (254, 0, 0)),
        ("I;16", ".png", 0x8080, (128, 128, 128)),
        ("I;16", ".tif", 0xFFFF, (255, 255, 255)),
        ("I", ".tif", 0x4040, (64, 64, 64)),
        ("F", ".tif", 1.0, (255, 255, 255)),
        ("F", ".tif", 100.0, (100, 100, 100)),
    ],
)
def test_every_mode_becomes_rgb(
    tmp_path: Path, mode: str, suffix: str, colour: object, expected: tuple[int, int, int]
) -> None:
    path = tmp_path / f"colour{suffix}"
    Image.new(mode, (16, 8), colour).save(path)  # type: ignore[arg-type]

    pixels = read_photo(path).pixels

    assert pixels.shape == (8, 16, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - expected).max() <= 2


def test_palettes_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 1)
    path = tmp_path / "palette.png"
    image.save(path, transparency=0)

    pixels = read_photo(path).pixels

    assert tuple(pixels[0, 0]) == (0, 0, 255)
    assert tuple(pixels[3, 3]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("suffix", "stored_as"),
    [(".gif", "GIF"), (".webp", "WEBP"), (".png", "PNG"), (".tif", "TIFF"), (".jpg", "MPO")],
)
def test_the_first_of_several_frames(tmp_path: Path, suffix: str, stored_as: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"frames{suffix}"
    frames[0].save(path, stored_as, save_all=True, append_images=frames[1:])
    assert np.abs(read_photo(path).pixels.astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "I;16", "RGBA"])
def test_large_pictures_are_reduced(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "wide.png"
    Image.new(mode, (900, 300)).save(path)
    photo = read_photo(path, maximum_side=90)
    assert photo.pixels.shape == (30, 90, 3)
    assert photo.scale == 10


def test_small_pictures_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), "teal").save(path)
    photo = read_photo(path)
    assert photo.pixels.tolist() == [[[0, 128, 128]]]
    assert photo.scale == 1


def _bomb() -> bytes:
    """A PNG of 65 bytes that says it has four billion pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", 65000, 65000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def _jpeg(path: Path) -> bytes:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)).save(path, "JPEG")
    return path.read_bytes()


BROKEN = {
    "empty.jpg": (lambda path: b"", "is an empty file"),
    "document.pdf": (lambda path: b"%PDF-1.7\n%...", "is not a picture that can be read"),
    "text.jpg": (lambda path: b"not a picture", "is not a picture that can be read"),
    "postscript.png": (lambda path: b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not a picture"),
    "phone.heic": (lambda path: b"\0\0\0\x18ftypheic" + bytes(40), "export it as JPEG"),
    "header only.jpg": (lambda path: b"\xff\xd8\xff\xe0\0\x10JFIF\0", "is not a picture"),
    "half.jpg": (lambda path: _jpeg(path)[:9000], "is damaged and cannot be decoded"),
    "bomb.png": (lambda path: _bomb(), "has too many pixels"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("tolerant", [False, True])
def test_broken_files_are_refused_by_name(
    tmp_path: Path, name: str, tolerant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `import face_recognition` makes Pillow fill up truncated files with grey.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", tolerant)
    content, reason = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(content(path))

    with pytest.raises(PhotoError) as caught:
        read_photo(path)

    message = str(caught.value)
    assert message.startswith(str(path))
    assert reason in message
    assert "expected" in message
    assert "\n" not in message
    assert tolerant is ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp", ".tif", ".gif"])
def test_truncated_files_of_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut{suffix}"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(PhotoError):
        read_photo(path)


def test_raw_files_are_refused_although_pillow_would_give_their_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "camera.NEF"
    Image.new("RGB", (16, 16)).save(path, "TIFF")
    with pytest.raises(PhotoError, match="raw file needs developing"):
        read_photo(path)


def test_missing_files_folders_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(tmp_path / "nothing.jpg")
    with pytest.raises(PhotoError, match="is a folder"):
        read_photo(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="not a regular file"):
        read_photo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="cannot be opened"):
        read_photo(tmp_path / ("long" * 100 + ".jpg"))


def test_the_limit_is_above_any_camera_and_below_memory() -> None:
    assert 150_000_000 < MAXIMUM_PIXELS <= 200_000_000


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_folders_are_searched_in_natural_order(tmp_path: Path) -> None:
    _touch(tmp_path, "b10.jpg", "b9.JPG", "B1.png", "a/x2.webp", "a/x10.webp", "a 2/y.gif", "7.jpg")
    assert _names(find_photos([tmp_path]), tmp_path) == [
        "7.jpg",
        "a/x2.webp",
        "a/x10.webp",
        "a 2/y.gif",
        "B1.png",
        "b9.JPG",
        "b10.jpg",
    ]


def test_what_a_folder_gives_and_what_it_hides(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "a.tem", "info.csv", "notes.txt", "scan.pdf", "c.HEIC", "d.dng")
    _touch(tmp_path, ".hidden.jpg", ".thumbnails/a.jpg", "album.jpg/e.jpeg", "no suffix")
    assert _names(find_photos([tmp_path]), tmp_path) == [
        "a.jpg",
        "album.jpg/e.jpeg",
        "c.HEIC",
        "d.dng",
        "scan.pdf",
    ]


def test_named_files_are_always_kept_in_their_order(tmp_path: Path) -> None:
    _touch(tmp_path, "z.txt", ".hidden.jpg", "folder/1.jpg")
    named = [tmp_path / "z.txt", tmp_path / "missing.jpg", tmp_path / ".hidden.jpg"]
    found = find_photos([*named, tmp_path / "folder"])
    assert found == [*named, tmp_path / "folder" / "1.jpg"]


def test_nothing_is_found_twice(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg", "a/2.jpg")
    again = tmp_path / "a" / ".." / "a" / "2.jpg"
    found = find_photos([tmp_path / "a" / "2.jpg", tmp_path, tmp_path / "a", again])
    assert _names(found, tmp_path) == ["a/2.jpg", "a/1.jpg"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    _touch(tmp_path, "photos/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    found = find_photos([tmp_path / "photos"])
    assert _names(found, tmp_path / "photos") == ["1.jpg", "gone.jpg", "other/2.jpg"]
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(found[1])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_a_photo_holds_rgb_bytes(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        Photo(Path("a.jpg"), pixels)


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_a_jpeg_cut_anywhere_in_its_header_is_refused(tmp_path: Path, mode: str) -> None:
    whole = tmp_path / "whole.jpg"
    Image.new(mode, (32, 32)).save(whole, exif=b"Exif\0\0" + bytes(40))
    content = whole.read_bytes()
    for length in range(1, content.index(b"\xff\xda") + 14):
        with pytest.raises(PhotoError):
            read_photo(Path("cut.jpg"), content=content[:length])
