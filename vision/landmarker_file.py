"""The `face_landmarker.task` file that a user may supply: finding, checking and fetching it.

It is Google's bundle of networks for MediaPipe's FaceLandmarker (Apache-2.0, 3.8 MB). Models are
trained for exactly one release of it, so that one is checked for by its SHA-256.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

FILE_NAME = "face_landmarker.task"
SOURCE = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
    + FILE_NAME
)
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
SIZE = 3_758_596
ENVIRONMENT_VARIABLE = "FPP_LANDMARKER"

_SECONDS_TO_WAIT = 60
_ATTEMPTS = 3


class LandmarkerFileError(Exception):
    """The landmarker's file is missing, broken, another one, or cannot be downloaded."""


def find_landmarker_file(explicit: Path | None = None) -> Path | None:
    """The landmarker's file: the explicit one, else that of FPP_LANDMARKER, else None.

    None means: do without it, by the face mesh. The first one given counts: a wrong one is an
    error, not a reason to look further. Raises LandmarkerFileError unless it is the expected file.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    path = Path(named) if explicit is None and named else explicit
    if path is not None:
        read_landmarker_file(path)
    return path


def read_landmarker_file(path: Path) -> bytes:
    """The content of the landmarker's file, checked by its SHA-256.

    Raises LandmarkerFileError when it is missing, cannot be read, or is not the expected file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise _refused(path, f"is not the expected file ({_description(content)})")
    return content


def landmarker_cache_folder() -> Path:
    """Where fetch_landmarker keeps the file for this user: beside the rig, in the user's cache."""
    from rig.fetch import cache_folder

    program = cache_folder().parents[1]  # the rig is in makehuman/data below it
    return program / "landmarker"


def fetch_landmarker(folder: Path | None = None, source: str = SOURCE) -> Path:
    """Download the landmarker's file (3.8 MB, Apache-2.0) and return its path.

    folder: where to; one in the user's cache by default. source: the file's address. A file that is
    there and right is kept. A new one is written beside and renamed once its hash is right.
    Raises LandmarkerFileError when it cannot be had, or is not the expected one.
    """
    path = (landmarker_cache_folder() if folder is None else folder) / FILE_NAME
    if _is_right(path):
        return path
    content = _download(source)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise LandmarkerFileError(
            f"{source} is not the expected file ({_description(content)} or more). Expected "
            f"SHA-256 {SHA256}, {SIZE} bytes, which models are trained for. Nothing was kept of "
            "it; try again, and if it stays so, something between you and the source changes "
            f"files: use another network, or name a copy you trust by {ENVIRONMENT_VARIABLE}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return path


def _refused(path: Path, what: str) -> LandmarkerFileError:
    return LandmarkerFileError(
        f"{path} {what}. Expected Google's {FILE_NAME} with SHA-256 {SHA256}, {SIZE} bytes: models "
        "are trained for exactly that one. Download it from MediaPipe's page with "
        f"`fpp landmarker fetch`, or leave the option (or {ENVIRONMENT_VARIABLE}) out to use the "
        "face mesh that comes with the program."
    )


def _description(content: bytes) -> str:
    return f"SHA-256 {hashlib.sha256(content).hexdigest()}, {len(content)} bytes"


def _is_right(path: Path) -> bool:
    try:
        read_landmarker_file(path)
    except LandmarkerFileError:
        return False
    return True


def _download(address: str) -> bytes:
    """The content at the address; at most one byte more than expected."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=_SECONDS_TO_WAIT) as response:
                return bytes(response.read(SIZE + 1))
        except (OSError, http.client.HTTPException) as error:
            # An answer such as 404 stays the same however often one asks.
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if final or attempt == _ATTEMPTS:
                raise LandmarkerFileError(
                    f"{address} cannot be downloaded ({error}). Expected {FILE_NAME} there, over "
                    "the network. Check the connection and run `fpp landmarker fetch` again, or "
                    f"copy the file here and name it by {ENVIRONMENT_VARIABLE}."
                ) from error
            time.sleep(attempt / 2)
    raise AssertionError("unreachable")
