"""Make any rig ready for photos: read it, find its face, tell its targets apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rig.face_regions import FINE_EDGE, PAINTED_LANDMARKS, face_regions
from rig.prepared_rig import PreparedRig
from rig.rig import NOT_SKIN, FloatArray, Rig, RigError
from rig.rig_settings import RigSettings, find_settings
from rig.subdivision import subdivide
from rig.target_sliders import TargetRow, TargetSliders, sliders_of
from vision.faces import MESH_COUNT
from vision.pose import inter_ocular_distance

if TYPE_CHECKING:
    from regression.datasets.face_finding import FacePlacement
    from rig.source_head import SourceHead

_INNER = ("mouth_inside", "sclera", "iris", "pupil")
_NEAR_FACE = 0.12  # decimetres; as far as the landmarks stand from each other

Report = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Preparation:
    """A rig and what was found out about it.

    Attributes:
        prepared: the rig, ready for use.
        rows: one per target of the file, in the file's order.
        facts: lines for people: what was read, where the face is, axes and scale.
        source: the head as it was read; None for MakeHuman's data folder.
    """

    prepared: PreparedRig
    rows: tuple[TargetRow, ...]
    facts: tuple[str, ...]
    source: SourceHead | None


def prepare_rig(
    path: Path, settings: RigSettings | None = None, report: Report = lambda line: None
) -> Preparation:
    """Reads a rig of any of the kinds that are known and finds its face.

    Args:
        path: a .glb or .gltf file, a folder of .obj files, or MakeHuman's data folder.
        settings: what the user says of the rig; None for the file beside it, if there is one.
        report: called with a line after each step.

    Raises:
        RigError: it cannot be read, has no face, or no sliders that shape one.
        rig.render.RenderError: nothing can be rendered here.
    """
    from regression.datasets.face_finding import find_face
    from rig.head_files import read_source_head

    if is_makehuman(path):
        return _prepare_makehuman(path, report)
    source = read_source_head(path)
    facts = [
        f"{path.name}: {len(source.vertices):,} vertices, {len(source.triangles):,} triangles, "
        f"{len(source.targets)} morph targets. Licence: {source.licence}."
    ]
    report(facts[-1])
    if settings is None:
        settings = find_settings(path)
    placement = find_face(source, settings)
    facts.append(_describe(placement))
    report(facts[-1])

    vertices = placement.place(source.vertices)
    offsets = placement.place(source.offsets, directions=True)
    points = placement.landmarks.landmarks(vertices)
    at_face = _at_face(vertices, source, points)
    found = sliders_of(source, vertices, offsets, at_face, inter_ocular_distance(points), settings)
    if not found.sliders:
        raise RigError(
            f"{path} has no morph target that shapes its face ({len(source.targets)} were looked "
            "at). At least one was expected. See the table of `fpp rig inspect`, and correct what "
            "was taken wrongly in a .toml file beside the rig (docs/rig-settings.md)."
        )
    facts.append(
        f"{len(found.sliders)} sliders shape the face, {len(found.expression_names)} units make "
        f"expressions, {len(found.left_out)} targets are left out."
    )
    report(facts[-1])
    if found.unused_patterns:
        facts.append(
            "No target fits these patterns of the settings: " + ", ".join(found.unused_patterns)
        )
        report(facts[-1])
    rig, expressions = _make_rig(source, settings, placement, vertices, found)
    prepared = PreparedRig(
        rig,
        found.expression_names,
        expressions,
        found.expression_targets,
        placement.landmarks,
        placement.to_source,
        found.left_out,
    )
    return Preparation(prepared, tuple(found.rows), tuple(facts), source)


def is_makehuman(path: Path) -> bool:
    """Whether a path is MakeHuman's data folder or its parent."""
    from rig.makehuman import data_root

    try:
        return path.is_dir() and bool(data_root(path))
    except RigError:
        return False


