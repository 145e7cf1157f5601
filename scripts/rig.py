"""`fpp rig`: get the data of a rig."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Fetch the rig that synthetic faces and previews are made of."
EXAMPLES = """\
  fpp rig fetch makehuman              download MakeHuman's head (7 MB, CC0) into the user's cache
  fpp rig fetch makehuman --cache D    the same into the folder D
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


def run(arguments: argparse.Namespace) -> int:
    """Fetch the rig and print its folder."""
    from rig.fetch import ENVIRONMENT_VARIABLE, cache_folder, fetch_makehuman

    folder = fetch_makehuman(arguments.cache, progress=sys.stderr.isatty())
    print(f"MakeHuman's data is in {folder}")
    if folder.resolve() != cache_folder().resolve():
        print(f"It is found there by --rig {folder} or {ENVIRONMENT_VARIABLE}={folder}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
