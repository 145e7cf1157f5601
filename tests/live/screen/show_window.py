"""Run by tests apart: shows pictures in a window and writes down what was done to it.

Arguments: a file for the events (one JSON object a line) and the seconds after which to end. The
picture has one letter's colour per quarter, so that a screenshot shows what lies where. Ends at
the event "quit".
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from live.screen.window import Window, WindowError


def picture() -> np.ndarray:
    """(720, 1280, 3): red, green, blue and white quarters."""
    pixels = np.zeros((720, 1280, 3), np.uint8)
    pixels[:360, :640] = (255, 0, 0)
    pixels[:360, 640:] = (0, 255, 0)
    pixels[360:, :640] = (0, 0, 255)
    pixels[360:, 640:] = (255, 255, 255)
    return pixels


def main() -> int:
    events_path, seconds = Path(sys.argv[1]), float(sys.argv[2])
    end = time.monotonic() + seconds
    try:
        window = Window("Face test")
    except WindowError as error:
        print(error)
        return 3
    pixels = picture()
    with window, events_path.open("a", encoding="utf-8") as file:
        while time.monotonic() < end:
            window.show(pixels)
            for event in window.events():
                file.write(json.dumps(asdict(event)) + "\n")
                file.flush()
                if event.action == "quit":
                    return 0
    return 4


if __name__ == "__main__":
    raise SystemExit(main())
