"""The trials of a search: what one is, how it is trained and scored, and how they are kept.

A trial that Hyperband promotes is trained anew over more epochs, not from the weights it had, so
that a rate which falls over all epochs falls once. Finished trials stand in trials.json, written
beside and renamed; a search that was stopped at any moment tells a new oracle their scores again
and goes on with the trial that was not finished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.tables import Examples
from regression.training.presets import Preset, build_model, error_scales
from regression.training.run_folder import prediction_errors, write_json
from regression.training.search_space import Proposer, TuningError, planned_shares, preset_of
from vision.features import encoding_width

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trial:
    """One that is finished.

    Attributes:
        number: from 1, which is the start.
        preset: what was tried, with the epochs it was tried over.
        score: least error of any of its epochs on the validation rows: mean over rows and sliders
            of the squared error in units of each slider's spread over the training rows, so the
            mean of the training rows has about 1. None: its loss was no finite number.
        seconds: it took.
        parameters: of the model.
        values: what KerasTuner proposed; empty for the start.
        promoted: the number of the trial that this one repeats over more epochs.
    """

    number: int
    preset: Preset
    score: float | None
    seconds: float
    parameters: int
    values: dict[str, Any]
    promoted: int | None = None


@dataclass(frozen=True, eq=False)
class SearchSettings:
    """What the trials depend on.

    Attributes:
        out: the search's folder.
        start: the preset to be beaten.
        route: one of vision.features.ROUTES.
        method: one of search_space.METHODS.
        trials: how many, with the start.
        rounds: from search_space.most_rounds.
        epochs: of the longest trial.
        seed: of proposals, weights, the order of rows and noise.
        train, validation: rows that trials learn from and are scored on.
        effects: (s,) how far each slider moves the face, for presets that weigh by it.
    """

    out: Path
    start: Preset
    route: str
    method: str
    trials: int
    rounds: int
    epochs: int
    seed: int
    train: Examples
    validation: Examples
    effects: np.ndarray


def read_json(path: Path) -> dict[str, Any]:
    """Reads what `fpp tune` wrote; raises TuningError where it cannot be."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError) as error:
        raise TuningError(
            f"{path} cannot be read ({error}). A file written by `fpp tune` was expected. Name "
            "another folder with --out."
        ) from error
    return content


def read_trials(folder: Path) -> list[Trial]:
    """The finished trials of a search's folder, in their order.

    Raises:
        TuningError: its trials.json cannot be read.
    """
    path = folder / "trials.json"
    if not path.is_file():
        return []
    try:
        return [
            Trial(**{**one, "preset": Preset(**{**preset, "units": tuple(preset["units"])})})
            for one in read_json(path)["trials"]
            for preset in (one["preset"],)
        ]
    except (KeyError, TypeError) as error:
        raise TuningError(
            f"{path} cannot be used ({error!r}). The trials of a search were expected. Remove the "
            "folder and search again."
        ) from error


def run_trials(settings: SearchSettings, report: Callable[[str], None]) -> list[Trial]:
    """Makes the trials that are not finished yet; gives all of them, in their order.

    Args:
        report: called with each line of progress.

    Raises:
        TuningError: the folder's trials cannot be read, or are not those of this search.
    """
    return _Search(settings, report).run()


