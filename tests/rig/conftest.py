"""Rigs for tests: a tiny one made here, and MakeHuman's where a copy lies near."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.makehuman import load_makehuman
from rig.render import Renderer, RenderError
from rig.rig import Rig
from tests.rig.tiny_rig import write_tiny_makehuman

REAL_FOLDER = Path(__file__).parents[2] / ".." / "shared" / "rigs" / "makehuman" / "data"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the tiny rig. Copy it before changing it."""
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="session")
def tiny_rig(tiny_folder: Path) -> Rig:
    return load_makehuman(tiny_folder)


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """MakeHuman's data folder."""
    if not REAL_FOLDER.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared/rigs/makehuman/data")
    return REAL_FOLDER.resolve()


@pytest.fixture(scope="session", params=["tiny", "makehuman"])
def rig_folder(request: pytest.FixtureRequest) -> Path:
    """Both data folders in turn."""
    folder: Path = request.getfixturevalue(
        "tiny_folder" if request.param == "tiny" else "real_folder"
    )
    return folder


@pytest.fixture(scope="session")
def rig(rig_folder: Path) -> Rig:
    """Both rigs in turn."""
    return load_makehuman(rig_folder)


@pytest.fixture
def open_renderer() -> type[Renderer]:
    """The Renderer class, where OpenGL works."""
    try:
        Renderer(8, 8).close()
    except RenderError as error:
        pytest.skip(str(error))
    return Renderer
