"""The benchmark's report: tables in Markdown and a plot beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from regression.measures.markdown import markdown_table, write_text
from runs.benchmark.loop import LOOKS, STAGES
from runs.benchmark.machine import machine_words
from runs.benchmark.measurements import (
    BOUND,
    COLD,
    COMMAND_LINE,
    FROM_DISK,
    GROWTH,
    LOOP,
    OURS,
    PLAIN,
    STAGE,
    Measurement,
    chosen,
    middle,
)
from runs.benchmark.plot import write_plot
from vision.features import ROUTES

_MARKER = "<!-- written by fpp benchmark -->"

_UNKNOWN = ""

_HOW = """\
## How it was measured

- Every row is a program of its own, run from start to end; ours is `fpp predict`, and writes all
  that a user gets. All got the same photos; ours and the growth runs got them several times, as
  links under other names, because they are too fast for few.
- A program with one process may use one core, one with two may use two (`sched_setaffinity`), so
  that threads which a library starts by itself count for what they cost.
- "photos/s" leaves out the start (imports, loading networks, starting processes): a run on few
  photos is subtracted from the one on all. "with start" is all photos over all seconds.
- "plain" is `face_recognition` as its examples use it: `load_image_file`, `face_locations` (HOG),
  `face_encodings`, then the network of our route `encoding` and a CSV file; its start is left out
  too. Its own command names people and predicts nothing.
- The bound is what cannot be left out: reading and decoding a photo as small as we do, the face
  mesh once per look, the encoding network once per face and look. It was measured in one loop with
  the whole prediction, a few photos each in turn.
- Memory is that of all processes together, pages that they share counted once (PSS), looked at
  five times a second.
- A cold start is a new process. "read from disk": the files of Python, all packages and networks
  were dropped from the system's memory before (`posix_fadvise`). The very first run on a computer
  also converts the encoding network, once (15 s).
- Figures are medians over rounds. `measurements.csv` has each of them."""


def write_report(
    folder: Path, measurements: Sequence[Measurement], photos: Sequence[Path]
) -> list[Path]:
    """Write benchmark.md and benchmark.png into a folder, of whatever was measured.

    Returns their paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plot = write_plot(folder / "benchmark.png", measurements)
    blocks = [
        _MARKER,
        "# Speed",
        f"{machine_words()}. {_photo_words(photos)}",
        f"![Photos per second, and with memory over the number of photos]({plot.name})",
        *_section("## Against face_recognition", _against_plain(measurements)),
        *_section("## With start-up, memory, without overlays", _in_full(measurements)),
        *_section("## face_recognition", _plain(measurements)),
        *_section("## Against the bound, one process", _against_bound(measurements)),
        *_section("## Stages, one core", _stages(measurements)),
        *_section("## From few photos to many", _growth(measurements)),
        *_section("## One photo from a cold start", _cold(measurements)),
        _HOW,
    ]
    return [write_text(folder / "benchmark.md", "\n\n".join(blocks) + "\n"), plot]


def rate(measurements: Sequence[Measurement], what: str, **wanted: object) -> float | None:
    """The median of photos per second, without start-up, of measurements of one kind."""
    return middle(chosen(measurements, what, **wanted), lambda one: one.photos_per_second)


def way(route: str, looks: int | None) -> str:
    """How to call a way to predict."""
    return f"{route} --quick" if looks == 1 else route


def _section(title: str, table: tuple[Sequence[str], Sequence[Sequence[str]]]) -> list[str]:
    head, rows = table
    return [title, markdown_table(head, rows)] if rows else []


def _against_plain(
    measurements: Sequence[Measurement],
) -> tuple[list[str], list[list[str]]]:
    counts = _process_counts(measurements, OURS)
    head = ["`fpp predict --model`"]
    for count in counts:
        head += [f"photos/s, {_processes(count)}", "times plain"]
    more = [count for count in counts if count != 1 and 1 in counts]
    head += [f"{_processes(count)} / 1" for count in more]
    plain = {count: rate(measurements, PLAIN, processes=count) for count in counts}
    rows = []
    for route in ROUTES:
        for looks in LOOKS:
            row = [f"`{way(route, looks)}`"]
            rates = {
                count: rate(
                    measurements, OURS, name=route, looks=looks, overlay=True, processes=count
                )
                for count in counts
            }
            if not any(rates.values()):
                continue
            for count in counts:
                row += [_number(rates[count]), _ratio(rates[count], plain[count])]
            row += [_ratio(rates[count], rates[1], 2) for count in more]
            rows.append(row)
    if rows and any(plain.values()):
        row = ["face_recognition, plain"]
        for count in counts:
            row += [_number(plain[count]), _ratio(plain[count], plain[count])]
        rows.append([*row, *(_ratio(plain[count], plain[1], 2) for count in more)])
    return head, rows


