"""`fpp webcam`: look into the camera, see the character take your face."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live.loop import LiveSummary
    from live.setup import LivePlan
    from live.state import LiveState

SUMMARY = "Follow a face in a camera or video, and show the character that it makes."
EXAMPLES = """\
  fpp webcam                                   the first camera
  fpp webcam 1 --width 1280 --height 720       another one
  fpp webcam --list                            which cameras there are
  fpp webcam interview.mp4 --model landmarks   a video file
  fpp webcam http://192.168.1.20:8080/video    a stream, as phones send it
  fpp webcam interview.mp4 --no-window --record out/interview --export mhm,glb
  fpp webcam --benchmark                       how fast it is on this computer

keys in the window:
  space or s  capture     m  switch model      tab or 1-4  choose a face (or click it)
  r           record      c  compare routes    f  mirror      h  help
  n           start anew                       q or Esc  quit

files in DIR:
  capture_TIME.jpg          the frame, with .mhm, .json, .glb and _preview.png beside it
  recording_TIME.csv        one row per frame: time, pose, quality, then for each slider the
                            estimate so far, NAME [low], NAME [high] and this frame's own value,
                            NAME [frame]
  recording_TIME.parquet    the same
  recording_TIME_people.csv one row per person: what all their frames say
  recording_TIME.mp4        the screen, with --video

Without a window, each person's best frame is captured when they are gone.

