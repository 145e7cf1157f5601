"""`fpp train`: make the models of a rig from rendered faces and real photos."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

SUMMARY = "Train the encoding, landmarks and fused models."
EXAMPLES = """\
  fpp train --out my-models                       from the rendered faces that ship
  fpp train --out my-models --photos photos       with real photos as well, cross-validated
  fpp train --out my-models --route landmarks
  fpp train --out my-models --photos photos --landmarker face_landmarker.task
  fpp train --preset dense --route fused --out run
                                                  one model on tables alone, in a run folder
  fpp train --preset study --route encoding --out run --epochs 3 --limit 2000

photos: each folder in FOLDER is a collection; photos whose names agree up to the first underscore
show one person; a .tem file beside a photo holds its hand-placed points (WebMorph); photos below a
folder called `smiling` show an expression. Nothing of the photos is kept but the weights, and means
and second moments over all of them (docs/adapt.md).

presets: mean, linear, study (the study's network, row by row: hours), study-adamax, dense; NAME of
a file presets/NAME.json, or a .json file. The run folder has the model, its curves and figures and
everything needed to repeat the run; the same command again goes on where it was stopped.
"""

ROUTES = ("encoding", "landmarks", "fused")
LOSSES = ("mse", "mae", "huber", "mse+mae")
SLIDER_WEIGHTS = ("equal", "spread", "surface")
FOLDS = 10

# What only a run by a preset takes, and what it does not take.
_WITH_PRESET = (
    "seed",
    "schema",
    "limit",
    "loss",
    "slider_weights",
    "batch_size",
    "learning_rate",
)
_WITHOUT_PRESET = ("photos", "collections", "landmarker", "folds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="models or run folder to write"
    )
    parser.add_argument(
        "--route",
        choices=ROUTES,
        action="append",
        help="train only this route (may be given again)",
    )
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="real photos to train on too")
    parser.add_argument(
        "--collections",
        type=lambda text: tuple(text.split(",")),
        metavar="NAMES",
        help="only these folders of --photos, as in london,canada (default: all)",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face_landmarker.task: labels the photos better, and makes models that "
        "read it too, in DIR/face_landmarker (default: FPP_LANDMARKER)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="folder with train/faces.parquet and test/faces.parquet (default: data)",
    )
    parser.add_argument(
        "--head",
        type=Path,
        metavar="FILE",
        help="the rig's landmark head (default: the one that ships with the models)",
    )
    parser.add_argument(
        "--folds", type=int, help=f"folds of the cross-validation (default: {FOLDS})"
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)"
    )
    _add_preset_arguments(parser)


def _add_preset_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training one model on tables, without photos")
    group.add_argument("--preset", metavar="NAME|FILE", help="how; the other options need it")
    group.add_argument("--seed", type=int, metavar="N", help="of everything random (default: 0)")
    group.add_argument(
        "--schema", type=Path, metavar="FILE", help="which columns of the tables are what"
    )
    group.add_argument(
        "--limit", type=int, metavar="N", help="only the first N rows of the training table"
    )
    group.add_argument("--loss", choices=LOSSES, help="instead of the preset's")
    group.add_argument(
        "--slider-weights",
        choices=SLIDER_WEIGHTS,
        help="errors as they are, in units of each slider's spread, or by how far they move the "
        "face (default: the preset's)",
    )
    group.add_argument("--batch-size", type=int, metavar="N", help="instead of the preset's")
    group.add_argument(
        "--learning-rate", type=float, metavar="RATE", help="instead of the preset's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train each route and write its network and model card, or one route by a preset."""
    by_preset = arguments.preset is not None
    for name in _WITHOUT_PRESET if by_preset else _WITH_PRESET:
        if getattr(arguments, name) is not None:
            option = "--" + name.replace("_", "-")
            says = "is not for --preset" if by_preset else "needs --preset"
            arguments.parser.error(f"{option} {says}")
    return _run_preset(arguments) if by_preset else _make_models(arguments)


def _make_models(arguments: argparse.Namespace) -> int:
    from regression.training.model_making import MakingPlan, make_models
    from vision.landmarker_file import find_landmarker_file

    plan = MakingPlan(
        out=arguments.out,
        routes=tuple(arguments.route or ROUTES),
        data=arguments.data,
        photos=arguments.photos,
        collections=arguments.collections or (),
        task_file=find_landmarker_file(arguments.landmarker),
        head=arguments.head,
        folds=FOLDS if arguments.folds is None else arguments.folds,
        epochs=arguments.epochs,
    )
    for line in make_models(plan):
        print(line, flush=True)
    return 0


def _run_preset(arguments: argparse.Namespace) -> int:
    if len(arguments.route or ()) != 1:
        arguments.parser.error("--preset trains one model: give --route exactly once")
    for name, least in (("limit", 1), ("seed", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            arguments.parser.error(f"--{name} {value}: at least {least} was expected")

    from regression.training.presets import find_preset
    from regression.training.training_run import RunPlan, run_training

    changes = {
        name: getattr(arguments, name)
        for name in ("loss", "slider_weights", "batch_size", "learning_rate")
        if getattr(arguments, name) is not None
    }
    plan = RunPlan(
        out=arguments.out,
        preset=replace(find_preset(arguments.preset), **changes),
        route=arguments.route[0],
        data=arguments.data,
        schema=arguments.schema,
        seed=arguments.seed or 0,
        epochs=arguments.epochs,
        head=arguments.head,
        limit=arguments.limit,
        command=command_line(arguments),
    )
    run_training(plan, lambda line: print(line, flush=True))
    return 0


def command_line(arguments: argparse.Namespace) -> str:
    """The command that was given, for a run by a preset; what was left out stays out."""
    names = ["out", "preset", "route", "data", "schema", "seed", "epochs", "head", "limit"]
    names += ["loss", "slider_weights", "batch_size", "learning_rate"]
    words = ["fpp", "train"]
    for name in names:
        value = getattr(arguments, name)
        if value is not None:
            given = value[0] if name == "route" else value
            words += ["--" + name.replace("_", "-"), str(given)]
    return shlex.join(words)


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
