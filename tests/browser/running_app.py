"""`fpp app` in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.chromium import free_port

ROOT = Path(__file__).parents[2]
MAKEHUMAN = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"

COMMAND = [sys.executable, "-m", "scripts.main", "app"]

_PATIENCE = 60.0


@dataclass(frozen=True)
class RunningApp:
    """A started app.

    Attributes:
        address: of its page.
        started: by time.monotonic.
        log: what it wrote, both streams.
        temporary: the folder for its temporary files.
        process: its own.
    """

    address: str
    started: float
    log: Path
    temporary: Path
    process: subprocess.Popen[bytes]

    def outside(self) -> list[str]:
        """Whom the program itself, not its page, has connected to, but for this computer."""
        noted = self.log.with_name("outside.txt")
        return noted.read_text().splitlines() if noted.exists() else []


@contextmanager
def running_app(
    folder: Path, *arguments: object, environment: dict[str, str] | None = None
) -> Iterator[RunningApp]:
    """Starts the app on a free port and ends it by Ctrl-C.

    Args:
        folder: an empty or new one, for its log and its temporary files.
        arguments: further ones of `fpp app`.
        environment: variables besides this process's own.
    """
    temporary = folder / "temporary"
    temporary.mkdir(parents=True)
    variables = {
        **os.environ,
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(Path(__file__).with_name("watched")),
        "OUTSIDE_LOG": str(folder / "outside.txt"),
        **(environment or {}),
    }
    if MAKEHUMAN.is_dir():
        variables.setdefault("FPP_RIG", str(MAKEHUMAN.resolve()))
    port = free_port()
    command = [*COMMAND, "--no-browser", "--port", port]
    log = folder / "log.txt"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command), *map(str, arguments)],
            cwd=ROOT,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            # So that Ctrl-C reaches it also where the shell in front ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            app = RunningApp(f"http://127.0.0.1:{port}/", started, log, temporary, process)
            _wait_for_answer(app)
            yield app
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _wait_for_answer(app: RunningApp) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if app.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(app.address, timeout=_PATIENCE):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError(f"The app did not answer at {app.address}:\n{app.log.read_text()}")
