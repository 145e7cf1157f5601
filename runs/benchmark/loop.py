"""Prediction in one loop in one process: its stages, the bound, and the whole, photo by photo.

`python -m runs.benchmark.loop PHOTO...` prints milliseconds per photo as JSON. A few photos are
predicted in every way, then the bound is measured on the same ones, and so on: so that all of them
meet the computer in the same moods.

The bound is what cannot be left out: reading and decoding the photo (as small as prediction decodes
it), the face mesh once for each look, and the encoding network once for each face and look.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from exports.overlay import write_overlay
from runs.marks import PhotoMark, mark_of
from runs.parts import PARTS
from runs.photo_worker import PhotoWorker, write_results
from runs.plan import RunPlan
from runs.pool import PART_PHOTOS
from vision.encoder_cache import EncoderNetwork, load_encoder
from vision.encoder_network import CHIP_SIDE
from vision.encodings import FaceEncoder
from vision.features import ROUTES, landmark_features
from vision.landmark_networks import FaceMeshNetwork
from vision.landmarks import FaceLandmarker, working_picture
from vision.mediapipe_import import import_mediapipe, without_log_lines
from vision.photos import Photo, read_photo
from vision.pose import normalise
from vision.quality import quality_flags

DECODE = "read and decode"
MESH = "face mesh"
MIRRORED_MESH = "face mesh of the mirrored photo"
NETWORK = "encoding network"
ENCODE = "encoding: 5 points, chip, network"
DETECTOR = "full-range detector (--quick: not beside one large face)"
DETECT = "finding faces: face mesh, detectors where needed"
POSE = "pose and features"
QUALITY = "quality"
REGRESSION = "regression"
OVERLAY = "overlay"
TABLE = "table"

STAGES = (
    DECODE,
    MESH,
    MIRRORED_MESH,
    DETECTOR,
    DETECT,
    NETWORK,
    ENCODE,
    POSE,
    QUALITY,
    REGRESSION,
    OVERLAY,
    TABLE,
)

LOOKS = (1, 2)

_FACES = 10  # at most in a photo, as FaceLandmarker has it

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class LoopTimes:
    """Milliseconds per photo.

    Attributes:
        photos: how many were measured.
        stages: by STAGES.
        bound, whole: by (route, looks).
    """

    photos: int
    stages: dict[str, float]
    bound: dict[tuple[str, int], float]
    whole: dict[tuple[str, int], float]


def read_times(output: str) -> LoopTimes:
    """What this program printed."""
    said = json.loads(output)
    bound, whole = (
        {(route, looks): milliseconds for route, looks, milliseconds in said[name]}
        for name in ("bound", "whole")
    )
    return LoopTimes(said["photos"], said["stages"], bound, whole)


def main(paths: Sequence[Path]) -> None:
    """Measure, and print JSON."""
    times = measure_loop(paths)
    bound, whole = (
        [(*key, milliseconds) for key, milliseconds in figures.items()]
        for figures in (times.bound, times.whole)
    )
    print(
        json.dumps({"photos": times.photos, "stages": times.stages, "bound": bound, "whole": whole})
    )


def measure_loop(paths: Sequence[Path]) -> LoopTimes:
    """Predict photos in all ways, and each stage of it by itself.

    Photos without a face, or that cannot be decoded, are left out: they have fewer stages.
    """
    clock = _Clock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {
            (route, looks): PhotoWorker(_plan(route, looks, folder))
            for route in ROUTES
            for looks in LOOKS
        }
        stages = _Stages(clock, folder / "stages")
        # Once before it counts: networks warm up, and files come into memory.
        enough = {
            one.path: min(one.photo.pixels.shape[:2]) - 1
            for one in stages.predictor.predict_each(paths)
            if one.faces and one.photo is not None
        }
        usable = list(enough)
        for worker in workers.values():
            worker.work(_marks(usable[:2]), lambda result: None)
        stages.warm_up()
        for first in range(0, len(usable), PART_PHOTOS):
            some = usable[first : first + PART_PHOTOS]
            for key, worker in workers.items():
                clock.time(key, worker.work, _marks(some), lambda result: None)
            for path in some:
                stages.measure(path, enough[path])
            stages.measure_writing(some)
    count = max(1, len(usable))
    milliseconds = {key: 1000 * seconds / count for key, seconds in clock.seconds.items()}
    return LoopTimes(
        len(usable),
        {stage: milliseconds.get(stage, 0.0) for stage in STAGES},
        {key: bound(milliseconds, *key) for key in workers},
        {key: milliseconds.get(key, 0.0) for key in workers},
    )


def bound(milliseconds: dict[Any, float], route: str, looks: int) -> float:
    """The least that a photo can take, from the milliseconds of its stages."""
    least = milliseconds.get(DECODE, 0.0) + milliseconds.get(MESH, 0.0)
    if looks == 2:
        least += milliseconds.get(MIRRORED_MESH, 0.0)
    if route != "landmarks":
        least += looks * milliseconds.get(NETWORK, 0.0)
    return least


def _plan(route: str, looks: int, folder: Path) -> RunPlan:
    out = folder / f"{route}_{looks}"
    (out / PARTS).mkdir(parents=True)
    return RunPlan(out, model=route, quick=looks == 1)


def _marks(paths: Sequence[Path]) -> list[PhotoMark]:
    return [mark_of(path, str(number)) for number, path in enumerate(paths)]


class _Clock:
    """Adds up the seconds of calls, by name."""

    def __init__(self) -> None:
        self.seconds: dict[Any, float] = defaultdict(float)

    def time(self, name: Any, call: Callable[..., _Result], *arguments: Any) -> _Result:
        begin = time.perf_counter()
        result = call(*arguments)
        self.seconds[name] += time.perf_counter() - begin
        return result


class _Stages:
    """Each stage of prediction, called by itself."""

    def __init__(self, clock: _Clock, folder: Path) -> None:
        self._clock = clock
        self._plan = _plan("fused", 1, folder)
        self.predictor = self._plan.open_predictor()
        self._model = self._plan.open_model()
        self._landmarker = FaceLandmarker()
        self._encoder = FaceEncoder()
        self._network: EncoderNetwork = load_encoder()
        with without_log_lines():
            self._mesh = FaceMeshNetwork(_FACES)
            detection = import_mediapipe().solutions.face_detection
            self._detector: Any = detection.FaceDetection(model_selection=1)
            self._find(np.zeros((64, 64, 3), np.uint8))

    def warm_up(self) -> None:
        """Run each network once."""
        self._network(np.zeros((CHIP_SIDE, CHIP_SIDE, 3), np.uint8))
        self._find(np.zeros((256, 256, 3), np.uint8))

    def measure(self, path: Path, enough_side: int) -> None:
        """Time the stages on one photo, decoded as small as prediction decodes it."""
        import cv2

        time = self._clock.time
        photo: Photo = time(DECODE, lambda: read_photo(path, enough_side=enough_side))
        pixels = photo.pixels
        time(MESH, lambda: self._mesh.meshes(working_picture(pixels)[0]))
        time(MIRRORED_MESH, lambda: self._mesh.meshes(cv2.flip(working_picture(pixels)[0], 1)))
        time(DETECTOR, self._detector.process, working_picture(pixels)[0])
        faces = time(DETECT, self._landmarker.detect, pixels)
        chip = cv2.resize(pixels, (CHIP_SIDE, CHIP_SIDE))
        for face in faces:
            time(NETWORK, self._network, chip)
            encoding = time(ENCODE, self._encoder.encode, pixels, [face])[0]
            normalised, features = time(POSE, _pose_and_features, face.landmarks)
            time(QUALITY, quality_flags, pixels, face, normalised.yaw, normalised.pitch)
            time(REGRESSION, self._regress, np.concatenate([encoding, features]))

    def measure_writing(self, paths: Sequence[Path]) -> None:
        """Time the overlays and the rows of some photos; the last tables are not in it."""
        head = self.predictor.head
        results = list(self.predictor.predict_each(paths))
        for one in results:
            if one.photo is not None and one.faces:
                photo = one.photo
                overlay = (self._plan.out, photo.pixels, one.faces, "overlay", photo.scale)
                self._clock.time(OVERLAY, write_overlay, *overlay)
        rows = (self._plan, results, _marks(paths), head.slider_names, head.licence)
        self._clock.time(TABLE, write_results, *rows)

    def _find(self, pixels: np.ndarray) -> None:
        self._mesh.meshes(pixels)
        self._detector.process(pixels)

    def _regress(self, features: np.ndarray) -> None:
        self._model.bounds(self._model.predict(features[None]))


def _pose_and_features(landmarks: np.ndarray) -> Any:
    normalised = normalise(landmarks)
    return normalised, landmark_features(normalised)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
