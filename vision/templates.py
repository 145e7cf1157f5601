"""Hand-placed points of a photo: WebMorph/Psychomorph template files (.tem), 189 points.

Format: the first line is the number of points, then one `x y` per line in pixels of the photo,
origin top left; lines of the template follow and are not read.
Source: WebMorph, https://debruine.github.io/webmorph/.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vision.ratios import PROPORTION_NAMES

TEMPLATE_POINTS = 189

# name: pairs of point groups whose distances are averaged, by index from 0; they mirror
# vision.ratios.PROPORTIONS. Pupils 0 and 1; chin bottom 129.
_PAIRS: dict[str, tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]] = {
    "pupil_distance": (((0,), (1,)),),
    "nose_width": (((62,), (67,)),),
    "nose_length": (((22, 23), (55,)),),
    "mouth_width": (((87,), (93,)),),
    "lip_height": (((90,), (106,)),),
    "eye_width": (((18,), (22,)), ((27,), (23,))),
    "inner_corner_distance": (((22,), (23,)),),
    "brow_height": (((74,), (0,)), ((79,), (1,))),
    "face_width": (((110,), (113,)),),
    "jaw_width": (((126,), (131,)),),
    "chin_height": (((106,), (129,)),),
    "philtrum": (((55,), (90,)),),
    "chin_width": (((128,), (130,)),),
    "eye_opening": (((20,), (29,)), ((25,), (32,))),
}


class TemplateError(Exception):
    """A template file that cannot be used. The message says what, why and what to do."""


def read_template(path: Path) -> np.ndarray:
    """(189, 2) float64, pixels of the photo.

    Raises:
        TemplateError: the file is missing, broken or has another number of points.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        count = int(lines[0])
        points = np.array(
            [[float(part) for part in line.split()[:2]] for line in lines[1 : 1 + count]]
        )
    except (OSError, ValueError, IndexError) as error:
        raise TemplateError(
            f"{path} cannot be read as a template ({error}). A .tem file as WebMorph writes them "
            "was expected. Export it again, or remove it."
        ) from error
    if points.shape != (TEMPLATE_POINTS, 2) or not np.isfinite(points).all():
        raise TemplateError(
            f"{path} holds points of shape {points.shape}. The {TEMPLATE_POINTS} points of "
            "WebMorph's FRL template were expected. Delineate the photo with that template."
        )
    return points


def template_proportions(points: np.ndarray) -> np.ndarray:
    """The 14 proportions of vision.ratios.PROPORTION_NAMES on hand-placed points.

    Args:
        points: (189, 2).

    Returns:
        (14,) float64, each divided by the distance from the midpoint of the pupils to the chin.
    """
    unit = np.linalg.norm(points[[0, 1]].mean(axis=0) - points[129])
    return np.array(
        [
            np.mean(
                [
                    np.linalg.norm(points[list(a)].mean(axis=0) - points[list(b)].mean(axis=0))
                    for a, b in _PAIRS[name]
                ]
            )
            / unit
            for name in PROPORTION_NAMES
        ]
    )
