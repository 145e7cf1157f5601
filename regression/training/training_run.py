"""Train one model on the tables of a folder, in a run folder that can be taken up again.

After every epoch the state is written: weights, optimizer, random generators, history. The order of
an epoch's rows follows from the seed and the epoch's number. So a run that was stopped at any
moment, and started again with the same plan, ends as if it had not been stopped; and the same plan
gives the same figures on the same machine.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regression.datasets.report_files import checksum
from regression.datasets.splitting import PARTS, read_parts
from regression.datasets.tables import Examples, TableError, examples_from_table
from regression.measures.markdown import write_text
from regression.models.model_files import shipped_models
from regression.training.network_training import TrainingError
from regression.training.presets import Preset, build_model, slider_effects
from regression.training.run_curves import write_curves
from regression.training.run_folder import (
    finish_run,
    head_of_sliders,
    mean_errors,
    open_run,
    prediction_errors,
    write_json,
    write_model,
)
from rig.landmark_head import LandmarkHead, load_landmark_head
from vision.features import ALL_FEATURES, encoding_width

if TYPE_CHECKING:
    import keras
    import pandas as pd

HISTORY_COLUMNS = (
    "epoch",
    "loss",
    "mse",
    "mae",
    "validation_mse",
    "validation_mae",
    "learning_rate",
    "seconds",
)

_NO_SLIDERS = {"face", "person", "source", *ALL_FEATURES}
_FEWEST_ROWS = 10  # of each part, for intervals and figures to mean anything


@dataclass(frozen=True)
class RunPlan:
    """What to train.

    Attributes:
        out: the run's folder.
        preset: how.
        route: one of vision.features.ROUTES.
        data: folder of tables (regression.datasets.splitting).
        schema: which columns are what (regression.datasets.schema); None: as the folder's own
            schema file says, else found out.
        seed: of the weights, the order of rows and the noise; 0 or more.
        epochs: instead of the preset's, or None.
        head: landmark head file, or None for the shipped one.
        limit: only the first rows of the training table, or None.
        command: by which the run is started; it is noted in run.json.
    """

    out: Path
    preset: Preset
    route: str
    data: Path
    schema: Path | None = None
    seed: int = 0
    epochs: int | None = None
    head: Path | None = None
    limit: int | None = None
    command: str = ""

    @property
    def full_preset(self) -> Preset:
        """The preset with this plan's number of epochs."""
        return self.preset if self.epochs is None else replace(self.preset, epochs=self.epochs)

    @property
    def head_path(self) -> Path:
        """The head's file."""
        return self.head or shipped_models() / "head.npz"

    def record(self) -> dict[str, Any]:
        """What the figures depend on, for run.json."""
        tables = [self.data / part / "faces.parquet" for part in PARTS]
        schema = self.schema or self.data / "schema.toml"
        return {
            "preset": asdict(self.full_preset),
            "route": self.route,
            "seed": self.seed,
            "limit": self.limit,
            "tables": {
                str(path.relative_to(self.data)): checksum(path)
                for path in tables
                if path.is_file()
            },
            "schema": checksum(schema) if schema.is_file() else None,
            "head": checksum(self.head_path),
        }


@dataclass(frozen=True, eq=False)
class RunResult:
    """What came of a run.

    Attributes:
        folder: the run's folder, which is a models folder of one route.
        preset, route: of the plan.
        history: columns HISTORY_COLUMNS, a row per epoch. `loss`, `mse` and `mae` are running means
            over the epoch, while weights change and noise is on; the validation's are measured
            after it, without noise. The preset "mean" has one row, epoch 0.
        figures: train_, validation_ and held_out_ (test rows) mse, mae, r2_mean (over all sliders
            that move) and rows, measured on the finished model; how many sliders a picture tells,
            and their R2 on the test rows; the epoch of the weights; the number of epochs and of
            parameters; the seconds of all epochs.
    """

    folder: Path
    preset: Preset
    route: str
    history: pd.DataFrame
    figures: dict[str, float]


