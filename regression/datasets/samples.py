"""Sample photos for the demo and the tests: rendered portraits of heads with known sliders.

A folder of samples holds head_1.png, head_2.png, ... and sliders.csv: one row per portrait, its
file name in the column `photo`, then 0..1 over the range of every slider of the rig.
"""

from __future__ import annotations

import csv
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from regression.datasets.random_heads import random_sliders
from regression.datasets.synthesis import load_prior
from regression.datasets.tables import TableError
from regression.datasets.workers import call_apart
from rig.makehuman import load_makehuman
from rig.paint import vertex_colours
from rig.portrait import Framing, frame_head
from rig.render import Light
from rig.rig import FloatArray, Rig, RigError

SIDE = 512
SLIDERS_FILE = "sliders.csv"

_SMALLEST_FACE = 200  # pixels from the forehead to the chin
_MARGIN = 20  # pixels between a face and the picture's edge
_DISTANCE = 15.0  # decimetres, as portraits are taken
_MILDNESS = 0.75  # training goes further than most people's faces do

# Red, green, blue of human skin from light to dark; portraits take tones between neighbours.
_SKIN_TONES = np.array(
    [
        [0.94, 0.77, 0.68],
        [0.87, 0.67, 0.55],
        [0.75, 0.54, 0.42],
        [0.60, 0.41, 0.31],
        [0.44, 0.29, 0.22],
    ]
)
_IRISES = ((0.26, 0.15, 0.08), (0.34, 0.22, 0.11), (0.30, 0.35, 0.22), (0.33, 0.45, 0.56))
_BROWS = ((0.07, 0.05, 0.04), (0.17, 0.11, 0.08), (0.29, 0.20, 0.13))
_BACKGROUNDS = ((0.80, 0.82, 0.84), (0.62, 0.68, 0.72), (0.78, 0.74, 0.68), (0.42, 0.46, 0.50))


def shipped_samples() -> Path:
    """The folder of samples that comes with the program."""
    return Path(__file__).resolve().parents[2] / "data" / "samples"


def installed_portrait() -> Path | None:
    """A portrait of Grace Hopper (US Navy, public domain) that comes with matplotlib.

    None where matplotlib, which mediapipe brings, is not installed or comes without it.
    """
    found = importlib.util.find_spec("matplotlib")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "mpl-data" / "sample_data" / "grace_hopper.jpg"
        if path.is_file():
            return path
    return None


def make_samples(
    rig_folder: Path, out: Path, heads: int, seed: int, prior: Path | None
) -> list[Path]:
    """Renders portraits of random heads without expression and writes them with their sliders.

    Args:
        rig_folder: MakeHuman's data folder.
        out: a folder, made where it does not exist; files of the same names are replaced.
        heads: how many.
        seed: another seed gives other heads; the first heads stay the same when there are more.
        prior: a slider prior file, or None to move sliders independently only.

    Returns the portraits' paths.

    Raises:
        RigError: the rig cannot be read, or a portrait does not show a large, whole face.
        regression.datasets.tables.TableError: the prior cannot be read or is for another rig.
        rig.render.RenderError: nothing can be rendered here.
    """
    pictures, sliders, names = call_apart(_render, rig_folder, heads, seed, prior)
    problems = call_apart(_problems, pictures)
    if problems:
        raise RigError(
            f"Of {heads} portraits of seed {seed}, {len(problems)} cannot serve as samples: "
            f"{'; '.join(problems)}. Portraits of one large, whole face each were expected. Choose "
            "another seed."
        )
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"head_{number}.png" for number in range(1, heads + 1)]
    for path, picture in zip(paths, pictures, strict=True):
        _write_png(path, picture)
    _write_sliders(out / SLIDERS_FILE, paths, names, sliders)
    return paths


def read_true_sliders(folder: Path, slider_names: Sequence[str]) -> dict[str, np.ndarray]:
    """File name of each sample -> its slider values, (s,) float32, 0..1, in the order of the names.

    Raises TableError when there is no such file or it lacks sliders.
    """
    path = folder / SLIDERS_FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {
            row["photo"]: np.array([row[name] for name in slider_names], np.float32) for row in rows
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"{path} cannot be read as the samples' slider values ({error!r}). A row per portrait "
            "with the column `photo` and a number for every slider of the models was expected. "
            "Make the folder again with `fpp synthesize --portraits`."
        ) from error


