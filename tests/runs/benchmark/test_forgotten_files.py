"""Files that are dropped from the system's memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runs.benchmark.forgotten_files import forget_files, program_folders


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system cannot drop files")
def test_files_keep_their_content_and_odd_ones_do_not_block(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("one", "below/two"):
        (tmp_path / name).write_text(name)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    assert forget_files([tmp_path, tmp_path / "nothing"]) == 2
    assert (tmp_path / "below/two").read_text() == "below/two"


def test_the_folders_of_the_program_are_there() -> None:
    folders = program_folders()
    assert any((folder / "numpy").is_dir() for folder in folders)
    assert any((folder / "fused.json").is_file() for folder in folders)