def run_training(plan: RunPlan, report: Callable[[str], None] = lambda line: None) -> RunResult:
    """Runs the plan, goes on where it was stopped, or reads what it gave when it is finished.

    From here on tensorflow computes in a fixed order in this process.

    Args:
        report: called with each line of progress, which train.log has too.

    Raises:
        TableError, RigError: the data cannot be used.
        PresetError: the preset does not fit the data.
        TrainingError: the folder is another run's, or the loss is no longer a finite number.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else tensorflow lists the machine's CPU
    head, parts = read_examples(plan)
    if open_run(plan.out, plan.record(), plan.command):
        report(f"{plan.out}: this run is finished; nothing is left to do.")
        return _read_result(plan)

    def log(line: str) -> None:
        with (plan.out / "train.log").open("a", encoding="utf-8") as file:
            print(line, file=file)
        report(line)

    run = _Run(plan, head, parts, log)
    run.train()
    run.finish()
    return _read_result(plan)


def read_examples(plan: RunPlan) -> tuple[LandmarkHead, dict[str, Examples]]:
    """The head with the table's sliders, and the rows of train, validation and test."""
    head = load_landmark_head(plan.head_path)
    tables = read_parts(plan.data, plan.schema, head.slider_names)
    names = [name for name in tables["train"].columns if name not in _NO_SLIDERS]
    if set(names) <= set(head.slider_names):
        names.sort(key=head.slider_names.index)
    head = head_of_sliders(head, names)
    tables["train"] = tables["train"].head(plan.limit) if plan.limit else tables["train"]
    for name, table in tables.items():
        if len(table) < _FEWEST_ROWS:
            raise TableError(
                f"The {name} table of {plan.data} has {len(table)} rows. At least {_FEWEST_ROWS} "
                "were expected. Add rows, or divide the table anew with `fpp data split`."
            )
    return head, {
        name: examples_from_table(table, plan.route, head.slider_names)
        for name, table in tables.items()
    }


