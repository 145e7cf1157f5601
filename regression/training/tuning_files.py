"""The files of a search: trials.csv, tuning.md and trials.png."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.figures import new_figure, save_figure
from regression.measures.markdown import markdown_table, write_text
from regression.training.presets import Preset
from regression.training.trials import Trial
from regression.training.tuning import FullRun, Tuning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which colour-blind readers can tell apart.
_TRIAL, _START, _BEST = "#0072B2", "#D55E00", "#009E73"

# What was searched: a heading, and what a preset has there, or None where it means nothing.
_SEARCHED: dict[str, Callable[[Preset], Any]] = {
    "depth": lambda preset: len(preset.units),
    "width": lambda preset: max(preset.units) if preset.units else None,
    "dropout": lambda preset: preset.dropout if preset.units else None,
    "shortcut": lambda preset: ("no", "yes")[preset.shortcut] if preset.units else None,
    "encoding noise": lambda preset: preset.encoding_noise,
    "landmark noise": lambda preset: preset.landmark_noise,
    "optimizer": lambda preset: preset.optimizer,
    "learning rate": lambda preset: preset.learning_rate,
    "weight decay": lambda preset: preset.weight_decay,
    "batch size": lambda preset: preset.batch_size,
}
_LOGARITHMIC = ("learning rate", "weight decay")
_UNUSED = {"encoding": "landmark noise", "landmarks": "encoding noise"}


def write_tuning(tuning: Tuning) -> list[Path]:
    """Writes trials.csv, tuning.md and trials.png into the search's folder."""
    folder = tuning.plan.out
    return [
        _write_csv(tuning, folder / "trials.csv"),
        write_text(folder / "tuning.md", tuning_text(tuning)),
        save_figure(_figure_of(tuning), folder / "trials.png"),
    ]


def _searched(tuning: Tuning) -> dict[str, Callable[[Preset], Any]]:
    unused = _UNUSED.get(tuning.plan.route)
    return {name: value for name, value in _SEARCHED.items() if name != unused}


def _write_csv(tuning: Tuning, path: Path) -> Path:
    """A row per trial in the order they were made; an empty cell is what there is none of."""
    import pandas as pd

    rows = [
        {
            "trial": trial.number,
            "start": trial.number == 1,
            "promoted_from": trial.promoted,
            "error": trial.score,
            **{
                name.replace(" ", "_"): value(trial.preset)
                for name, value in _searched(tuning).items()
            },
            "epochs": trial.preset.epochs,
            "parameters": trial.parameters,
            "seconds": trial.seconds,
        }
        for trial in tuning.trials
    ]
    table = pd.DataFrame(rows)
    for name in ("promoted_from", "width"):
        table[name] = table[name].astype("Int64")
    write_text(path, table.to_csv(index=False))
    return path


def verdict(tuning: Tuning) -> str:
    """Whether the best of the search is at least as good as the start, in words."""
    name, start = tuning.plan.name, tuning.plan.start
    validation = _change(tuning.winner.validation_error, tuning.start.validation_error)
    test = _change(tuning.winner.test_error, tuning.start.test_error)
    if not tuning.better_on_validation:
        return (
            f"The search found nothing better than the starting preset {start!r}: trained fully "
            f"with the same seed, its best (trial {tuning.best.number}) has {validation} than the "
            f"start on the validation rows, and {test} on the test rows. The preset {name!r} that "
            f"was written is therefore the same as {start!r}."
        )
    words = (
        f"The best of the search (trial {tuning.best.number}) is at least as good as the starting "
        f"preset {start!r} on the validation rows: trained fully with the same seed, it has "
        f"{validation}. It was written as {name!r}. "
    )
    if tuning.better_on_test:
        return words + (
            f"On the test rows, which nothing was chosen by, it is at least as good too: {test}."
        )
    return words + (
        f"On the test rows, which nothing was chosen by, it is worse: {test}. Do not expect it to "
        f"do better than {start!r} on new faces."
    )


def _change(error: float, than: float) -> str:
    percent = 100 * (error / than - 1) if than else 0.0
    return f"{abs(percent):.1f} % {'less' if percent <= 0 else 'more'} error"


def tuning_text(tuning: Tuning) -> str:
    """The report of a search as Markdown."""
    plan = tuning.plan
    ranked = sorted(
        tuning.trials, key=lambda trial: float("inf") if trial.score is None else trial.score
    )
    searched = _searched(tuning)
    head = ["rank", "trial", "error", *searched, "epochs", "parameters", "seconds"]
    rows = [
        [
            str(rank),
            _trial_name(trial),
            "not finite" if trial.score is None else f"{trial.score:.4f}",
            *(_cell(value(trial.preset)) for value in searched.values()),
            str(trial.preset.epochs),
            str(trial.parameters),
            f"{trial.seconds:.1f}",
        ]
        for rank, trial in enumerate(ranked, 1)
    ]
    seconds = sum(trial.seconds for trial in tuning.trials)
    method = {
        "hyperband": "Hyperband: many over few\nepochs, the best third of them again over three "
        "times as many, from new weights.",
        "random": "random search, all over equal\nepochs.",
    }[plan.method]
    return f"""# The search for {plan.name!r}, route {plan.route}

{verdict(tuning)}

{_fully(tuning)}

Error: mean over rows and sliders of the squared error in units of each slider's spread over the
training rows, so that the average face for everybody has about 1. MSE and MAE are in units of a
slider's whole range. Trained fully: all training rows, the preset's own epochs, seed {plan.seed}.

## Trials

{len(tuning.trials)} trials in {seconds / 60:.1f} minutes, by KerasTuner's {method}
Each learned from {tuning.rows[0]} rows over at most {tuning.epochs} epochs and is scored by its
error on {tuning.rows[1]} validation rows that it did not learn from; the test rows were not looked
at. Trial 1 is the starting preset {plan.start!r}, over all epochs. Compare trials of equal epochs:
a score over few is not that of a long training.

{markdown_table(head, rows)}

![Score of each trial](trials.png)

## Use it

    fpp train --preset {plan.name} --route {plan.route} --out run

in the folder where {tuning.preset_path.as_posix()} lies.
"""


