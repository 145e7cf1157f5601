"""The program that we are measured against does the same work."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from regression import Predictor
from runs.benchmark.plain_face_recognition import encode_plainly, main


def test_it_finds_the_same_face_and_encodes_it_alike(portrait_path: Path) -> None:
    (plain,) = encode_plainly(portrait_path)
    predictor = Predictor(model="encoding", quick=True)
    (ours,) = [one.encoding for one in predictor.predict([portrait_path])]  # type: ignore[union-attr]
    # Strangers differ by 0.8.
    assert np.linalg.norm(plain - ours) < 0.15


def test_it_writes_a_row_of_sliders_per_face(
    portrait_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").symlink_to(portrait_path)
    main(photos, tmp_path / "table.csv", 1)
    said = json.loads(capsys.readouterr().out)
    assert (said["photos"], said["faces"]) == (1, 1)
    (row,) = csv.DictReader((tmp_path / "table.csv").read_text().splitlines())
    assert Path(row.pop("photo")).name == "one.jpg"
    assert row.pop("face_number") == "1"
    values = [float(cell) for cell in row.values()]
    assert len(values) > 50
    assert 0 <= min(values) < max(values) <= 1
