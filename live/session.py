"""Frame by frame: find the face, follow its person, and say what its sliders are.

The landmark route looks at every frame; encodings come from a worker at their own pace. Both are
added up for as long as the same person sits there, which the encodings tell.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from live.encoding_worker import EncodedFace, EncodingWorker
from live.face_choice import FaceChoice
from live.seen_face import SeenFace, look_at
from live.state import COMPARED_ROUTES, LiveState
from live.video.frames import Frame
from regression.models.model_files import ModelError, TrainedModel, load_model
from regression.prediction.face_accumulator import FaceAccumulator, UsedFrame
from regression.prediction.grouping import PERSON_DISTANCE
from regression.prediction.live_estimate import LiveEstimate
from regression.prediction.one_euro import OneEuroFilter
from vision.encodings import FaceEncoder
from vision.face_tracking import FaceTracker
from vision.faces import Box, Face, overlap
from vision.features import ROUTES, encoding_width

# One encoding may go astray: so many in a row, each far from the person's mean, are another person.
_STRANGE_ENCODINGS = 3

# Frames wait for the next encoding to say whose they are. Where none comes they are taken in the
# end: more would fill the memory.
_MOST_WAITING = 60

# After a pause of more seconds the face may be anywhere: the tracker would still look where it was.
_LONGEST_PAUSE = 0.25

# Boxes of two frames in turn that overlap less, by intersection over union: the face moves so fast
# that the tracker lags behind and the picture is smeared.
_STEADY_OVERLAP = 0.75

# A face that was gone for longer starts its smoothed values anew.
_FORGET_SECONDS = 0.5


def load_routes(folder: Path) -> dict[str, TrainedModel]:
    """The models of a folder, by route; those that are there.

    Raises ModelError where there is none, or where they read another landmarker's landmarks.
    """
    routes = [route for route in ROUTES if (folder / f"{route}.json").is_file()]
    models = {route: load_model(folder, route) for route in routes or ROUTES}
    for model in models.values():
        if model.landmarker != "face_mesh":
            raise ModelError(
                f"The models in {folder} read the landmarks of {model.landmarker}. Models of the "
                "face mesh were expected, which can be followed from frame to frame. Name the "
                "folder above it, or leave --models out."
            )
    return models


class LiveSession:
    """Follows one face through a video. Use as a context manager, or call close()."""

    def __init__(
        self,
        models: Mapping[str, TrainedModel],
        encoder: FaceEncoder | None,
        model: str = "fused",
        rendered: bool = False,
        maximum_faces: int = 4,
        encode_every: int | None = None,
    ) -> None:
        """Loads the tracker.

        Args:
            models: by route, from `load_routes`.
            encoder: None does without encodings: only `landmarks` predicts then, and another
                person is not noticed.
            model: the route to begin with, one of the models.
            rendered: whether the pictures are of rendered heads, not photographs of people.
            maximum_faces: how many are looked for in each frame.
            encode_every: encode each so many frames at once, which makes results repeatable, for
                files; None encodes on a thread of its own, for what is live.

        Raises ModelError for a model that is not there, or does not serve rendered heads.
        """
        self._models = dict(models)
        self.compare = False
        self.model = model
        self.choose_model(model)
        if rendered and not all(one.serves_renders for one in models.values()):
            raise ModelError(
                "The models are for photographs only. Photographs were expected. Leave --rendered "
                "out, or name other models."
            )
        self._rendered = rendered
        self._encode_every = encode_every or 1
        self._departed: list[LiveState] = []
        self._tracker = FaceTracker(maximum_faces)
        self._worker = None if encoder is None else EncodingWorker(encoder, encode_every is None)
        self._choice = FaceChoice()
        self._smoother = OneEuroFilter()
        self._last_seconds: float | None = None
        self._last_box: Box | None = None
        self._last_face: tuple[str, float] | None = None
        self._faces: tuple[Face, ...] = ()
        self.person = 0
        self._last_given = -(10**9)
        self._ignored = self._last_given  # encodings of frames up to this one are somebody else's
        self._begin_person()

    @property
    def routes(self) -> tuple[str, ...]:
        """Those that can be chosen."""
        return tuple(self._models)

    def choose_model(self, model: str) -> None:
        """Shows another route from now on. Raises ModelError for one that is not there."""
        if model not in self._models:
            raise ModelError(
                f"There is no model for the route {model!r}. One of {', '.join(self._models)} was "
                "expected. Choose one of them, or name other models with --models."
            )
        self.model = model

    def next_model(self) -> str:
        """Shows the next route, and returns its name."""
        routes = self.routes
        self.choose_model(routes[(routes.index(self.model) + 1) % len(routes)])
        return self.model

    def pick(self, number: int) -> bool:
        """Follows another face of the last frame, 0 the largest; False where there is none."""
        if not 0 <= number < len(self._faces):
            return False
        self._choice.pick(self._faces[number])
        self.restart()
        return True

    def restart(self) -> None:
        """Begins the estimate anew, as for another person."""
        if self._person.frames or self._waiting:
            self._begin_next_person()
            self._ignored = self._last_given

    def portrait(self) -> LiveState | None:
        """The best frame of the present person, with what all their frames say; None before it."""
        if self._best is None:
            return None
        frame, seen = self._best
        return self._state(frame, (seen.face,), 0, seen, self._estimates())

    def take_departed(self) -> list[LiveState]:
        """The `portrait` of each person who was followed by another since the last call."""
        departed, self._departed = self._departed, []
        return departed

    def step(self, frame: Frame) -> LiveState:
        """Looks at the next frame."""
        clock = _StageClock()
        paused = self._last_seconds is not None and not (
            0 <= frame.seconds - self._last_seconds <= _LONGEST_PAUSE
        )
        self._last_seconds = frame.seconds
        if paused:
            self._tracker.forget()
            self._last_box = None
        self._faces = faces = tuple(self._tracker.track(frame.pixels))
        clock.done("tracking")
        chosen = self._choice.choose(faces)
        seen = None if chosen is None else self._look_at(frame, faces[chosen])
        clock.done("features")
        if seen is not None:
            self.person = max(1, self.person)
            self._use(frame, seen)
        self._judge_encodings()
        clock.done("encoding")
        values = None if seen is None else self._frame_values(frame, seen.features)
        clock.done("frame values")
        estimates = self._estimates()
        clock.done("estimate")
        return self._state(frame, faces, chosen, seen, estimates, values, clock.seconds)

    def close(self) -> None:
        """Ends the worker and frees the networks."""
        if self._worker is not None:
            self._worker.close()
        self._tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin_person(self) -> None:
        self._person = FaceAccumulator()
        # Frames of which it is not known yet whose they are, and encodings unlike the person's.
        self._waiting: deque[tuple[Frame, SeenFace]] = deque()
        self._strange: list[EncodedFace] = []
        self._best: tuple[Frame, SeenFace] | None = None
        self._latest_encoding: np.ndarray | None = None
        self._passed_over = 0
        self._smoother.reset()

    def _look_at(self, frame: Frame, face: Face) -> SeenFace:
        last, self._last_box = self._last_box, face.box
        seen = look_at(frame, face)
        if last is not None and overlap(last, face.box) < _STEADY_OVERLAP:
            return replace(seen, weight=0.0, reason="moving fast")
        return seen

    def _begin_next_person(self) -> None:
        portrait = self.portrait()
        if portrait is not None:
            self._departed.append(portrait)
        self.person += 1
        self._begin_person()

    def _use(self, frame: Frame, seen: SeenFace) -> None:
        if seen.weight == 0:
            self._passed_over += 1
            return
        self._waiting.append((frame, seen))
        if self._worker is None or len(self._waiting) > _MOST_WAITING:
            self._count_in(*self._waiting.popleft())
        if self._worker is not None and frame.number >= self._last_given + self._encode_every:
            self._last_given = frame.number
            self._worker.give(frame.pixels, seen.face, frame.number, seen.weight)

    def _count_in(self, frame: Frame, seen: SeenFace) -> None:
        """The frame is the person's."""
        self._person.add(UsedFrame(seen.features, seen.weight, seen.look, frame.seconds))
        if self._best is None or seen.weight > self._best[1].weight:
            self._best = frame, seen

    def _judge_encodings(self) -> None:
        """Takes what was encoded: the same person's frames count, another's begin anew."""
        if self._worker is None:
            return
        for encoded in self._worker.take():
            if encoded.frame_number <= self._ignored:
                continue
            mean = self._person.encoding
            if mean is None or np.linalg.norm(encoded.encoding - mean) < PERSON_DISTANCE:
                self._strange = []
                self._confirm(encoded)
                continue
            self._strange.append(encoded)
            if len(self._strange) >= _STRANGE_ENCODINGS:
                self._begin_stranger()

    def _confirm(self, encoded: EncodedFace) -> None:
        """The encoding is the person's, and so are the frames up to it."""
        while self._waiting and self._waiting[0][0].number <= encoded.frame_number:
            self._count_in(*self._waiting.popleft())
        self._person.add_encoding(encoded.encoding, encoded.weight)
        self._latest_encoding = encoded.encoding

    def _begin_stranger(self) -> None:
        """Another person sits there since the first strange encoding."""
        strange, waiting = self._strange, self._waiting
        self._begin_next_person()
        self._waiting.extend(one for one in waiting if one[0].number >= strange[0].frame_number)
        for encoded in strange:
            self._confirm(encoded)

    def _state(
        self,
        frame: Frame,
        faces: tuple[Face, ...],
        chosen: int | None,
        seen: SeenFace | None,
        estimates: Mapping[str, LiveEstimate],
        values: np.ndarray | None = None,
        seconds: Mapping[str, float] | None = None,
    ) -> LiveState:
        return LiveState(
            frame=frame,
            faces=faces,
            chosen=chosen,
            pose=seen.pose if seen else None,
            quality=seen.quality if seen else (),
            weight=seen.weight if seen else 0.0,
            person=self.person,
            model=self.model,
            values=values,
            estimates=estimates,
            passed_over=self._passed_over,
            reason=seen.reason if seen else "",
            seconds=seconds or {},
        )

    def _estimates(self) -> dict[str, LiveEstimate]:
        asked = (self.model, *(COMPARED_ROUTES if self.compare else ()))
        estimates = {
            route: self._person.estimate(self._models[route], self._rendered)
            for route in dict.fromkeys(asked)
            if route in self._models
        }
        return {route: one for route, one in estimates.items() if one is not None}

    def _frame_values(self, frame: Frame, features: np.ndarray) -> np.ndarray | None:
        """This frame's own values, smoothed: its landmarks with the latest encoding."""
        parts = [features]
        if encoding_width(self.model):
            if self._latest_encoding is None:
                return None
            parts = [self._latest_encoding, *([features] if self.model == "fused" else [])]
        model = self._models[self.model]
        values = model.predict(np.concatenate(parts)[None].astype(np.float32), self._rendered)[0]
        last, self._last_face = self._last_face, (self.model, frame.seconds)
        if last is None or last[0] != self.model or frame.seconds - last[1] > _FORGET_SECONDS:
            self._smoother.reset()
        return np.clip(self._smoother(values, frame.seconds), 0, 1).astype(np.float32)


class _StageClock:
    """How long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def done(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
