"""Pictures of the head come from a process of its own, and without it from the face mesh."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.head_png import SIZE, HeadPainter, png_bytes
from live.head.head_pictures import BACKGROUND
from rig.landmark_head import LandmarkHead
from tests.app.conftest import MODELS


@pytest.fixture(scope="module")
def painter(tiny_folder: Path, tiny_head: LandmarkHead) -> Iterator[HeadPainter]:
    opened = HeadPainter(MODELS, tiny_folder, tiny_head)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def neutral(tiny_head: LandmarkHead) -> np.ndarray:
    return np.array([slider.neutral for slider in tiny_head.sliders])


def lips(picture: np.ndarray) -> float:
    """The column of the lips' middle: they are redder than skin in any light."""
    drawn = picture.astype(int)
    red = (drawn[..., 0] > 60) & (drawn[..., 1] < 0.62 * drawn[..., 0])
    red[len(red) * 84 // 100 :] = False
    assert red.sum() > 50
    return float(np.median(np.nonzero(red)[1]))


def test_a_head_is_drawn_turned_and_shaped(painter: HeadPainter, neutral: np.ndarray) -> None:
    ahead, right, left = (painter.draw(neutral, yaw) for yaw in (0.0, 25.0, -25.0))
    assert ahead.shape == (SIZE[1], SIZE[0], 3)
    assert lips(left) < lips(ahead) - 20 < lips(right) - 40
    other = painter.draw(neutral + 0.7)
    assert (other != ahead).any(axis=-1).mean() > 0.01
    np.testing.assert_array_equal(painter.draw(neutral), ahead)
    with Image.open(io.BytesIO(png_bytes(ahead))) as opened:
        assert opened.format == "PNG"
        np.testing.assert_array_equal(np.asarray(opened), ahead)


def test_each_of_several_threads_gets_its_own_picture(
    painter: HeadPainter, neutral: np.ndarray
) -> None:
    yaws = [-30.0, -10.0, 10.0, 30.0]
    alone = [painter.draw(neutral, yaw) for yaw in yaws]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda yaw: painter.draw(neutral, yaw), yaws))
    np.testing.assert_array_equal(alone, together)


def test_without_its_process_the_face_mesh_is_painted(
    tiny_folder: Path, tiny_head: LandmarkHead, neutral: np.ndarray
) -> None:
    painter = HeadPainter(MODELS, tiny_folder, tiny_head)
    whole = painter.draw(neutral)
    killed = painter.process_id
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    time.sleep(0.2)
    left, right = (painter.draw(neutral, yaw) for yaw in (-25.0, 25.0))
    assert lips(left) < lips(right) - 40
    covered = [(np.abs(one.astype(int) - BACKGROUND) > 12).any(axis=-1) for one in (whole, left)]
    assert covered[1].sum() < covered[0].sum()  # a face has no neck
    painter.close()


def test_closing_leaves_no_process(
    tiny_folder: Path, tiny_head: LandmarkHead, neutral: np.ndarray
) -> None:
    never_used = HeadPainter(MODELS, tiny_folder, tiny_head)
    never_used.close()
    painter = HeadPainter(MODELS, tiny_folder, tiny_head)
    painter.start()
    process = painter.process_id
    assert process is not None
    painter.close()
    painter.close()
    with pytest.raises(ProcessLookupError):  # not even as a zombie
        os.kill(process, 0)
