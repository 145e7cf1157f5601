"""A few hundred damaged files; `make fuzz` reads 10,000."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.fuzz import fuzz
from tests.hostile.targets import TARGETS, Target

SLOW = ("Keras files, card forged", "MakeHuman folders")  # tensorflow, and a second for each


def test_damaged_files_are_read_or_refused_by_name() -> None:
    outcomes = fuzz(200, 7, [target for target in TARGETS if target.name not in SLOW])
    assert [one.findings for one in outcomes if one.findings] == []
    assert sum(one.inputs for one in outcomes) >= 190
    assert sum(one.refused for one in outcomes) > 60
    assert sum(one.accepted for one in outcomes) > 5


def test_findings_are_found_and_kept(tmp_path: Path) -> None:
    """A loader whose own error is not allowed."""
    photos = TARGETS[0]
    (outcome,) = fuzz(10, 1, [Target(photos.name, 1, photos.make, photos.load, ())], tmp_path)
    assert outcome.inputs == outcome.accepted + len(outcome.findings) == 10
    assert outcome.findings
    assert all("PhotoError" in finding for finding in outcome.findings)
    assert len(list(tmp_path.iterdir())) == len(outcome.findings)
