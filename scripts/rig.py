"""`fpp rig`: get the data of a rig, and find the face's landmarks on it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Fetch the rig, draw heads from character files, and map landmarks to it."
EXAMPLES = """\
  fpp rig fetch makehuman              download MakeHuman's head (7 MB, CC0) into the user's cache
  fpp rig fetch makehuman --cache D    the same into the folder D
  fpp rig render out/anna.mhm          draw that head: out/anna_head.png
  fpp rig map --models D               find the face mesh's landmarks on it; writes D/head.npz
"""


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


def _map(arguments: argparse.Namespace) -> int:
    """Map the rig's landmarks and print what was written."""
    if arguments.models is not None and arguments.models.exists() and not arguments.models.is_dir():
        arguments.parser.error(
            f"argument --models: {arguments.models} is a file; name a folder, existing or not"
        )

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
