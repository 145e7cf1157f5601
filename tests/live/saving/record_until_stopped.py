"""Records states until it is stopped: `record_until_stopped.py FOLDER`, run by a test.

After each frame it prints its number and the time.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

from live.saving.recording import Recording
from tests.live.states import sample_head, sample_state, state_at


def record(folder: Path) -> None:
    state = sample_state(("landmarks",))
    with Recording(folder, "0", "CC0-1.0", sample_head().slider_names, (320, 240)) as recording:
        for number in count(1):
            later = state_at(state, number)
            recording.add(replace(later, frame=replace(later.frame, captured=time.perf_counter())))
            recording.add_picture(later.frame.pixels, later.frame.seconds)
            print(number, time.monotonic(), flush=True)
            time.sleep(0.01)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
