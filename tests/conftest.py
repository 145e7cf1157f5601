"""Photos of faces for every test, and the networks that look at them.

Tests see real faces: a portrait that is installed with the dependencies, the heads rendered into
data/samples, and the photos at ../shared where that folder lies beside the checkout.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from vision.encodings import FaceEncoder
from vision.landmarks import FaceLandmarker
from vision.photos import Photo, find_photos, read_photo

ROOT = Path(__file__).parents[1]
SHARED_PHOTOS = ROOT / ".." / "shared" / "photos"
SAMPLES = ROOT / "data" / "samples"

# Folders of ../shared/photos, and how many photos of each are taken, evenly from the whole.
_SHARED_SHARES = {"london/neutral": 4, "london/smiling": 2, "canada": 3, "congress": 4, "lisa": 1}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that open OpenGL here and puts them last: tensorflow hangs after OpenGL."""
    for item in items:
        if "open_renderer" in getattr(item, "fixturenames", ()):
            item.add_marker("opengl")
    items.sort(key=lambda item: item.get_closest_marker("opengl") is not None)


def installed_portrait() -> Path:
    """Grace Hopper's portrait (US Navy, public domain), which matplotlib brings along.

    mediapipe depends on matplotlib, so it is always there.
    """
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0])
    return folder / "mpl-data" / "sample_data" / "grace_hopper.jpg"


def _evenly(paths: list[Path], count: int) -> list[Path]:
    return paths[:: max(1, len(paths) // count)][:count]


@pytest.fixture(scope="session")
def portrait_path() -> Path:
    """One photo of one person, facing the camera: always the same."""
    return installed_portrait()


@pytest.fixture(scope="session")
def portrait(portrait_path: Path) -> Photo:
    return read_photo(portrait_path)


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The folder of real photos; without it the test is skipped."""
    if not SHARED_PHOTOS.is_dir():
        pytest.skip("there are no photos at ../shared/photos")
    return SHARED_PHOTOS.resolve()


@pytest.fixture(scope="session")
def portrait_paths() -> list[Path]:
    """Photos of one face each: the installed one and real ones, else rendered heads."""
    if SHARED_PHOTOS.is_dir():
        others = [
            path
            for folder, count in _SHARED_SHARES.items()
            for path in _evenly(find_photos([SHARED_PHOTOS.resolve() / folder]), count)
        ]
    else:
        others = _evenly(find_photos([SAMPLES]), 8) if SAMPLES.is_dir() else []
    return [installed_portrait(), *others]


@pytest.fixture(scope="session")
def portraits(portrait_paths: list[Path]) -> list[Photo]:
    return [read_photo(path, maximum_side=1400) for path in portrait_paths]


@pytest.fixture(scope="session")
def landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker() as opened:
        yield opened


@pytest.fixture(scope="session")
def encoder() -> FaceEncoder:
    return FaceEncoder()
