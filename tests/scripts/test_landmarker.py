"""`fpp landmarker` in a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tests.vision.task_file import task_file_or_skip

ROOT = Path(__file__).parents[2]


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.main", "landmarker", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=os.environ | environment
    )


def test_what_is_there_is_kept_and_its_use_is_told(tmp_path):
    path = tmp_path / "face-parameters-predictor" / "landmarker" / "face_landmarker.task"
    path.parent.mkdir(parents=True)
    shutil.copyfile(task_file_or_skip(), path)
    for arguments in ((), ("--cache", path.parent)):
        done = run("fetch", *arguments, XDG_CACHE_HOME=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert f"--landmarker {path}" in done.stdout
        assert f"FPP_LANDMARKER={path}" in done.stdout


def test_without_a_network_it_says_so_in_one_line(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = run("fetch", "--cache", tmp_path, https_proxy=nowhere, HTTPS_PROXY=nowhere, no_proxy="")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: https://storage.googleapis.com/")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_exits_with_2():
    for arguments in ((), ("fly",), ("fetch", "face_mesh")):
        done = run(*arguments)
        assert done.returncode == 2
        assert "error: " in done.stderr
