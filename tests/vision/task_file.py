"""The user-supplied landmarker's file, where this machine has one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vision.landmarker_file import ENVIRONMENT_VARIABLE, FILE_NAME

SHARED_FILE = Path(__file__).parents[2] / ".." / "shared" / "models" / FILE_NAME


def task_file_or_skip() -> Path:
    """The file that FPP_LANDMARKER names, else ../shared/models/face_landmarker.task."""
    path = Path(os.environ.get(ENVIRONMENT_VARIABLE) or SHARED_FILE)
    if not path.is_file():
        pytest.skip(f"there is no {FILE_NAME}: name one by {ENVIRONMENT_VARIABLE}")
    return path.resolve()