class _Search:
    """A search that goes on: the finished trials, and the time they took."""

    def __init__(self, settings: SearchSettings, report: Callable[[str], None]) -> None:
        self._settings, self._report = settings, report
        self._trials: list[Trial] = []
        self._known = read_trials(settings.out)
        options = (
            settings.method,
            settings.trials - 1,
            settings.rounds,
            settings.seed,
            settings.route,
        )
        self._proposer = Proposer(*options)
        shares = (1.0, *planned_shares(*options))
        self._planned = [self._epochs_of(share) for share in shares]

    def run(self) -> list[Trial]:
        """All trials, the known ones first."""
        if self._known:
            self._report(f"{len(self._known)} trials are finished; going on with them.")
        self._try(replace(self._settings.start, epochs=self._settings.epochs, patience=0), {}, None)
        while (proposal := self._proposer.propose()) is not None:
            number = len(self._trials) + 1
            epochs = self._epochs_of(proposal.share)
            preset = preset_of(proposal.values, f"trial-{number}", f"Trial {number}.", epochs)
            # The oracle counts from 0 and does not know of the start.
            promoted = None if proposal.promoted is None else proposal.promoted + 2
            self._proposer.tell(self._try(preset, proposal.values, promoted).score)
        return self._trials

    def _epochs_of(self, share: float) -> int:
        return max(1, round(share * self._settings.epochs))

    def _try(self, preset: Preset, values: dict[str, Any], promoted: int | None) -> Trial:
        number = len(self._trials) + 1
        if number <= len(self._known):
            trial = self._known[number - 1]
            if trial.preset != preset:
                raise TuningError(
                    f"Trial {number} in {self._settings.out / 'trials.json'} is not the one that "
                    "this search makes. The same proposals were expected; another version of "
                    "KerasTuner may make others. Search again in another folder (--out)."
                )
            self._trials.append(trial)
            return trial
        started = time.monotonic()
        score, parameters = self._score(preset)
        seconds = round(time.monotonic() - started, 2)
        trial = Trial(number, preset, score, seconds, parameters, values, promoted)
        self._trials.append(trial)
        finished = [asdict(one) for one in self._trials]
        write_json(self._settings.out / "trials.json", {"trials": finished})
        self._report(self._line(trial))
        return trial

    def _score(self, preset: Preset) -> tuple[float | None, int]:
        """Trains as training_run does, seed and order of rows included; the score, parameters."""
        import keras
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # it warns that each trial has a model of its own
        keras.backend.clear_session()
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(self._settings.seed)
        train, validation = self._settings.train, self._settings.validation
        model = build_model(
            preset, train, encoding_width(self._settings.route), self._settings.effects
        )
        if preset.kind == "mean":
            return validation_error(model, train, validation), model.count_params()
        errors: list[float] = []
        for epoch in range(1, preset.epochs + 1):
            order = np.random.default_rng((self._settings.seed, epoch)).permutation(len(train))
            batches = tf.data.Dataset.from_tensor_slices(
                (train.features[order], train.sliders[order])
            ).batch(preset.batch_size)
            loss = model.fit(batches, shuffle=False, verbose=0).history["loss"][0]
            errors.append(validation_error(model, train, validation))
            if not np.isfinite([loss, errors[-1]]).all():
                return None, model.count_params()
        return min(errors) if preset.keep == "best" else errors[-1], model.count_params()

    def _line(self, trial: Trial) -> str:
        """What is said of a trial: its score beside the start's and the best, the time left."""
        done = len(self._trials)
        # By the seconds an epoch of any trial took; wide networks take longer than that.
        pace = sum(one.seconds for one in self._trials) / sum(self._planned[:done])
        left = pace * sum(self._planned[done:])
        scores = [one.score for one in self._trials if one.score is not None]
        words = f"trial {done} of {len(self._planned)}"
        words += " (the start)" if done == 1 else ""
        words += f" (trial {trial.promoted} over more epochs)" if trial.promoted else ""
        score = "its loss is not finite" if trial.score is None else f"error {trial.score:.4f}"
        best = f", best so far {min(scores):.4f}" if scores else ""
        return (
            f"{words}: {describe(trial.preset)}; {score}{best}; {trial.seconds:.0f} s, "
            f"about {_duration(left)} left until the full trainings"
        )


def validation_error(model: keras.Model, train: Examples, rows: Examples) -> float:
    """Mean over rows and sliders of the squared error in units of each slider's spread.

    Args:
        train: whose spread it is.
        rows: on which the error is measured.
    """
    scaled = prediction_errors(model, rows) * error_scales("spread", train.sliders)
    return float(np.square(scaled, dtype=np.float64).mean())


def describe(preset: Preset) -> str:
    """A preset's searched parts in one line of words."""
    shape = "linear"
    if preset.units:
        shape = f"{len(preset.units)} x {preset.units[0]}"
        if len(set(preset.units)) > 1:
            shape = "-".join(map(str, preset.units))
        shape += f", dropout {preset.dropout:g}"
        shape += ", shortcut" if preset.shortcut else ""
    return (
        f"{shape}, noise {preset.encoding_noise:g}/{preset.landmark_noise:g}, {preset.optimizer} "
        f"{preset.learning_rate:.2g}, decay {preset.weight_decay:.1g}, "
        f"batches of {preset.batch_size}, {preset.epochs} epoch{'s' if preset.epochs > 1 else ''}"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
