from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vision.landmarks import FaceLandmarker
from vision.photos import read_photo
from vision.pose import normalise
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, measure
from vision.templates import (
    TEMPLATE_POINTS,
    TemplateError,
    read_template,
    template_proportions,
)

# A face whose pupils are 1 above its chin bottom; indices as in WebMorph's FRL template.
PLANTED = {
    **{0: (-0.25, 0), 1: (0.25, 0), 129: (0, 1)},
    **{18: (-0.35, 0), 22: (-0.15, 0), 23: (0.15, 0), 27: (0.35, 0)},
    **{20: (-0.25, -0.03), 29: (-0.25, 0.04), 25: (0.25, -0.03), 32: (0.25, 0.06)},
    **{74: (-0.25, -0.2), 79: (0.25, -0.2), 55: (0, 0.4), 62: (-0.14, 0.38), 67: (0.14, 0.38)},
    **{87: (-0.2, 0.6), 93: (0.2, 0.6), 90: (0, 0.55), 106: (0, 0.7)},
    **{128: (-0.1, 0.98), 130: (0.1, 0.98), 126: (-0.4, 0.7), 131: (0.4, 0.7)},
    **{110: (-0.55, 0.1), 113: (0.55, 0.1)},
}
EXPECTED = {
    "pupil_distance": 0.5,
    "nose_width": 0.28,
    "nose_length": 0.4,
    "mouth_width": 0.4,
    "lip_height": 0.15,
    "eye_width": 0.2,
    "inner_corner_distance": 0.3,
    "brow_height": 0.2,
    "face_width": 1.1,
    "jaw_width": 0.8,
    "chin_height": 0.3,
    "philtrum": 0.15,
    "chin_width": 0.2,
    "eye_opening": 0.08,
}


def planted_points() -> np.ndarray:
    points = np.random.default_rng(0).normal(0, 0.5, (TEMPLATE_POINTS, 2))
    for index, place in PLANTED.items():
        points[index] = place
    return points


def write_template(path: Path, points: np.ndarray, tail: str = "") -> Path:
    lines = [str(len(points)), *(f"{x:.10g} {y:.10g}" for x, y in points)]
    path.write_text("\n".join(lines) + "\n" + tail)
    return path


@pytest.mark.parametrize("scale", [1.0, 417.5])
def test_planted_proportions_come_back(tmp_path: Path, scale: float) -> None:
    angle = np.radians(7)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = planted_points() @ turn * scale + [300, 410]
    # What follows the points describes curves between them; it is not read.
    path = write_template(tmp_path / "face.tem", points, "2\n0\n3\n4 5 6\n")
    read = read_template(path)
    np.testing.assert_allclose(read, points, atol=1e-6)
    values = dict(zip(PROPORTION_NAMES, template_proportions(read), strict=True))
    assert values == pytest.approx(EXPECTED, abs=1e-6)


def test_each_proportion_has_points_of_its_own() -> None:
    """Moving any used point changes something, moving any other nothing."""
    points = planted_points()
    before = template_proportions(points)
    for index in range(TEMPLATE_POINTS):
        moved = points.copy()
        moved[index] += [0.03, 0.02]
        assert (template_proportions(moved) != before).any() == (index in PLANTED)


def test_line_ends_of_every_system_and_further_numbers_in_a_line_are_read(tmp_path: Path) -> None:
    points = np.round(planted_points() * 100, 3)
    path = write_template(tmp_path / "face.tem", points)
    windows = tmp_path / "windows.tem"
    first, *others = path.read_bytes().splitlines()
    windows.write_bytes(b"\r\n".join([first, *(line + b" 0" for line in others)]))
    np.testing.assert_array_equal(read_template(windows), read_template(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a face\n1 2\n",
        b"189\n",
        b"189\n" + b"1 2\n" * 188,
        b"188\n" + b"1 2\n" * 188,
        b"190\n" + b"1 2\n" * 190,
        b"189\n" + b"1 2\n" * 188 + b"3\n",
        b"189\n" + b"1 2\n" * 188 + b"three four\n",
        b"189\n" + b"1 2\n" * 188 + b"nan 4\n",
        b"-189\n" + b"1 2\n" * 189,
        bytes(range(256)) * 8,
    ],
)
def test_broken_files_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tem"
    path.write_bytes(content)
    with pytest.raises(TemplateError, match=r"broken\.tem .* expected\. \w"):
        read_template(path)


def test_missing_files_and_folders_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "folder.tem").mkdir()
    for name in ("missing.tem", "folder.tem"):
        with pytest.raises(TemplateError, match=name):
            read_template(tmp_path / name)


def test_the_detector_measures_what_was_placed_by_hand(
    shared_photos: Path, landmarker: FaceLandmarker
) -> None:
    """The same proportion, by other indices: near each other on every face."""
    templates = sorted(shared_photos.rglob("*.tem"))[::12]
    assert len(templates) > 5
    by_hand, detected = [], []
    for template in templates:
        photo = read_photo(template.with_suffix(".jpg"), maximum_side=1400)
        (face,) = landmarker.detect(photo.pixels)[:1]
        by_hand.append(template_proportions(read_template(template)))
        detected.append(measure(normalise(face.landmarks).points, PROPORTIONS))
    quotient = np.median(np.array(detected) / np.array(by_hand), axis=0)
    # The template's points beside the chin stand farther apart than the mesh's.
    expected = {**dict.fromkeys(PROPORTION_NAMES, 1.0), "chin_width": 0.6}
    assert dict(zip(PROPORTION_NAMES, quotient, strict=True)) == pytest.approx(expected, abs=0.3)