def _render(
    rig_folder: Path, heads: int, seed: int, prior_file: Path | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """(heads, 512, 512, 3) uint8 pictures, (heads, s) float32 slider values 0..1, and names."""
    from rig.render import Renderer

    rig = load_makehuman(rig_folder)
    prior = load_prior(prior_file, rig) if prior_file else None
    pictures, sliders = [], []
    with Renderer(SIDE, SIDE) as renderer:
        for number in range(heads):
            random = np.random.default_rng([seed, number])
            values = _MILDNESS * random_sliders(rig.sliders, random, prior)
            mesh = rig.vertices(values)
            yaw, pitch, roll = random.normal(0, [3.0, 2.0, 1.5])
            camera = _frame(rig, mesh).camera(_DISTANCE, yaw, pitch, roll)
            colours = _colours(rig, random, (number * 3 % 8 + 0.5) / 8)
            background = _BACKGROUNDS[number % len(_BACKGROUNDS)]
            pictures.append(
                renderer.render(mesh, rig.triangles, colours, camera, _light(random), background)
            )
            sliders.append([s.to_unit(v) for s, v in zip(rig.sliders, values, strict=True)])
    return np.stack(pictures), np.array(sliders, np.float32), rig.slider_names


def _frame(rig: Rig, mesh: FloatArray) -> Framing:
    """From just above the crown down to where the rig's chest ends, which no slider moves."""
    neutral = frame_head(rig)
    bottom = neutral.centre[1] - 0.47 * neutral.height
    top = float(mesh[:, 1].max()) + 0.05 * neutral.height
    return Framing((0.0, (top + bottom) / 2, neutral.centre[2]), top - bottom)


def _colours(rig: Rig, random: np.random.Generator, darkness: float) -> FloatArray:
    """Vertex colours (v, 3) as people have them; darkness 0..1 chooses the skin's tone."""
    place = darkness * (len(_SKIN_TONES) - 1)
    skin = np.array([np.interp(place, range(len(_SKIN_TONES)), tone) for tone in _SKIN_TONES.T])
    skin = np.clip(skin * random.uniform(0.97, 1.03, 3), 0, 1)
    lips = skin * [0.88, 0.70, 0.70]
    irises, brows = (_IRISES, _BROWS) if darkness < 0.4 else (_IRISES[:2], _BROWS[:1])
    iris, brow = random.choice(irises), 0.8 * random.choice(brows) + 0.2 * skin

    def colour(values: np.ndarray) -> tuple[float, float, float]:
        return float(values[0]), float(values[1]), float(values[2])

    return vertex_colours(rig, colour(skin), colour(iris), colour(lips), colour(brow))


def _light(random: np.random.Generator) -> Light:
    """A soft lamp above the camera, somewhat to a side."""
    return Light(
        direction=(random.uniform(-0.6, 0.6), random.uniform(0.2, 0.6), 1.0),
        colour=(0.62, 0.61, 0.59),
        ambient=(0.42, 0.42, 0.43),
        specular=0.06,
    )


def _problems(pictures: np.ndarray) -> list[str]:
    """What keeps pictures from being samples, each with the picture's number."""
    from vision.landmarks import FaceLandmarker

    problems = []
    with FaceLandmarker() as landmarker:
        for number, picture in enumerate(pictures, start=1):
            faces = landmarker.detect(picture)
            if len(faces) != 1:
                problems.append(f"{len(faces)} faces were found on number {number}")
                continue
            left, top, right, bottom = faces[0].box
            if bottom - top < _SMALLEST_FACE:
                problems.append(f"the face of number {number} is {bottom - top:.0f} pixels high")
            elif min(left, top, SIDE - right, SIDE - bottom) < _MARGIN:
                problems.append(f"the face of number {number} is at the edge")
    return problems


def _write_png(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    partial = path.with_name(path.name + ".partial")
    Image.fromarray(picture).save(partial, format="PNG", optimize=True)
    os.replace(partial, path)


def _write_sliders(
    path: Path, portraits: Sequence[Path], names: Sequence[str], sliders: np.ndarray
) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", *names])
        for portrait, values in zip(portraits, sliders, strict=True):
            writer.writerow([portrait.name, *(f"{value:.4f}" for value in values)])
    os.replace(partial, path)
