"""Find photos in files and folders, and decode one to upright RGB pixels."""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vision.focal_length import focal_length_pixels
from vision.photo_bounds import (
    MAXIMUM_BYTES,
    MAXIMUM_PIXELS,
    BoundError,
    Stream,
    bounded_stream,
    check_size,
    drop_large_exif,
)

if TYPE_CHECKING:
    from PIL import Image

PHOTO_SUFFIXES: frozenset[str] = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}
)

# People keep these beside their photos and expect a result from them: a folder's search takes
# them too, so that each is refused by name and none is passed over in silence.
_MISTAKEN_SUFFIXES = {
    ".pdf": "a PDF is a document: export the page as JPEG or PNG",
    ".heic": "HEIC photos need converting: export it as JPEG",
    ".heif": "HEIF photos need converting: export it as JPEG",
    ".cr2": "a camera's raw file needs developing: export it as JPEG",
    ".nef": "a camera's raw file needs developing: export it as JPEG",
    ".arw": "a camera's raw file needs developing: export it as JPEG",
    ".dng": "a camera's raw file needs developing: export it as JPEG",
}
# Raw files are TIFF inside, and a decoder would happily return their thumbnail.
_RAW_SUFFIXES = frozenset({".cr2", ".nef", ".arw", ".dng"})

# Only decoders of pixels: Pillow would otherwise hand PostScript to an outside program.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF", "PPM")

_EXPECTED = "expected a JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF picture"
_ORIENTATION_TAG = 0x0112


