"""`fpp landmarker`: get the file of MediaPipe's FaceLandmarker."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Fetch MediaPipe's newer landmarker, which can be used instead of the face mesh."
EXAMPLES = """\
  fpp landmarker fetch              download face_landmarker.task (3.8 MB) into the user's cache
  fpp landmarker fetch --cache D    the same into the folder D
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    fetch = actions.add_parser(
        "fetch",
        help="download face_landmarker.task, checked by its hash",
        description="Download face_landmarker.task (Google, Apache-2.0), checked by its hash.",
    )
    fetch.add_argument(
        "--cache", type=Path, metavar="DIR", help="where to put it (default: the user's cache)"
    )
    fetch.set_defaults(action=_fetch)


def run(arguments: argparse.Namespace) -> int:
    """Do the action that was named."""
    return int(arguments.action(arguments))


def _fetch(arguments: argparse.Namespace) -> int:
    """Fetch the file, print its path and how to use it."""
    from vision.landmarker_file import ENVIRONMENT_VARIABLE, fetch_landmarker

    path = fetch_landmarker(arguments.cache)
    print(f"MediaPipe's FaceLandmarker is in {path}")
    print(f"It is used with --landmarker {path} or {ENVIRONMENT_VARIABLE}={path}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
