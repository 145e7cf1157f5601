"""`fpp predict`: photos in, slider values out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exports.batch import BatchResults
    from exports.report.report_page import ReportWriter
    from regression import Predictor
    from regression.prediction.prediction import Failure, Prediction

SUMMARY = "Predict slider values for every face in photos."
EXAMPLES = """\
  fpp predict portrait.jpg
  fpp predict photos --out out --export mhm,json
  fpp predict photos --export glb,obj         3D heads, for Blender, Unity, Unreal, three.js
  fpp predict photos --report                 a page to open: photos beside their heads in 3D
  fpp predict photos more/anna.jpg --model landmarks --no-overlay
  fpp predict family --group person --export mhm

files in DIR:
  predictions.csv     one row per face: photo, box, size, pose, flags, model, rig, licence, time,
                      then 0..1 per slider and the ends of its 90 % interval, NAME [low] and
                      NAME [high]
  predictions.parquet the same
  failures.csv        photos without a prediction, and why
  NAME.mhm, NAME.json the face's character, with --export; NAME_face2 for a photo's second face
  NAME.glb            the head with all morph targets and their weights, with --export glb
  NAME_baked.glb, NAME.obj
                      the head in its shape, with --export glb-baked, and obj (docs/import/)
  NAME_overlay.jpg    the photo with what was seen in it
  report.html         with --report: one file for the browser; it needs no network and no other file
  people.csv, people.parquet, person_NAME.mhm, person_NAME.json
                      with --group: the same for each person, from all their photos together

--group folder: the largest faces of a folder's photos are one person, called as the folder; every
  other face stays a person by itself.
--group person: faces that look alike are one person, called person_001, ...; two faces of one
  photo never are. Some strangers are taken for one person: in 1 of 100 folders of 10 people, in
  1 of 6 folders of 50. For hundreds of people --person-distance 0.45 does better.

exit code: 0 if at least one face was predicted, 1 if none, 2 for wrong usage
"""

MODELS = ("encoding", "landmarks", "fused", "fit")
ENCODERS = ("litert", "face_recognition")
EXPORTS = ("mhm", "json", "glb", "glb-baked", "obj")
GROUPS = ("none", "folder", "person")
PERSON_DISTANCE = 0.5

_FAILURES_ON_SCREEN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTOS", help="photos, and folders of photos"
    )
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="fused",
        help="what to predict from: the face's encoding, its landmarks, or both; fit is the rig "
        "fitted to the landmarks, no network (default: fused)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out"), metavar="DIR", help="where to (default: out)"
    )
    parser.add_argument(
        "--export",
        type=_export_kinds,
        default=(),
        metavar="KINDS",
        help="files to write for each face, one or several of " + ",".join(EXPORTS),
    )
    parser.add_argument(
        "--rig",
        type=Path,
        metavar="PATH",
        help="MakeHuman's data folder, for the head in glb and obj files (default: FPP_RIG, else "
        "what was fetched; without any, they show the face mesh alone)",
    )
    parser.add_argument(
        "--group",
        choices=GROUPS,
        default="none",
        help="which faces are one person's, to be predicted together (default: none)",
    )
    parser.add_argument(
        "--person-distance",
        type=float,
        default=PERSON_DISTANCE,
        metavar="D",
        help="how much the encodings of one person's faces may differ, for --group person "
        f"(default: {PERSON_DISTANCE})",
    )
    parser.add_argument(
        "--overlay",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="write a picture of what was seen for each photo (default: yes)",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="write report.html: each face beside its head in 3D, and what each model says",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="trained models to use (default: those that come with the program)",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face_landmarker.task, for the models that read it too; `fpp landmarker "
        "fetch` gets it (default: FPP_LANDMARKER, else the face mesh alone)",
    )
    parser.add_argument(
        "--rendered",
        action="store_true",
        help="the pictures are of rendered heads, not photographs of people",
    )
    parser.add_argument(
        "--encoder",
        choices=ENCODERS,
        default="litert",
        help="what runs the encoding network: litert is fast, face_recognition is that package's "
        "own code (default: litert)",
    )


def _export_kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",")))
    unknown = [kind for kind in kinds if kind not in EXPORTS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is no kind of export (choose from {', '.join(EXPORTS)})"
        )
    return kinds


def run(arguments: argparse.Namespace) -> int:
    """Predict, write everything into --out and say in one line what happened."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")
    if not arguments.person_distance > 0:
        arguments.parser.error("argument --person-distance: a number above 0 was expected")

    from vision.photos import find_photos

    photos = [photo for photo in find_photos(arguments.photos) if not _is_own_overlay(photo, out)]
    if not photos:
        print("No photos found in " + ", ".join(map(str, arguments.photos)), file=sys.stderr)
        return 1
    results = _predict(arguments, photos)
    predictions, failures = results.predictions, results.failures
    people = "" if arguments.group == "none" else f"People: {len(results.people)}. "
    print(
        f"Photos: {len(photos)}. Faces predicted: {len(predictions)}. {people}"
        f"Failures: {len(failures)}. "
        f"Photos/s: {len(photos) / results.seconds:.1f}. Results are in {out}."
    )
    return 0 if predictions else 1


