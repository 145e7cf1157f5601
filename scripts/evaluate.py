"""`fpp evaluate`: how well predicted heads agree with hand-measured people."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

SUMMARY = "Measure models on people they have not seen, or slider by slider on rendered heads."
EXAMPLES = """\
  fpp evaluate --photos photos --collections london,canada,congress --out figures
  fpp evaluate --photos photos --split both       also by models that saw nothing of a collection
  fpp evaluate --photos others --split none       the shipped models, on people new to them
  fpp evaluate --photos photos --landmarker face_landmarker.task --nested
  fpp evaluate --photos photos --readme README.md     puts the table into the README
  fpp evaluate --photos photos --quick                what --quick costs, see fpp predict
  fpp evaluate --per-slider --out figures             every slider, on held-out rendered heads
  fpp evaluate --per-slider --models RUN --data DIR   a run of `fpp train --preset`, other tables

Every model is fitted anew for each fold, without the people it is tested on. Photos without a .tem
file train, and test intervals and consistency. What the folders and names of photos mean:
`fpp train --help`. Beside the models stand two baselines: `measured`, the proportions of the face
mesh without any rig, and `average`, the average face for everyone. With --landmarker, routes are
also measured as they are when they read that landmarker too.

measured:
  r, slope, error  of 14 proportions of the predicted head, over people, with those measured by hand
                   on the person's neutral photo; slope 1 is the right amplitude; error in % of the
                   face height, after the mean over people is taken from both sides
  consistency      people with several photos: spread of the sliders within a person by that between
                   people; share of photos that are nearest to the same person's other photo;
                   agreement and intervals of all photos of a person together, beside one
  intervals        which part of the teacher's values the 90 % intervals hold, for people who did
                   not calibrate them, and how wide they are
  nested           with --nested: agreement with the recipe's numbers chosen inside each fold
  drift            where a collection's folder holds conditions.csv: how far sliders move from the
                   person's reference photo, the farthest by distance, else the nearest to 0

All with 95 % bootstrap intervals over people.

conditions.csv: a column `photo` (path relative to that folder), and columns of numbers such as
distance_centimetres, yaw_degrees, pitch_degrees; a cell stays empty where the photo is not part of
that series.

files in DIR:
  evaluation.md                 everything, to read
  agreement.csv, agreement.md   each model, kind of photo, proportion and statistic
  intervals.csv, .md            each route and slider
  consistency.csv, .md          where 10 people or more have several photos
  several_photos.csv, .md       the same people's photos together
  nested.csv, .md               with --nested
  drift.csv, .md, .png          where there are conditions
  agreement.png, slopes.png     r and slope of each proportion, with intervals
  scatter.png                   predicted against measured by hand, of one model

--per-slider measures rendered heads instead, whose slider values are known: the models of --models
as they are, on the test table of --data. Beside each route stand `mean`, the mean training slider
for everybody, and `linear`, least squares from the same features. Where the rig is on disk, the
surface is also that of its whole face, and pictures show whole heads. Files in DIR:

  per_slider.md, .csv           of each slider MAE, RMSE, R2, rank correlation, intervals; and the
                                whole in words
  surface.md, .csv              mean distance to the true face, % of the inter-ocular distance
  predicted_true.png            predicted against true values of each told slider
  heat.png                      where on the face the error is, for each route
  worst.png                     the worst heads, and some of the middle and of the best
"""

MODELS = ("landmarks", "encoding", "fused", "fit")
SPLITS = ("people", "collections")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="photos, some with .tem files"
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
        "--model",
        "--route",
        choices=MODELS,
        action="append",
        help="evaluate only this model (may be given again)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="whose rig and told sliders to use (default: those that come with the program)",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face_landmarker.task: say what it buys (default: FPP_LANDMARKER)",
    )
    parser.add_argument(
        "--split",
        choices=(*SPLITS, "both", "none"),
        default="people",
        help="what is left out of training to be tested (default: people); none: the models as "
        "they are, for photos of people whom they did not learn from",
    )
    parser.add_argument(
        "--leave-out",
        action="store_const",
        const="collections",
        dest="split",
        help="the same as --split collections",
    )
    parser.add_argument("--folds", type=int, default=10, help="folds over people (default: 10)")
    parser.add_argument(
        "--nested",
        action="store_true",
        help="measure also with the recipe's numbers chosen anew inside each fold",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="test with one look at each photo instead of two, as fpp predict --quick does",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help="a Markdown file whose block of figures is to be replaced",
    )
    parser.add_argument(
        "--per-slider",
        action="store_true",
        help="measure every slider and the surface on held-out rendered heads; needs no --photos",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="with --per-slider: where train/ and test/ with the tables are (default: data)",
    )
    parser.add_argument(
        "--rig",
        type=Path,
        metavar="FOLDER",
        help="with --per-slider: MakeHuman's data folder (default: FPP_RIG, else what was fetched, "
        "else none)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table and write everything."""
    if arguments.per_slider:
        return _per_slider(arguments)
    if arguments.photos is None:
        arguments.parser.error("the following arguments are required: --photos (or --per-slider)")
    return _people(arguments)


