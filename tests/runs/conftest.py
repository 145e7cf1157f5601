"""Photos of a run, and where to."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.plan import RunPlan
from tests.runs.run_photos import make_photos


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Twelve: one is damaged, one has no face."""
    return make_photos(tmp_path / "photos", 12)


@pytest.fixture
def plan(tmp_path: Path) -> RunPlan:
    return RunPlan(
        tmp_path / "out", model="landmarks", rendered=True, quick=True, kinds=("json", "mhm")
    )
