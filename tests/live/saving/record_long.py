"""Makes a short and a long recording: `record_long.py FOLDER`, run by a test.

After each it prints the most memory that the process ever had, in kilobytes.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from live.saving.recording import Recording
from live.state import LiveState
from regression.prediction.live_estimate import LiveEstimate
from tests.live.states import faceless_state, state_at

FRAMES = (20_000, 40_000)
NAMES = tuple(f"slider {number}" for number in range(100))


def planted_states(count: int) -> list[LiveState]:
    """States of one person with random estimates; no network is loaded for them."""
    random = np.random.default_rng(1)
    states = []
    for number in range(1, count + 1):
        low, values, high = np.sort(random.uniform(0, 1, (3, len(NAMES))).astype(np.float32), 0)
        told = np.ones(len(NAMES), bool)
        estimate = LiveEstimate("fused", "rig", NAMES, values, low, high, told, number, 1, 1)
        state = state_at(faceless_state(), number, person=1, model="fused", values=values)
        states.append(state_at(state, number, estimates={"fused": estimate}))
    return states


def record(folder: Path) -> None:
    states = planted_states(100)
    for frames in FRAMES:
        with Recording(folder / str(frames), "0", "CC0-1.0", NAMES) as recording:
            for number in range(frames):
                recording.add(states[number % len(states)])
        assert recording.close().rows == frames
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