def _in_full(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    head = ["", "processes", "photos", "photos/s", "with start", "start, s", "CPU ms/photo", "MB"]
    rows = []
    for route in ROUTES:
        for looks in LOOKS:
            for count in _process_counts(measurements, OURS):
                for overlay in (True, False):
                    these = chosen(
                        measurements,
                        OURS,
                        name=route,
                        looks=looks,
                        processes=count,
                        overlay=overlay,
                    )
                    if these:
                        name = way(route, looks) + ("" if overlay else " --no-overlay")
                        rows.append([f"`{name}`", str(count), *_run_cells(these)])
    return head, rows


def _plain(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    head = ["", "processes", "photos", "photos/s", "with start", "start, s", "CPU ms/photo", "MB"]
    names = {
        PLAIN: "plain: HOG, encoding, our network `encoding`, CSV",
        COMMAND_LINE: "the command `face_recognition`",
    }
    rows = [
        [name, str(count), *_run_cells(chosen(measurements, what, processes=count))]
        for what, name in names.items()
        for count in _process_counts(measurements, what)
    ]
    return head, rows


def _against_bound(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    head = [
        "ms per photo",
        "bound",
        "in one loop",
        "share reached",
        "`fpp predict`",
        "share reached",
    ]
    rows = []
    for route in ROUTES:
        for looks in LOOKS:
            bound, loop = (
                middle(
                    chosen(measurements, what, name=route, looks=looks),
                    lambda one: one.milliseconds,
                )
                for what in (BOUND, LOOP)
            )
            if bound is None:
                continue
            ours = rate(measurements, OURS, name=route, looks=looks, overlay=True, processes=1)
            each = None if ours is None else 1000 / ours
            rows.append(
                [
                    f"`{way(route, looks)}`",
                    _number(bound),
                    _number(loop),
                    _share(bound, loop),
                    _number(each),
                    _share(bound, each),
                ]
            )
    return head, rows


def _stages(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    rows = []
    for stage in STAGES:
        each = middle(chosen(measurements, STAGE, name=stage), lambda one: one.milliseconds)
        if each is not None:
            rows.append([stage, f"{each:.2f}"])
    return ["stage", "ms per photo"], rows


def _growth(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            f"`{way(one.name, one.looks)}`",
            str(one.processes),
            f"{one.photos:,}",
            _number(one.seconds),
            _number(one.photos_per_second_with_start),
            _number(one.peak_megabytes, 0),
        ]
        for one in sorted(
            chosen(measurements, GROWTH), key=lambda one: (one.name, one.looks or 0, one.photos)
        )
    ]
    return ["", "processes", "photos", "seconds", "photos/s, with start", "MB"], rows


def _cold(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    measured = [*chosen(measurements, COLD), *chosen(measurements, FROM_DISK)]
    rows = []
    for what, name, looks in dict.fromkeys((one.what, one.name, one.looks) for one in measured):
        these = chosen(measured, what, name=name, looks=looks)
        seconds = sorted(one.seconds for one in these if one.seconds is not None)
        command = "--help" if looks is None else f"predict one.jpg --model {way(name, looks)}"
        files = "read from disk" if what == FROM_DISK else "in memory"
        rows.append(
            [
                f"`fpp {command}`",
                files,
                f"{median(seconds):.2f}",
                f"{seconds[0]:.2f}-{seconds[-1]:.2f}",
            ]
        )
    return ["one core", "program's files", "seconds, median", "least-most"], rows


def _run_cells(these: Sequence[Measurement]) -> list[str]:
    """photos, photos/s, with start, start, CPU time per photo and memory of equal runs."""

    def cpu_milliseconds(one: Measurement) -> float | None:
        return None if one.cpu_seconds is None else 1000 * one.cpu_seconds / one.photos

    return [
        str(these[0].photos),
        _number(middle(these, lambda one: one.photos_per_second)),
        _number(middle(these, lambda one: one.photos_per_second_with_start)),
        _number(middle(these, lambda one: one.starting_seconds)),
        _number(middle(these, cpu_milliseconds)),
        _number(middle(these, lambda one: one.peak_megabytes), 0),
    ]


def _process_counts(measurements: Sequence[Measurement], what: str) -> list[int]:
    return sorted({one.processes for one in chosen(measurements, what)})


def _photo_words(photos: Sequence[Path]) -> str:
    """How many photos and how large; nothing of their names."""
    from PIL import Image

    sizes = []
    for photo in photos:
        try:
            with Image.open(photo) as image:
                sizes.append((image.width * image.height, image.size, photo.stat().st_size))
        except Exception:  # a damaged one has no size
            continue
    if not sizes:
        return f"{len(photos)} photos."
    _, (width, height), _ = sorted(sizes)[len(sizes) // 2]
    kilobytes = median(size[2] for size in sizes) / 1000
    number = "1 photo" if len(photos) == 1 else f"{len(photos)} photos"
    return f"{number} of {width} x {height} pixels and {kilobytes:.0f} kB (medians)."


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _number(value: float | None, digits: int = 1) -> str:
    return _UNKNOWN if value is None else f"{value:.{digits}f}"


def _ratio(value: float | None, by: float | None, digits: int = 1) -> str:
    return _UNKNOWN if not value or not by else f"{value / by:.{digits}f}"


def _share(bound: float | None, whole: float | None) -> str:
    return _UNKNOWN if not bound or not whole else f"{100 * bound / whole:.0f} %"
