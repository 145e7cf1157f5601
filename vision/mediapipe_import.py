"""Import MediaPipe without TensorFlow, and keep its log lines off the terminal."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_DOCUMENTATION = "tensorflow.tools.docs"

# What MediaPipe's C++ side writes: glog lines, TensorFlow Lite's announcements, absl's preamble.
_LOG_LINE = re.compile(
    rb"^(?:[IWEF]\d{4} [\d:.]+ |(?:INFO|WARNING): (?:Created TensorFlow Lite|All log messages))"
)
_one_redirection = threading.Lock()


def import_mediapipe() -> ModuleType:
    """Import mediapipe, in 1 s where the plain import takes 5.

    mediapipe imports all of TensorFlow for two documentation decorators and does without them
    where TensorFlow is missing; so for the length of this import the decorators' module is
    missing. A TensorFlow imported earlier or later is not touched.
    """
    if "mediapipe" in sys.modules or _DOCUMENTATION in sys.modules:
        import mediapipe

        return mediapipe
    sys.modules[_DOCUMENTATION] = None  # type: ignore[assignment]  # None: "not installed"
    try:
        import mediapipe
    finally:
        del sys.modules[_DOCUMENTATION]
    return mediapipe


@contextmanager
def without_log_lines() -> Iterator[None]:
    """Drop MediaPipe's log lines inside the block; everything else still reaches stderr.

    They come from C++ threads that know no log level of ours, so file descriptor 2 itself is
    redirected to a file, and what others wrote there meanwhile (Python warnings, progress bars)
    is passed on at the end. After an exception all is passed on.
    """
    with _one_redirection:
        try:
            terminal = os.dup(2)
        except OSError:  # a program without stderr
            yield
            return
        with tempfile.TemporaryFile() as collected:
            pass_all = False
            _flush()
            os.dup2(collected.fileno(), 2)
            try:
                yield
            except BaseException:
                pass_all = True
                raise
            finally:
                _flush()
                os.dup2(terminal, 2)
                os.close(terminal)
                collected.seek(0)
                for line in collected:
                    if pass_all or not _LOG_LINE.match(line):
                        os.write(2, line)


def _flush() -> None:
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()
