"""The service of the page, loaded once, and a small head for what needs no networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.person import PhotoResult
from app.service import HeadService
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.makehuman import load_makehuman
from tests.rig.tiny_rig import write_tiny_makehuman

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
REAL_FOLDER = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="session")
def tiny_head(tiny_folder: Path) -> LandmarkHead:
    """MakeHuman's landmarks, with the sliders that the tiny rig has too."""
    whole = load_landmark_head(MODELS / "head.npz")
    there = set(load_makehuman(tiny_folder).slider_names)
    return whole.with_sliders(np.array([name in there for name in whole.slider_names]))


@pytest.fixture(scope="session")
def service() -> Iterator[HeadService]:
    """With MakeHuman's head where it is on disk, else with the face mesh."""
    with HeadService(rig=REAL_FOLDER if REAL_FOLDER.is_dir() else None) as opened:
        yield opened


@pytest.fixture(scope="session")
def seen(service: HeadService, portrait_path: Path) -> PhotoResult:
    """The portrait as the service reads it."""
    return service.read(portrait_path, "grace.jpg")
