"""Hours before the camera: memory stays what it was after the first minute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FRAMES = 10_000

# In a process of its own, whose memory nothing else grows.
PROGRAM = """
import sys
from pathlib import Path

from live.video.frames import Frame
from live.saving.recording import Recording
from live.screen.screen import ScreenSettings, draw_screen
from live.session import LiveSession, load_routes
from regression.models.model_files import shipped_models
from tests.live.videos import moving_photo
from vision.encodings import FaceEncoder
from vision.photos import read_photo


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


frames, photo, folder = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
pictures = list(moving_photo(read_photo(photo).pixels, 200, size=(320, 240)))
models = load_routes(shipped_models())
head = models["landmarks"].head
average = [slider.to_unit(slider.neutral) for slider in head.sliders]
names = tuple(head.slider_names)
with (
    LiveSession(models, FaceEncoder(), "landmarks", maximum_faces=1, encode_every=50) as session,
    Recording(folder, "memory", "CC0-1.0", names) as recording,
):
    for number in range(1, frames + 1):
        state = session.step(Frame(pictures[number % len(pictures)], number, number / 30, 0.0))
        recording.add(state)
        if number % 50 == 0:
            draw_screen(state, ScreenSettings(), average, None, "", range(10))
        if number in (frames // 5, frames):
            print(resident())
print(recording.rows, state.person, state.estimate.frames)
"""


def test_memory_is_flat(portrait_path: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(FRAMES), str(portrait_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    early, late, counts = done.stdout.split("\n")[:3]
    assert float(late) < float(early) + 20, f"{early} MB, then {late} MB"
    rows, person, used = map(int, counts.split())
    assert rows == FRAMES
    assert (person, used > 0.9 * FRAMES) == (1, True)
