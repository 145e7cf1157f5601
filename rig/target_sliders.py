"""Morph targets made into sliders: which move the face, which belong together, which say the same.

Names propose (rig.target_kinds, rig.target_names), the mesh decides: left and right are one slider
only where they mirror each other, less and more only where they do not do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rig.mesh_mirror import find_mirror
from rig.mode_range import mode_range
from rig.rig import FloatArray, Slider
from rig.rig_settings import RigSettings, matches
from rig.source_head import SourceHead
from rig.target_kinds import EXPRESSION, LEFT_OUT, SHAPE, TargetKind, target_kind
from rig.target_names import left_twins, minus_twins

LEAST_MOVE = 0.5
"""Percent of the inter-ocular distance (a third of a millimetre) that a slider must move."""

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
_TWO_SIDED = (-1.0, 1.0)
_RANGE = (0.0, 1.0)
_MOST_POINTS = 6000  # of the face that targets are compared at


@dataclass(frozen=True)
class TargetRow:
    """What became of one target.

    kind: rig.target_kinds.SHAPE, EXPRESSION or LEFT_OUT.
    slider: the slider or expression unit that it is part of; empty where it is left out.
    moves_percent: how far the target at 1 moves the face at most, in percent of the inter-ocular
        distance.
    minimum, maximum: the slider's range; both 0 where it is left out.
    why: what decided.
    """

    name: str
    kind: str
    slider: str
    moves_percent: float
    minimum: float
    maximum: float
    why: str


@dataclass(frozen=True, eq=False)
class TargetSliders:
    """What a head's targets became. s sliders, e expression units, v vertices, k targets.

    sliders, negative, positive: as in rig.rig.Rig.
    expression_names, expressions, expression_targets: as in rig.prepared_rig.PreparedRig.
    left_out: target name -> why.
    rows: (k,) one per target, in the head's order.
    unused_patterns: of the settings, those that fit no target: misspelled, most likely.
    """

    sliders: tuple[Slider, ...]
    negative: FloatArray
    positive: FloatArray
    expression_names: tuple[str, ...]
    expressions: FloatArray
    expression_targets: tuple[tuple[str, ...], ...]
    left_out: Mapping[str, str]
    rows: tuple[TargetRow, ...]
    unused_patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
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


def sliders_of(
    head: SourceHead,
    vertices: FloatArray,
    offsets: FloatArray,
    face_vertices: npt.NDArray[np.integer],
    inter_ocular_distance: float,
    settings: RigSettings,
) -> TargetSliders:
    """Tells the targets of a head apart.

    Args:
        head: for the targets' names.
        vertices: (v, 3) float32, the head placed: x = 0 about its middle, x to the person's left.
        offsets: (k, v, 3) float32, what each target at 1 adds, turned and scaled alike.
        face_vertices: (n,) the vertices that make the face; only what moves them counts.
        inter_ocular_distance: in the units of `vertices`.
        settings: what the user says.

    The order is the targets' own. Twins keep the left one's name; the two ends of one slider are
    called `nose_decr|incr`. Raises ValueError without face vertices.
    """
    face = np.asarray(face_vertices, np.int64)
    if not len(face):
        raise ValueError("No vertices of the face were given.")
    percent = 100 / inter_ocular_distance
    moves = [percent * float(_longest(target[face])) for target in offsets]
    points = face[:: -(-len(face) // _MOST_POINTS)]
    at_points = np.ascontiguousarray(offsets[:, points])
    mirror = find_mirror(vertices, points, inter_ocular_distance)
    across = np.stack([mirror.mirrored(target) for target in offsets])

    kinds = [target_kind(name, settings) for name in head.targets]
    why = {
        index: kind.why for index, kind in enumerate(kinds) if kind.kind == LEFT_OUT
    }  # of the targets left out
    groups = _grouped(head.targets, kinds, at_points, across, settings)
    kept = []
    for group in groups:
        if max(moves[index] for index in group.targets) < LEAST_MOVE:
            why |= dict.fromkeys(group.targets, "does not move the face")
        elif settings.twins and _is_sideways(group, at_points, across):
            why |= dict.fromkeys(group.targets, "pushes the face sideways")
        else:
            kept.append(group)
    for copy, original in _copies(kept, at_points):
        why |= dict.fromkeys(copy.targets, f"the same as {original.name}")
    kept = [group for group in kept if group.plus[0] not in why]

    shapes = [group for group in kept if group.kind == SHAPE]
    expressions = [group for group in kept if group.kind == EXPRESSION]
    modes = [group.plus[0] for group in shapes if group.two_sided]
    mode_limits = mode_range(vertices[points], at_points[modes], inter_ocular_distance)
    sliders = tuple(_slider(group, head.targets, settings, mode_limits) for group in shapes)
    positive = _sums([group.plus for group in shapes], offsets)
    negative = _sums([group.minus for group in shapes], offsets)
    for row, (group, slider) in enumerate(zip(shapes, sliders, strict=True)):
        if slider.minimum < 0 and not group.minus:
            np.negative(positive[row], out=negative[row])
    becomes = {
        index: (slider.name, slider.minimum, slider.maximum)
        for group, slider in zip(shapes, sliders, strict=True)
        for index in group.targets
    } | {index: (group.name, 0.0, 1.0) for group in expressions for index in group.targets}
    return TargetSliders(
        sliders=sliders,
        negative=negative,
        positive=positive,
        expression_names=tuple(group.name for group in expressions),
        expressions=_sums([group.plus for group in expressions], offsets),
        expression_targets=tuple(_names(group.plus, head.targets) for group in expressions),
        left_out={head.targets[index]: why[index] for index in sorted(why)},
        rows=tuple(
            TargetRow(
                name,
                LEFT_OUT if index in why else kinds[index].kind,
                becomes.get(index, ("", 0.0, 0.0))[0],
                moves[index],
                *becomes.get(index, ("", 0.0, 0.0))[1:],
                why.get(index, kinds[index].why),
            )
            for index, name in enumerate(head.targets)
        ),
        unused_patterns=_unused(settings, (*head.targets, *(slider.name for slider in sliders))),
    )


def _grouped(
    names: Sequence[str],
    kinds: Sequence[TargetKind],
    at_points: FloatArray,
    across: FloatArray,
    settings: RigSettings,
) -> list[_Group]:
    """All targets that are not left out, in groups: twins first, then opposites.

    at_points, across: (k, n, 3) what each target does to points of the face, and what it does in
    the mirror.
    """
    by_name = {name.lower(): index for index, name in enumerate(names)}
    left_of: dict[int, int] = {}
    for index, name in enumerate(names if settings.twins else ()):
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
    right_of = {left: right for right, left in left_of.items()}
    groups = {
        index: _Group(
            kind.kind,
            names[index],
            (index, *((right_of[index],) if index in right_of else ())),
            two_sided=kind.two_sided,
        )
        for index, kind in enumerate(kinds)
        if kind.kind != LEFT_OUT and index not in left_of
    }
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
                plus, minus = (_sum(each.plus, at_points) for each in (group, groups[other]))
                alike = _cosine(plus, minus)
                if alike < (_NOT_OPPOSED if sure else _OPPOSED):
                    pairs.append((alike, other, both))
        if pairs:
            _, other, both = min(pairs)
            groups[index] = _Group(SHAPE, both, group.plus, groups.pop(other).plus)
            taken |= {index, other}
    return sorted(groups.values(), key=lambda group: min(group.targets))


def _are_twins(left: int, right: int, at_points: FloatArray, across: FloatArray) -> bool:
    """Whether one target is the other's mirror image, and not its opposite as a whole."""
    if not at_points[left].any() and not at_points[right].any():
        return True  # nothing to see on the face
    return (
        _cosine(across[left], at_points[right]) > _TWINS_ALIKE
        and _cosine(at_points[left], at_points[right]) > _TWINS_OPPOSED
    )


