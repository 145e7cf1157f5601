"""Morph targets made into sliders: which move the face, what becomes of each, how far it goes."""

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
from rig.target_groups import TargetGroup, find_copies, group_targets, is_sideways
from rig.target_kinds import EXPRESSION, LEFT_OUT, SHAPE, target_kind

LEAST_MOVE = 0.5
"""Percent of the inter-ocular distance (a third of a millimetre) that a slider must move at an end
of its usual range."""

_TWO_SIDED = (-1.0, 1.0)
_RANGE = (0.0, 1.0)
_MOST_POINTS = 6000  # of the face that targets are compared at


@dataclass(frozen=True)
class TargetRow:
    """What became of one target.

    kind: rig.target_kinds.SHAPE, EXPRESSION or LEFT_OUT, by its name; a shape or an expression may
        still be left out for what it does.
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
    groups = group_targets(head.targets, kinds, at_points, across, settings)
    modes = [group.plus[0] for group in groups if group.kind == SHAPE and group.two_sided]
    mode_limits = mode_range(vertices[points], at_points[modes], inter_ocular_distance)
    kept = []
    for group in groups:
        reach = mode_limits[1] if group.kind == SHAPE and group.two_sided else 1.0
        if reach * max(moves[index] for index in group.targets) < LEAST_MOVE:
            why |= dict.fromkeys(group.targets, "does not move the face")
        elif settings.twins and is_sideways(group, at_points, across):
            why |= dict.fromkeys(group.targets, "pushes the face sideways")
        else:
            kept.append(group)
    for copy, original in find_copies(kept, at_points):
        why |= dict.fromkeys(copy.targets, f"the same as {original.name}")
    kept = [group for group in kept if group.plus[0] not in why]

    shapes = [group for group in kept if group.kind == SHAPE]
    expressions = [group for group in kept if group.kind == EXPRESSION]
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
                kinds[index].kind,
                becomes.get(index, ("", 0.0, 0.0))[0],
                moves[index],
                *becomes.get(index, ("", 0.0, 0.0))[1:],
                why.get(index, kinds[index].why),
            )
            for index, name in enumerate(head.targets)
        ),
        unused_patterns=_unused(settings, (*head.targets, *(slider.name for slider in sliders))),
    )


def _slider(
    group: TargetGroup,
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


def _longest(offsets: FloatArray) -> float:
    return float(np.linalg.norm(offsets, axis=-1).max(initial=0))
