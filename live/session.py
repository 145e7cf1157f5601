"""Frame by frame: find the face, follow its person, and say what its sliders are.

The landmark route looks at every frame; encodings come from a worker at their own pace. Both are
added up for as long as the same person sits there, which the encodings tell.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from live.encoding_worker import EncodingWorker
from live.face_choice import FaceChoice
from live.seen_face import SeenFace, look_at
from live.sitter import Sitter, Sitters
from live.state import COMPARED_ROUTES, LiveState
from live.video.frames import Frame
from regression.models.model_files import ModelError, TrainedModel, load_model, routes_in
from regression.prediction.live_estimate import LiveEstimate
from regression.prediction.one_euro import OneEuroFilter
from vision.encodings import FaceEncoder
from vision.face_tracking import FaceTracker
from vision.faces import Box, Face, overlap
from vision.features import ROUTES, encoding_width

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
    models = {route: load_model(folder, route) for route in routes_in(folder) or ROUTES}
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
        self._tracker = FaceTracker(maximum_faces)
        self._worker = None if encoder is None else EncodingWorker(encoder, encode_every is None)
        self._sitters = Sitters(self._worker, encode_every or 1)
        self._choice = FaceChoice()
        self._smoother = OneEuroFilter()
        self._last_seconds: float | None = None
        self._last_box: Box | None = None
        self._smoothed = (0, "")
        self._last_smoothed = 0.0
        self._faces: tuple[Face, ...] = ()
        self._was_seen = False

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
        self._sitters.restart()

    def portrait(self) -> LiveState | None:
        """The best frame of the present person, with what all their frames say; None before it."""
        return self._portrait(self._sitters.sitter)

    def take_departed(self) -> list[LiveState]:
        """The `portrait` of each person who was followed by another since the last call."""
        portraits = [self._portrait(sitter) for sitter in self._sitters.take_departed()]
        return [portrait for portrait in portraits if portrait is not None]

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
        if seen is None:
            self._last_box = None
        else:
            self._was_seen = True
            self._sitters.use(frame, seen)
        self._sitters.judge()
        sitter = self._sitters.sitter
        clock.done("encoding")
        values = None if seen is None else self._frame_values(sitter, frame, seen.features)
        clock.done("frame values")
        estimates = self._estimates(sitter)
        clock.done("estimate")
        return self._state(sitter, frame, faces, chosen, seen, estimates, values, clock.seconds)

    def close(self) -> None:
        """Ends the worker and frees the networks."""
        if self._worker is not None:
            self._worker.close()
        self._tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look_at(self, frame: Frame, face: Face) -> SeenFace:
        last, self._last_box = self._last_box, face.box
        seen = look_at(frame, face)
        if last is not None and overlap(last, face.box) < _STEADY_OVERLAP:
            return replace(seen, weight=0.0, reason="moving fast")
        return seen

    def _portrait(self, sitter: Sitter) -> LiveState | None:
        if sitter.best is None:
            return None
        frame, seen = sitter.best
        return self._state(sitter, frame, (seen.face,), 0, seen, self._estimates(sitter))

    def _state(
        self,
        sitter: Sitter,
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
            person=sitter.number if self._was_seen else 0,
            model=self.model,
            values=values,
            estimates=estimates,
            passed_over=sitter.passed_over,
            reason=seen.reason if seen else "",
            seconds=seconds or {},
        )

    def _estimates(self, sitter: Sitter) -> dict[str, LiveEstimate]:
        asked = (self.model, *(COMPARED_ROUTES if self.compare else ()))
        estimates = {
            route: sitter.frames.estimate(self._models[route], self._rendered)
            for route in dict.fromkeys(asked)
            if route in self._models
        }
        return {route: one for route, one in estimates.items() if one is not None}

    def _frame_values(
        self, sitter: Sitter, frame: Frame, features: np.ndarray
    ) -> np.ndarray | None:
        """This frame's own values, smoothed: its landmarks with the latest encoding."""
        parts = [features]
        if encoding_width(self.model):
            if sitter.latest_encoding is None:
                return None
            parts = [sitter.latest_encoding, *([features] if self.model == "fused" else [])]
        model = self._models[self.model]
        values = model.predict(np.concatenate(parts)[None].astype(np.float32), self._rendered)[0]
        smoothed = (sitter.number, self.model)
        pause = frame.seconds - self._last_smoothed
        if smoothed != self._smoothed or not 0 <= pause <= _FORGET_SECONDS:
            self._smoother.reset()
        self._smoothed, self._last_smoothed = smoothed, frame.seconds
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
