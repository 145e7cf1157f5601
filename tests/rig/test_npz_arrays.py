"""Arrays come back as they were written; what could harm is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rig import npz_arrays
from rig.npz_arrays import read_arrays


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    some = {"numbers": np.arange(6.0).reshape(2, 3), "words": np.array(["nose", "Kinn", "𝛼"])}
    np.savez(path, **some)
    for source in (path, path.read_bytes()):
        found = read_arrays(source)
        assert found.keys() == some.keys()
        for name, array in some.items():
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("order", ["<", ">"])
def test_letters_that_do_not_exist_are_refused(tmp_path: Path, order: str) -> None:
    letters = np.array([0x41, 0xFFFFFFFF], f"{order}u4").view(f"{order}U2")
    np.savez(tmp_path / "odd.npz", words=letters)
    with pytest.raises(ValueError, match="words.npy holds letters that do not exist"):
        read_arrays(tmp_path / "odd.npz")


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", thing=np.array([{}], object))
    with pytest.raises(ValueError, match="pickle"):
        read_arrays(tmp_path / "odd.npz")


def test_more_than_memory_should_hold_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(100_000))
    monkeypatch.setattr(npz_arrays, "MOST_BYTES", 100_000)
    with pytest.raises(ValueError, match="unpacks to 800"):
        read_arrays(tmp_path / "bomb.npz")
