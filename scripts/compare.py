"""`fpp compare`: every route, the fit and the study's network side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Compare routes, fit, linear regression and the study's network, in one report."
EXAMPLES = """\
  fpp compare --out out/compare                    on the shipped data: 13 minutes
  fpp compare --photos photos --collections london,canada    with real people
  fpp compare --run out/study-200                  a longer run of the study's network
  fpp compare --readme README.md                   puts the summary into the README

All predict the same held-out heads (test table). Linear regression by each route and the study's
network are trained first, in DIR/runs; started again, the command goes on where it was stopped and
uses finished runs again. Folders of photos: `fpp train --help`.

files in DIR:
  compare.html     the whole report in one file
  compare.md       the same, with its pictures beside it
  runs/            what was trained
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="folder with train/faces.parquet and test/faces.parquet (default: data)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="whose networks and fit (default: those that come with the program)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/compare"),
        metavar="DIR",
        help="where to (default: out/compare)",
    )
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="real people as well")
    parser.add_argument(
        "--collections",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="NAMES",
        help="only these folders of --photos (default: all)",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face_landmarker.task: measure what it buys on --photos (default: "
        "FPP_LANDMARKER)",
    )
    parser.add_argument(
        "--study-epochs",
        type=int,
        metavar="N",
        help="how long to train the study's network, of its 200 epochs (default: 20)",
    )
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        dest="runs",
        help="compare this finished run of `fpp train --preset` too, instead of one of the same "
        "preset and route (may be given again)",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N rows of each table, to try it"
    )
    parser.add_argument(
        "--rig",
        type=Path,
        metavar="FOLDER",
        help="MakeHuman's data folder, to measure the surface of the whole face (default: FPP_RIG, "
        "else what was fetched, else the points of the face mesh)",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help="a Markdown file whose block of the comparison is to be replaced",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, and write the report."""
    for name, least in (("study_epochs", 1), ("limit", 200)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            option = "--" + name.replace("_", "-")
            arguments.parser.error(f"{option} {value}: at least {least} was expected")
    if arguments.photos is None and (arguments.collections or arguments.landmarker):
        arguments.parser.error("--collections and --landmarker need --photos")

    from regression.datasets.samples import shipped_samples
    from regression.evaluation.compare import compare_models
    from regression.evaluation.compare_report import (
        README_END,
        README_START,
        readme_block,
        write_comparison,
    )
    from regression.evaluation.compared_runs import STUDY_EPOCHS, ComparePlan
    from regression.evaluation.readme import check_readme, write_readme
    from regression.models.model_files import shipped_models
    from rig.fetch import rig_folder_if_there
    from vision.landmarker_file import find_landmarker_file

    markers = (README_START, README_END)
    if arguments.readme:
        check_readme(arguments.readme, *markers)
    plan = ComparePlan(
        data=arguments.data,
        models=arguments.models or shipped_models(),
        out=arguments.out,
        samples=shipped_samples(),
        photos=arguments.photos,
        collections=arguments.collections,
        task_file=find_landmarker_file(arguments.landmarker) if arguments.photos else None,
        study_epochs=arguments.study_epochs or STUDY_EPOCHS,
        limit=arguments.limit,
        rig_folder=rig_folder_if_there(arguments.rig),
        runs=tuple(arguments.runs),
    )
    compared = compare_models(plan, lambda line: print(line, file=sys.stderr, flush=True))
    for paragraph in compared.words:
        print(f"{paragraph}\n")
    for path in write_comparison(compared):
        print(f"Written: {path}")
    if arguments.readme:
        write_readme(arguments.readme, readme_block(compared), *markers)
        print(f"Written: the comparison in {arguments.readme}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
