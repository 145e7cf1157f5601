"""Search for a better preset, and say whether it is one.

The starting preset is the first trial, over all epochs. The others are KerasTuner's proposals
(regression.training.search_space), each built by presets.build_model and scored on the validation
rows. Then the best of them and the start are trained as `fpp train --preset` trains them, with the
same seed, and only then measured on the test rows.

A search that was stopped at any moment goes on after its finished trials
(regression.training.trials).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from regression.datasets.tables import Examples
from regression.training.presets import PRESETS, Preset, find_preset, save_preset, slider_effects
from regression.training.run_folder import write_json
from regression.training.search_space import TuningError, import_keras_tuner, most_rounds
from regression.training.training_run import RunPlan, RunResult, read_examples, run_training
from regression.training.trials import (
    SearchSettings,
    Trial,
    read_json,
    run_trials,
    validation_error,
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class TuningPlan:
    """What to search for.

    Attributes:
        out: the search's folder.
        name: of the preset to be found; it is written to presets/NAME.json.
        route: one of vision.features.ROUTES.
        data: folder of tables (regression.datasets.splitting).
        method: one of search_space.METHODS.
        trials: how many, with the start and those of earlier calls.
        start: name or path of the preset to be beaten.
        epochs: of the longest trial; None: the start's own.
        seed: of proposals, weights, the order of rows and noise.
        limit: trials learn from only the first rows of the training table; None: from all.
        head: landmark head file, or None for the shipped one.
        schema: which columns of the tables are what, or None to find out.
    """

    out: Path
    name: str
    route: str
    data: Path
    method: str = "hyperband"
    trials: int = 30
    start: str = "dense"
    epochs: int | None = None
    seed: int = 0
    limit: int | None = None
    head: Path | None = None
    schema: Path | None = None

    def run_plan(self, preset: Preset, out: Path) -> RunPlan:
        """How a preset is trained fully: on all rows, over its own epochs."""
        return RunPlan(
            out, preset, self.route, self.data, self.schema, seed=self.seed, head=self.head
        )


@dataclass(frozen=True)
class FullRun:
    """A preset trained fully, and its error as trials have it, on validation and test rows."""

    result: RunResult
    validation_error: float
    test_error: float


@dataclass(frozen=True)
class Tuning:
    """What came of a search.

    Attributes:
        plan: of it.
        epochs: of the longest trial.
        rows: how many rows trials learned from, and were scored on.
        trials: in the order they were made.
        best: the best of them but the start.
        start, winner: the start and the best, trained fully.
        preset: what was written: the best, or the start where the best is worse on validation.
        preset_path: where to.
    """

    plan: TuningPlan
    epochs: int
    rows: tuple[int, int]
    trials: tuple[Trial, ...]
    best: Trial
    start: FullRun
    winner: FullRun
    preset: Preset
    preset_path: Path

    @property
    def better_on_validation(self) -> bool:
        """Whether the best is at least as good as the start on the validation rows."""
        return self.winner.validation_error <= self.start.validation_error

    @property
    def better_on_test(self) -> bool:
        """The same for the test rows, which nothing was chosen by."""
        return self.winner.test_error <= self.start.test_error


def tune(plan: TuningPlan, report: Report = lambda line: None) -> Tuning:
    """Searches, or goes on searching; trains the best and the start; writes the preset.

    Args:
        report: called with each line of progress.

    Raises:
        TuningError: keras-tuner is not there, too few trials, a name that cannot be used, the
            folder is of another search, or every trial failed.
        PresetError, TableError, RigError: the start or the data cannot be used.
        TrainingError: a full training failed.
    """
    start = find_preset(plan.start)
    preset_path = _preset_path(plan.name)
    epochs = plan.epochs or start.epochs
    rounds = most_rounds(plan.method, plan.trials - 1)
    import_keras_tuner()
    head, parts = read_examples(plan.run_plan(start, plan.out))
    rounds = _open_search(plan, start, epochs, rounds)
    settings = SearchSettings(
        out=plan.out,
        start=start,
        route=plan.route,
        method=plan.method,
        trials=plan.trials,
        rounds=rounds,
        epochs=epochs,
        seed=plan.seed,
        train=parts["train"].rows(np.arange(len(parts["train"]))[: plan.limit]),
        validation=parts["validation"],
        effects=slider_effects(head),
    )
    trials = run_trials(settings, report)
    best = _best(trials[1:], plan.out)
    found = replace(
        best.preset,
        name=plan.name,
        description=f"Found by `fpp tune` ({plan.method}), trial {best.number} of {len(trials)}.",
        epochs=start.epochs,
    )
    report(f"Best of the search: trial {best.number}. It and {start.name!r} are trained fully now.")
    start_run = _train_fully(plan, start, "start", parts, report)
    winner_run = _train_fully(plan, found, "winner", parts, report)
    kept = found
    if winner_run.validation_error > start_run.validation_error:
        kept = replace(
            start,
            name=plan.name,
            description=f"The same as {start.name!r}: `fpp tune` found nothing better.",
        )
    save_preset(kept, preset_path)
    rows = (len(settings.train), len(settings.validation))
    return Tuning(plan, epochs, rows, tuple(trials), best, start_run, winner_run, kept, preset_path)


def _preset_path(name: str) -> Path:
    if name in PRESETS or Path(name).name != name or name.endswith(".json") or not name.strip("."):
        raise TuningError(
            f"A found preset cannot be called {name!r}. A name that no preset of the program has "
            f"({', '.join(PRESETS)}) and that can be a file's was expected. Give another --name."
        )
    return Path("presets") / f"{name}.json"


def _open_search(plan: TuningPlan, start: Preset, epochs: int, rounds: int) -> int:
    """Makes or takes up the folder; gives the rounds that the search was begun with."""
    path = plan.out / "search.json"
    record = plan.run_plan(start, plan.out).record()
    record |= {"limit": plan.limit, "method": plan.method, "epochs": epochs}
    record = json.loads(json.dumps(record))
    if not path.is_file():
        if plan.out.is_dir() and any(plan.out.iterdir()):
            raise TuningError(
                f"{plan.out} holds files, but no search.json. A new folder or that of an earlier "
                "search was expected. Name another folder with --out."
            )
        plan.out.mkdir(parents=True, exist_ok=True)
        write_json(path, {"search": record, "rounds": rounds})
        return rounds
    known = read_json(path)
    differing = [name for name in record if known.get("search", {}).get(name) != record[name]]
    if differing:
        raise TuningError(
            f"{plan.out} holds another search: it differs in {' and '.join(differing)}. The same "
            "options and tables, to go on with it, or a new folder was expected. Name another "
            "folder with --out."
        )
    return int(known["rounds"])


def _best(trials: list[Trial], folder: Path) -> Trial:
    finished = [trial for trial in trials if trial.score is not None]
    if not finished:
        raise TuningError(
            f"No trial of the search in {folder} ended with a finite loss. A falling loss was "
            "expected. Look for outliers in the tables with `fpp data describe`."
        )
    return min(finished, key=lambda trial: trial.score or 0.0)


def _train_fully(
    plan: TuningPlan, preset: Preset, folder: str, parts: dict[str, Examples], report: Report
) -> FullRun:
    import keras

    result = run_training(
        plan.run_plan(preset, plan.out / folder), lambda line: report(f"{folder}: {line}")
    )
    model = keras.models.load_model(result.folder / f"{plan.route}.keras", safe_mode=True)
    return FullRun(
        result,
        *(validation_error(model, parts["train"], parts[part]) for part in ("validation", "test")),
    )
