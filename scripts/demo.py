"""`fpp demo`: predict the photos that come with the program, and compare with what is known."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.batch import BatchResults
    from regression.evaluation.comparison import Comparison
    from regression.prediction.prediction import Prediction
    from rig.rig import Slider

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
    from regression.datasets.samples import installed_portrait, read_true_sliders, shipped_samples
    from regression.evaluation.comparison import compare
    from vision.photos import find_photos

    print("Loading the networks (half a minute the first time on a machine)", flush=True)
    predictor = Predictor(arguments.models, model=_MODEL, rendered=True)
    names = [slider.name for slider in predictor.sliders]
    true_sliders = read_true_sliders(shipped_samples(), names)
    heads = find_photos([shipped_samples()])
    print(f"{len(heads)} rendered heads with known sliders, from {shipped_samples()}")
    results = predict_into(out / "heads", predictor, heads, _EXPORTS)
    for failure in results.failures:
        print(failure.reason, file=sys.stderr)
    if not results.predictions:
        return 1
    _print_comparison(compare(results.predictions, true_sliders, predictor.sliders))

    portrait = installed_portrait()
    if portrait is None:
        print("No portrait: matplotlib, which brings one, is not installed.", file=sys.stderr)
    else:
        print("\n1 portrait of Grace Hopper (US Navy, public domain), from matplotlib")
        photographed = Predictor(arguments.models, model=_MODEL)
        seen = predict_into(out / "portrait", photographed, [portrait], _EXPORTS)
        for face in seen.predictions:
            _print_face(face, photographed.sliders)
    _print_where_to_look(out, results, portrait)
    return 0


def _print_face(face: Prediction, sliders: Sequence[Slider]) -> None:
    """The sliders that are furthest from neutral."""
    neutral = [float(slider.to_unit(slider.neutral)) for slider in sliders]
    distance = [abs(float(v) - n) for v, n in zip(face.values, neutral, strict=True)]
    for index in sorted(range(len(sliders)), key=lambda i: -distance[i])[:_SLIDERS_PER_HEAD]:
        print(
            f"  {sliders[index].name:{_NAME_WIDTH - 2}}        {face.values[index]:11.2f}"
            f"{neutral[index]:9.2f}"
        )


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


def _print_where_to_look(out: Path, results: BatchResults, portrait: Path | None) -> None:
    head = results.predictions[0].photo.stem
    rows = []
    if portrait is not None:
        name = f"portrait/{portrait.stem}"
        rows = [
            (f"{name}_overlay.jpg", "what was seen in the photo"),
            (f"{name}.mhm", "the predicted head for MakeHuman: Files > Load"),
            (f"{name}.json", "the same values with names and ranges, for programs"),
        ]
    rows += [
        (f"heads/{head}_overlay.jpg", "one of the rendered heads; there is one for each"),
        ("heads/predictions.csv", "every slider of every head, for a spreadsheet"),
    ]
    print(f"\nOpen these, all in {out}:\n")
    for name, what in rows:
        print(f"  {name:36}{what}")
    print("\nYour own photos: fpp predict PHOTOS --out DIR --export mhm,json")


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
