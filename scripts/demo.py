"""`fpp demo`: predict the photos that come with the program, and compare with what is known."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exports.batch import BatchResults
    from regression.comparison import Comparison

SUMMARY = "Predict the photos that come with the program, and say where to look."
EXAMPLES = """\
  fpp demo
  fpp demo --out DIR --models FOLDER

The photos are rendered heads whose slider values are known (data/samples), and a portrait of
Grace Hopper that matplotlib brings along. Nothing is fetched, and no rig is needed.
"""

_MODEL = "fused"
_EXPORTS = ("mhm", "json")
_SLIDERS_PER_HEAD = 4
_NAME_WIDTH = 46


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo"),
        metavar="DIR",
        help="where to (default: out/demo)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="trained models to use (default: those that come with the program)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict, compare, and print what came of it and where it is."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")

    from exports.batch import predict_into
    from regression import Predictor
    from regression.comparison import compare
    from regression.samples import installed_portrait, read_true_sliders, shipped_samples
    from vision.photos import find_photos

    print("Loading the networks (half a minute the first time on a machine)", flush=True)
    predictor = Predictor(arguments.models, model=_MODEL)
    names = [slider.name for slider in predictor.sliders]
    true_sliders = read_true_sliders(shipped_samples(), names)
    photos = find_photos([shipped_samples()])
    print(f"{len(photos)} rendered heads with known sliders, from {shipped_samples()}")
    portrait = installed_portrait()
    if portrait is None:
        print("No portrait: matplotlib, which brings one, is not installed.", file=sys.stderr)
    else:
        print("1 portrait of Grace Hopper (US Navy, public domain), from matplotlib")
        photos.append(portrait)

    results = predict_into(out, predictor, photos, _EXPORTS)
    for failure in results.failures:
        print(failure.reason, file=sys.stderr)
    print(
        f"Predicted {len(results.predictions)} faces by the {_MODEL} model in "
        f"{results.seconds:.1f} s.\n"
    )
    if not any(face.photo.name in true_sliders for face in results.predictions):
        return 1
    _print_comparison(compare(results.predictions, true_sliders, predictor.sliders))
    _print_where_to_look(out, results)
    return 0


def _print_comparison(comparison: Comparison) -> None:
    count = len(comparison.slider_names)
    print(
        "Predicted against true, 0..1 over each slider's range, for the sliders of each head that"
    )
    print(f"are furthest from neutral, of the {count} that a photo tells:\n")
    print(f"{'':{_NAME_WIDTH}}    true  predicted  neutral")
    for number, head in enumerate(comparison.heads):
        print(head)
        for slider in comparison.most_extreme(number, _SLIDERS_PER_HEAD):
            print(
                f"  {slider.name:{_NAME_WIDTH - 2}}{slider.true:8.2f}{slider.predicted:11.2f}"
                f"{slider.neutral:9.2f}"
            )
    print(f"\nAll {count} sliders of {len(comparison.heads)} heads:\n")
    print(f"{'':{_NAME_WIDTH}}          predicted  average face")
    rows = (
        ("mean absolute error", f"{comparison.error:.3f}", f"{comparison.error_of_average:.3f}"),
        ("correlation of the differences from neutral", f"{comparison.correlation:.2f}", "none"),
    )
    for name, predicted, average in rows:
        print(f"  {name:{_NAME_WIDTH - 2}}{predicted:>19}{average:>14}")


def _print_where_to_look(out: Path, results: BatchResults) -> None:
    from exports.names import output_names

    names = output_names(dict.fromkeys(face.photo for face in results.predictions))
    first, last = list(names.values())[0], list(names.values())[-1]
    rows = [
        (f"{last}_overlay.jpg", "what was seen in the photo; there is one for each"),
        (f"{last}.mhm", "the predicted head for MakeHuman: Files > Load"),
        (f"{last}.json", "the same values with names and ranges, for programs"),
        (f"{first}_overlay.jpg", "one of the rendered heads"),
        ("predictions.csv", "every slider of every face, for a spreadsheet"),
    ]
    print(f"\nOpen these, all in {out}:\n")
    for name, what in rows:
        print(f"  {name:28}{what}")
    print("\nYour own photos: fpp predict PHOTOS --out DIR --export mhm,json")


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
