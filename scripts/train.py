"""`fpp train`: make the models of a rig from rendered faces and real photos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Train the encoding, landmarks and fused models."
EXAMPLES = """\
  fpp train --out my-models                       from the rendered faces that ship
  fpp train --out my-models --photos photos       with real photos as well, cross-validated
  fpp train --out my-models --route landmarks
  fpp train --out my-models --photos photos --landmarker face_landmarker.task

photos: each folder in FOLDER is a collection; photos whose names agree up to the first underscore
show one person; a .tem file beside a photo holds its hand-placed points (WebMorph); photos below a
folder called `smiling` show an expression. Nothing of the photos is kept but the weights, and means
and second moments over all of them (docs/adapt.md).
"""

ROUTES = ("encoding", "landmarks", "fused")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="models folder to write"
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
        default=(),
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
        "--folds", type=int, default=10, help="folds of the cross-validation (default: 10)"
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train each route and write its network and model card."""
    from regression.training.model_making import MakingPlan, make_models
    from vision.landmarker_file import find_landmarker_file

    plan = MakingPlan(
        out=arguments.out,
        routes=tuple(arguments.route or ROUTES),
        data=arguments.data,
        photos=arguments.photos,
        collections=arguments.collections,
        task_file=find_landmarker_file(arguments.landmarker),
        head=arguments.head,
        folds=arguments.folds,
        epochs=arguments.epochs,
    )
    for line in make_models(plan):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