class _Run:
    """A run that goes on: the model, and what the epochs so far gave."""

    def __init__(
        self,
        plan: RunPlan,
        head: LandmarkHead,
        parts: Mapping[str, Examples],
        log: Callable[[str], None],
    ) -> None:
        import keras
        import tensorflow as tf

        self._plan, self._preset = plan, plan.full_preset
        self._head, self._parts, self._log = head, parts, log
        self._checkpoints = plan.out / "checkpoints"
        self._checkpoints.mkdir(exist_ok=True)
        self._history: list[dict[str, float]] = []
        self._tensorboard = tf.summary.create_file_writer(str(plan.out / "tensorboard"))

        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(plan.seed)
        self._model: keras.Model = build_model(
            self._preset, parts["train"], encoding_width(plan.route), slider_effects(head)
        )
        self._model.optimizer.build(self._model.trainable_variables)

    def train(self) -> None:
        """All epochs that are left."""
        rows = ", ".join(f"{len(part)} {name}" for name, part in self._parts.items())
        self._log(
            f"{self._preset.name} by {self._plan.route}: {self._model.count_params()} parameters, "
            f"{len(self._head.sliders)} sliders; rows: {rows}."
        )
        if self._preset.kind == "mean":
            self._add_row(0, {}, time.monotonic())
            return
        self._take_up()
        first = len(self._history)
        started = time.monotonic()
        for epoch in range(first + 1, self._preset.epochs + 1):
            if self._is_enough():
                break
            self._train_epoch(epoch)
            each = (time.monotonic() - started) / (epoch - first)
            self._log_epoch(each * (self._preset.epochs - epoch))
        if self._is_enough():
            self._log(
                f"Stopped early: {self._preset.patience} epochs without a better validation MSE."
            )

    def finish(self) -> None:
        """Measures and writes the model."""
        import keras

        model, kept = self._model, len(self._history)
        if self._preset.kind == "mean":
            kept = 0
        elif self._preset.keep == "best":
            model = keras.models.load_model(self._checkpoints / "best.keras", safe_mode=True)
            kept = self._best_epoch
        plan, preset = self._plan, self._preset
        recipe = {"preset": asdict(preset), "seed": plan.seed, "epoch": kept}
        figures = write_model(plan.out, plan.route, model, self._head, self._parts, recipe)
        figures |= {"epoch": kept, "epochs": self._history[-1]["epoch"]}
        write_json(plan.out / "figures.json", figures)
        history = _read_history(plan.out)
        write_curves(history, kept, f"{preset.name} by {plan.route}", plan.out / "curves.png")
        self._log(
            f"The model of epoch {kept}: MSE {figures['train_mse']:.5f} on training, "
            f"{figures['validation_mse']:.5f} on validation, {figures['held_out_mse']:.5f} on test "
            f"rows; {figures['told_sliders']} sliders told. Written to {plan.out}."
        )
        self._tensorboard.close()
        finish_run(plan.out, seconds=round(float(history["seconds"].sum()), 1))

    @property
    def _best_epoch(self) -> int:
        return 1 + int(np.argmin([row["validation_mse"] for row in self._history]))

    def _is_enough(self) -> bool:
        patience, done = self._preset.patience, len(self._history)
        return bool(patience and done and done - self._best_epoch >= patience)

    def _train_epoch(self, epoch: int) -> None:
        import keras
        import tensorflow as tf

        started = time.monotonic()
        rows = self._parts["train"]
        order = np.random.default_rng((self._plan.seed, epoch)).permutation(len(rows))
        batches = tf.data.Dataset.from_tensor_slices((rows.features[order], rows.sliders[order]))
        check = self._check_finite

        class StopAtOnce(keras.callbacks.Callback):
            def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
                check(epoch, float((logs or {}).get("loss", 0.0)))

        fitted = self._model.fit(
            batches.batch(self._preset.batch_size),
            shuffle=False,
            verbose=0,
            callbacks=[StopAtOnce()],
        )
        figures = {name: float(values[0]) for name, values in fitted.history.items()}
        check(epoch, figures["loss"])
        self._add_row(epoch, figures, started)
        if self._best_epoch == epoch:
            partial = self._checkpoints / "best.partial.keras"
            keras.Model(self._model.input, self._model.output).save(partial)
            os.replace(partial, self._checkpoints / "best.keras")
        self._save_state()

    def _check_finite(self, epoch: int, loss: float) -> None:
        if np.isfinite(loss):
            return
        best = self._checkpoints / "best.keras"
        kept = f" The best epoch before it is kept in {best}." if best.is_file() else ""
        raise TrainingError(
            f"The loss of epoch {epoch} is not a finite number. A falling loss was expected. Lower "
            "the learning rate, let the preset clip gradients (clip_norm), or look for outliers "
            f"in the table.{kept}"
        )

    def _add_row(self, epoch: int, figures: Mapping[str, float], started: float) -> None:
        """Measures the model on the validation rows and writes history.csv."""
        mse, mae = mean_errors(prediction_errors(self._model, self._parts["validation"]))
        if not figures:
            measured = mean_errors(prediction_errors(self._model, self._parts["train"]))
            figures = {"loss": measured[0], "mse": measured[0], "mae": measured[1]}
        self._check_finite(epoch, mse)
        self._history.append(
            {
                "epoch": epoch,
                **{name: figures[name] for name in ("loss", "mse", "mae")},
                "validation_mse": mse,
                "validation_mae": mae,
                "learning_rate": float(self._model.optimizer.learning_rate),
                "seconds": round(time.monotonic() - started, 3),
            }
        )
        self._write_history()
        self._write_tensorboard(self._history[-1])

    def _write_history(self) -> None:
        lines = [",".join(HISTORY_COLUMNS)]
        lines += [",".join(repr(row[name]) for name in HISTORY_COLUMNS) for row in self._history]
        write_text(self._plan.out / "history.csv", "\n".join(lines) + "\n")

    def _write_tensorboard(self, row: Mapping[str, float]) -> None:
        import tensorflow as tf

        names = {
            "loss": "loss",
            "mse": "mse/training",
            "mae": "mae/training",
            "validation_mse": "mse/validation",
            "validation_mae": "mae/validation",
            "learning_rate": "learning_rate",
        }
        with self._tensorboard.as_default():
            for column, name in names.items():
                tf.summary.scalar(name, row[column], step=int(row["epoch"]))
        self._tensorboard.flush()

    def _log_epoch(self, seconds_left: float) -> None:
        row = self._history[-1]
        self._log(
            f"epoch {row['epoch']} of {self._preset.epochs}: loss {row['loss']:.5f}, "
            f"training MSE {row['mse']:.5f} MAE {row['mae']:.4f}, "
            f"validation MSE {row['validation_mse']:.5f} MAE {row['validation_mae']:.4f}, "
            f"{row['seconds']:.1f} s, {_duration(seconds_left)} left"
        )

    def _variables(self) -> dict[str, Any]:
        """Everything that an epoch changes, by the name of its array in state.npz."""
        # model.variables has the states of dropout's and noise's random generators as well.
        kinds = {"model": self._model.variables, "optimizer": self._model.optimizer.variables}
        return {
            f"{kind}_{number:03d}": variable
            for kind, variables in kinds.items()
            for number, variable in enumerate(variables)
        }

    def _save_state(self) -> None:
        arrays = {name: np.asarray(variable) for name, variable in self._variables().items()}
        partial = self._checkpoints / "state.npz.partial"
        with partial.open("wb") as file:
            np.savez(file, history=np.array(json.dumps(self._history)), **arrays)
        os.replace(partial, self._checkpoints / "state.npz")

    def _take_up(self) -> None:
        """Goes back to the end of the last whole epoch of an earlier start, if there is one."""
        path = self._checkpoints / "state.npz"
        if not path.is_file():
            return
        try:
            with np.load(path, allow_pickle=False) as state:
                self._history = json.loads(str(state["history"]))
                for name, variable in self._variables().items():
                    variable.assign(state[name])
        except (OSError, EOFError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{path} cannot be read ({error}). The state of an unfinished run was expected. "
                f"Remove the folder {self._plan.out} and start again."
            ) from error
        self._write_history()  # without the row of an epoch whose state was not written
        self._log(f"Taken up after epoch {len(self._history)}.")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _read_history(folder: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(folder / "history.csv", float_precision="round_trip")


def _read_result(plan: RunPlan) -> RunResult:
    history = _read_history(plan.out)
    figures = json.loads((plan.out / "figures.json").read_text(encoding="utf-8"))
    figures["seconds"] = float(history["seconds"].sum())
    return RunResult(plan.out, plan.full_preset, plan.route, history, figures)
