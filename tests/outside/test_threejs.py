"""three.js in a browser shows our files, in the page that docs/import brings along."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.outside.conftest import ROOT, run_and_read

SCRIPT = Path(__file__).with_name("show_in_threejs.mjs")
VIEWER = ROOT / "docs" / "import" / "viewer.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def shown(node_modules, exported, tmp_path_factory) -> tuple[dict, Path]:
    """What three.js made of each head, and the folder of pictures."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("there is no browser; install chromium, or name one in CHROMIUM")
    pictures = tmp_path_factory.mktemp("pictures")
    heads = [f"{name}={one.path}" for name, one in exported.items()]
    command = ["node", SCRIPT, node_modules, browser, VIEWER, pictures, *heads]
    return run_and_read(command), pictures


def test_names_and_weights_arrive(shown, exported):
    for name, one in exported.items():
        found = shown[0][name]
        assert found["complaints"] == []
        assert sum(mesh["vertices"] for mesh in found["meshes"]) == len(one.vertices)
        arrived = {
            target: mesh["weights"][number]
            for mesh in found["meshes"]
            for target, number in mesh["targets"].items()
        }
        assert arrived == pytest.approx(one.weights, abs=1e-6)
        assert bool(arrived) != one.baked
        assert found["extras"]["photo"] == "none.jpg"


def test_the_pictures_show_heads_and_baked_ones_the_same(shown, exported):
    pictures = {
        name: np.asarray(Image.open(shown[1] / f"{name}.png").convert("RGB")).astype(float)
        for name in exported
    }
    for name, picture in pictures.items():
        background = picture[0, 0]
        covered = np.abs(picture - background).max(axis=2) > 12
        assert 0.1 < covered.mean() < 0.9, name
        assert picture[covered].std() > 10, name  # lit, not one flat shape
    for name in ("makehuman", "face_mesh", "foreign"):
        outline, baked = (
            np.abs(pictures[one] - pictures[one][0, 0]).max(axis=2) > 12
            for one in (name, f"{name}_baked")
        )
        assert (outline != baked).mean() < 0.01, name
