"""face_recognition used plainly, as its own examples do: the program that we are measured against.

`python -m runs.benchmark.plain_face_recognition FOLDER TABLE PROCESSES`: load each photo, find its
faces (HOG, the package's default), encode them, predict sliders from the encodings with the same
network as the route "encoding" has, write a CSV table. It prints the seconds from the first photo
to the last row as JSON.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path, table: Path, processes: int) -> None:
    """Predict all photos of a folder and say how long it took, without start-up."""
    from regression.models.model_files import load_model, shipped_models

    model = load_model(shipped_models(), "encoding")
    photos = sorted(folder.iterdir())
    faces = 0
    with _mapping(processes) as encode_all, open(table, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("photo", "face_number", *model.head.slider_names))
        begin = time.perf_counter()
        for photo, encodings in zip(photos, encode_all(encode_plainly, photos), strict=True):
            for number, encoding in enumerate(encodings, start=1):
                values = model.predict(np.asarray(encoding, np.float32)[None])[0]
                writer.writerow((photo, number, *values.tolist()))
                faces += 1
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "photos": len(photos), "faces": faces}))


def encode_plainly(photo: Path) -> list[np.ndarray]:
    """The encodings of a photo's faces, by three calls of face_recognition."""
    package = _face_recognition()
    pixels = package.load_image_file(str(photo))
    locations = package.face_locations(pixels)
    return list(package.face_encodings(pixels, locations))


@contextmanager
def _mapping(processes: int) -> Iterator[Any]:
    """A `map` whose processes have loaded face_recognition already."""
    if processes == 1:
        _face_recognition()
        yield map
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _face_recognition) as pool:
        list(pool.map(abs, range(4 * processes)))  # all processes start now
        yield pool.map


def _face_recognition() -> Any:
    import face_recognition

    return face_recognition


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
