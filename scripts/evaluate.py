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
        "--models",
        type=Path,
        metavar="FOLDER",
        help="whose rig and told sliders to use (default: those that come with the program)",
    )
    parser.add_argument(
        "--leave-out",
        action="store_true",
        help="leave whole collections out instead of random people",
    )
    parser.add_argument("--folds", type=int, default=5, help="folds over people (default: 5)")


def run(arguments: argparse.Namespace) -> int:
    """Cross-validate, print the table and write it."""
    from regression.evaluation import evaluate, figures_table, write_figures
    from regression.model_files import shipped_models
    from regression.real_photos import read_photo_folder

    figures = evaluate(
        read_photo_folder(arguments.photos, arguments.collections),
        arguments.models or shipped_models(),
        arguments.route or ROUTES,
        arguments.folds,
        arguments.leave_out,
    )
    print(figures_table(figures))
    for path in write_figures(figures, arguments.out):
        print(f"Written: {path}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
