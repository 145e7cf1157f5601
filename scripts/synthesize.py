"""`fpp synthesize`: rendered faces with known slider values, as tables or as portraits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Render random heads with known slider values, to train and test on."
EXAMPLES = """\
  fpp synthesize --out out/faces --faces 2000 --seed 7 --table out/faces.parquet
  fpp synthesize --out out/faces --faces 2000 --seed 7 --independent --processes 8
  fpp synthesize --out out/planted --faces 618 --seed 3 --one-slider     one slider moved per head
  fpp synthesize --out out/heads --portraits 8 --seed 5     pictures to look at

files in DIR:
  with --faces: faces_NNNNN.parquet (200 faces each) and plan.json. Stopped, the same command goes
  on where it was. A face that the detector does not see leaves no row.
  with --portraits: head_1.png, head_2.png, ... (512 x 512) and sliders.csv with their values

The rig must be there: `fpp rig fetch makehuman`, or --rig PATH.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--faces",
        type=_at_least_one,
        metavar="N",
        help="make a table of what is seen of N faces: features of both routes and slider values",
    )
    what.add_argument(
        "--portraits", type=_at_least_one, metavar="N", help="make N pictures of heads"
    )
    parser.add_argument(
        "--seed",
        type=_at_least_zero,
        required=True,
        metavar="S",
        help="another number gives other faces; the same number, the same faces again",
    )
    parser.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="also write all faces into this one Parquet file",
    )
    parser.add_argument(
        "--rig",
        type=Path,
        metavar="PATH",
        help="MakeHuman's data folder (default: FPP_RIG, else what was fetched)",
    )
    parser.add_argument(
        "--independent",
        action="store_true",
        help="move every slider on its own, not together as real faces' sliders do",
    )
    parser.add_argument(
        "--one-slider",
        action="store_true",
        help="with --faces: move one slider of each head, all sliders in turn, without expression",
    )
    parser.add_argument(
        "--processes",
        type=_at_least_one,
        metavar="N",
        help="processes that look at faces, beside the one that renders them (default: one per "
        "processor)",
    )


def _at_least_one(text: str) -> int:
    return _whole_number(text, 1)


def _at_least_zero(text: str) -> int:
    return _whole_number(text, 0)


def _whole_number(text: str, minimum: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = minimum - 1
    if number < minimum:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {minimum} on")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Make faces or portraits and say in one line what came of it."""
    out, table = arguments.out, arguments.table
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")
    if arguments.portraits is not None and table is not None:
        arguments.parser.error("argument --table: goes with --faces, not with --portraits")
    if table is not None and (table.suffix != ".parquet" or table.is_dir()):
        arguments.parser.error(f"argument --table: {table} is no file name ending in .parquet")
    return _make_table(arguments) if arguments.faces is not None else _make_portraits(arguments)


def _make_portraits(arguments: argparse.Namespace) -> int:
    from regression.datasets.samples import SLIDERS_FILE, make_samples
    from regression.datasets.synthesis import shipped_prior
    from rig.fetch import find_rig_folder

    rig_folder = find_rig_folder(arguments.rig)
    prior = None if arguments.independent else shipped_prior()
    paths = make_samples(rig_folder, arguments.out, arguments.portraits, arguments.seed, prior)
    print(
        f"Portraits: {len(paths)}. They are in {arguments.out}, "
        f"their slider values in {arguments.out / SLIDERS_FILE}."
    )
    return 0


def _make_table(arguments: argparse.Namespace) -> int:
    import os

    from tqdm import tqdm

    from regression.datasets.synthesis import SynthesisPlan, collect, shipped_prior, synthesize
    from regression.datasets.tables import write_table
    from rig.fetch import find_rig_folder

    plan = SynthesisPlan(
        rig_folder=find_rig_folder(arguments.rig).resolve(),
        out=arguments.out,
        faces=arguments.faces,
        seed=arguments.seed,
        prior=None if arguments.independent or arguments.one_slider else shipped_prior(),
        one_slider=arguments.one_slider,
    )
    processes = arguments.processes or os.cpu_count() or 1
    done = 0
    try:
        progress = synthesize(plan, processes)
        done = next(progress)
        with tqdm(total=plan.faces, initial=done, unit="face", smoothing=0, disable=None) as bar:
            for done in progress:
                bar.update(done - bar.n)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"after {done} of {plan.faces} faces; what was done is in {plan.out}, and the same "
            "command goes on from there"
        ) from None
    faces = collect(plan)
    print(f"Faces rendered: {plan.faces}. Seen by the detector: {len(faces)}. They are in ", end="")
    if arguments.table is None:
        print(f"{plan.out}.")
    else:
        write_table(faces, arguments.table)
        print(f"{arguments.table}.")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
