"""Keep the converted encoder in the user's cache folder, and run it.

Run as a program (`python -m vision.encoder_cache WEIGHTS OUTPUT`) it converts; the library does so
in a process of its own, because TensorFlow takes seconds to import and would then stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from vision.encoder_network import (
    CHIP_SIDE,
    ENCODING_SIZE,
    EncoderError,
    build_network,
    convert,
    read_weights,
    weights_path,
)
from vision.mediapipe_import import without_log_lines

AGREEMENT = 1e-4
"""A conversion is refused when any of its numbers is further than this from dlib's."""

_LOADING = threading.Lock()

# Raise with every change to what is built from the weights: it names the cached file.
_BUILD = 1

_CONVERSION_SECONDS = 600


class EncoderNetwork:
    """The encoder's network in LiteRT, on one thread."""

    def __init__(self, path: Path) -> None:
        """Load a converted network. Raises EncoderError if the file holds none."""
        try:
            with without_log_lines():
                from ai_edge_litert.interpreter import Interpreter

                self._interpreter = Interpreter(model_path=str(path), num_threads=1)
                self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]
            self._output = self._interpreter.get_output_details()[0]
            shapes = tuple(self._input["shape"]), tuple(self._output["shape"])
        except (ImportError, ValueError, RuntimeError) as error:
            raise EncoderError(
                f"{path} cannot be run ({error}): expected a LiteRT model and the package "
                "ai-edge-litert; delete the file to have it converted again."
            ) from error
        if shapes != ((1, CHIP_SIDE, CHIP_SIDE, 3), (1, ENCODING_SIZE)):
            raise EncoderError(
                f"{path} takes and gives {shapes}: expected one chip of {CHIP_SIDE} pixels and "
                f"{ENCODING_SIZE} numbers; delete the file to have it converted again."
            )

    def __call__(self, chip: np.ndarray) -> np.ndarray:
        """Encode an aligned chip: (150, 150, 3) uint8 RGB to (128,) float32."""
        self._interpreter.set_tensor(self._input["index"], chip[None].astype(np.float32))
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output["index"])[0])


def cached_path() -> Path:
    """Where the converted network of the installed weights lies, or will lie.

    Raises EncoderError if face_recognition_models is not installed.
    """
    digest = hashlib.sha256(weights_path().read_bytes()).hexdigest()
    return _cache_folder() / f"encoder-{_BUILD}-{digest[:32]}.tflite"


def load_encoder() -> EncoderNetwork:
    """Load the converted network; on the first call on a machine, convert and check it (15 s).

    Threads that call it meanwhile wait for the one that converts.

    Raises EncoderError if it cannot be converted, kept or run, or differs from dlib's.
    """
    with _LOADING:
        return _load_or_convert()


def _load_or_convert() -> EncoderNetwork:
    path = cached_path()
    if _is_whole(path):
        with contextlib.suppress(EncoderError):  # another version's: convert again
            return EncoderNetwork(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _convert_apart(partial)
        difference = largest_difference(EncoderNetwork(partial))
        if not difference <= AGREEMENT:
            raise EncoderError(
                f"The converted encoder differs from dlib's by {difference:.2g}: expected at "
                f'most {AGREEMENT:.0e}; use FaceEncoder("face_recognition").'
            )
        os.replace(partial, path)
        _write_fingerprint(path)
    except OSError as error:
        raise EncoderError(
            f"The converted encoder cannot be written to {path} ({error}): expected a writable "
            "cache folder; set XDG_CACHE_HOME to one."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return EncoderNetwork(path)


def fingerprint_path(path: Path) -> Path:
    """Where the SHA-256 of a checked conversion lies: LiteRT may crash on a damaged file."""
    return path.with_name(path.name + ".sha256")


def _is_whole(path: Path) -> bool:
    """Whether a file is there, and is the one that was checked when it was written."""
    try:
        return fingerprint_path(path).read_text() == _fingerprint(path)
    except (OSError, UnicodeDecodeError):
        return False


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_fingerprint(path: Path) -> None:
    partial = path.with_name(f"{path.name}.sha256.{os.getpid()}.partial")
    partial.write_text(_fingerprint(path))
    os.replace(partial, fingerprint_path(path))


def largest_difference(network: EncoderNetwork) -> float:
    """The largest absolute difference of any number from dlib's own network, on made-up chips."""
    import cv2
    import dlib

    reference = dlib.face_recognition_model_v1(str(weights_path()))
    generator = np.random.default_rng(0)
    differences = []
    for roughness in (1.0, 4.0, 16.0):
        noise = generator.normal(size=(CHIP_SIDE, CHIP_SIDE, 3))
        smooth = cv2.GaussianBlur(noise, (0, 0), roughness)
        chip = np.clip(128 + 50 * smooth / smooth.std(), 0, 255).astype(np.uint8)
        vector = np.array(reference.compute_face_descriptor(chip))
        differences.append(np.abs(network(chip) - vector).max())
    return float(np.max(differences))


def _convert_apart(output: Path) -> None:
    """Convert the installed weights in a process of its own."""
    # The package's folder goes first, wherever the program runs.
    package_folder = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(filter(None, (package_folder, os.environ.get("PYTHONPATH"))))
    environment = os.environ | {
        "PYTHONPATH": search,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, "-m", "vision.encoder_cache", str(weights_path()), str(output)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_CONVERSION_SECONDS,
        )
        problem = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1]
    except subprocess.TimeoutExpired:
        problem = f"not done after {_CONVERSION_SECONDS} s"
    if problem:
        raise EncoderError(
            f"The encoder cannot be converted ({problem}): expected the packages tensorflow and "
            'keras to do it; install them, or use FaceEncoder("face_recognition").'
        )


def _cache_folder() -> Path:
    """The user's cache folder by the platform's custom (XDG base directories on Linux)."""
    if explicit := os.environ.get("XDG_CACHE_HOME"):
        base = Path(explicit)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base / "face-parameters-predictor"


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(convert(build_network(read_weights(Path(sys.argv[1])))))
