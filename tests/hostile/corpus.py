"""A folder of everything that people and attackers call photos, and what has to become of each.

`make_corpus` writes the files and says of each whether it is decoded, or with which words it is
refused. All are small on disk. `python -m tests.hostile.corpus FOLDER` writes them to look at.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

DECODED = ""

_ORIENTATION = 0x0112
_STORED_AS = {  # what a viewer must undo (Exif 2.32, tag 0x0112)
    1: lambda image: image,
    2: ImageOps.mirror,
    3: lambda image: image.rotate(180),
    4: ImageOps.flip,
    5: lambda image: ImageOps.mirror(image.rotate(270, expand=True)),
    6: lambda image: image.rotate(90, expand=True),
    7: lambda image: ImageOps.mirror(image.rotate(90, expand=True)),
    8: lambda image: image.rotate(270, expand=True),
}
# Names that break programs which print, split or sort them carelessly.
_NAMES = (
    "line\nbreak",
    "return\rtab\t",
    "Прасковья",
    "山田花子",
    "עברית",
    "مرحبا",
    "हिन्दी",
    "🙂🧔🏽‍♂️",
    "cafe\u0301",
    "right\u202eto left",
    'quote " comma , semicolon ;',
    "' OR 1=1 --",
    "=HYPERLINK(1)",
    "<script>alert(1)",
    "..",
    " space ",
    "-rf",
    "%s %n {0}",
    "$(touch x) `x`",
    "back\\slash",
    "long" * 55,
)


@dataclass(frozen=True)
class Hostile:
    """One file: its path below the folder, and the words of its refusal; DECODED for none.

    in_folder: whether a search of the folder finds it; named by hand it is read in any case.
    """

    name: str
    reason: str
    in_folder: bool = True


def make_corpus(folder: Path, face: Path) -> list[Hostile]:
    """Writes every file; `face` is a photo of one face, copied into most of those that decode."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(face) as opened:
        whole = opened.convert("RGB")
    whole.thumbnail((480, 480))
    made: list[Hostile] = []
    for part in (_pictures, _damaged, _bombs, _other_files, _links):
        made += part(folder, whole)
    return made


def _pictures(folder: Path, face: Image.Image) -> Iterator[Hostile]:
    """Unusual, and all right."""
    for orientation, stored in _STORED_AS.items():
        name = f"orientation_{orientation}.jpg"
        stored(face).save(folder / name, exif=_exif(orientation), quality=92)
        yield Hostile(name, DECODED)
    grey = face.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    clear = face.copy()
    clear.putalpha(grey.point(lambda level: 255 if level > 2 else 128))
    frames = [face, ImageOps.mirror(face), ImageOps.flip(face)]
    kinds: tuple[tuple[str, Image.Image, dict[str, Any]], ...] = (
        ("cmyk.jpg", face.convert("CMYK"), {}),
        ("progressive.jpg", face, {"progressive": True}),
        ("grey.jpg", grey, {}),
        ("black and white.png", grey.convert("1"), {}),
        ("16 bit.png", deep, {}),
        ("16 bit.tif", deep, {}),
        ("float.tif", Image.fromarray(np.asarray(grey, np.float32) / 255), {}),
        ("cmyk.tif", face.convert("CMYK"), {"compression": "tiff_lzw"}),
        ("alpha.png", clear, {}),
        ("grey alpha.png", clear.convert("LA"), {}),
        ("alpha.webp", clear, {}),
        ("palette.gif", face.quantize(64), {}),
        ("palette.png", face.quantize(64), {"transparency": 0}),
        ("moving.gif", frames[0], {"save_all": True, "append_images": frames[1:]}),
        ("moving.png", frames[0], {"save_all": True, "append_images": frames[1:]}),
        ("moving.webp", frames[0], {"save_all": True, "append_images": frames[1:]}),
        ("photo.avif", face, {"quality": 80, "exif": _exif(1)}),
        ("photo.bmp", face, {}),
        ("UPPER.JPEG", face, {}),
        ("1x1.png", face.resize((1, 1)), {}),
        ("1x3000.png", face.resize((1, 3000)), {}),
        ("3000x1.jpg", face.resize((3000, 1)), {}),
        ("thousand pages.tif", face.resize((20, 20)), {"save_all": True, "append_images": []}),
    )
    for name, image, options in kinds:
        if name.startswith("thousand"):
            options["append_images"] = [image] * 1000
        image.save(folder / name, **options)
        yield Hostile(name, DECODED)
    for name, exif in {
        "empty exif.jpg": b"Exif\0\0",
        "exif that points outside.jpg": b"Exif\0\0MM\0*\xff\xff\xff\xff",
        "exif of nonsense.jpg": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 400,
        "exif in a circle.jpg": b"Exif\0\0" + _circular_exif(),
    }.items():
        face.save(folder / name, exif=exif)
        yield Hostile(name, DECODED)
    face.save(folder / "picture inside.png", "JPEG")
    yield Hostile("picture inside.png", DECODED)
    face.save(folder / "no suffix", "JPEG")
    yield Hostile("no suffix", DECODED, in_folder=False)
    jpeg = _bytes(face, "JPEG")
    (folder / "text behind.jpg").write_bytes(jpeg + b"<?php system($_GET[0]); ?>" * 100)
    yield Hostile("text behind.jpg", DECODED)
    for number, name in enumerate(_NAMES):
        name = f"{name}.jpg" if number % 2 else f"{name}.png"
        (folder / name).write_bytes(jpeg)
        hidden = name.startswith(".")
        yield Hostile(name, DECODED, in_folder=not hidden)