def _predict(arguments: argparse.Namespace, photos: list[Path]) -> BatchResults:
    """Predict with a progress bar; complain of photos without a face as they come."""
    from contextlib import ExitStack

    from tqdm import tqdm

    from exports.batch import predict_into
    from exports.character_files import HEAD_KINDS, check_kinds
    from regression import Predictor

    predictor = Predictor(
        arguments.models,
        model=arguments.model,
        encoder=arguments.encoder,
        rendered=arguments.rendered,
        landmarker=_landmarker(arguments),
        with_encodings=arguments.group == "person",
        also=("encoding", "landmarks", "fused") if arguments.report else (),
    )
    check_kinds(arguments.export, predictor.head.rig)
    export_head = None
    if set(arguments.export) & set(HEAD_KINDS):
        from exports.export_head import head_for_exports

        export_head = head_for_exports(predictor.folder, arguments.rig, predictor.head)
        if export_head.kind == "face mesh":
            print(
                "note: MakeHuman's head is not on this computer, so 3D files show the face mesh "
                "alone. `fpp rig fetch makehuman` gets it (7 MB).",
                file=sys.stderr,
            )
    failed = done = 0
    with ExitStack() as stack:
        writer = None
        if arguments.report:
            writer = stack.enter_context(_report_writer(arguments, predictor))
        bar = stack.enter_context(tqdm(total=len(photos), unit="photo", disable=None))

        def report(
            path: Path, predictions: Sequence[Prediction], failures: Sequence[Failure]
        ) -> None:
            nonlocal failed, done
            for failure in failures:
                failed += 1
                if failed <= _FAILURES_ON_SCREEN:
                    tqdm.write(failure.reason, file=sys.stderr)
                elif failed == _FAILURES_ON_SCREEN + 1:
                    tqdm.write("More failures: see failures.csv.", file=sys.stderr)
            done += 1
            bar.update()

        try:
            return predict_into(
                arguments.out,
                predictor,
                photos,
                arguments.export,
                arguments.overlay,
                report,
                arguments.group,
                arguments.person_distance,
                export_head,
                writer,
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {done} of {len(photos)} photos; what was done is in {arguments.out}"
            ) from None


def _report_writer(arguments: argparse.Namespace, predictor: Predictor) -> ReportWriter:
    from exports.report.report_page import ReportWriter
    from exports.shown_head import shown_head

    head = shown_head(predictor.folder, arguments.rig, predictor.head)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return ReportWriter(arguments.out / "report.html", predictor.sliders, head, predictor.average)


def _landmarker(arguments: argparse.Namespace) -> Path | None:
    """The landmarker file; that of the environment does not apply to rendered heads."""
    from vision.landmarker_file import find_landmarker_file

    if arguments.rendered and arguments.landmarker is None:
        return None
    return find_landmarker_file(arguments.landmarker)


def _is_own_overlay(photo: Path, out: Path) -> bool:
    """Whether the photo is a picture that an earlier run wrote into --out."""
    return photo.name.endswith("_overlay.jpg") and photo.resolve().parent == out.resolve()


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
