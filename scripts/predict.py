"""`fpp predict`: photos in, slider values out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exports.report.report_page import ReportWriter
    from regression import Predictor
    from regression.prediction.prediction import Failure, Prediction
    from runs.cluster.cluster_run import ClusterSummary
    from runs.plan import RunPlan
    from runs.run import RunSummary

SUMMARY = "Predict slider values for every face in photos."
EXAMPLES = """\
  fpp predict portrait.jpg
  fpp predict photos --out out --export mhm,json
  fpp predict photos --export glb,obj         3D heads, for Blender, Unity, Unreal, three.js
  fpp predict photos --report                 a page to open: photos beside their heads in 3D
  fpp predict photos more/anna.jpg --model landmarks --no-overlay
  fpp predict family --group person --export mhm
  fpp predict casting --quick                 a folder of 200,000; after any stop the same again
  fpp predict inbox --watch                   goes on with what comes, until Ctrl-C
  fpp predict s3://bucket/photos --ray HEAD:6379 --out s3://bucket/results

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
  parts/              what is done: the same command goes on where it was stopped, by Ctrl-C, a
                      power cut or anything else, and predicts new and changed photos alone
  report.html         with --report: one file for the browser; it needs no network and no other file
  people.csv, people.parquet, person_NAME.mhm, person_NAME.json
                      with --group: the same for each person, from all their photos together

--group folder: the largest faces of a folder's photos are one person, called as the folder; every
  other face stays a person by itself.
--group person: faces that look alike are one person, called person_001, ...; two faces of one
  photo never are. Some strangers are taken for one person: in 1 of 100 folders of 10 people, in
  1 of 6 folders of 50. For hundreds of people --person-distance 0.45 does better.

--group person and --report need every face at once, in one process: such a run begins from the
start each time and leaves no parts/, for encodings of faces are not written to disk.

A photo that takes longer than 60 s, or ends a process, is a failure and costs no other photo.
--processes 1 works without processes of its own: less memory, and no such protection.

