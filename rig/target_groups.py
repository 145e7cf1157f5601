"""Targets that belong together: left and right, less and more, and those that say the same.

Names propose (rig.target_names), the mesh decides: left and right are one group only where they
mirror each other, less and more only where they do not do the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rig.rig import FloatArray
from rig.rig_settings import RigSettings
from rig.target_kinds import LEFT_OUT, SHAPE, TargetKind
from rig.target_names import left_twins, minus_twins

_TWINS_ALIKE = 0.7  # cosine between one twin and the other's mirror image
_TWINS_OPPOSED = -0.3  # cosine between twins themselves; jawLeft and jawRight lie below

# Cosine between the two ends of one slider. What is called less and more need not go to and fro in
# the mesh: MakeHuman's own pairs go from -1 to 0.63 (nose-volume). Square and round must.
_NOT_OPPOSED = 0.8
_OPPOSED = -0.2
_SIDEWAYS = 0.6  # as in rig.makehuman
_SAME = 0.995
_SAME_SIZES = (0.8, 1.25)
_EQUAL = 0.99999
_EQUAL_SIZES = (0.999, 1.001)


@dataclass(frozen=True)
class TargetGroup:
    """Targets (by index) that one value writes: plus with its positive part, minus with the rest.

    two_sided: a single target takes negative values.
    """

    kind: str
    name: str
    plus: tuple[int, ...]
    minus: tuple[int, ...] = ()
    two_sided: bool = False

    @property
    def targets(self) -> tuple[int, ...]:
        return self.plus + self.minus


def group_targets(
    names: Sequence[str],
    kinds: Sequence[TargetKind],
    at_points: FloatArray,
    across: FloatArray,
    settings: RigSettings,
) -> list[TargetGroup]:
    """All targets that are not left out, in groups: twins first, then opposites.

    Groups are in the order of their first targets and keep the left twin's name.

    Args:
        names, kinds: of all k targets.
        at_points, across: (k, n, 3) what each target does to points of the face, and what it does
            in the mirror.
        settings: whether twins are one, and further names of opposites.
    """
    left_of = _twins(names, kinds, at_points, across) if settings.twins else {}
    right_of = {left: right for right, left in left_of.items()}
    groups = {
        index: TargetGroup(
            kind.kind,
            names[index],
            (index, *((right_of[index],) if index in right_of else ())),
            two_sided=kind.two_sided,
        )
        for index, kind in enumerate(kinds)
        if kind.kind != LEFT_OUT and index not in left_of
    }
    _join_opposites(groups, names, at_points, settings)
    return sorted(groups.values(), key=lambda group: min(group.targets))


def _twins(
    names: Sequence[str],
    kinds: Sequence[TargetKind],
    at_points: FloatArray,
    across: FloatArray,
) -> dict[int, int]:
    """Right target -> its left twin."""
    by_name = {name.lower(): index for index, name in enumerate(names)}
    left_of: dict[int, int] = {}
    for index, name in enumerate(names):
        for twin in left_twins(name):
            left = by_name.get(twin.lower(), index)
            if (
                left != index
                and left not in left_of.values()
                and left not in left_of
                and kinds[left].kind == kinds[index].kind != LEFT_OUT
                and _are_twins(left, index, at_points, across)
            ):
                left_of[index] = left
                break
    return left_of


def _join_opposites(
    groups: dict[int, TargetGroup],
    names: Sequence[str],
    at_points: FloatArray,
    settings: RigSettings,
) -> None:
    """Makes one of two groups of shapes that are the ends of one slider.

    groups: by their first target; changed in place.
    """
    by_name = {name.lower(): index for index, name in enumerate(names)}
    taken: set[int] = set()
    for index, group in list(groups.items()):
        if group.kind != SHAPE or index in taken:
            continue
        pairs = []
        for minus_name, both, sure in minus_twins(group.name, settings.opposites):
            other = by_name.get(minus_name.lower(), index)
            if (
                other not in (index, *taken)
                and other in groups
                and groups[other].kind == SHAPE
                and len(groups[other].plus) == len(group.plus)
            ):
                plus, minus = (_added(each.plus, at_points) for each in (group, groups[other]))
                alike = _cosine(plus, minus)
                if alike < (_NOT_OPPOSED if sure else _OPPOSED):
                    pairs.append((alike, other, both))
        if pairs:
            _, other, both = min(pairs)
            groups[index] = TargetGroup(SHAPE, both, group.plus, groups.pop(other).plus)
            taken |= {index, other}


def _are_twins(left: int, right: int, at_points: FloatArray, across: FloatArray) -> bool:
    """Whether one target is the other's mirror image, and not its opposite as a whole."""
    if not at_points[left].any() and not at_points[right].any():
        return True  # nothing to see on the face
    return (
        _cosine(across[left], at_points[right]) > _TWINS_ALIKE
        and _cosine(at_points[left], at_points[right]) > _TWINS_OPPOSED
    )


def is_sideways(group: TargetGroup, at_points: FloatArray, across: FloatArray) -> bool:
    """Whether one of a group's ends differs from its mirror image."""
    for indices in filter(None, (group.plus, group.minus)):
        here, there = _added(indices, at_points), _added(indices, across)
        if np.linalg.norm(here - there) > _SIDEWAYS * np.linalg.norm(here):
            return True
    return False


def find_copies(
    groups: Sequence[TargetGroup], at_points: FloatArray
) -> Iterator[tuple[TargetGroup, TargetGroup]]:
    """(copy, original) of groups that do what another does; the earlier one is the original.

    Only a slider that does more than an earlier one, in both directions, goes before it.
    """
    ends: list[FloatArray] = []
    owner: list[int] = []
    for number, group in enumerate(groups):
        plus = _added(group.plus, at_points).ravel()
        ends.append(plus)
        if group.minus:
            ends.append(_added(group.minus, at_points).ravel())
        elif group.two_sided:
            ends.append(-plus)
        owner += [number] * (len(ends) - len(owner))
    if not ends:
        return
    table, owners = np.array(ends), np.array(owner)
    products = (table @ table.T).astype(np.float64)
    squares = np.maximum(np.diag(products), 1e-30)
    cosine = products / np.sqrt(np.outer(squares, squares))
    ratio = np.sqrt(squares[:, None] / squares)
    same, equal = (
        (cosine > least) & (ratio > low) & (ratio < high)
        for least, (low, high) in ((_SAME, _SAME_SIZES), (_EQUAL, _EQUAL_SIZES))
    )

    def does_all_of(one: int, other: int) -> bool:
        shapes = groups[one].kind == groups[other].kind == SHAPE
        alike = (same if shapes else equal)[np.ix_(owners == other, owners == one)]
        return bool(alike.any(axis=1).all())

    gone: set[int] = set()
    for later in range(len(groups)):
        for earlier in range(later):
            if earlier in gone:
                continue
            if does_all_of(earlier, later):
                gone.add(later)
                yield groups[later], groups[earlier]
                break
            if does_all_of(later, earlier):
                gone.add(earlier)
                yield groups[earlier], groups[later]


def _added(indices: tuple[int, ...], offsets: FloatArray) -> FloatArray:
    return np.asarray(offsets[list(indices)].sum(axis=0))


def _cosine(one: FloatArray, other: FloatArray) -> float:
    """1 for offsets that go together, -1 for opposite ones, 0 where one is nothing."""
    sizes = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(np.vdot(one, other)) / sizes if sizes else 0.0
