from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import time
from runs.cluster.deadline import Deadline

deadline = Deadline({seconds})
with deadline.working():
    for _ in range(20):
        time.sleep(0.1)
        deadline.alive()
time.sleep({idle})
print("idle", flush=True)
with deadline.working():
    time.sleep({hangs})
print("done")
"""


def _run(**numbers: float) -> tuple[int, str]:
    command = [sys.executable, "-c", _PROGRAM.format(**numbers)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_a_process_that_hangs_is_ended_and_one_that_works_or_waits_is_not() -> None:
    # Twenty signs of life take longer together than the deadline, and so does the pause.
    assert _run(seconds=1.5, idle=3, hangs=60) == (1, "idle\n")
    assert _run(seconds=1.5, idle=0, hangs=0) == (0, "idle\ndone\n")
