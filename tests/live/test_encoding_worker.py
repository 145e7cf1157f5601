from __future__ import annotations

import time

import numpy as np
import pytest

from live.encoding_worker import EncodedFace, EncodingWorker
from vision.encodings import FaceEncoder
from vision.faces import Face
from vision.landmarks import FaceLandmarker
from vision.photos import Photo


@pytest.fixture(scope="module")
def face(portrait: Photo, landmarker: FaceLandmarker) -> Face:
    return landmarker.detect(portrait.pixels)[0]


def wait_for(worker: EncodingWorker, count: int) -> list[EncodedFace]:
    done: list[EncodedFace] = []
    end = time.monotonic() + 20
    while len(done) < count and time.monotonic() < end:
        done += worker.take()
        time.sleep(0.005)
    return done


@pytest.mark.parametrize("threaded", [True, False])
def test_it_encodes_as_the_encoder_does(
    portrait: Photo, face: Face, encoder: FaceEncoder, threaded: bool
) -> None:
    with EncodingWorker(encoder, threaded) as worker:
        worker.give(portrait.pixels, face, 7, 0.5)
        (encoded,) = wait_for(worker, 1)
        assert worker.take() == []
    assert (encoded.frame_number, encoded.weight) == (7, 0.5)
    np.testing.assert_array_equal(encoded.encoding, encoder.encode(portrait.pixels, [face])[0])


def test_a_newer_face_takes_the_place_of_one_that_waits(
    portrait: Photo, face: Face, encoder: FaceEncoder
) -> None:
    with EncodingWorker(encoder) as worker:
        for number in range(1, 101):
            worker.give(portrait.pixels, face, number, 1.0)
        numbers = []
        while 100 not in numbers:
            numbers += [one.frame_number for one in wait_for(worker, 1)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 50


def test_what_the_encoder_raises_is_raised_to_who_asks(
    portrait: Photo, face: Face, encoder: FaceEncoder
) -> None:
    with EncodingWorker(encoder) as worker:
        worker.give(portrait.pixels[:-1], face, 1, 1.0)  # not the photo of the face
        with pytest.raises(ValueError, match="photo that the face was found in"):
            wait_for(worker, 1)


def test_closing_ends_the_thread(encoder: FaceEncoder) -> None:
    import threading

    worker = EncodingWorker(encoder)
    worker.close()
    worker.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "encoding"]
