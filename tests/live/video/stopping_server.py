"""A network camera that tests can unplug: pictures by HTTP, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import numpy as np


class StoppingServer:
    """Serves pictures as Motion JPEG on 127.0.0.1, over and over, one for each 1/rate seconds.

    Use it as a context manager; it runs inside. `address` is what a video player opens. stop()
    ends all connections and refuses new ones; start() is back on the same port. pause() keeps the
    connections and sends nothing, as a camera that hangs; resume() goes on.
    """

    def __init__(self, pictures: Sequence[np.ndarray], rate: float = 25.0) -> None:
        """pictures: (height, width, 3) uint8 RGB each."""
        import cv2

        self._pictures: list[bytes] = []
        for picture in pictures:
            done, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            assert done
            self._pictures.append(encoded.tobytes())
        self._rate = rate
        self._server: ThreadingHTTPServer | None = None
        self._stopped = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self.port = 0
        self.connections = 0
        """How often the pictures were asked for so far."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video.mjpg"

    def start(self) -> None:
        """Listen, on a free port the first time and on the same one from then on."""
        if self._server is not None:
            return
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End all connections and refuse new ones."""
        self._stopped.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def pause(self) -> None:
        """Keep the connections, and send nothing more."""
        self._running.clear()

    def resume(self) -> None:
        """Send pictures again."""
        self._running.set()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        camera, stopped = self, self._stopped

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.connections += 1
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                number = 0
                try:
                    while not stopped.wait(1 / camera._rate):
                        if not camera._running.is_set():
                            continue
                        jpeg = camera._pictures[number % len(camera._pictures)]
                        self.wfile.write(
                            b"--picture\r\nContent-Type: image/jpeg\r\n"
                            + f"Content-Length: {len(jpeg)}\r\n\r\n".encode()
                            + jpeg
                            + b"\r\n"
                        )
                        number += 1
                except OSError:
                    return  # the reader is gone

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing: tests read stderr."""

        return Handler
