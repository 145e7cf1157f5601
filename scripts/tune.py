"""`fpp tune`: search for a better preset."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

SUMMARY = "Search for a better network and training than a preset's."
EXAMPLES = """\
  fpp tune --route fused --out out/tune --name my-best
  fpp tune --route fused --out out/tune --name my-best --trials 60     30 more
  fpp tune --route landmarks --out out/random --name mine --method random --limit 6000 --epochs 10

Searched: number and width of the hidden layers, dropout, shortcut, noise on the features,
optimizer, learning rate, weight decay, batch size. The first trial is the starting preset. Trials
are scored on the validation rows, by the squared error in units of each slider's spread; the test
rows only say at the end how the best compares with the start, both trained fully.

Stopped at any moment and called again, it goes on with the trials that are finished.

files in DIR:
  tuning.md, trials.csv, trials.png   the trials: words, table, plot
  start, winner                       run folders of the two full trainings (fpp train --preset)
  search.json, trials.json            to go on from
and presets/NAME.json in the working folder, for `fpp train --preset NAME`.
"""

ROUTES = ("encoding", "landmarks", "fused")
METHODS = ("hyperband", "random")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the search"
    )
    parser.add_argument(
        "--name", required=True, metavar="NAME", help="of the preset that is to be found"
    )
    parser.add_argument("--route", choices=ROUTES, required=True, help="what the model reads")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="folder with train/faces.parquet and test/faces.parquet (default: data)",
    )
    parser.add_argument(
        "--schema", type=Path, metavar="FILE", help="which columns of the tables are what"
    )
    parser.add_argument(
        "--head",
        type=Path,
        metavar="FILE",
        help="the rig's landmark head (default: the one that ships with the models)",
    )
    parser.add_argument(
        "--trials",
        type=_whole_number(1),
        default=30,
        metavar="N",
        help="in all, with the start and those of earlier calls (default: 30)",
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="hyperband",
        help="hyperband: most trials are short; random: all of one length (default: hyperband)",
    )
    parser.add_argument(
        "--start",
        default="dense",
        metavar="NAME|FILE",
        help="preset to be beaten (default: dense)",
    )
    parser.add_argument(
        "--epochs",
        type=_whole_number(1),
        metavar="N",
        help="of the longest trials (default: the starting preset's); the two full trainings "
        "keep the preset's",
    )
    parser.add_argument(
        "--limit",
        type=_whole_number(1),
        metavar="N",
        help="trials learn from only the first N training rows; the two full trainings from all",
    )
    parser.add_argument(
        "--seed",
        type=_whole_number(0),
        default=0,
        metavar="N",
        help="of everything random (default: 0)",
    )


def _whole_number(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value}: at least {least} was expected")
        return value

    return number


def run(arguments: argparse.Namespace) -> int:
    """Search, train the best and the start, and write everything."""
    from regression.training.tuning import TuningPlan, tune
    from regression.training.tuning_files import verdict, write_tuning

    plan = TuningPlan(
        out=arguments.out,
        name=arguments.name,
        route=arguments.route,
        data=arguments.data,
        method=arguments.method,
        trials=arguments.trials,
        start=arguments.start,
        epochs=arguments.epochs,
        seed=arguments.seed,
        limit=arguments.limit,
        head=arguments.head,
        schema=arguments.schema,
    )
    tuning = tune(plan, lambda line: print(line, file=sys.stderr, flush=True))
    print(verdict(tuning))
    for path in (*write_tuning(tuning), tuning.preset_path):
        print(f"Written: {path}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
