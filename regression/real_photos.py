"""Real photos as training and test material: who is on them, and what is known of each.

A folder of photos is read by these conventions:
- each folder directly inside it is a collection (photos directly in it form one of their own);
- photos whose names agree up to the first underscore are of one person;
- photos below a folder called `smiling` show an expression; the person's other photos, if there
  are any, say what the face's shape is;
- a `.tem` file beside a photo holds its hand-placed points (vision.templates).

Nothing of these photos is written to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.encodings import FaceEncoder
from vision.landmarks import FaceLandmarker
from vision.photos import PhotoError, find_photos, read_photo
from vision.ratios import PROPORTION_NAMES
from vision.reading import FaceReader
from vision.templates import read_template, template_proportions


@dataclass(frozen=True, eq=False)
class RealFace:
    """The largest face of a photo.

    Attributes:
        photo: its path.
        collection: photos of one source and camera.
        person: unique over collections.
        expressive: whether the photo is meant to show an expression.
        features: (d,) float32, of the fused route.
        mirrored_features: the same of the mirrored photo.
        hand_placed: (14,) proportions on hand-placed points; nan where there are none.
    """

    photo: Path
    collection: str
    person: str
    expressive: bool
    features: np.ndarray
    mirrored_features: np.ndarray
    hand_placed: np.ndarray

    @property
    def measured_by_hand(self) -> bool:
        """Whether this photo has hand-placed points."""
        return bool(np.isfinite(self.hand_placed).all())


def read_photo_folder(folder: Path, collections: Sequence[str] = ()) -> list[RealFace]:
    """All real faces of a folder, or of some collections in it, with a progress bar."""
    from tqdm import tqdm

    photos = find_photos([folder / name for name in collections] or [folder])
    with (
        FaceLandmarker(maximum_faces=1) as landmarker,
        tqdm(total=len(photos), unit="photo", disable=None) as bar,
    ):
        reader = FaceReader(landmarker, FaceEncoder())
        return read_real_faces(folder, photos, reader, lambda _: bar.update())


def read_real_faces(
    folder: Path,
    photos: Sequence[Path],
    reader: FaceReader,
    report: Callable[[Path], None] | None = None,
) -> list[RealFace]:
    """Reads photos of a folder; those without a usable face are left out.

    Args:
        folder: see the module's conventions.
        photos: files below it.
        reader: with an encoder.
        report: called with each photo when it is done.
    """
    faces = []
    for path in photos:
        try:
            pixels = read_photo(path).pixels
            readings = reader.read(pixels)
            mirrored = reader.read(np.ascontiguousarray(pixels[:, ::-1])) if readings else []
        except PhotoError:
            readings = mirrored = []
        if readings and mirrored:
            features = (readings[0].features("fused"), mirrored[0].features("fused"))
            faces.append(_real_face(path, folder, *features))
        if report is not None:
            report(path)
    return faces


def _real_face(
    path: Path, folder: Path, features: np.ndarray, mirrored_features: np.ndarray
) -> RealFace:
    parts = path.relative_to(folder).parts
    collection = parts[0] if len(parts) > 1 else folder.resolve().name
    template = path.with_suffix(".tem")
    return RealFace(
        photo=path,
        collection=collection,
        person=f"{collection}/{path.stem.split('_')[0]}",
        expressive="smiling" in parts[:-1],
        features=features,
        mirrored_features=mirrored_features,
        hand_placed=(
            template_proportions(read_template(template))
            if template.is_file()
            else np.full(len(PROPORTION_NAMES), np.nan)
        ),
    )
