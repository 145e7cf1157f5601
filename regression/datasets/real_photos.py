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
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES, SECOND_FEATURES
from vision.landmarks import FaceLandmarker
from vision.photos import PhotoError, find_photos, read_photo
from vision.ratios import PROPORTION_NAMES, RATIOS
from vision.reading import FaceReader
from vision.templates import TemplateError, read_template, template_proportions

Report = Callable[[Path, str | None], None]
"""Called with each photo when it is done, and with what was wrong with it."""

_FIRST_RATIO = len(ENCODING_FEATURES)
_FIRST_SECOND_RATIO = _FIRST_RATIO + len(LANDMARK_FEATURES)


@dataclass(frozen=True, eq=False)
class RealFace:
    """The largest face of a photo.

    Attributes:
        photo: its path.
        collection: photos of one source and camera.
        person: unique over collections.
        expressive: whether the photo is meant to show an expression.
        features: (d,) float32, of this photo alone, in the order of vision.features.ALL_FEATURES;
            nan, or cut off at the end, is what the second landmarker was not asked for.
        mirrored_features: the same of the mirrored photo.
        hand_placed: (14,) proportions on hand-placed points; nan where there are none.
        quick: whether models under test see the photo alone, as `fpp predict --quick` shows it.
    """

    photo: Path
    collection: str
    person: str
    expressive: bool
    features: np.ndarray
    mirrored_features: np.ndarray
    hand_placed: np.ndarray
    quick: bool = False

    @property
    def measured_by_hand(self) -> bool:
        """Whether this photo has hand-placed points."""
        return bool(np.isfinite(self.hand_placed).all())

    @property
    def mean_features(self) -> np.ndarray:
        """(d,) float32, the mean over the photo and its mirror image."""
        return np.asarray((self.features + self.mirrored_features) / 2)

    @property
    def tested_features(self) -> np.ndarray:
        """(d,) float32, what a model under test is given of the photo."""
        return self.features if self.quick else self.mean_features

    @property
    def ratios(self) -> np.ndarray:
        """(78,) vision.ratios.RATIOS, by the second landmarker where it was asked: the better
        one."""
        features = self.mean_features
        second = features[_FIRST_SECOND_RATIO : _FIRST_SECOND_RATIO + len(RATIOS)]
        if len(second) == len(RATIOS) and np.isfinite(second).all():
            return second
        return features[_FIRST_RATIO : _FIRST_RATIO + len(RATIOS)]

    @property
    def seen_by_both(self) -> bool:
        """Whether the second landmarker was asked too."""
        second = self.features[_FIRST_SECOND_RATIO:]
        return len(second) == len(SECOND_FEATURES) and bool(np.isfinite(second).all())


def read_photo_folder(
    folder: Path, collections: Sequence[str] = (), task_file: Path | None = None
) -> list[RealFace]:
    """All real faces of a folder, or of some collections in it, with a progress bar.

    What is wrong with a photo is said on stderr.

    Args:
        task_file: MediaPipe's face_landmarker.task, to have every face seen by that too.

    Raises:
        PhotoError: the folder or a collection is not there.
        LandmarkerFileError: the task file cannot be used.
    """
    import sys
    from contextlib import ExitStack

    from tqdm import tqdm

    for name in collections:
        if not (folder / name).is_dir():
            there = sorted(path.name for path in folder.glob("*/")) if folder.is_dir() else []
            raise PhotoError(
                f"{folder} has no folder {name!r}. One of its folders was expected: "
                f"{', '.join(there) or 'there are none'}. Correct the name."
            )
    photos = find_photos([folder / name for name in collections] or [folder])
    with ExitStack() as stack:
        landmarker = stack.enter_context(FaceLandmarker(maximum_faces=1))
        second = stack.enter_context(FaceLandmarker(1, task_file)) if task_file else None
        bar = stack.enter_context(tqdm(total=len(photos), unit="photo", disable=None))

        def done(path: Path, problem: str | None) -> None:
            if problem:
                tqdm.write(problem, file=sys.stderr)
            bar.update()

        return read_real_faces(folder, photos, FaceReader(landmarker, FaceEncoder(), second), done)


def read_real_faces(
    folder: Path,
    photos: Sequence[Path],
    reader: FaceReader,
    report: Report | None = None,
) -> list[RealFace]:
    """Reads photos of a folder; those without a usable face are left out.

    Hand-placed points that cannot be read leave their photo unmeasured.

    Args:
        folder: see the module's conventions.
        photos: files below it.
        reader: with an encoder, and mirroring.
    """
    faces = []
    for path in photos:
        problem = None
        try:
            readings = reader.read(read_photo(path).pixels)
        except PhotoError as error:
            readings, problem = [], str(error)
        by_hand = np.full(len(PROPORTION_NAMES), np.nan)
        template = path.with_suffix(".tem")
        if readings and template.is_file():
            try:
                by_hand = template_proportions(read_template(template))
            except TemplateError as error:
                problem = str(error)
        if readings and (mirrored := readings[0].mirrored) is not None:
            features = (readings[0].all_features(), mirrored.all_features())
            faces.append(_real_face(path, folder, *features, by_hand))
        elif problem is None:
            problem = (
                f"{path} is left out: no face was found in it, or none in its mirror image. A "
                "portrait was expected. Check the picture."
            )
        if report is not None:
            report(path, problem)
    return faces


def _real_face(
    path: Path,
    folder: Path,
    features: np.ndarray,
    mirrored_features: np.ndarray,
    hand_placed: np.ndarray,
) -> RealFace:
    parts = path.relative_to(folder).parts
    collection = parts[0] if len(parts) > 1 else folder.resolve().name
    return RealFace(
        photo=path,
        collection=collection,
        person=f"{collection}/{path.stem.split('_')[0]}",
        expressive="smiling" in parts[:-1],
        features=features,
        mirrored_features=mirrored_features,
        hand_placed=hand_placed,
    )
