"""What `fpp tune` searches through: KerasTuner's hyperparameters, and the preset they stand for.

KerasTuner's oracles propose the values; they draw from their seed and, by Hyperband, from the
scores they are told, so the same seed and the same scores give the same proposals again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from regression.training.presets import Preset
from vision.features import encoding_width, feature_names

if TYPE_CHECKING:
    import keras_tuner

METHODS = ("hyperband", "random")
SCORE = "validation_error"

_WIDTHS = [64, 128, 256, 512, 1024]
_DEEPEST = 4
_NOISES = [0.0, 0.02, 0.05, 0.1, 0.2, 0.5]
_BATCH_SIZES = [64, 128, 256, 512]
_FACTOR = 3  # of Hyperband: a third of the trials goes on, over three times the epochs
_FIRST_BRACKETS = {9: 9 + 3 + 1, 3: 3 + 1}  # trials, by the longest's epochs over the shortest's


class TuningError(Exception):
    """A search that cannot be done. The message says what, why and what to do."""


@dataclass(frozen=True)
class Proposal:
    """What an oracle wants to be tried.

    Attributes:
        values: of the hyperparameters, as JSON has them.
        share: of the longest trial's epochs, above 0, at most 1.
        promoted: the number, from 0, of the proposal that this one repeats over more epochs.
    """

    values: dict[str, Any]
    share: float
    promoted: int | None = None


def import_keras_tuner() -> Any:
    """The package keras_tuner, which loads tensorflow.

    Raises:
        TuningError: it is not installed, or OpenGL is in use in this process.
    """
    if "glcontext" in sys.modules and "tensorflow" not in sys.modules:
        # Mesa's software renderer and tensorflow both bring LLVM, and the second hangs.
        raise TuningError(
            "OpenGL is in use in this process, and tensorflow does not live beside it. A process "
            "without OpenGL was expected. Search in a process of its own."
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else tensorflow lists the machine's CPU
    try:
        import keras_tuner
    except ImportError as error:
        raise TuningError(
            f"The package keras-tuner cannot be loaded ({error}). It was expected beside keras: it "
            "proposes what is tried. Install it with `pip install keras-tuner`."
        ) from error
    return keras_tuner


def most_rounds(method: str, searched: int) -> int:
    """How many times longer the longest trial is than the shortest, with so many trials.

    Hyperband must carry at least one of them through all epochs: with 9 it tries 9 briefly, 3 of
    them over three times the epochs and 1 over all; with 3 it tries 3 and 1.

    Raises:
        TuningError: too few trials.
    """
    fewest = _FIRST_BRACKETS if method == "hyperband" else {1: 1}
    for rounds, trials in fewest.items():
        if searched >= trials:
            return rounds
    least = min(fewest.values())
    raise TuningError(
        f"{searched + 1} trials are too few for {method}. At least {least + 1} were expected: the "
        f"starting preset and {least} to compare with it. Ask for more with --trials."
    )


class Proposer:
    """One of KerasTuner's oracles: proposes, is told the score, proposes again.

    It writes its state, in several files that a kill can leave half written, to a temporary folder.
    Who wants to go on with a search asks a new one and tells it the known scores again.
    """

    def __init__(self, method: str, searched: int, rounds: int, seed: int, route: str) -> None:
        """Args: `searched` is the number of proposals, `rounds` from most_rounds."""
        tuner = import_keras_tuner()
        options: dict[str, Any] = {
            "objective": tuner.Objective(SCORE, "min"),
            "hyperparameters": _space(tuner, route),
            "seed": seed + 1,  # KerasTuner takes 0 for "any"
        }
        if method == "hyperband":
            self._oracle = tuner.oracles.HyperbandOracle(
                max_epochs=rounds, factor=_FACTOR, hyperband_iterations=searched, **options
            )
            self._oracle.max_trials = searched
        else:
            self._oracle = tuner.oracles.RandomSearchOracle(max_trials=searched, **options)
        self._oracle.verbose = 0
        self._rounds = rounds
        self._folder = TemporaryDirectory(prefix="fpp-tune-")
        # What gives the oracle its folder.
        tuner.engine.base_tuner.BaseTuner(
            self._oracle, directory=self._folder.name, project_name="oracle"
        )
        self._asked: Any = None

    def propose(self) -> Proposal | None:
        """The next proposal, or None when there are no more."""
        self._asked = self._oracle.create_trial("tuner")
        if self._asked.status != "RUNNING":
            return None
        values = self._asked.hyperparameters.values
        past = values.get("tuner/trial_id")
        return Proposal(
            {name: value for name, value in values.items() if not name.startswith("tuner/")},
            values.get("tuner/epochs", self._rounds) / self._rounds,
            None if past is None else int(past),
        )

    def tell(self, score: float | None) -> None:
        """Says how good the last proposal was: the less the better; None: it failed."""
        # Were it called failed, Hyperband would wait for ever for the others of its round.
        figures = {SCORE: float("inf") if score is None else score}
        self._oracle.update_trial(self._asked.trial_id, figures)
        self._asked.status = "COMPLETED"
        self._oracle.end_trial(self._asked)


def planned_shares(method: str, searched: int, rounds: int, seed: int, route: str) -> list[float]:
    """The share of epochs of each proposal, before anything is tried: no score changes it."""
    proposer = Proposer(method, searched, rounds, seed, route)
    shares = []
    while (proposal := proposer.propose()) is not None:
        shares.append(proposal.share)
        proposer.tell(0.0)
    return shares


def _space(tuner: Any, route: str) -> keras_tuner.HyperParameters:
    """The hyperparameters; those that mean nothing beside others' values are left out there."""
    space = tuner.HyperParameters()
    space.Int("depth", 0, _DEEPEST)
    with space.conditional_scope("depth", list(range(1, _DEEPEST + 1))):
        space.Choice("width", _WIDTHS)
        space.Float("dropout", 0.0, 0.5, step=0.05)
        space.Boolean("shortcut")
    encodings = encoding_width(route)
    if encodings:
        space.Choice("encoding_noise", _NOISES)
    if len(feature_names(route)) > encodings:
        space.Choice("landmark_noise", _NOISES)
    space.Choice("optimizer", ["sgd", "adam", "adamax", "adamw"])
    # Gradient descent takes steps as long as the gradient; the others as long as the rate.
    with space.conditional_scope("optimizer", ["sgd"]):
        space.Float("descent_rate", 1e-2, 1.0, sampling="log")
    with space.conditional_scope("optimizer", ["adam", "adamax", "adamw"]):
        space.Float("rate", 3e-4, 1e-2, sampling="log")
    space.Float("weight_decay", 1e-6, 1e-1, sampling="log")
    space.Choice("batch_size", _BATCH_SIZES)
    return space


def preset_of(values: Mapping[str, Any], name: str, description: str, epochs: int) -> Preset:
    """The preset that a proposal's values stand for.

    What is not searched is `dense`'s: gelu, clipped gradients, a rate that falls along a cosine,
    squared errors in units of each slider's spread, which are what the search is scored by.
    """
    return Preset(
        name=name,
        description=description,
        units=(values["width"],) * values["depth"] if values["depth"] else (),
        activation="gelu",
        dropout=round(values.get("dropout", 0.0), 4) if values["depth"] else 0.0,
        encoding_noise=values.get("encoding_noise", 0.0),
        landmark_noise=values.get("landmark_noise", 0.0),
        shortcut=bool(values["depth"] and values["shortcut"]),
        optimizer=values["optimizer"],
        learning_rate=values["descent_rate" if values["optimizer"] == "sgd" else "rate"],
        momentum=0.9 if values["optimizer"] == "sgd" else 0.0,
        weight_decay=values["weight_decay"],
        schedule="cosine",
        batch_size=values["batch_size"],
        epochs=epochs,
        clip_norm=1.0,
        slider_weights="spread",
    )