def _trial_name(trial: Trial) -> str:
    if trial.number == 1:
        return "1 (the start)"
    return f"{trial.number}" + (f" (again: {trial.promoted})" if trial.promoted else "")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _fully(tuning: Tuning) -> str:
    """The start and the best, trained fully, as a table."""
    head = ["trained fully", "rows", "error", "MSE", "MAE", "mean R2"]

    def row(name: str, run: FullRun, part: str, error: float) -> list[str]:
        figures = run.result.figures
        key = {"validation": "validation", "test": "held_out"}[part]
        return [
            name,
            part,
            f"{error:.4f}",
            f"{figures[f'{key}_mse']:.5f}",
            f"{figures[f'{key}_mae']:.4f}",
            f"{figures[f'{key}_r2_mean']:.3f}",
        ]

    rows = []
    for name, run in (
        (f"{tuning.plan.start} (the start)", tuning.start),
        (f"trial {tuning.best.number}", tuning.winner),
    ):
        rows.append(row(name, run, "validation", run.validation_error))
        rows.append(row(name, run, "test", run.test_error))
    return markdown_table(head, rows)


def _figure_of(tuning: Tuning) -> Figure:
    """The scores in order, and against each thing that was searched."""
    trials = [trial for trial in tuning.trials if trial.score is not None]
    scores = np.array([trial.score for trial in trials], np.float64)
    searched = _searched(tuning)
    figure = new_figure(14.0, 10.0)
    grid = figure.add_gridspec(4, 4)
    first: Axes = figure.add_subplot(grid[0, :])
    _draw_order(first, tuning, trials, scores)
    places = [grid[row, column] for row in (1, 2, 3) for column in range(4)]
    for place, (name, value) in zip(places, searched.items(), strict=False):
        panel: Axes = figure.add_subplot(place, sharey=first)
        _draw_against(panel, name, [value(trial.preset) for trial in trials], trials, scores)
    figure.suptitle(
        f"{tuning.plan.name}: error on validation rows, in units of each slider's spread "
        "(small dots: few epochs)"
    )
    return figure


def _draw_order(panel: Axes, tuning: Tuning, trials: Sequence[Trial], scores: np.ndarray) -> None:
    numbers = [trial.number for trial in trials]
    panel.scatter(numbers, scores, _sizes(trials), color=_colours(trials))
    panel.step(numbers, np.minimum.accumulate(scores), where="post", color=_BEST, label="best yet")
    if tuning.trials[0].score is not None:
        panel.axhline(tuning.trials[0].score, color=_START, linestyle=":", label="the start")
    panel.set_xlabel("trial")
    panel.locator_params(axis="x", integer=True)
    _finish(panel, scores)
    panel.legend(frameon=False, fontsize=8)


def _draw_against(
    panel: Axes, name: str, values: list[Any], trials: Sequence[Trial], scores: np.ndarray
) -> None:
    kept = [place for place, value in enumerate(values) if value is not None]
    shown = [values[place] for place in kept]
    positions: Sequence[float] = shown
    if name in _LOGARITHMIC:
        if 0 in shown:
            panel.set_xscale("symlog", linthresh=1e-6)
        else:
            panel.set_xscale("log")
    else:
        # Each value at an equal distance: widths double, noises grow without a rule.
        known = sorted(set(shown))
        positions = [known.index(value) for value in shown]
        panel.set_xticks(range(len(known)), [_cell(value) for value in known], fontsize=8)
    some = [trials[place] for place in kept]
    panel.scatter(positions, scores[kept], _sizes(some), color=_colours(some))
    panel.set_xlabel(name)
    _finish(panel, scores)


def _finish(panel: Axes, scores: np.ndarray) -> None:
    """A scale on which the good ones can be told apart, however bad the worst is."""
    if scores.size and scores.max() > 2 * scores.min():
        panel.set_yscale("log")
    panel.set_axisbelow(True)
    panel.grid(axis="y", color="#e5e5e5")


def _colours(trials: Sequence[Trial]) -> list[str]:
    return [_START if trial.number == 1 else _TRIAL for trial in trials]


def _sizes(trials: Sequence[Trial]) -> list[float]:
    longest = max((trial.preset.epochs for trial in trials), default=1)
    return [12 + 40 * trial.preset.epochs / longest for trial in trials]
