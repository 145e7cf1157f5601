"""`fpp rig`: get a rig, look into it, and train models for it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

SUMMARY = "Look into any rig, train models for it, fetch MakeHuman's, draw character files."
EXAMPLES = """\
  fpp rig inspect head.glb             what is in it: sliders, expressions, face; with pictures
  fpp rig train head.glb --out my-models --photos photos      models for it, about an hour
  fpp rig train head.glb --out my-models --faces 4000         sooner, and less good
  fpp rig fetch makehuman              download MakeHuman's head (7 MB, CC0) into the user's cache
  fpp rig fetch makehuman --cache D    the same into the folder D
  fpp rig render out/anna.mhm          draw that head: out/anna_head.png
  fpp rig map --models D               find the face mesh's landmarks on it; writes D/head.npz, for
                                       which D's models are to be trained anew
"""

FACES = 12_000  # as RigTrainingPlan's, which --help would import too much for
_TEST_SHARE = 8  # of the heads to learn from: one more is rendered to measure for so many


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    fetch = actions.add_parser(
        "fetch",
        help="download a rig at a pinned version, every file checked by its hash",
        description="Download a rig at a pinned version, every file checked by its hash.",
    )
    fetch.add_argument("rig", choices=["makehuman"], help="which rig")
    fetch.add_argument(
        "--cache", type=Path, metavar="DIR", help="where to put it (default: the user's cache)"
    )
    fetch.set_defaults(action=_fetch)

    render = actions.add_parser(
        "render",
        help="draw the heads of .mhm files, each into NAME_head.png beside it",
        description="Draw the heads of .mhm files, each into NAME_head.png beside it.",
    )
    render.add_argument("characters", nargs="+", type=Path, metavar="FILE.mhm")
    render.add_argument("--yaw", type=float, default=0.0, help="degrees to turn the head by")
    render.set_defaults(action=_render)

    mapping = actions.add_parser(
        "map",
        help="find the landmarks of the face mesh on the rig's head, by pictures of it",
        description="Find the landmarks of the face mesh on the rig's head, by pictures of it, and "
        "write how each slider moves each of them. Tables and models made before do not fit a "
        "changed map: make and train them again.",
    )
    _add_inspect(actions)
    _add_train(actions)
    for action in (render, mapping):
        action.add_argument(
            "--rig",
            type=Path,
            metavar="PATH",
            help="MakeHuman's data folder (default: FPP_RIG, else what was fetched)",
        )
    mapping.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="where to write head.npz (default: the models that come with the program)",
    )
    mapping.add_argument(
        "--canonical",
        action="store_true",
        help="also make the detected face the program's canonical one, which head pose is measured "
        "against (writes vision/canonical_face.npy)",
    )
    mapping.set_defaults(action=_map)


_RIG_HELP = (
    "a .glb or .gltf file with morph targets, a folder of .obj files (neutral and one per "
    "blendshape), or MakeHuman's data folder"
)
_SETTINGS_HELP = (
    "what you say of the rig yourself, see docs/rig-settings.md (default: HEAD.toml beside "
    "HEAD.glb, rig.toml in a folder, if there)"
)


def _add_inspect(actions: argparse._SubParsersAction) -> None:
    inspect = actions.add_parser(
        "inspect",
        help="find the face on any rig and tell its sliders apart, as a table and pictures",
        description="Find the face on any rig, decide axes and scale, and tell which morph targets "
        "shape the face, which make expressions, and which are left out and why. Prints a table "
        "and writes pictures: the neutral head, the landmarks on it, every slider at its ends.",
    )
    inspect.add_argument("head", type=Path, metavar="HEAD", help=_RIG_HELP)
    inspect.add_argument("--out", type=Path, metavar="DIR", help="where to (default: out/rig-NAME)")
    inspect.add_argument("--settings", type=Path, metavar="FILE", help=_SETTINGS_HELP)
    inspect.set_defaults(action=_inspect)


def _add_train(actions: argparse._SubParsersAction) -> None:
    train = actions.add_parser(
        "train",
        help="train encoding, landmarks and fused models for any rig",
        description="From a rig to models that `fpp predict --models DIR` uses: find the face, "
        "render random heads, learn from them, label the photos by fitting the rig, learn from "
        "them too, and measure all on heads and people that were not learned from. Stopped, the "
        "same command goes on where it was.",
    )
    train.add_argument("head", type=Path, metavar="HEAD", help=_RIG_HELP)
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="models folder to write"
    )
    train.add_argument(
        "--photos",
        type=Path,
        metavar="FOLDER",
        help="real photos, laid out as for `fpp train`; without any, the models know rendered "
        "heads only and do poorly on photos",
    )
    train.add_argument(
        "--collections",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="NAMES",
        help="only these folders of --photos, as in london,canada (default: all)",
    )
    train.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face_landmarker.task, as for `fpp train` (default: FPP_LANDMARKER)",
    )
    train.add_argument("--settings", type=Path, metavar="FILE", help=_SETTINGS_HELP)
    train.add_argument(
        "--faces",
        type=int,
        default=FACES,
        metavar="N",
        help=f"heads to render and learn from; more is better and slower (default: {FACES})",
    )
    train.add_argument(
        "--epochs", type=int, metavar="N", help="passes over them (default: the recipe's)"
    )
    train.add_argument(
        "--seed", type=int, default=1, metavar="S", help="of everything random (default: 1)"
    )
    train.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="processes that look at rendered heads (default: one per processor)",
    )
    train.set_defaults(action=_train)


def run(arguments: argparse.Namespace) -> int:
    """Do the action that was named."""
    return int(arguments.action(arguments))


def _fetch(arguments: argparse.Namespace) -> int:
    """Fetch the rig and print its folder."""
    from rig.fetch import ENVIRONMENT_VARIABLE, cache_folder, fetch_makehuman

    folder = fetch_makehuman(arguments.cache, progress=sys.stderr.isatty())
    print(f"MakeHuman's data is in {folder}")
    if folder.resolve() != cache_folder().resolve():
        print(f"It is found there by --rig {folder} or {ENVIRONMENT_VARIABLE}={folder}")
    return 0


def _render(arguments: argparse.Namespace) -> int:
    """Draw each character; a file that cannot be read costs only its own picture."""
    from PIL import Image

    from rig.fetch import find_rig_folder
    from rig.makehuman import load_makehuman
    from rig.mhm import read_mhm
    from rig.portrait_picture import draw_portraits
    from rig.rig import RigError

    rig = load_makehuman(find_rig_folder(arguments.rig))
    heads = {}
    for path in arguments.characters:
        try:
            heads[path] = read_mhm(path, rig.sliders)
        except RigError as error:
            print(f"error: {error}", file=sys.stderr)
    pictures = draw_portraits(rig, heads.values(), yaw=arguments.yaw)
    for path, picture in zip(heads, pictures, strict=True):
        target = path.with_name(f"{path.stem}_head.png")
        partial = target.with_suffix(".partial")
        Image.fromarray(picture).save(partial, format="PNG")
        partial.replace(target)
        print(target)
    return 0 if heads else 1


def _inspect(arguments: argparse.Namespace) -> int:
    """Prepare the rig, print what was found and draw it."""
    from regression.datasets.rig_inspection import inspect_rig, table_lines

    out = arguments.out or Path("out") / f"rig-{arguments.head.resolve().stem}"
    _refuse_file(arguments, "--out", out)
    inspection = inspect_rig(arguments.head, out, arguments.settings, report=_say)
    print()
    for line in table_lines(inspection.preparation.rows):
        print(line)
    print()
    print("Pictures and the table as a file are in " + str(out) + ":")
    print("  " + ", ".join(path.name for path in inspection.files))
    return 0


def _train(arguments: argparse.Namespace) -> int:
    """Train the rig's models and say what they are worth."""
    _refuse_file(arguments, "--out", arguments.out)
    for name, least in (("faces", 400), ("epochs", 1), ("seed", 0), ("processes", 1)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            arguments.parser.error(f"argument --{name}: {value}; at least {least} was expected")

    from exports.kept_head import keep_head
    from regression.training.rig_training import RigTrainingPlan, train_rig
    from vision.landmarker_file import find_landmarker_file

    plan = RigTrainingPlan(
        rig=arguments.head,
        out=arguments.out,
        settings=arguments.settings,
        photos=arguments.photos,
        collections=arguments.collections,
        task_file=find_landmarker_file(arguments.landmarker) if arguments.photos else None,
        faces=arguments.faces,
        test_faces=arguments.faces // _TEST_SHARE,
        processes=arguments.processes or os.cpu_count() or 1,
        seed=arguments.seed,
        epochs=arguments.epochs,
    )
    try:
        for line in train_rig(plan, keep_head):
            _say(line)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"what was done is in {arguments.out}, and the same command goes on from there"
        ) from None
    return 0


def _refuse_file(arguments: argparse.Namespace, option: str, path: Path) -> None:
    if path.exists() and not path.is_dir():
        arguments.parser.error(
            f"argument {option}: {path} is a file; name a folder, existing or not"
        )


def _say(line: str) -> None:
    print(line, flush=True)


def _map(arguments: argparse.Namespace) -> int:
    """Map the rig's landmarks and print what was written."""
    if arguments.models is not None:
        _refuse_file(arguments, "--models", arguments.models)

    from regression.datasets.rig_mapping import map_rig, save_canonical_face
    from regression.models.model_files import shipped_models
    from rig.fetch import find_rig_folder
    from rig.landmark_head import save_landmark_head
    from vision.pose import CANONICAL_FACE

    mapping = map_rig(find_rig_folder(arguments.rig))
    models = arguments.models or shipped_models()
    models.mkdir(parents=True, exist_ok=True)
    save_landmark_head(mapping.head, models / "head.npz")
    count = len(mapping.head.sliders)
    print(f"{len(mapping.head.neutral)} landmarks, {count} sliders: {models / 'head.npz'}")
    if arguments.canonical:
        save_canonical_face(mapping, CANONICAL_FACE)
        print(f"The canonical face: {CANONICAL_FACE}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
