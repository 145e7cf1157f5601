"""The fast engine of the encodings against face_recognition's own, on 300 faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.conftest import SAMPLES, SHARED_PHOTOS, installed_portrait
from vision.encoder_cache import AGREEMENT
from vision.encodings import FaceEncoder
from vision.landmarks import FaceLandmarker
from vision.photos import find_photos, read_photo

_FACES = 300


def _pictures(paths: list[Path]) -> Iterator[np.ndarray]:
    """Each photo; then all of them mirrored, darker, paler and tilted, as often as is needed."""
    for path in paths:
        yield read_photo(path, maximum_side=600).pixels
    generator = np.random.default_rng(3)
    while True:
        for path in paths:
            from PIL import Image

            picture = Image.fromarray(read_photo(path, maximum_side=600).pixels)
            tilted = picture.rotate(generator.uniform(-12, 12), fillcolor=(90, 90, 90))
            pixels = np.asarray(tilted) * generator.uniform(0.5, 1.0) + generator.uniform(0, 40)
            bright = np.clip(pixels, 0, 255).astype(np.uint8)
            yield np.ascontiguousarray(bright[:, :: generator.choice([-1, 1])])


def test_engines_agree_on_300_faces(encoder: FaceEncoder, landmarker: FaceLandmarker) -> None:
    paths = [installed_portrait(), *sorted(SAMPLES.glob("*.png"))]
    if SHARED_PHOTOS.is_dir():
        everyone = find_photos([SHARED_PHOTOS])
        paths += everyone[:: max(1, len(everyone) // _FACES)]
    original = FaceEncoder("face_recognition")
    compared, largest = 0, 0.0
    for pixels in _pictures(paths):
        faces = landmarker.detect(pixels)
        if faces:
            difference = encoder.encode(pixels, faces) - original.encode(pixels, faces)
            assert np.isfinite(difference).all()
            largest = max(largest, float(np.abs(difference).max()))
            compared += len(faces)
        if compared >= _FACES:
            break
    assert largest <= AGREEMENT
    print(f"{compared} faces, largest difference {largest:.1e}")
