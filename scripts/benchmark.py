"""`fpp benchmark`: how fast photos are predicted, and what of it is ours to save."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "Measure the speed: against face_recognition, the bound, one and more processes."
EXAMPLES = """\
  fpp benchmark photos --out out/benchmark        everything: a quarter of an hour
  fpp benchmark photos --fast                     rough figures in three minutes
  fpp benchmark photos --docs docs                puts the report into the documents

Photos with one large face each are best: with a second, more is done than is compared. Close other
programs: they slow down what is measured. Each measured program is held to as many cores as it has
processes. What was measured is written after each step; stopped, it reports on what it has. Runs
of 10,000 photos take some 3 GB of DIR for a while; --growth 100,1000 leaves them out.

files in DIR:
  measurements.csv   a row per measurement
  benchmark.md       the tables
  benchmark.png      the plot
"""

_OUT = Path("out/benchmark")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTOS", help="photos, and folders of photos"
    )
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to (default: {_OUT})"
    )
    parser.add_argument(
        "--processes",
        type=_numbers,
        default=(1, 2),
        metavar="NUMBERS",
        help="how many processes to measure with (default: 1,2)",
    )
    parser.add_argument(
        "--photos",
        type=_number,
        metavar="N",
        dest="count",
        help="take N of the photos, evenly from the whole (default: all)",
    )
    parser.add_argument(
        "--growth",
        type=_numbers,
        default=None,
        metavar="NUMBERS",
        help="runs of so many photos, made of the given ones by links, with the most processes "
        "(default: 100,1000,10000; with --fast 100)",
    )
    parser.add_argument(
        "--plain-cli",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure face_recognition's own command too (default: yes)",
    )
    parser.add_argument("--fast", action="store_true", help="fewer photos and one round, to try it")
    parser.add_argument(
        "--docs", type=Path, metavar="FOLDER", help="write benchmark.md and benchmark.png here too"
    )


def _number(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0 was expected")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({_number(part.strip()) for part in text.split(",")}))


def run(arguments: argparse.Namespace) -> int:
    """Measure with a progress bar, and write the report."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")

    from dataclasses import replace

    from tqdm import tqdm

    from runs.benchmark.machine import cores_for
    from runs.benchmark.measurements import Measurement, write_measurements
    from runs.benchmark.measuring import BenchmarkPlan, clear_away, steps
    from runs.benchmark.photo_copies import evenly
    from runs.benchmark.report import write_report
    from vision.photos import find_photos

    photos = evenly(find_photos(arguments.photos), arguments.count)
    if not photos:
        print("No photos found in " + ", ".join(map(str, arguments.photos)), file=sys.stderr)
        return 1
    cores_for(arguments.processes[-1])
    plan = BenchmarkPlan(tuple(photos), out, arguments.processes, command_line=arguments.plain_cli)
    if arguments.fast:
        plan = plan.fast()
    if arguments.growth:
        plan = replace(plan, growth=arguments.growth)
    out.mkdir(parents=True, exist_ok=True)
    measured: list[Measurement] = []
    try:
        with tqdm(steps(plan), unit="measurement", disable=None) as bar:
            for words, measure in bar:
                bar.set_description(words)
                measured += measure()
                write_measurements(out / "measurements.csv", measured)
    finally:
        clear_away(plan)
        if measured:
            for folder in filter(None, (out, arguments.docs)):
                for path in write_report(folder, measured, photos):
                    print(f"Written: {path}")
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
