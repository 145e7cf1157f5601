"""Many small photos for a run: faces, pictures without one, and files that are no pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageEnhance

from tests.conftest import SAMPLES, installed_portrait
from vision.photos import find_photos

_EVERY_BROKEN, _EVERY_EMPTY = 17, 23


def make_photos(folder: Path, count: int) -> list[Path]:
    """Make `count` photos, all different, some without a face and some damaged."""
    sources = [*find_photos([SAMPLES]), installed_portrait()]
    pictures = []
    for source in sources:
        with Image.open(source) as image:
            pictures.append(image.convert("RGB").resize((200, 200)))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"photo {number}.jpg"
        picture = pictures[number % len(pictures)]
        picture = picture.rotate(number % 7 - 3, fillcolor=(90, 90, 90))
        picture = ImageEnhance.Brightness(picture).enhance(0.8 + 0.4 * (number % 11) / 10)
        if number % _EVERY_EMPTY == 5:
            picture = Image.new("RGB", (200, 200), (number % 256, 90, 90))
        picture.save(path, quality=90)
        if number % _EVERY_BROKEN == 3:
            path.write_bytes(path.read_bytes()[: 400 + number])
        paths.append(path)
    return paths