exit code: 0 if a face was seen, 1 if none, if the source was lost or a person could not be
captured, 2 for wrong usage
"""

MODELS = ("encoding", "landmarks", "fused")
ENCODERS = ("litert", "face_recognition")
EXPORTS = ("mhm", "json", "glb", "glb-baked", "obj")

_STOPPED = 130  # by Ctrl-C, as shells have it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="a camera's number or device (/dev/video0), a video file, or a stream's address "
        "(default: camera 0)",
    )
    parser.add_argument("--list", action="store_true", help="list the cameras and exit")
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="fused",
        help="what to begin with: the face's encoding, its landmarks, or both (default: fused)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/webcam"),
        metavar="DIR",
        help="where captures and recordings go (default: out/webcam)",
    )
    parser.add_argument(
        "--export",
        type=_export_kinds,
        metavar="KINDS",
        help="files to write with a capture, one or several of "
        + ",".join(EXPORTS)
        + " (default: json,glb, and mhm for MakeHuman's rig)",
    )
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="record from the beginning, into this folder"
    )
    parser.add_argument(
        "--video", action="store_true", help="record the screen too, as recording_TIME.mp4"
    )
    parser.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show the picture as a mirror does (default: cameras yes, files and streams no)",
    )
    parser.add_argument("--width", type=_positive, metavar="PIXELS", help="asked of the camera")
    parser.add_argument("--height", type=_positive, metavar="PIXELS", help="asked of the camera")
    parser.add_argument("--rate", type=float, metavar="FRAMES/S", help="asked of the camera")
    parser.add_argument(
        "--retry",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for a camera or stream that was lost (default: 30)",
    )
    parser.add_argument(
        "--faces",
        type=_positive,
        default=4,
        metavar="N",
        help="how many faces to look for in a picture; 1 is fastest (default: 4)",
    )
    parser.add_argument(
        "--no-window",
        action="store_true",
        help="for servers: no window; of a video file every frame is used, as fast as it goes",
    )
    parser.add_argument(
        "--max-frames", type=_positive, metavar="N", help="end after so many frames"
    )
    parser.add_argument(
        "--duration", type=float, metavar="SECONDS", help="end after so many seconds"
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
        "--rendered", action="store_true", help="the video is of rendered heads, not of people"
    )
    parser.add_argument(
        "--encoder",
        choices=ENCODERS,
        default="litert",
        help="what runs the encoding network (default: litert)",
    )
    parser.add_argument(
        "--benchmark",
        action="store_true",
        help="measure every stage and the delay from camera to screen, on SOURCE or on a rendered "
        "head that moves; no other work should run meanwhile",
    )


def _export_kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",")))
    unknown = [kind for kind in kinds if kind not in EXPORTS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is no kind of export (choose from {', '.join(EXPORTS)})"
        )
    return kinds


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Follow the face until the source, the user or a limit ends it."""
    for name in ("rate", "retry", "duration"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            arguments.parser.error(f"argument --{name}: a number above 0 was expected")
    for name in ("out", "record"):
        folder = getattr(arguments, name)
        if folder is not None and folder.exists() and not folder.is_dir():
            arguments.parser.error(f"argument --{name}: {folder} is a file; name a folder")
    from live.video.sources import quiet_opencv

    quiet_opencv()  # it reads its log level once, before its first video
    if arguments.list:
        return _list_cameras()
    if arguments.benchmark:
        return _benchmark(arguments)
    return _follow(arguments)


def _list_cameras() -> int:
    from live.video.cameras import list_cameras

    cameras = list_cameras()
    for camera in cameras:
        size = f"{camera.width}x{camera.height}" if camera.width else "does not open"
        rate = f", {camera.rate:g} frames/s" if camera.rate else ""
        print(f"{camera.index}  {camera.name}  {size}{rate}")
    if not cameras:
        print(
            "No camera was found. Connect one, or give a video file: fpp webcam video.mp4",
            file=sys.stderr,
        )
    return 0 if cameras else 1


def _follow(arguments: argparse.Namespace) -> int:
    """Run with a progress line where there is no window."""
    from tqdm import tqdm

    from live.setup import open_live

    plan = _plan(arguments)
    bar: tqdm | None = None

    def tell(message: str) -> None:
        tqdm.write(message, file=sys.stderr)

    def watch(state: LiveState, _: Mapping[str, float]) -> None:
        if bar is not None:
            estimate = state.estimate
            used = f"{estimate.frames} used" if estimate else "no face yet"
            bar.set_postfix_str(f"person {state.person}, {used}", refresh=False)
            bar.update()

    with open_live(plan, tell, watch) as loop:
        if not plan.window:
            bar = tqdm(total=loop.total, unit="frame", disable=None)
        try:
            summary = loop.run()
        finally:
            if bar is not None:
                bar.close()
    return _report(summary, plan)


def _plan(arguments: argparse.Namespace) -> LivePlan:
    from live.loop import Limits
    from live.setup import LivePlan
    from live.video.sources import SourceSettings, parse_source

    source = parse_source("0" if arguments.source is None else arguments.source)
    window = not arguments.no_window
    mirrored = source.kind == "camera" if arguments.mirror is None else arguments.mirror
    return LivePlan(
        source=source,
        settings=SourceSettings(
            width=arguments.width,
            height=arguments.height,
            rate=arguments.rate,
            retry_seconds=arguments.retry,
            every_frame=source.kind == "file" and not window,
        ),
        out=arguments.out,
        record=arguments.record,
        video=arguments.video,
        kinds=arguments.export,
        model=arguments.model,
        models=arguments.models,
        rig=arguments.rig,
        encoder=arguments.encoder,
        rendered=arguments.rendered,
        faces=arguments.faces,
        window=window,
        mirrored=mirrored,
        limits=Limits(arguments.max_frames, arguments.duration),
    )


def _report(summary: LiveSummary, plan: LivePlan) -> int:
    """Say in one line what there was; the exit code."""
    if summary.failure is not None:
        print(f"error: {summary.failure}", file=sys.stderr)
    rate = summary.frames / max(summary.seconds, 1e-9)
    text = f"Frames: {summary.frames}. Frames/s: {rate:.1f}. People: {summary.people}."
    if summary.captured:
        text += f" Captured into {plan.out}: {len(summary.captured)} files."
    if plan.record is not None:
        text += f" Recorded into {plan.record}."
    print(text)
    if summary.stopped:
        return _STOPPED
    failed = summary.failure is not None or summary.lost or not summary.people
    return 1 if failed else 0


def _benchmark(arguments: argparse.Namespace) -> int:
    from live.benchmark import measure

    for line in measure(_plan(arguments), arguments.source is not None):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
