"""Pictures of a prepared rig show its face, its landmarks, and what each slider moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression.datasets.rig_pictures import write_rig_pictures
from rig.prepared_rig import PreparedRig, load_prepared, save_prepared
from rig.rig import RigError, Slider
from tests.regression.renamed_rig import write_renamed_rig
from vision.landmarks import FaceLandmarker

NAMES = ("neutral.png", "landmarks.png", "sliders_1.png", "sliders_2.png")
SLIDERS = 31  # with two expressions one more than a sheet holds
COLUMNS, WIDE, HIGH, LABEL, HEAD = 4, 388, 224, 34, 190  # pixels, of a sheet's cells
STILL = 5  # the slider that moves nothing


@pytest.fixture(scope="module")
def prepared(
    rendering: None, tiny_rig_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> PreparedRig:
    """The tiny rig with each slider several times, one of them without effect."""
    path = tmp_path_factory.mktemp("rig") / "prepared.npz"
    write_renamed_rig(tiny_rig_folder, path)
    prepared = load_prepared(path)
    rig = prepared.rig
    again = np.arange(SLIDERS) % len(rig.sliders)
    share = np.ones((SLIDERS, 1, 1), np.float32)
    share[STILL] = 0
    sliders = tuple(Slider(f"a_long_name_of_a_slider_{n}" * 3, -1.0, 1.0) for n in range(SLIDERS))
    moved = replace(
        rig,
        sliders=sliders,
        negative=rig.negative[again] * share,
        positive=rig.positive[again] * share,
    )
    return replace(prepared, rig=moved)


@pytest.fixture(scope="module")
def folder(prepared: PreparedRig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    save_prepared(prepared, folder / "prepared.npz")
    written = write_rig_pictures(folder / "prepared.npz", folder / "deeper" / "out")
    assert [path.name for path in written] == [*NAMES]
    assert set(written) == set((folder / "deeper" / "out").iterdir())
    return folder / "deeper" / "out"


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_the_neutral_heads_front_is_a_face(folder: Path, landmarker: FaceLandmarker) -> None:
    both = pixels(folder / "neutral.png")
    assert both.shape == (640, 1280, 3)
    (face,) = landmarker.detect(np.ascontiguousarray(both[:, :640].astype(np.uint8)))
    marked = pixels(folder / "landmarks.png")
    changed = np.argwhere((marked != both).any(axis=2)[:, :640])
    # Dots lie over the face that the detector sees, from edge to edge.
    seen = np.stack([face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)])
    drawn = np.stack([changed.min(axis=0), changed.max(axis=0)])[:, ::-1]
    np.testing.assert_allclose(drawn, seen, atol=25)
    assert (marked != both).any(axis=2)[:, 640:].sum() > 2000


def cells(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each slider and unit the heads at its two ends."""
    for number in (1, 2):
        sheet = pixels(folder / f"sliders_{number}.png")
        for top in range(0, len(sheet), HIGH):
            for left in range(0, COLUMNS * WIDE, WIDE):
                cell = sheet[top + LABEL : top + HIGH, left : left + 2 * HEAD]
                yield cell[:, :HEAD], cell[:, HEAD:]


def redness(head: np.ndarray) -> int:
    """How many pixels are clearly red."""
    return int((head[..., 0] - head[..., 1:].max(axis=2) > 40).sum())


def test_what_a_slider_moves_is_red(prepared: PreparedRig, folder: Path) -> None:
    found = list(cells(folder))
    units = len(prepared.expression_names)
    assert units == 2
    assert len(found) == 32 + COLUMNS  # a second sheet of one row
    for number, (low, high) in enumerate(found[: SLIDERS + units]):
        if number == STILL:
            assert redness(low) == redness(high) == 0
            np.testing.assert_array_equal(low, high)
        elif number < SLIDERS:
            assert redness(high) > 30
            assert (low != high).any()
        else:  # an expression is at rest on the left
            assert redness(low) == 0
            assert redness(high) > 30
    for empty in found[SLIDERS + units :]:
        assert all((head == 255).all() for head in empty)


def test_a_broken_file_is_named(rendering: None, tmp_path: Path) -> None:
    (tmp_path / "prepared.npz").write_bytes(b"PK")
    with pytest.raises(RigError, match=r"prepared\.npz cannot be read"):
        write_rig_pictures(tmp_path / "prepared.npz", tmp_path / "out")