exit code: 0 if at least one face was predicted, 1 if none, 2 for wrong usage
"""

MODELS = ("encoding", "landmarks", "fused", "fit")
ENCODERS = ("litert", "face_recognition")
EXPORTS = ("mhm", "json", "glb", "glb-baked", "obj")
GROUPS = ("none", "folder", "person")
PERSON_DISTANCE = 0.5
WATCH_SECONDS = 2.0

_FAILURES_ON_SCREEN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTOS",
        help="photos, and folders of photos; with --ray also addresses such as s3://bucket/photos",
    )
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="fused",
        help="what to predict from: the face's encoding, its landmarks, or both; fit is the rig "
        "fitted to the landmarks, no network (default: fused)",
    )
    parser.add_argument("--out", default="out", metavar="DIR", help="where to (default: out)")
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
        "--quick",
        action="store_true",
        help="one look at each photo instead of two, of which the second is in the mirror: nearly "
        "twice as fast, and a little less sure",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="how many photos to work on at once (default: as many as the computer has cores, "
        "fewer for few photos)",
    )
    parser.add_argument(
        "--restart",
        action="store_true",
        help="begin anew, also with the photos that an earlier run into DIR has done",
    )
    parser.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=WATCH_SECONDS,
        metavar="SECONDS",
        help="then look for new and changed photos every so many seconds, until Ctrl-C (default: "
        f"{WATCH_SECONDS:g})",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster (HEAD:PORT, auto for the one this computer is in, local to try "
        "it): tables only, docs/cluster.md",
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
    if arguments.ray is not None:
        return _predict_on_cluster(arguments)
    arguments.photos = [Path(photo) for photo in arguments.photos]
    arguments.out = Path(arguments.out)
    _check_usage(arguments)
    photos = _find(arguments)
    if not photos and arguments.watch is None:
        print("No photos found in " + ", ".join(map(str, arguments.photos)), file=sys.stderr)
        return 1
    if _needs_all(arguments):
        return _predict_together(arguments, photos)
    return _predict_run(arguments, photos)


def _check_usage(arguments: argparse.Namespace) -> None:
    error, out = arguments.parser.error, arguments.out
    if out.exists() and not out.is_dir():
        error(f"argument --out: {out} is a file; name a folder, existing or not")
    if not arguments.person_distance > 0:
        error("argument --person-distance: a number above 0 was expected")
    if arguments.processes is not None and arguments.processes < 1:
        error("argument --processes: a number from 1 on was expected")
    if arguments.watch is not None and not arguments.watch > 0:
        error("argument --watch: a number of seconds above 0 was expected")
    if _needs_all(arguments):
        which = "--report" if arguments.report else "--group person"
        if arguments.watch is not None:
            error(f"argument --watch: {which} needs all photos at once")
        if arguments.processes not in (None, 1):
            error(f"argument --processes: {which} works in one process")


def _needs_all(arguments: argparse.Namespace) -> bool:
    """Whether every face must be in hand: encodings, which tell people apart, stay off the disk."""
    return bool(arguments.report) or arguments.group == "person"


def _find(arguments: argparse.Namespace) -> list[Path]:
    from vision.photos import find_photos

    out = arguments.out
    return [photo for photo in find_photos(arguments.photos) if not _is_own_overlay(photo, out)]


def _plan(arguments: argparse.Namespace) -> RunPlan:
    from runs.plan import RunPlan

    return RunPlan(
        out=Path(arguments.out),
        models=arguments.models,
        model=arguments.model,
        encoder=arguments.encoder,
        rendered=arguments.rendered,
        landmarker=_landmarker(arguments),
        quick=arguments.quick,
        kinds=arguments.export,
        overlay=arguments.overlay is not False and arguments.ray is None,
        rig=arguments.rig,
    )


class _Progress:
    """A progress bar, and the first failures as they come."""

    def __init__(self, photos: int | None = None) -> None:
        from tqdm import tqdm

        self.bar = tqdm(total=photos, unit="photo", disable=None)
        self.done = self._failed = 0

    def __call__(self, photos: int, faces: int, failures: Sequence[str]) -> None:
        for reason in failures:
            self._failed += 1
            if self._failed <= _FAILURES_ON_SCREEN:
                self.say(reason)
            elif self._failed == _FAILURES_ON_SCREEN + 1:
                self.say("More failures: see failures.csv.")
        self.done += photos
        self.bar.update(photos)

    def say(self, sentence: str) -> None:
        self.bar.write(sentence, file=sys.stderr)


def _predict_run(arguments: argparse.Namespace, photos: list[Path]) -> int:
    """Predict what was not done before, in several processes."""
    from runs.run import Run
    from runs.watch import watch

    plan, out = _plan(arguments), arguments.out
    _note_missing_head(plan)
    progress = _Progress(len(photos))
    with (
        progress.bar,
        Run(plan, arguments.processes, arguments.restart, arguments.group, progress.say) as work,
    ):
        try:
            summary = work.predict(photos, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {progress.done} of {len(photos)} photos; what was done is in {out}. The "
                "same command goes on"
            ) from None
        progress.bar.close()
        _print_summary(summary, arguments)
        if arguments.watch is not None:
            print(f"Watching for new photos every {arguments.watch:g} s. Ctrl-C ends.", flush=True)
            try:
                watch(
                    work,
                    lambda: _find(arguments),
                    arguments.watch,
                    lambda line: print(line, flush=True),
                )
            except KeyboardInterrupt:
                return 0
    return 0 if summary.faces else 1


def _predict_on_cluster(arguments: argparse.Namespace) -> int:
    """Predict on the machines of a Ray cluster: tables, and nothing else."""
    tables_only = {
        "--export": bool(arguments.export),
        "--overlay": arguments.overlay is True,
        "--report": arguments.report,
        "--group": arguments.group != "none",
        "--watch": arguments.watch is not None,
        "--processes": arguments.processes is not None,
    }
    refused = [option for option, given in tables_only.items() if given]
    if refused:
        arguments.parser.error(f"argument {refused[0]}: not with --ray, which writes tables only")

    from runs.cluster.cluster_run import run_on_cluster

    progress = _Progress()
    with progress.bar:
        summary = run_on_cluster(
            _plan(arguments),
            arguments.photos,
            arguments.out,
            arguments.ray,
            progress,
            arguments.restart,
        )
    _print_summary(summary, arguments)
    return 0 if summary.faces else 1


def _print_summary(summary: RunSummary | ClusterSummary, arguments: argparse.Namespace) -> None:
    new = summary.photos - summary.before
    before = f" ({summary.before} done before)" if summary.before else ""
    from runs.run import RunSummary

    people = ""
    if isinstance(summary, RunSummary) and arguments.group != "none":
        people = f"People: {summary.people}. "
    speed = f"Photos/s: {new / summary.seconds:.1f}. " if new else ""
    print(
        f"Photos: {summary.photos}{before}. Faces predicted: {summary.faces}. {people}"
        f"Failures: {summary.failures}. {speed}Results are in {arguments.out}.",
        flush=True,
    )


def _note_missing_head(plan: RunPlan) -> None:
    if plan.shows_face_mesh():
        print(
            "note: MakeHuman's head is not on this computer, so 3D files show the face mesh "
            "alone. `fpp rig fetch makehuman` gets it (7 MB).",
            file=sys.stderr,
        )


def _predict_together(arguments: argparse.Namespace, photos: list[Path]) -> int:
    """Predict all photos in one process, and keep every face until the end."""
    from contextlib import ExitStack

    from exports.batch import predict_into
    from exports.character_files import check_kinds

    plan = _plan(arguments)
    _note_missing_head(plan)
    predictor = plan.open_predictor(
        with_encodings=arguments.group == "person",
        also=("encoding", "landmarks", "fused") if arguments.report else (),
    )
    check_kinds(arguments.export, predictor.head.rig)
    progress = _Progress(len(photos))

    def report(path: Path, predictions: Sequence[Prediction], failures: Sequence[Failure]) -> None:
        progress(1, len(predictions), [failure.reason for failure in failures])

    with ExitStack() as stack:
        writer = None
        if arguments.report:
            writer = stack.enter_context(_report_writer(arguments, predictor))
        stack.enter_context(progress.bar)
        try:
            results = predict_into(
                arguments.out,
                predictor,
                photos,
                arguments.export,
                plan.overlay,
                report,
                arguments.group,
                arguments.person_distance,
                plan.open_export_head(),
                writer,
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {progress.done} of {len(photos)} photos; what was done is in "
                f"{arguments.out}"
            ) from None
    from runs.run import RunSummary

    summary = RunSummary(
        photos=len(photos),
        before=0,
        done=len(photos),
        faces=len(results.predictions),
        failures=len(results.failures),
        people=len(results.people),
        seconds=results.seconds,
    )
    _print_summary(summary, arguments)
    return 0 if results.predictions else 1


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
    from exports.overlay import ENDING

    return photo.name.endswith(ENDING) and photo.resolve().parent == out.resolve()


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