class PhotoError(Exception):
    """A photo cannot be read. The message names the file, what was expected and what to do."""


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photo.

    path: the file it came from.
    pixels: (height, width, 3) uint8 RGB, upright (EXIF orientation applied).
    scale: pixels of the file per pixel here; above 1 where the photo was decoded reduced.
    focal_length_pixels: the camera's focal length in pixels of this photo, by its EXIF data; None
        where that does not say, or says that the photo was cropped since.
    """

    path: Path
    pixels: np.ndarray = field(repr=False)
    scale: float = 1.0
    focal_length_pixels: float | None = None

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise ValueError(
                f"Photo.pixels is {shape} {self.pixels.dtype}; expected (height, width, 3) uint8 "
                "RGB with at least one pixel; convert it first (read_photo does)."
            )


def natural_key(path: Path) -> tuple[object, ...]:
    """Sort key that puts `photo 9` before `photo 10`, folder by folder, ignoring case."""
    parts = []
    for part in path.parts:
        chunks = re.split(r"([0-9]+)", part.casefold())
        # split() alternates text and digits, so equal positions always hold equal types.
        parts.append(
            tuple(int(chunk) if index % 2 else chunk for index, chunk in enumerate(chunks))
        )
    return (tuple(parts), str(path))


def find_photos(inputs: Sequence[Path]) -> list[Path]:
    """List the photos that files and folders name, without opening any.

    inputs: files are kept whatever their name, existing or not (read_photo then says what is
        wrong with one, and the others still get done); folders are searched with all their
        subfolders for PHOTO_SUFFIXES and for documents often mistaken for photos (PDF, HEIC,
        raw), leaving out hidden files and folders. Linked folders are followed once each.

    Returns the paths in the order of the inputs, each folder's in natural order, none twice. A
    folder that may not be listed is returned itself, so that it gets a named failure.
    """
    found: dict[str, Path] = {}
    for given in inputs:
        given = Path(given)
        paths = sorted(_photos_below(given), key=natural_key) if given.is_dir() else [given]
        for path in paths:
            # The folder is resolved and the name is not: two links to one picture are two photos.
            identity = os.path.join(os.path.realpath(path.parent), path.name)
            found.setdefault(identity, path)
    return list(found.values())


def _photos_below(folder: Path) -> Iterator[Path]:
    wanted = PHOTO_SUFFIXES | _MISTAKEN_SUFFIXES.keys()
    waiting = [folder]
    visited: set[str] = set()
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in visited:
            continue
        visited.add(real)
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            yield current
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = current / entry.name
            if path.is_dir():
                waiting.append(path)
            elif path.suffix.lower() in wanted:
                yield path


def read_photo(
    path: Path,
    maximum_side: int = 4096,
    enough_side: int | None = None,
    content: bytes | None = None,
) -> Photo:
    """Decode a photo to upright 8-bit RGB.

    Grey, palette, CMYK, 16-bit and floating-point pictures are converted, transparency is laid
    over white, and of several frames the first is taken. All eight EXIF orientations (Exif 2.32,
    tag 0x0112) are honoured; damaged EXIF data is ignored.

    path: the file.
    maximum_side: the longer side of the result is at most this many pixels; larger photos are
        decoded reduced (JPEG inside the decoder, which is faster).
    enough_side: a JPEG is decoded at a half, a quarter or an eighth of its size, which takes half
        the time, where its shorter side keeps at least this many pixels; None decodes it whole.
    content: the file's bytes, where they were fetched already; `path` is then only its name.

    Raises PhotoError if the file is missing, empty, no picture, truncated, or would take more
    memory or time than vision.photo_bounds allows.
    """
    path = Path(path)
    if maximum_side < 1:
        raise ValueError(f"maximum_side is {maximum_side}; expected 1 or more; leave it out.")
    if content is None:
        _refuse_what_is_no_file(path)
    else:
        _refuse_what_is_no_photo(path, len(content))
    try:
        stream, many_scans = bounded_stream(_opened(path) if content is None else content)
    except BoundError as error:
        raise PhotoError(_too_costly(path, error)) from error
    with stream:
        return _decoded(path, stream, many_scans, maximum_side, enough_side)


def _decoded(
    path: Path,
    stream: Stream,
    many_scans: bool,
    maximum_side: int,
    enough_side: int | None,
) -> Photo:
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings(), _whole_pictures_only():
        # What Pillow warns of (odd EXIF data, many pixels) is dealt with here.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(stream, formats=_FORMATS)
        except (Image.DecompressionBombError, MemoryError) as error:
            raise PhotoError(_too_many_pixels(path)) from error
        except BoundError as error:
            raise PhotoError(_too_costly(path, error)) from error
        except UnidentifiedImageError as error:
            raise PhotoError(_not_a_picture(path)) from error
        except Exception as error:  # a damaged header can raise nearly anything in a decoder
            raise PhotoError(_not_a_picture(path)) from error
        with image:
            width, height = image.size
            if width * height > MAXIMUM_PIXELS:
                raise PhotoError(_too_many_pixels(path))
            longest = max(width, height)
            try:
                check_size(image, many_scans)
                shrink = min(1.0, maximum_side / longest)
                if enough_side is not None:
                    shrink = min(shrink, 1 / max(1, min(width, height) // enough_side))
                if shrink < 1:
                    size = (max(1, int(width * shrink)), max(1, int(height * shrink)))
                    image.draft(None, size)
                image.load()
                drop_large_exif(image)
                focal_length = focal_length_pixels(image, width, height)
                # Reduced before it is turned: both at full size would take twice the memory.
                orientation = _orientation(image)
                small: Image.Image = image
                if max(image.size) > maximum_side:
                    small = _reduced(image, maximum_side)
                if orientation is not None:
                    small = small.transpose(orientation)
                pixels = _rgb(small)
            except MemoryError as error:
                raise PhotoError(_too_many_pixels(path)) from error
            except BoundError as error:
                raise PhotoError(_too_costly(path, error)) from error
            except Exception as error:  # as above: any decoder, any damage
                raise PhotoError(
                    f"{path} is damaged and cannot be decoded ({error}): expected a complete "
                    "picture; copy or download the file again."
                ) from error
    scale = longest / max(pixels.shape[:2])
    return Photo(path, pixels, scale, focal_length and focal_length / scale)


def _opened(path: Path) -> int:
    """A descriptor of a regular file; never waits for one end of a pipe to be opened."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except PermissionError as error:
        raise PhotoError(
            f"{path} may not be read: expected a file that this user can open; "
            "change its permissions."
        ) from error
    except OSError as error:
        raise PhotoError(
            f"{path} cannot be opened ({error}): expected a photo; check the path."
        ) from error
    try:
        status = os.fstat(descriptor)  # it may have been exchanged since it was looked at
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(_not_regular(path))
        _refuse_what_is_no_photo(path, status.st_size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _whole_pictures_only() -> Iterator[None]:
    """Let Pillow report truncated files: `import face_recognition` tells it to fill them grey."""
    from PIL import ImageFile

    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _refuse_what_is_no_file(path: Path) -> None:
    """Raise PhotoError for anything whose bytes are not worth opening."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(
            f"{path}: no such file: expected a photo or a folder of photos; check the spelling."
        ) from error
    except (OSError, ValueError) as error:  # loops of links, names too long, null characters
        raise PhotoError(
            f"{path} cannot be opened ({error}): expected a photo; check the path."
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise PhotoError(
            f"{path} is a folder that cannot be listed: expected a photo or a readable folder; "
            "check its permissions."
        )
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError(_not_regular(path))
    _refuse_what_is_no_photo(path, status.st_size)


def _refuse_what_is_no_photo(path: Path, size: int) -> None:
    """Raise PhotoError for content that its size or name tell to be none."""
    if size == 0:
        raise PhotoError(f"{path} is an empty file: {_EXPECTED}; copy or download the file again.")
    if size > MAXIMUM_BYTES:
        raise PhotoError(
            f"{path} is a file of {size / 1e6:,.0f} MB: expected at most "
            f"{MAXIMUM_BYTES / 1e6:,.0f}; save a smaller copy."
        )
    if path.suffix.lower() in _RAW_SUFFIXES:
        raise PhotoError(_not_a_picture(path))


def _not_regular(path: Path) -> str:
    return f"{path} is not a regular file: expected a photo; save the picture to a file first."


def _not_a_picture(path: Path) -> str:
    advice = _MISTAKEN_SUFFIXES.get(path.suffix.lower(), "save it as JPEG or PNG, or leave it out")
    return f"{path} is not a picture that can be read: {_EXPECTED}; {advice}."


def _too_many_pixels(path: Path) -> str:
    return (
        f"{path} has too many pixels to decode safely: expected at most "
        f"{MAXIMUM_PIXELS // 1_000_000} megapixels; save a smaller copy."
    )


def _too_costly(path: Path, error: BoundError) -> str:
    return (
        f"{path} {error}: expected a photo as cameras and programs write them; open it and save it "
        "anew as JPEG."
    )


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How the EXIF orientation turns the picture; unreadable EXIF data counts as upright."""
    from PIL import Image

    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        # Read only after load(): PNG may hold EXIF after its pixels, and Pillow turns TIFF itself
        # in load() and takes the tag away.
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # damaged EXIF raises anything, from struct.error to SyntaxError
        return None
    return methods.get(orientation) if isinstance(orientation, int) else None


def _reduced(image: Image.Image, maximum_side: int) -> Image.Image:
    from PIL import Image

    shrink = maximum_side / max(image.size)
    size = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
    if image.mode in ("1", "P", "PA"):  # these cannot be averaged
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    # resize() filters no 16-bit modes but this one; nearest pixels serve the rest.
    averaging = not image.mode.startswith("I;16")
    return image.resize(size, Image.Resampling.LANCZOS if averaging else Image.Resampling.NEAREST)


def _rgb(image: Image.Image) -> np.ndarray:
    """Convert any Pillow mode to (height, width, 3) uint8."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        grey = _eight_bits(np.asarray(image, dtype=np.float64))
        return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    if image.has_transparency_data:
        layer = image.convert("LA") if image.mode == "La" else image
        layer = layer.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer)
    # Converting what is RGB already would copy it ten times as slowly.
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Bring integers of 16 bits and floats in 0..1 or 0..255 to uint8; others by their maximum."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    maximum = float(values.max())
    whole = next((limit for limit in (1.0, 255.0, 65535.0) if maximum <= limit), maximum)
    return np.clip(np.rint(values * (255.0 / whole)), 0, 255).astype(np.uint8)
