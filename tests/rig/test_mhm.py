from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rig.mhm import read_mhm, write_mhm
from rig.rig import Rig, RigError, Slider

TWINS = Slider("eyes/l-eye", -1, 1, 0, ("eyes/r-eye", "eyes/l-eye"))
SLIDERS = (Slider("head/head-oval", 0, 1), Slider("nose/nose-decr|incr", -1, 1), TWINS)


def modifier_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith("modifier ")]


@pytest.mark.parametrize("seed", range(5))
def test_values_come_back(rig: Rig, tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    low = [slider.minimum for slider in rig.sliders]
    values = random.uniform(low, 1) * random.integers(0, 2, len(rig.sliders))
    write_mhm(tmp_path / "face.mhm", rig.sliders, values)
    np.testing.assert_allclose(read_mhm(tmp_path / "face.mhm", rig.sliders), values, atol=5.1e-7)


def test_only_sliders_that_are_not_neutral_are_written(rig: Rig, tmp_path: Path) -> None:
    values = np.zeros(len(rig.sliders))
    values[::3] = 0.25
    values[1] = 1e-9  # zero in six decimals
    path = tmp_path / "face.mhm"
    write_mhm(path, rig.sliders, values)
    expected = [f"modifier {m} 0.250000" for slider in rig.sliders[::3] for m in slider.modifiers]
    assert modifier_lines(path) == expected


def test_the_file_is_makehumans(tmp_path: Path) -> None:
    path = tmp_path / "Anna.mhm"
    write_mhm(path, SLIDERS, [0.5, -0.25, 1])
    assert path.read_text() == (
        "version v1.2.0\n"
        "name Anna\n"
        "modifier head/head-oval 0.500000\n"
        "modifier nose/nose-decr|incr -0.250000\n"
        "modifier eyes/r-eye 1.000000\n"
        "modifier eyes/l-eye 1.000000\n"
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["Anna.mhm"]


def test_a_name_stays_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "face.mhm"
    write_mhm(path, SLIDERS, [0, 0, 0], name="Anna\nmodifier head/head-oval 1")
    assert modifier_lines(path) == []


def test_values_beyond_the_range_are_clipped_as_makehuman_does(tmp_path: Path) -> None:
    path = tmp_path / "face.mhm"
    write_mhm(path, SLIDERS, [-0.5, 1.5, -3])
    np.testing.assert_array_equal(read_mhm(path, SLIDERS), [0, 1, -1])
    path.write_text("modifier head/head-oval 7\n")
    np.testing.assert_array_equal(read_mhm(path, SLIDERS), [1, 0, 0])


def test_other_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "face.mhm"
    path.write_text(
        "# Written by MakeHuman 1.2.0\nversion v1.2.0\ntags a;b\ncamera 0 0 0 0 0 1\n\n"
        "modifier macrodetails/Gender 0.5\nmodifier nose/nose-decr|incr 0.125\r\n"
        "modifier eyes/l-eye 0.5\nmodifier eyes/r-eye 0.25\neyes HighPolyEyes 1234\n"
    )
    np.testing.assert_allclose(read_mhm(path, SLIDERS), [0, 0.125, 0.375])


@pytest.mark.parametrize("line", ["modifier a/b", "modifier a/b x", "modifier a/b nan", "modifier"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "face.mhm"
    path.write_text(f"version v1.2.0\n{line}\n")
    with pytest.raises(RigError, match=r"face\.mhm, line 2"):
        read_mhm(path, SLIDERS)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"none\.mhm"):
        read_mhm(tmp_path / "none.mhm", SLIDERS)
    (tmp_path / "binary.mhm").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RigError, match=r"binary\.mhm"):
        read_mhm(tmp_path / "binary.mhm", SLIDERS)


@pytest.mark.parametrize("values", [[0, 0], [0, 0, np.nan], [[0, 0, 0]]])
def test_values_that_do_not_fit_are_refused_and_nothing_is_written(
    tmp_path: Path, values: list[float]
) -> None:
    with pytest.raises(RigError, match=r"face\.mhm"):
        write_mhm(tmp_path / "face.mhm", SLIDERS, values)
    assert list(tmp_path.iterdir()) == []
