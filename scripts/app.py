"""`fpp app`: a local web page: photos in, heads to play with."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

SUMMARY = "Open a local web page: drop photos, see the head, move its sliders, download it."
EXAMPLES = """\
  fpp app                                       opens http://127.0.0.1:7860/ in the browser
  fpp app --models my-models --rig makehuman/data
  FPP_APP_PASSWORD=... fpp app --host 0.0.0.0   also for other computers; they log in as fpp

Everything happens on this computer. Photos are deleted as soon as they were read, and what was
seen is forgotten when the page is closed.

exit code: 130 when ended by Ctrl-C, 1 if it could not start, 2 for wrong usage
"""

ENCODERS = ("litert", "face_recognition")
PASSWORD_VARIABLE = "FPP_APP_PASSWORD"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen (default: 127.0.0.1, this computer alone); other addresses need a "
        "password",
    )
    parser.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        help="(default: the first free one from 7860 on)",
    )
    parser.add_argument(
        "--password",
        metavar="TEXT",
        help=f"of the user fpp (default: {PASSWORD_VARIABLE}, which other users of this computer "
        "cannot see; without both, none)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="trained models to use (default: those that come with the program)",
    )
    parser.add_argument(
        "--rig",
        type=Path,
        metavar="PATH",
        help="MakeHuman's data folder, for the head (default: FPP_RIG, else what was fetched; "
        "without any, the face mesh is shown)",
    )
    parser.add_argument(
        "--encoder",
        choices=ENCODERS,
        default="litert",
        help="what runs the encoding network (default: litert)",
    )
    parser.add_argument(
        "--rendered", action="store_true", help="the photos are of rendered heads, not of people"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the page in the browser"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number up to 65535")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from app.server import AppPlan, run_app

    password = arguments.password
    if password is None:
        password = os.environ.get(PASSWORD_VARIABLE)
    run_app(
        AppPlan(
            host=arguments.host,
            port=arguments.port,
            password=password or None,
            models=arguments.models,
            rig=arguments.rig,
            encoder=arguments.encoder,
            rendered=arguments.rendered,
            open_browser=not arguments.no_browser,
        )
    )
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