def _prepare_makehuman(path: Path, report: Report) -> Preparation:
    from regression.datasets.rig_mapping import map_rig
    from rig.makehuman import load_expressions, load_makehuman

    rig = load_makehuman(path)
    facts = [
        f"MakeHuman's head: {len(rig.neutral):,} vertices, {len(rig.triangles):,} triangles, "
        f"{len(rig.sliders)} sliders. Licence: {rig.licence}."
    ]
    report(facts[-1])
    landmarks = map_rig(path).correspondence
    names, expressions = load_expressions(path, rig)
    prepared = PreparedRig(
        rig, names, expressions, tuple((name,) for name in names), landmarks, np.eye(4)
    )
    points = landmarks.landmarks(rig.neutral)
    near = _near_face(rig.neutral, points)
    scale = 100 / inter_ocular_distance(points)
    rows = [
        TargetRow(
            slider.name,
            "shape",
            slider.name,
            scale * float(max(np.linalg.norm(side[near], axis=1).max() for side in sides)),
            slider.minimum,
            slider.maximum,
            "",
        )
        for slider, *sides in zip(rig.sliders, rig.negative, rig.positive, strict=True)
    ]
    facts.append(f"The face mesh was found on it, and {len(names)} expression units.")
    report(facts[-1])
    return Preparation(prepared, tuple(rows), tuple(facts), None)


def _make_rig(
    source: SourceHead,
    settings: RigSettings,
    placement: FacePlacement,
    vertices: FloatArray,
    found: TargetSliders,
) -> tuple[Rig, FloatArray]:
    """The rig as it is drawn, finer round eyes, lips and brows, and its expressions."""
    drawn = ~source.hidden & ~placement.shells
    landmarks = placement.landmarks
    fine = subdivide(
        vertices,
        placement.outwards(source.triangles[drawn]),
        source.parts[drawn],
        landmarks.landmarks(vertices)[list(PAINTED_LANDMARKS)],
        FINE_EDGE,
    )
    neutral = fine.carry(vertices)
    colours = fine.carry(source.colours) if len(source.colours) else source.colours
    regions = face_regions(neutral, fine.triangles, landmarks)
    inner = np.max([regions[name] for name in _INNER if name in regions], axis=0, initial=0.0)
    if len(colours):
        regions = face_regions(neutral, fine.triangles, landmarks, colours)
    rig = Rig(
        name=settings.name or source.name,
        licence=settings.licence or source.licence,
        sliders=found.sliders,
        neutral=neutral,
        triangles=fine.triangles,
        negative=fine.carry(found.negative),
        positive=fine.carry(found.positive),
        parts=np.zeros(len(fine.triangles), np.uint8),
        part_names=("skin",),
        source_vertices=fine.source_vertices,
        regions=regions | {NOT_SKIN: inner},
        colours=colours,
    )
    return rig, fine.carry(found.expressions)


def _at_face(vertices: FloatArray, source: SourceHead, points: np.ndarray) -> np.ndarray:
    """The drawn vertices near the face's landmarks, (n,) indices."""
    drawn = np.zeros(len(vertices), bool)
    drawn[source.triangles[~source.hidden]] = True
    return np.flatnonzero(drawn & _near_face(vertices, points))


def _near_face(vertices: FloatArray, points: np.ndarray) -> np.ndarray:
    """(v,) bool."""
    from scipy.spatial import KDTree

    distance, _ = KDTree(points[:MESH_COUNT]).query(vertices)
    return np.asarray(distance < _NEAR_FACE)


def _describe(placement: FacePlacement) -> str:
    """Where the face is, in a sentence."""
    up, front = (_axis_name(placement.rotation[row]) for row in (1, 2))
    return (
        f"Face found in {placement.seen} of {placement.of} pictures: up is {up}, it looks to "
        f"{front}, one unit is {placement.millimetres_per_unit:.4g} mm."
    )


def _axis_name(direction: np.ndarray) -> str:
    """A direction in the file's own axes: +z, or its numbers where it is none of them."""
    axis = int(np.abs(direction).argmax())
    turned = np.degrees(np.arccos(min(1.0, abs(float(direction[axis])))))
    name = f"{'+' if direction[axis] > 0 else '-'}{'xyz'[axis]}"
    return name if turned < 3 else f"{name} but for {turned:.0f} degrees"
