"""Which targets belong together: by their names, where the mesh agrees."""

from __future__ import annotations

import numpy as np
import pytest

from rig.rig_settings import RigSettings
from rig.target_groups import TargetGroup, find_copies, group_targets, is_sideways
from rig.target_kinds import EXPRESSION, SHAPE, target_kind
from tests.rig.smooth_targets import FLIP, Points, both_sides, bump, ellipsoid, mirrored_bump

CHEEK, NOSE, UP = (0.4, -0.2, 0.7), (0.0, 0.0, 0.9), (0.0, 1.0, 0.3)

HALF = ellipsoid(600, symmetric=False)
POINTS = np.concatenate([HALF, HALF * FLIP])


def across(targets: np.ndarray) -> np.ndarray:
    """What targets (k, n, 3) do in the mirror: point n has its twin half of all points further."""
    return np.roll(targets, len(HALF), axis=1) * FLIP


def grouped(
    targets: dict[str, Points], settings: RigSettings | None = None
) -> dict[str, tuple[set[str], set[str]]]:
    """Group -> the names of its targets, plus and minus."""
    settings, names = settings or RigSettings(), list(targets)
    offsets = np.stack(list(targets.values()))
    kinds = [target_kind(name, settings) for name in names]
    found = group_targets(names, kinds, offsets, across(offsets), settings)
    return {
        group.name: (
            {names[index] for index in group.plus},
            {names[index] for index in group.minus},
        )
        for group in found
    }


def test_twins_are_one_where_they_mirror_each_other() -> None:
    left, right = bump(POINTS, CHEEK, UP), mirrored_bump(POINTS, CHEEK, UP)
    both = {"cheek_R", "cheek_L"}
    assert grouped({"cheek_R": right, "cheek_L": left}) == {"cheek_L": (both, set())}
    apart = {name: ({name}, set()) for name in ("cheek_R", "cheek_L")}
    assert grouped({"cheek_R": -right, "cheek_L": left}) == apart
    assert grouped({"cheek_R": right, "cheek_L": left}, RigSettings(twins=False)) == apart


def test_less_and_more_are_one_where_they_do_not_do_the_same() -> None:
    nose = both_sides(POINTS, NOSE, UP)
    assert grouped({"nose_incr": nose, "nose_decr": -0.5 * nose}) == {
        "nose_decr|incr": ({"nose_incr"}, {"nose_decr"})
    }
    assert set(grouped({"nose_incr": nose, "nose_decr": nose})) == {"nose_incr", "nose_decr"}


def test_twins_are_opposites_of_twins() -> None:
    left, right = bump(POINTS, CHEEK, UP), mirrored_bump(POINTS, CHEEK, UP)
    found = grouped(
        {"l-cheek-down": -left, "r-cheek-down": -right, "r-cheek-up": right, "l-cheek-up": left}
    )
    assert found == {
        "l-cheek-down|up": ({"l-cheek-up", "r-cheek-up"}, {"l-cheek-down", "r-cheek-down"})
    }


def test_what_one_side_does_alone_is_sideways() -> None:
    offsets = np.stack([bump(POINTS, CHEEK, UP), mirrored_bump(POINTS, CHEEK, UP)])
    mirrored = across(offsets)
    assert is_sideways(TargetGroup(SHAPE, "cheek", (0,)), offsets, mirrored)
    assert not is_sideways(TargetGroup(SHAPE, "cheek", (0, 1)), offsets, mirrored)
    assert is_sideways(TargetGroup(SHAPE, "cheek", (0, 1), (0,)), offsets, mirrored)


@pytest.mark.parametrize("kind", [SHAPE, EXPRESSION])
def test_copies_are_found_and_expressions_must_be_equal(kind: str) -> None:
    nose, cheek = both_sides(POINTS, NOSE, UP), both_sides(POINTS, CHEEK, UP)
    offsets = np.stack([nose, cheek, 1.1 * nose, 2 * nose, nose])
    groups = [TargetGroup(kind, str(number), (number,)) for number in range(len(offsets))]
    copies = [(copy.name, original.name) for copy, original in find_copies(groups, offsets)]
    assert copies == ([("2", "0")] if kind == SHAPE else []) + [("4", "0")]


def test_a_group_with_two_ends_goes_before_one_that_does_half() -> None:
    nose = both_sides(POINTS, NOSE, UP)
    offsets = np.stack([nose, nose, -nose])
    single, double = TargetGroup(SHAPE, "one", (0,)), TargetGroup(SHAPE, "two", (1,), (2,))
    assert list(find_copies([single, double], offsets)) == [(single, double)]
    assert list(find_copies([double, single], offsets)) == [(single, double)]