def _is_sideways(group: _Group, at_points: FloatArray, across: FloatArray) -> bool:
    """Whether one of a group's ends differs from its mirror image."""
    for indices in filter(None, (group.plus, group.minus)):
        here, there = _sum(indices, at_points), _sum(indices, across)
        if np.linalg.norm(here - there) > _SIDEWAYS * np.linalg.norm(here):
            return True
    return False


def _copies(groups: Sequence[_Group], at_points: FloatArray) -> Iterable[tuple[_Group, _Group]]:
    """(copy, original) of groups that do what another does; the earlier one is the original.

    Only a slider that does more than an earlier one, in both directions, goes before it.
    """
    ends: list[FloatArray] = []
    owner: list[int] = []
    for number, group in enumerate(groups):
        plus = _sum(group.plus, at_points).ravel()
        ends.append(plus)
        if group.minus:
            ends.append(_sum(group.minus, at_points).ravel())
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


def _slider(
    group: _Group,
    names: Sequence[str],
    settings: RigSettings,
    mode_limits: tuple[float, float],
) -> Slider:
    usual = mode_limits if group.two_sided else _TWO_SIDED if group.minus else _RANGE
    asked = (group.name, *_names(group.targets, names))
    low, high = next(
        (
            limits
            for pattern, limits in settings.ranges
            if any(matches(name, pattern) for name in asked)
        ),
        usual,
    )
    return Slider(
        group.name,
        low,
        high,
        modifiers=_names(group.plus, names),
        opposites=_names(group.minus, names),
    )


def _unused(settings: RigSettings, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        pattern
        for pattern in settings.patterns
        if not any(matches(name, pattern) for name in names)
    )


def _names(indices: Iterable[int], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[index] for index in indices)


def _sums(groups: Sequence[tuple[int, ...]], offsets: FloatArray) -> FloatArray:
    """(g, v, 3), for each group what its targets add together."""
    sums = np.zeros((len(groups), *offsets.shape[1:]), np.float32)
    for row, indices in zip(sums, groups, strict=True):
        for index in indices:
            row += offsets[index]
    return sums


def _sum(indices: tuple[int, ...], offsets: FloatArray) -> FloatArray:
    return np.asarray(offsets[list(indices)].sum(axis=0))


def _cosine(one: FloatArray, other: FloatArray) -> float:
    """1 for offsets that go together, -1 for opposite ones, 0 where one is nothing."""
    sizes = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(np.vdot(one, other)) / sizes if sizes else 0.0


def _longest(offsets: FloatArray) -> float:
    return float(np.linalg.norm(offsets, axis=-1).max(initial=0))
