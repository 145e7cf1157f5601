"""`fpp adapt`: models that know one's own photos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Adapt models to a folder of your own photos, without any labels."
EXAMPLES = """\
  fpp adapt photos --out my-models
  fpp adapt photos --out my-models --route encoding
  fpp adapt photos --models my-models --out my-models      adapt them further

Then predict with --models my-models.

FOLDER: photos of at least 30 people, one or more of each, as the models will meet them: the same
cameras, the same kind of people. File names mean nothing; people are told apart by their faces.
The largest face of each photo counts.

Three people in ten are held out; on them, the adapted model of each route has to be better than the
old one, or the old one stays. DIR gets the better models with all others beside them, and what was
measured: adapt.md and adapt.csv.

exit code: 0 if at least one route improved, 1 if none (DIR gets the report alone), 2 for wrong
usage
"""

ROUTES = ("encoding", "landmarks", "fused")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="photos of many people")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="models folder to write"
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="models to adapt (default: those that come with the program)",
    )
    parser.add_argument(
        "--route",
        choices=ROUTES,
        action="append",
        help="adapt only this route (may be given again)",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="face_landmarker.task (`fpp landmarker fetch`): adapt the models that read it",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="draws who is held out (default: 0)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read, adapt, report, and write what got better."""
    from regression.datasets.real_photos import read_photo_folder
    from regression.models.model_files import shipped_models
    from regression.training.adaptation_report import report_table
    from regression.training.adapted_models import adapt_models, load_adaptable, write_adapted
    from vision.landmarker_file import find_landmarker_file

    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")
    models_folder = arguments.models or shipped_models()
    if out.resolve() == shipped_models().resolve():
        arguments.parser.error(
            f"argument --out: {out} holds the models that come with the program; name another "
            "folder"
        )
    for models in (shipped_models(), models_folder):
        if models.resolve() in out.resolve().parents:
            arguments.parser.error(
                f"argument --out: {out} is inside the models folder {models}; name another folder"
            )
    if not arguments.folder.is_dir():
        arguments.parser.error(f"argument FOLDER: {arguments.folder} is not a folder")
    if arguments.seed < 0:
        arguments.parser.error("argument --seed: 0 or more was expected")
    task_file = find_landmarker_file(arguments.landmarker)
    routes = tuple(dict.fromkeys(arguments.route or ROUTES))
    landmarker = "face_landmarker" if task_file else "face_mesh"
    old = load_adaptable(models_folder, routes, landmarker)
    faces = read_photo_folder(arguments.folder, task_file=task_file)
    people, adaptations = adapt_models(old, faces, arguments.seed)
    print(report_table(adaptations), flush=True)
    name = arguments.folder.resolve().name
    replaced = write_adapted(old, models_folder, out, name, people, adaptations)
    if replaced:
        print(f"Adapted: {', '.join(replaced)}. The models and adapt.md are in {out}.")
    else:
        print(f"No route improved, so no model was written. The report is {out / 'adapt.md'}.")
    return 0 if replaced else 1


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