def _damaged(folder: Path, face: Image.Image) -> Iterator[Hostile]:
    """Whole once."""
    for suffix, kind in {
        "jpg": "JPEG",
        "png": "PNG",
        "webp": "WEBP",
        "avif": "AVIF",
        "gif": "GIF",
        "bmp": "BMP",
    }.items():
        content = _bytes(face, kind)
        (folder / f"truncated.{suffix}").write_bytes(content[: len(content) * 2 // 3])
        lost = "not a picture" if suffix in ("avif", "webp") else "damaged"
        yield Hostile(f"truncated.{suffix}", lost)
        (folder / f"header only.{suffix}").write_bytes(content[:12])
        yield Hostile(f"header only.{suffix}", "not a picture")
        (folder / f"zeros.{suffix}").write_bytes(bytes(len(content)))
        yield Hostile(f"zeros.{suffix}", "not a picture")
    tiff = _bytes(face, "TIFF", compression="tiff_lzw")
    (folder / "truncated.tif").write_bytes(tiff[: len(tiff) // 2])
    yield Hostile("truncated.tif", "not a picture")
    (folder / "empty.jpg").write_bytes(b"")
    yield Hostile("empty.jpg", "empty file")
    broken = bytearray(_bytes(face, "PNG"))
    broken[len(broken) // 2] ^= 255
    (folder / "one wrong byte.png").write_bytes(broken)
    yield Hostile("one wrong byte.png", "damaged")


def _bombs(folder: Path, face: Image.Image) -> Iterator[Hostile]:
    """Small files that ask for much memory or time."""
    (folder / "30000x30000.png").write_bytes(_png(30_000, 30_000, 1, zlib.compress(bytes(10**6))))
    yield Hostile("30000x30000.png", "too many pixels")
    (folder / "2 billion wide.png").write_bytes(_png(2**31 - 1, 1, 1, b""))
    yield Hostile("2 billion wide.png", "too many pixels")
    wide = bytearray(_bytes(face, "JPEG"))
    place = wide.index(b"\xff\xc0")
    wide[place + 5 : place + 9] = struct.pack(">HH", 65500, 65500)
    (folder / "65500x65500.jpg").write_bytes(wide)
    yield Hostile("65500x65500.jpg", "too many pixels")
    many = bytearray(_bytes(face, "JPEG", progressive=True))
    place = many.index(b"\xff\xc2")
    many[place + 5 : place + 9] = struct.pack(">HH", 12000, 12000)
    (folder / "progressive of 144 megapixels.jpg").write_bytes(many)
    yield Hostile("progressive of 144 megapixels.jpg", "too many pixels")
    huge = bytearray(_bytes(face, "GIF"))
    huge[6:10] = struct.pack("<HH", 65535, 65535)
    (folder / "65535x65535.gif").write_bytes(huge)
    yield Hostile("65535x65535.gif", "too many pixels")
    packed = zlib.compress(bytes(100 << 20))
    for name, chunk in {
        "profile bomb.png": _chunk(b"iCCP", b"name\0\0" + packed),
        "text bomb.png": _chunk(b"zTXt", b"Comment\0\0" + packed),
        "international bomb.png": _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed),
    }.items():
        (folder / name).write_bytes(_with_chunk(_bytes(face, "PNG"), chunk))
        yield Hostile(name, "not a picture")
    jpeg = _bytes(face, "JPEG")
    exif = _exif_of_shared_bytes(3_000, 29_000)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    (folder / "tags that share bytes.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])
    yield Hostile("tags that share bytes.jpg", DECODED)
    (folder / "exif of many segments.jpg").write_bytes(jpeg[:2] + segment * 9 + jpeg[2:])
    yield Hostile("exif of many segments.jpg", "bytes of EXIF data")
    comment = b"\xff\xfe\0\2"
    (folder / "a million comments.jpg").write_bytes(jpeg[:2] + comment * 10**6 + jpeg[2:])
    yield Hostile("a million comments.jpg", "segments before its pixels")
    profile = b"\xff\xe2\xff\xffICC_PROFILE\0\1\xff" + bytes(65519)
    (folder / "profile of 16 MB.jpg").write_bytes(jpeg[:2] + profile * 255 + jpeg[2:])
    yield Hostile("profile of 16 MB.jpg", DECODED)
    large = _exif_of_shared_bytes(60_000, 300_000)
    (folder / "large exif.png").write_bytes(
        _with_chunk(_bytes(face, "PNG"), _chunk(b"eXIf", large))
    )
    yield Hostile("large exif.png", DECODED)
    (folder / "large exif.webp").write_bytes(_bytes(face, "WEBP", exif=b"Exif\0\0" + large))
    yield Hostile("large exif.webp", DECODED)
    (folder / "tags that share bytes.tif").write_bytes(_exif_of_shared_bytes(60_000, 1_000_000))
    yield Hostile("tags that share bytes.tif", "names the same bytes again and again")
    (folder / "circle of pages.tif").write_bytes(_circular_exif())
    yield Hostile("circle of pages.tif", "not a picture")
    with (folder / "600 MB.jpg").open("wb") as sparse:
        sparse.write(jpeg)
        sparse.truncate(600_000_000)
    yield Hostile("600 MB.jpg", "is a file of 600 MB")


def _other_files(folder: Path, face: Image.Image) -> Iterator[Hostile]:
    """No pictures at all."""
    for name, content in {
        "text.jpg": b"I am no picture.\n",
        "page.png": b"<html><body>404 Not Found</body></html>",
        "drawing.jpg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/x'/></svg>",
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\nshowpage\n",
        "document.pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        "program.jpg": b"\x7fELF" + bytes(200),
        "archive.png": b"PK\x03\x04" + bytes(200),
        "phone.heic": b"\0\0\0\x18ftypheic" + bytes(200),
        "camera.nef": b"II*\0\x08\0\0\0" + bytes(200),
        "jpeg2000.jpg": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200),
        "pickle.jpg": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    }.items():
        (folder / name).write_bytes(content)
        yield Hostile(name, "not a picture")


def _links(folder: Path, face: Image.Image) -> Iterator[Hostile]:
    """Names without a file behind them."""
    (folder / "folder.jpg").mkdir(exist_ok=True)
    face.save(folder / "folder.jpg" / "inside.jpg")
    yield Hostile("folder.jpg/inside.jpg", DECODED)
    (folder / "broken link.jpg").symlink_to("nowhere.jpg")
    yield Hostile("broken link.jpg", "no such file")
    (folder / "loop one.jpg").symlink_to("loop two.jpg")
    (folder / "loop two.jpg").symlink_to("loop one.jpg")
    yield Hostile("loop one.jpg", "cannot be opened")
    yield Hostile("loop two.jpg", "cannot be opened")
    (folder / "itself").symlink_to(".")
    (folder / "good link.jpg").symlink_to("UPPER.JPEG")
    yield Hostile("good link.jpg", DECODED)
    os.mkfifo(folder / "pipe.jpg")
    yield Hostile("pipe.jpg", "not a regular file")
    (folder / "device.jpg").symlink_to("/dev/zero")
    yield Hostile("device.jpg", "not a regular file")


def _bytes(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _png(width: int, height: int, bits: int, packed: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _with_chunk(png: bytes, chunk: bytes) -> bytes:
    return png[:33] + chunk + png[33:]  # behind IHDR


def _exif_of_shared_bytes(tags: int, size: int) -> bytes:
    """A TIFF header with `tags` tags that all name the same `size` bytes."""
    start = 8 + 2 + 12 * tags + 4
    entries = b"".join(
        struct.pack("<HHII", 0x1000 + tag if tag else 0x0100, 7, size, start) for tag in range(tags)
    )
    return b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4) + bytes(size)


def _circular_exif() -> bytes:
    """A TIFF header whose parts name each other."""
    pointers = b"".join(struct.pack("<HHII", tag, 4, 1, 8) for tag in (0x014A, 0x8769, 0x8825))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + pointers + struct.pack("<I", 8)


if __name__ == "__main__":
    from tests.conftest import installed_portrait

    for entry in make_corpus(Path(sys.argv[1]), installed_portrait()):
        print(f"{entry.name!r}: {entry.reason or 'decoded'}")
