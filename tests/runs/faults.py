"""Runs whose networks fail on planted photos: no real picture can be relied on to do so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from regression import Predictor
from regression.prediction.prediction import PhotoPredictions
from runs.plan import RunPlan


class FaultyPredictor(Predictor):
    """Ends, hangs or raises at photos of such names."""

    def predict_each(
        self, photos: Iterable[Path | tuple[Path, bytes]]
    ) -> Iterator[PhotoPredictions]:
        for photo in photos:
            name = (photo[0] if isinstance(photo, tuple) else photo).name
            if "dies" in name:
                os.kill(os.getpid(), signal.SIGKILL)
            if "hangs" in name:
                time.sleep(1000)
            if "raises" in name:
                raise ArithmeticError("planted")
            yield from super().predict_each([photo])


@dataclass(frozen=True)
class FaultyPlan(RunPlan):
    """Opens a FaultyPredictor."""

    def open_predictor(
        self, with_encodings: bool = False, also: Sequence[str] = ()
    ) -> FaultyPredictor:
        return FaultyPredictor(model=self.model, rendered=self.rendered, quick=self.quick)
