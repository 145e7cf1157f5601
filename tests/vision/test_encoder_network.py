"""The weights are read as dlib wrote them, and the converted network is kept and checked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from vision import encoder_cache
from vision.encoder_cache import (
    EncoderNetwork,
    cached_path,
    fingerprint_path,
    largest_difference,
    load_encoder,
)
from vision.encoder_network import CHIP_SIDE, EncoderError, read_weights, weights_path
from vision.encodings import FaceEncoder


def test_the_weights_have_the_published_shapes() -> None:
    weights = read_weights(weights_path())
    shapes = [convolution.kernel.shape for convolution in weights.convolutions]
    assert len(shapes) == 29
    assert shapes[0] == (7, 7, 3, 32)
    assert shapes[-1] == (3, 3, 256, 256)
    assert weights.projection.shape == (256, 128)
    for before, after in zip(shapes, shapes[1:], strict=False):
        assert after[2] == before[3]
    assert all(np.isfinite(convolution.kernel).all() for convolution in weights.convolutions)
    # The file holds every number once, and little else.
    count = sum(np.prod(shape) + 3 * shape[3] for shape in shapes) + 256 * 128
    assert 0 < weights_path().stat().st_size - 4 * count < 200_000


def test_other_files_are_refused(tmp_path: Path) -> None:
    data = weights_path().read_bytes()
    first = data.index(b"\x05con_4")
    contents = {
        "empty": b"",
        "text": b"no network",
        "truncated": data[: len(data) // 2],
        "version": data[: first + 6] + b"\x01\x07" + data[first + 8 :],
        "sizes": data[: first + 8] + b"\x01\x05" + data[first + 11 :],
    }
    for name, content in contents.items():
        path = tmp_path / f"{name}.dat"
        path.write_bytes(content)
        with pytest.raises(EncoderError, match="is not the encoder that was expected"):
            read_weights(path)


def test_the_converted_network_equals_dlibs() -> None:
    network = load_encoder()
    assert largest_difference(network) < 1e-5
    assert network(np.zeros((CHIP_SIDE, CHIP_SIDE, 3), np.uint8)).shape == (128,)


def test_it_is_converted_once() -> None:
    load_encoder()
    written = cached_path().stat().st_mtime_ns
    load_encoder()
    assert cached_path().stat().st_mtime_ns == written


def test_a_damaged_cache_is_converted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = load_encoder()
    content = bytearray(cached_path().read_bytes())
    fingerprint = fingerprint_path(cached_path()).read_text()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = cached_path()
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir()
    content[len(content) // 2] ^= 1  # LiteRT would run it, with another result
    path.write_bytes(content)
    fingerprint_path(path).write_text(fingerprint)

    repaired = load_encoder()

    chip = np.random.default_rng(0).integers(0, 256, (CHIP_SIDE, CHIP_SIDE, 3), dtype=np.uint8)
    assert np.array_equal(repaired(chip), good(chip))
    assert {entry.name for entry in path.parent.iterdir()} == {
        path.name,
        fingerprint_path(path).name,
    }


def test_where_it_cannot_be_kept_the_slow_engine_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "file"
    occupied.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(occupied))
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        encoder = FaceEncoder()
    assert encoder.engine == "face_recognition"


def test_where_it_cannot_be_converted_the_slow_engine_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "modules" / "tensorflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no tensorflow here')\n")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(RuntimeWarning, match="no tensorflow here"):
        encoder = FaceEncoder()
    assert encoder.engine == "face_recognition"
    assert list(cached_path().parent.iterdir()) == []


def test_a_network_that_differs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One altered weight in the converted file is noticed before the file is kept."""
    intact = cached_path().read_bytes() if cached_path().is_file() else b""
    if not intact:
        load_encoder()
        intact = cached_path().read_bytes()
    projection = read_weights(weights_path()).projection.T.tobytes()
    assert intact.count(projection) == 1
    altered = intact.replace(
        projection, bytes(len(projection) // 2) + projection[len(projection) // 2 :]
    )

    def write(output: Path) -> None:
        output.write_bytes(altered)

    monkeypatch.setattr(encoder_cache, "_convert_apart", write)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EncoderError, match="differs from dlib's"):
        load_encoder()
    assert list(cached_path().parent.iterdir()) == []


def test_other_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(os.urandom(1000))
    with pytest.raises(EncoderError, match="cannot be run"):
        EncoderNetwork(path)
    with pytest.raises(EncoderError, match="cannot be run"):
        EncoderNetwork(tmp_path / "missing.tflite")