def _per_slider(arguments: argparse.Namespace) -> int:
    """Measure the models as they are on held-out rendered heads."""
    refused = ("photos", "collections", "landmarker", "nested", "quick", "readme")
    given = [f"--{name}" for name in refused if getattr(arguments, name)]
    if given:
        arguments.parser.error(f"--per-slider measures rendered heads: leave out {given[0]}")
    routes = [model for model in arguments.model or MODELS if model != "fit"]
    if not routes:
        arguments.parser.error("--per-slider: the model fit is for photographs alone")

    from regression.datasets.splitting import read_parts
    from regression.evaluation.per_slider import evaluate_per_slider, load_models
    from regression.evaluation.per_slider_files import in_words, summary_table, write_per_slider
    from regression.models.model_files import shipped_models
    from rig.fetch import rig_folder_if_there
    from rig.makehuman import load_makehuman

    models = load_models(arguments.models or shipped_models(), routes)
    head = next(iter(models.values())).head
    folder = rig_folder_if_there(arguments.rig)
    parts = read_parts(arguments.data, slider_names=head.slider_names)
    rig = load_makehuman(folder) if folder is not None else None
    if rig is not None and rig.slider_names != head.slider_names:
        _tell("The rig's sliders are not those of the models: only the face mesh is measured.")
        rig = folder = None
    evaluation = evaluate_per_slider(models, parts, rig, _tell)
    print(f"{summary_table(evaluation)}\n\n{in_words(evaluation)}\n")
    for path in write_per_slider(evaluation, arguments.out, folder, _tell):
        print(f"Written: {path}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _people(arguments: argparse.Namespace) -> int:
    """Cross-validate on photos."""
    from dataclasses import replace

    from regression.datasets.real_photos import read_photo_folder
    from regression.evaluation.evaluate import evaluate
    from regression.evaluation.files import write_report
    from regression.evaluation.plots import write_plots
    from regression.evaluation.readme import check_readme, readme_block, write_readme
    from regression.evaluation.report import TESTED, summary_table
    from regression.measures.drift import read_conditions
    from regression.models.model_files import shipped_models
    from vision.landmarker_file import find_landmarker_file

    if arguments.folds < 2:
        arguments.parser.error("argument --folds: at least 2 are needed")
    if arguments.split == "none" and (arguments.nested or arguments.readme):
        arguments.parser.error("--nested and --readme need models that are fitted anew: not none")
    if arguments.readme:
        check_readme(arguments.readme)
    conditions = read_conditions(arguments.photos, arguments.collections)
    arguments.landmarker = find_landmarker_file(arguments.landmarker)
    faces = read_photo_folder(arguments.photos, arguments.collections, arguments.landmarker)
    if arguments.quick:
        faces = [replace(face, quick=True) for face in faces]
    evaluations = []
    for split in SPLITS if arguments.split == "both" else (arguments.split,):
        evaluations.append(
            evaluate(
                faces,
                arguments.models or shipped_models(),
                arguments.model or MODELS,
                arguments.folds,
                split,
                conditions,
                arguments.nested,
            )
        )
        print(f"{TESTED[split]}\n\n{summary_table(evaluations[-1])}\n")
    for path in (
        *write_report(evaluations, arguments.out),
        *write_plots(evaluations[0], arguments.out),
    ):
        print(f"Written: {path}")
    if arguments.readme:
        write_readme(arguments.readme, readme_block(evaluations, command_line(arguments)))
        print(f"Written: the figures in {arguments.readme}")
    return 0


def command_line(arguments: argparse.Namespace) -> str:
    """The command that measures the same again, with PHOTOS and MODELS for folders of one's own.

    The landmarker's file goes by its usual name.
    """
    words = ["fpp", "evaluate", "--photos", "PHOTOS"]
    if arguments.collections:
        words += ["--collections", ",".join(arguments.collections)]
    for model in arguments.model or ():
        words += ["--model", model]
    if arguments.models:
        words += ["--models", "MODELS"]
    if arguments.landmarker:
        words += ["--landmarker", "face_landmarker.task"]
    if arguments.split != "people":
        words += ["--split", arguments.split]
    if arguments.folds != 10:
        words += ["--folds", str(arguments.folds)]
    if arguments.quick:
        words.append("--quick")
    if arguments.nested:
        words.append("--nested")
    if arguments.readme:
        words += ["--readme", arguments.readme.name]
    return shlex.join(words)


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
