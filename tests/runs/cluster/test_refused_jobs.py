from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra [cluster] is not installed")

from runs.cluster.cluster_run import run_on_cluster
from runs.cluster.errors import ClusterError
from runs.plan import RunPlan

_PLAN = RunPlan(out=Path("out"), overlay=False)


def test_what_a_job_cannot_do_is_refused(tmp_path: Path, portrait_path: Path) -> None:
    photo, out = str(portrait_path), str(tmp_path / "out")
    for plan in (replace(_PLAN, overlay=True), replace(_PLAN, kinds=("json",))):
        with pytest.raises(ClusterError, match="writes tables only"):
            run_on_cluster(plan, [photo], out)
    with pytest.raises(ClusterError, match="No photos were found"):
        run_on_cluster(_PLAN, [str(tmp_path)], out)
    with pytest.raises(ClusterError, match=r"Ray at 127\.0\.0\.1:1 does not answer"):
        run_on_cluster(_PLAN, [photo], out, "127.0.0.1:1")


_WITHOUT_RAY = """
import sys
from importlib.machinery import PathFinder

class NoRay(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "ray" else super().find_spec(name, path, target)

sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder] + [NoRay]
from runs.cluster.cluster_run import run_on_cluster
from runs.plan import RunPlan
run_on_cluster(RunPlan(out=None, overlay=False), ["photos"], "out")
"""


def test_without_ray_it_says_what_to_install() -> None:
    command = [sys.executable, "-c", _WITHOUT_RAY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "ClusterError: Ray is not installed." in done.stderr
    assert "pip install 'face-parameters-predictor[cluster]'" in done.stderr
