"""Stages, bound and whole in one loop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runs.benchmark.loop import (
    DECODE,
    DETECT,
    LOOKS,
    MESH,
    MIRRORED_MESH,
    NETWORK,
    STAGES,
    bound,
    main,
    read_times,
)
from vision.features import ROUTES


def test_the_bound_is_decoding_and_the_networks_once_for_each_look() -> None:
    stages = {DECODE: 1.0, MESH: 10.0, MIRRORED_MESH: 100.0, NETWORK: 1000.0, DETECT: 9e9}
    assert bound(stages, "landmarks", 1) == 11
    assert bound(stages, "landmarks", 2) == 111
    assert bound(stages, "encoding", 1) == bound(stages, "fused", 1) == 1011
    assert bound(stages, "fused", 2) == 2111


def test_every_stage_is_measured_and_photos_without_a_face_are_left_out(
    portrait_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.png"
    Image.fromarray(np.full((300, 300, 3), 200, np.uint8)).save(empty)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    main([empty, portrait_path, broken])
    times = read_times(capsys.readouterr().out)
    assert times.photos == 1
    assert set(times.stages) == set(STAGES)
    assert min(times.stages.values()) > 0
    every_way = {(route, looks) for route in ROUTES for looks in LOOKS}
    assert set(times.bound) == set(times.whole) == every_way
    assert min(times.whole.values()) > 0
    for (route, looks), least in times.bound.items():
        assert least == pytest.approx(bound(times.stages, route, looks))


def test_what_is_printed_is_read_back() -> None:
    said = {
        "photos": 3,
        "stages": {DECODE: 1.5},
        "bound": [["fused", 2, 30.0]],
        "whole": [["fused", 2, 40.0]],
    }
    times = read_times(json.dumps(said))
    assert times.bound == {("fused", 2): 30.0}
    assert times.whole["fused", 2] == 40.0
