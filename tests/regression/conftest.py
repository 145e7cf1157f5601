"""Rigs, heads and readers for tests of training and prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from regression.datasets.workers import call_apart
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.render import RenderError
from tests.regression.apart import open_renderer
from tests.rig.tiny_rig import write_tiny_makehuman
from vision.encodings import FaceEncoder
from vision.landmarks import FaceLandmarker
from vision.reading import FaceReader

ROOT = Path(__file__).parents[2]
REAL_RIG = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"


@pytest.fixture(scope="session")
def models() -> Path:
    """The models folder that comes with the program."""
    return ROOT / "models"


@pytest.fixture(scope="session")
def head(models: Path) -> LandmarkHead:
    return load_landmark_head(models / "head.npz")


@pytest.fixture(scope="session")
def reader(landmarker: FaceLandmarker, encoder: FaceEncoder) -> FaceReader:
    return FaceReader(landmarker, encoder)


@pytest.fixture(scope="session")
def tiny_rig_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="session")
def makehuman_folder() -> Path:
    if not REAL_RIG.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared/rigs/makehuman/data")
    return REAL_RIG.resolve()


@pytest.fixture(scope="session", params=["tiny", "makehuman"])
def rig_folder(request: pytest.FixtureRequest) -> Path:
    """Both rigs in turn."""
    folder: Path = request.getfixturevalue(
        "tiny_rig_folder" if request.param == "tiny" else "makehuman_folder"
    )
    return folder


@pytest.fixture(scope="session")
def rendering() -> None:
    """Skips the test where nothing can be rendered. In a process of its own: see rig.render."""
    try:
        call_apart(open_renderer)
    except RenderError as error:
        pytest.skip(str(error))
