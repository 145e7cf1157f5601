"""MediaPipe comes without TensorFlow and without noise, and takes nothing else away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vision.mediapipe_import import without_log_lines

ROOT = Path(__file__).parents[2]

FIRST_FACE = """
import sys
from pathlib import Path
from vision.landmarks import FaceLandmarker
from vision.photos import read_photo
pixels = read_photo(Path(sys.argv[1])).pixels
with FaceLandmarker() as landmarker:
    assert len(landmarker.detect(pixels)) == 1
    assert len(landmarker.detect(pixels)) == 1
"""
TENSORFLOW = """
import tensorflow as tf
import tensorflow.tools.docs.doc_controls as controls
assert controls.do_not_generate_docs
assert float(tf.reduce_sum(tf.constant([1.0, 2.0]))) == 3.0
"""


def _run(program: str, portrait_path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, "-c", program, str(portrait_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_tensorflow_and_no_noise(portrait_path: Path) -> None:
    program = FIRST_FACE + "assert not any(name.startswith('tensorflow') for name in sys.modules)\n"
    done = _run(program, portrait_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


def test_tensorflow_works_before_and_after(portrait_path: Path) -> None:
    for program in (FIRST_FACE + TENSORFLOW, TENSORFLOW + FIRST_FACE):
        done = _run(program, portrait_path)
        assert done.returncode == 0, done.stderr


LOG_LINES = (
    b"W0000 00:00:1795407311.528076    5501 inference_feedback_manager.cc:114] Feedback manager\n"
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
)


def test_log_lines_go_and_others_stay(capfd: pytest.CaptureFixture[str]) -> None:
    with without_log_lines():
        os.write(2, LOG_LINES)
        os.write(2, b"UserWarning: important\n 50%|#####     | 5/10")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "UserWarning: important\n 50%|#####     | 5/10after\n"


def test_after_an_exception_everything_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with without_log_lines():
            os.write(2, LOG_LINES)
            raise RuntimeError("graph")

    with pytest.raises(RuntimeError, match="graph"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == LOG_LINES.decode() + "after\n"


def test_threads_take_turns(capfd: pytest.CaptureFixture[str]) -> None:
    def speak(name: int) -> None:
        for _ in range(20):
            with without_log_lines():
                os.write(2, LOG_LINES)
        os.write(2, f"{name}\n".encode())

    threads = [threading.Thread(target=speak, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"after\n")
    assert sorted(capfd.readouterr().err.split()) == ["0", "1", "2", "3", "after"]
