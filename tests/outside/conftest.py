"""Heads to open in the programs people use, and where those programs are (`make outside`)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from exports.export_head import (
    ExportHead,
    face_mesh_head,
    head_for_exports,
    makehuman_head,
    write_glb,
)
from regression.models.model_files import shipped_models
from rig.landmark_head import load_landmark_head
from rig.makehuman import load_expressions, load_makehuman
from tests.exports.foreign_head import foreign_mesh, landmark_head, write_foreign_models
from tests.exports.read_glb import open_glb, surface, weights_of
from tests.rig.tiny_rig import write_tiny_makehuman

ROOT = Path(__file__).parents[2]
OUTSIDE = ROOT / ".outside"
REAL_FOLDER = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"
HOW = "run `make outside`"


@dataclass(frozen=True)
class Exported:
    """A head that was written, and what it must be: kind, values, targets' weights."""

    path: Path
    head: ExportHead
    values: np.ndarray
    weights: dict[str, float]
    baked: bool

    @property
    def vertices(self) -> np.ndarray:
        """(v, 3) as a reader of ours finds them, weights applied, node transforms not."""
        return surface(open_glb(self.path))[0]


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> dict[str, Exported]:
    """MakeHuman's head (a tiny one without its data), the face mesh, a head of nobody's rig."""
    folder = tmp_path_factory.mktemp("exported")
    data = REAL_FOLDER if REAL_FOLDER.is_dir() else write_tiny_makehuman(folder / "data")
    rig = load_makehuman(data)
    write_foreign_models(folder / "models", foreign_mesh(rig))
    heads = {
        "makehuman": makehuman_head(rig, *load_expressions(data, rig)),
        "face_mesh": face_mesh_head(load_landmark_head(shipped_models() / "head.npz")),
        "foreign": head_for_exports(folder / "models", None, landmark_head()),
    }
    written = {}
    for seed, (name, head) in enumerate(heads.items()):
        random = np.random.default_rng(seed)
        spread = [random.normal(0, 0.3) for _ in head.sliders]
        values = np.clip(
            spread,
            [slider.minimum for slider in head.sliders],
            [slider.maximum for slider in head.sliders],
        )
        for baked in (False, True):
            called = f"{name}_baked" if baked else name
            path = folder / f"{called}.glb"
            write_glb(path, head, values, {"model": "fused", "photo": "none.jpg"}, baked)
            weights = weights_of(open_glb(path))
            written[called] = Exported(path, head, values, weights, baked)
    return written


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Node's packages, where node is there too."""
    if shutil.which("node") is None:
        pytest.skip("there is no node; install Node.js and " + HOW)
    if not (OUTSIDE / "node_modules").is_dir():
        pytest.skip("there are no node packages in .outside; " + HOW)
    return OUTSIDE / "node_modules"


def run_and_read(command: list[str | Path], mark: str = "") -> dict:
    """Runs a program and reads the JSON of the line that begins with the mark: its last one."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith(mark)]
    found: dict = json.loads(lines[-1].removeprefix(mark))
    return found
