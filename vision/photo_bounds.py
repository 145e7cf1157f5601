"""What one photo may cost: bytes of its file, pixels, time, and memory for what is beside pixels.

Pillow bounds a picture's pixels and nothing else. A file can also be large, slow (thousands of
chunks or scans) or full of tags that all name the same bytes, each of which is copied. SECURITY.md
has the measured figures.
"""

from __future__ import annotations

import io
import os
import re
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MAXIMUM_BYTES = 500_000_000
"""Larger files are refused before they are opened."""

MAXIMUM_PIXELS = 178_000_000
"""Pictures with more pixels are refused by their header, before any pixel is decoded."""

DECODE_SECONDS = 30.0
"""A decoder that asks for more of its file after that is stopped."""

_MEGAPIXELS = {"WEBP": 60, "AVIF": 90}  # these decoders hold a picture several times over
# Held twice: JPEG in several scans (all coefficients, 2 bytes each), TIFF with an orientation
# (Pillow turns it whole), and transparency (reducing multiplies it in first).
_TWICE_MEGAPIXELS = 100
_MOST_EXIF = 128 * 1024  # bytes; tags of one file can claim the square of it, divided by 48
_MOST_SEGMENTS = 5_000  # of a JPEG before its pixels
_SMALL_FILE = 32 << 20  # bytes; read at once
_SMALL_READ = 8192  # bytes of a JPEG in scans between two looks at the clock
_ORIENTATION, _TILE_WIDTH, _TILE_LENGTH = 274, 322, 323  # tags of TIFF 6.0


class BoundError(Exception):
    """A photo costs more than allowed. The message is the rest of a sentence: "it ..."."""


class _Budget:
    """Counts what is read of a file of `size` bytes, and the time since the first read."""

    def __init__(self, size: int) -> None:
        # Headers are read twice, and a few tags; tags that share bytes would be read for ever.
        self._left = 2 * size + (1 << 20)
        self._end = time.monotonic() + DECODE_SECONDS

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise BoundError("names the same bytes again and again")
        if time.monotonic() > self._end:
            raise BoundError(f"takes more than {DECODE_SECONDS:.0f} seconds to decode")


class BoundedFile(io.FileIO):
    """An open file, as long as it was when it was opened. Its reads raise BoundError."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "rb")
        self.size = os.fstat(descriptor).st_size
        self._budget = _Budget(self.size)

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file."""
        left = max(0, self.size - self.tell())
        found = super().read(left if size is None or size < 0 else min(size, left)) or b""
        self._budget.spend(len(found))
        return found


class BoundedBytes(io.BytesIO):
    """The same for a file's content."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._budget = _Budget(len(content))

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file."""
        found = super().read(size)
        self._budget.spend(len(found))
        return found


Stream = BoundedFile | BoundedBytes


def bounded_stream(source: int | bytes) -> tuple[Stream, bool]:
    """A file's descriptor, or its content, ready for Pillow; and whether it is a JPEG in several
    scans.

    Raises BoundError for a JPEG with more segments or EXIF data than any camera writes.
    """
    stream: Stream
    if isinstance(source, int):
        stream = BoundedFile(source)
        if stream.size <= _SMALL_FILE:
            with stream:
                stream = BoundedBytes(stream.read())
    else:
        stream = BoundedBytes(source)
    try:
        start = stream.read(12)
        if start[4:8] == b"ftyp":
            stream, before = BoundedBytes(_without_exif(start + stream.read())), stream
            before.close()
        many_scans = start[:2] == b"\xff\xd8" and _has_many_scans(stream)
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    return stream, many_scans


def check_size(image: Image.Image, many_scans: bool) -> None:
    """Compares an opened picture, of which no pixel is decoded yet, with what its decoder needs.

    Raises BoundError for too many pixels.
    """
    tags = getattr(image, "tag_v2", {})
    most = 10**6 * _MEGAPIXELS.get(image.format or "", MAXIMUM_PIXELS // 10**6)
    if many_scans:
        image.decodermaxblock = _SMALL_READ  # type: ignore[attr-defined]
    if many_scans or tags.get(_ORIENTATION, 1) != 1 or image.has_transparency_data:
        most = min(most, 10**6 * _TWICE_MEGAPIXELS)
    if image.width * image.height > most:
        raise BoundError(
            f"has too many pixels to decode safely ({image.width}x{image.height}, of its kind at "
            f"most {most // 10**6} megapixels)"
        )
    width, height = tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1)
    if isinstance(width, int) and isinstance(height, int) and width * height > most:
        raise BoundError(f"is stored in tiles of {width}x{height} pixels")


def drop_large_exif(image: Image.Image) -> None:
    """Takes EXIF data away that no camera writes; the photo then counts as upright."""
    for key in ("exif", "Raw profile type exif"):
        if len(image.info.get(key, b"")) > _MOST_EXIF * (2 if key != "exif" else 1):
            del image.info[key]


def _has_many_scans(stream: IO[bytes]) -> bool:
    """Looks at the segments of a JPEG before its pixels (ITU-T T.81, annex B)."""
    components, exif, place = 0, 0, 2
    for _ in range(_MOST_SEGMENTS):
        stream.seek(place)
        head = stream.read(10)
        if len(head) < 10:
            return False  # truncated: Pillow says so
        if head[0] != 0xFF or head[1] in (0x00, 0xFF) or 0xD0 <= head[1] <= 0xD8:
            place += 1  # filling, or what Pillow skips
            continue
        kind, length = head[1], int.from_bytes(head[2:4], "big")
        if kind == 0xE1 and head[4:8] == b"Exif":
            exif += length
            if exif > _MOST_EXIF:
                raise BoundError(f"has more than {_MOST_EXIF} bytes of EXIF data")
        if kind in (0xC2, 0xC6, 0xCA, 0xCE):
            return True  # progressive
        if kind in (0xC0, 0xC1, 0xC9):
            components = head[9]
        if kind == 0xDA:
            return head[4] < components
        place += 2 + length
    raise BoundError(f"has more than {_MOST_SEGMENTS} segments before its pixels")


def _without_exif(content: bytes) -> bytes:
    """An AVIF file whose EXIF item has another name: Pillow would decode it when it opens the file.

    Turning is said outside it (ISO/IEC 23000-22, 7.3.6: irot, imir).
    """
    return re.sub(rb"(infe.{8}(?:..)?)Exif", rb"\1none", content, flags=re.DOTALL)
