"""Encodings are face_recognition's, whichever engine computes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFile

from vision.encodings import ENCODING_SIZE, FaceEncoder, encoding_box
from vision.faces import Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, find_photos, read_photo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def original() -> FaceEncoder:
    return FaceEncoder("face_recognition")


def test_the_fast_engine_is_in_use(encoder: FaceEncoder, original: FaceEncoder) -> None:
    assert encoder.engine == "litert"
    assert original.engine == "face_recognition"


def test_engines_agree(
    encoder: FaceEncoder,
    original: FaceEncoder,
    landmarker: FaceLandmarker,
    portraits: list[Photo],
) -> None:
    for photo in portraits:
        faces = landmarker.detect(photo.pixels)
        fast = encoder.encode(photo.pixels, faces)
        slow = original.encode(photo.pixels, faces)
        assert fast.shape == slow.shape == (len(faces), ENCODING_SIZE)
        assert fast.dtype == slow.dtype == np.float32
        assert np.abs(fast - slow).max() < 1e-5, photo.path


def test_the_mesh_box_does_as_well_as_the_slow_detector(
    encoder: FaceEncoder, original: FaceEncoder, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    """face_recognition on its own, box and all, gives nearly the same encoding.

    Photos of one person lie up to 0.6 apart, those of strangers 0.8.
    """
    import face_recognition

    here = encoder.encode(portrait.pixels, landmarker.detect(portrait.pixels))
    there = face_recognition.face_encodings(portrait.pixels)
    assert len(there) == 1
    assert np.linalg.norm(here[0] - there[0]) < 0.2


def test_cropping_around_the_face_changes_nothing(
    original: FaceEncoder, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    import face_recognition

    for photo in portraits[:4]:
        faces = landmarker.detect(photo.pixels)
        left, top, right, bottom = encoding_box(faces[0])
        whole = face_recognition.face_encodings(photo.pixels, [(top, right, bottom, left)])
        assert np.array_equal(original.encode(photo.pixels, faces)[0], np.float32(whole[0]))


def test_one_person_is_near_and_others_are_far(
    encoder: FaceEncoder, landmarker: FaceLandmarker, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue("shared_photos") / "london"
    neutral = find_photos([folder / "neutral"])[:8]
    smiling = find_photos([folder / "smiling"])[:8]
    assert [path.name[:3] for path in neutral] == [path.name[:3] for path in smiling]

    def encodings(paths: list[Path]) -> np.ndarray:
        photos = [read_photo(path) for path in paths]
        return np.concatenate(
            [encoder.encode(photo.pixels, landmarker.detect(photo.pixels)) for photo in photos]
        )

    distances = np.linalg.norm(encodings(neutral)[:, None] - encodings(smiling)[None], axis=2)
    same = np.diag(distances)
    others = distances[~np.eye(8, dtype=bool)]
    assert same.max() < 0.5
    assert others.min() > same.max()


def test_several_faces_are_encoded_in_their_order_and_apart(
    encoder: FaceEncoder, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    face = landmarker.detect(portrait.pixels)[0]
    mirrored = np.ascontiguousarray(portrait.pixels[:, ::-1])
    pair = np.concatenate([portrait.pixels, mirrored], axis=1)
    faces = sorted(landmarker.detect(pair), key=lambda found: found.box[0])
    assert len(faces) == 2

    both = encoder.encode(pair, faces)
    alone = encoder.encode(portrait.pixels, [face])[0]

    assert np.array_equal(encoder.encode(pair, faces[::-1]), both[::-1])
    assert np.linalg.norm(both[0] - alone) < 0.2
    assert np.linalg.norm(both[1] - alone) < 0.3
    assert not np.array_equal(both[0], both[1])


def test_no_faces_give_no_rows(encoder: FaceEncoder, portrait: Photo) -> None:
    assert encoder.encode(portrait.pixels, []).shape == (0, ENCODING_SIZE)


@pytest.mark.parametrize("engine", ["litert", "face_recognition"])
def test_the_same_face_gives_the_same_bits(
    engine: str, landmarker: FaceLandmarker, portraits: list[Photo]
) -> None:
    found = [(photo.pixels, landmarker.detect(photo.pixels)) for photo in portraits[:3]]
    one, other = FaceEncoder(engine), FaceEncoder(engine)
    forwards = [one.encode(*pair).tobytes() for pair in found]
    backwards = [other.encode(*pair).tobytes() for pair in reversed(found)]
    assert forwards == backwards[::-1]


def test_a_face_beyond_the_frame_is_encoded(
    encoder: FaceEncoder, landmarker: FaceLandmarker, portrait: Photo
) -> None:
    left, _, right, bottom = landmarker.detect(portrait.pixels)[0].box
    cut = np.ascontiguousarray(portrait.pixels[: round(bottom), round(left) : round(right)])
    faces = landmarker.detect(cut)
    assert len(faces) == 1
    vector = encoder.encode(cut, faces)[0]
    whole = encoder.encode(portrait.pixels, landmarker.detect(portrait.pixels))[0]
    assert np.linalg.norm(vector - whole) < 0.4


def test_faces_of_another_photo_are_refused(encoder: FaceEncoder, portrait: Photo) -> None:
    face = Face(np.random.default_rng(0).uniform(0, 50, (478, 3)), 50, 50)
    with pytest.raises(ValueError, match="pass the photo that the face was found in"):
        encoder.encode(portrait.pixels, [face])


def test_unknown_engines_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        FaceEncoder("tensorflow")


def test_face_recognition_leaves_pillow_as_it_was(original: FaceEncoder) -> None:
    assert original.engine == "face_recognition"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


WITHOUT = """
import sys
sys.modules[{missing!r}] = None
from vision.encodings import EncoderError, FaceEncoder
try:
    FaceEncoder({engine!r})
except EncoderError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.parametrize("missing", ["face_recognition_models", "pkg_resources", "dlib"])
def test_missing_models_end_in_an_error_and_not_the_program(missing: str) -> None:
    """face_recognition itself prints advice and quits, with the exit code of success."""
    program = WITHOUT.format(missing=missing, engine="face_recognition")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "expected the packages" in done.stdout
