"""`fpp evaluate`: how well predicted heads agree with hand-measured people."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Measure the agreement with hand-measured faces, on people no model has seen."
EXAMPLES = """\
  fpp evaluate --photos photos --collections london,canada,congress --out figures
  fpp evaluate --photos photos --leave-out        tested on collections that no model saw

Every route is fitted anew for each fold, without the people it is tested on. Photos without a .tem
file only train. What the folders and names of photos mean: `fpp train --help`.

files in DIR:
  agreement.md   mean Pearson r of 14 proportions, a row per model
  agreement.csv  the r of each proportion
"""

ROUTES = ("encoding", "landmarks", "fused")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--photos", type=Path, required=True, metavar="FOLDER", help="photos, some with .tem files"
    )
    parser.add_argument(
        "--collections",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="NAMES",
        help="only these folders of --photos (default: all)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out"), metavar="DIR", help="where to (default: out)"
    )
    parser.add_argument(
        "--route",
        choices=ROUTES,
        action="append",
        help="evaluate only this route (may be given again)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="folder with train/faces.parquet (default: data)",
    )
    parser.add_argument(
        "--leave-out",
        action="store_true",
        help="leave whole collections out instead of random people",
    )
    parser.add_argument("--folds", type=int, default=5, help="folds over people (default: 5)")
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Cross-validate, print the table and write it."""
    from regression.evaluation import evaluate, figures_table, write_figures
    from regression.model_files import shipped_models
    from regression.model_making import MakingPlan

    plan = MakingPlan(
        out=arguments.out,
        routes=tuple(arguments.route or ROUTES),
        data=arguments.data,
        photos=arguments.photos,
        collections=arguments.collections,
        head=None,
        folds=arguments.folds,
        epochs=arguments.epochs,
    )
    for result in evaluate(plan, shipped_models() / "head.npz", arguments.leave_out):
        if isinstance(result, str):
            print(result, flush=True)
        else:
            print(figures_table(result))
            for path in write_figures(result, arguments.out):
                print(f"Written: {path}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
