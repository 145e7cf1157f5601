"""How far the surface of a predicted head lies from that of the true one.

Many sliders pull at the same spot, and some hardly move anything: errors of single sliders do not
say how much a head looks like another. The distance between their surfaces does. It is measured at
fixed points of the face, in % of the neutral head's inter-ocular distance (between the middles of
the eyes), after the predicted face was laid onto the true one: a photo shows neither how large a
head is nor where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rig.landmark_head import LandmarkHead
from rig.rig import NOT_SKIN, Rig, Slider, from_units
from vision import pose

MESH_POINTS = 468
"""The face mesh's landmarks on the skin; behind them stand the irises."""

ALIGNMENTS = ("similarity", "rigid", "none")
"""How a predicted face is laid onto the true one: moved, turned and scaled; moved and turned; as
it is. The first is the one to look at."""

_NEAR_MESH = 0.12  # mesh units; as far as the landmarks stand from each other
_CHUNK = 128  # heads measured at once; bounds memory

# From a rig's axes (y up, z to the viewer) to those of landmarks (y down, z away), and back.
_AXES = np.array([1, -1, -1], np.float32)


@dataclass(frozen=True, eq=False)
class Surface:
    """Points of a face that move with the sliders. v points, t triangles, s sliders.

    Attributes:
        name: what to call it.
        head: its `neutral` and offsets are those of the points, in the axes of landmarks.
        inter_ocular_distance: of the neutral head, mesh units.
        triangles: (t, 3) int, between the points.
        vertices: (v,) int, which vertex of the rig, or which landmark, each point is.
    """

    name: str
    head: LandmarkHead
    inter_ocular_distance: float
    triangles: np.ndarray
    vertices: np.ndarray

    def points(self, values: np.ndarray) -> np.ndarray:
        """(n, v, 3) float32, mesh units, for slider values (n, s) 0..1 over their ranges."""
        return self.head.landmarks(rig_units(self.head.sliders, values))

    @property
    def moves(self) -> bool:
        """Whether any slider moves it; not so where the sliders are of a table without a rig."""
        return bool(self.head.negative.any() or self.head.positive.any())


def rig_units(sliders: Sequence[Slider], values: np.ndarray) -> np.ndarray:
    """(n, s) float64 rig units of slider values (n, s) 0..1 over their ranges.

    Raises ValueError for another number of sliders.
    """
    if values.ndim != 2 or values.shape[1] != len(sliders):
        raise ValueError(
            f"Slider values of shape {values.shape} came in. (heads, {len(sliders)}) was expected. "
            "Pass one value per slider."
        )
    return from_units(sliders, values)


def landmark_surface(head: LandmarkHead) -> Surface:
    """The face mesh's 468 landmarks on the skin; needs no rig on disk."""
    from scipy.spatial import Delaunay

    points = np.arange(MESH_POINTS)
    neutral = head.neutral[points]
    return Surface(
        "face mesh",
        LandmarkHead(
            head.rig,
            head.licence,
            head.sliders,
            neutral,
            head.negative[:, points],
            head.positive[:, points],
        ),
        inter_ocular_distance(head),
        Delaunay(neutral[:, :2]).simplices.astype(np.int64),
        points,
    )


def rig_surface(rig: Rig, head: LandmarkHead) -> Surface:
    """The rig's skin about the landmarks: the face without ears, neck and the inside of the mouth.

    Args:
        head: of the same rig; says where the face is.

    Raises:
        ValueError: the head is of another rig.
    """
    from scipy.spatial import KDTree

    if head.slider_names != rig.slider_names:
        raise ValueError(
            f"A head of the rig {head.rig} came in with the rig {rig.name}, and their sliders "
            "differ. A head made from this rig was expected. Map the rig with `fpp rig map`."
        )
    distance, _ = KDTree(head.neutral[:MESH_POINTS] * _AXES).query(rig.neutral)
    skin = np.zeros(len(rig.neutral), bool)
    skin[rig.triangles[rig.parts == rig.part_names.index("skin")]] = True
    # Rigs of other programs may have eyes and teeth in one part with the skin.
    for name in ("mouth_inside", NOT_SKIN):
        skin &= rig.regions.get(name, np.zeros(len(skin))) < 0.5
    # Vertices that only make paint finer would count eyes and lips many times.
    skin &= rig.source_vertices >= 0
    chosen = np.flatnonzero(skin & (distance < _NEAR_MESH))
    number = np.full(len(skin), -1)
    number[chosen] = np.arange(len(chosen))
    triangles = number[rig.triangles]
    return Surface(
        "head",
        LandmarkHead(
            rig.name,
            rig.licence,
            rig.sliders,
            rig.neutral[chosen] * _AXES,
            rig.negative[:, chosen] * _AXES,
            rig.positive[:, chosen] * _AXES,
        ),
        inter_ocular_distance(head),
        triangles[(triangles >= 0).all(axis=1)],
        chosen,
    )


def inter_ocular_distance(head: LandmarkHead) -> float:
    """Between the middles of the neutral head's eyes (of their two corners), mesh units."""
    return pose.inter_ocular_distance(head.neutral)


def aligned(points: np.ndarray, onto: np.ndarray, alignment: str) -> np.ndarray:
    """Each face laid onto its own other face by least squares (Procrustes).

    Umeyama, "Least-Squares Estimation of Transformation Parameters Between Two Point Patterns",
    IEEE PAMI 13 (1991); mirroring is not allowed.

    Args:
        points, onto: (n, v, 3).
        alignment: one of ALIGNMENTS.

    Returns:
        (n, v, 3) `points`, moved.

    Raises:
        ValueError: an alignment that is not known.
    """
    if alignment not in ALIGNMENTS:
        raise ValueError(
            f"The alignment {alignment!r} came in. One of {', '.join(ALIGNMENTS)} was expected. "
            "Correct the call."
        )
    if alignment == "none":
        return points
    middle, other_middle = (side.mean(axis=1, keepdims=True) for side in (points, onto))
    centred, other = points - middle, onto - other_middle
    left, sizes, right = np.linalg.svd(np.swapaxes(centred, 1, 2) @ other)
    signs = np.ones_like(sizes)
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    turned = centred @ ((left * signs[:, None, :]) @ right)
    if alignment == "similarity":
        spread = np.square(centred).sum(axis=(1, 2))
        scale = (sizes * signs).sum(axis=1) / np.maximum(spread, 1e-12)
        turned = turned * scale[:, None, None]
    return np.asarray(turned + other_middle)


def distances(
    surface: Surface, predicted: np.ndarray, true: np.ndarray, alignment: str = "similarity"
) -> np.ndarray:
    """How far each point of the predicted faces lies from the same point of the true ones.

    Args:
        predicted, true: (n, s) slider values, 0..1 over their ranges.
        alignment: one of ALIGNMENTS.

    Returns:
        (n, v) float32, % of the inter-ocular distance.

    Raises:
        ValueError: shapes that do not fit, an alignment that is not known.
    """
    found = [parts[0] for parts in _chunks(surface, predicted, true, (alignment,))]
    return np.concatenate(found) if found else np.zeros((0, len(surface.vertices)), np.float32)


@dataclass(frozen=True, eq=False)
class SurfaceErrors:
    """Means of `distances`, % of the inter-ocular distance. n heads, v points.

    Attributes:
        heads: by alignment, (n,) mean over the points of each head, float64.
        points: (v,) mean over the heads of each point, float64, after a similarity.
    """

    heads: dict[str, np.ndarray]
    points: np.ndarray


def surface_errors(surface: Surface, predicted: np.ndarray, true: np.ndarray) -> SurfaceErrors:
    """The mean distances by every alignment, at little more than the cost of one.

    Args:
        predicted, true: (n, s) slider values, 0..1, one head or more.

    Raises:
        ValueError: shapes that do not fit, no heads.
    """
    if not len(true):
        raise ValueError("No heads came in. One or more was expected. Correct the call.")
    heads: dict[str, list[np.ndarray]] = {name: [] for name in ALIGNMENTS}
    points = np.zeros(len(surface.vertices))
    for parts in _chunks(surface, predicted, true, ALIGNMENTS):
        for name, part in zip(ALIGNMENTS, parts, strict=True):
            heads[name].append(part.mean(axis=1, dtype=np.float64))
        points += parts[0].sum(axis=0, dtype=np.float64)
    return SurfaceErrors(
        {name: np.concatenate(found) for name, found in heads.items()}, points / len(true)
    )


def surface_error_ratio(
    surface: Surface,
    predicted: np.ndarray,
    true: np.ndarray,
    average: np.ndarray,
    alignment: str = "similarity",
) -> float:
    """The mean distance of predicted heads over that of the average head for everybody.

    Args:
        predicted, true: (n, s) slider values, 0..1.
        average: (s,) the mean of the training sliders.
        alignment: one of ALIGNMENTS.
    """
    same = np.broadcast_to(average, true.shape)
    ours, theirs = (
        distances(surface, values, true, alignment).mean(dtype=np.float64)
        for values in (predicted, same)
    )
    return float(ours / theirs)


def _chunks(
    surface: Surface, predicted: np.ndarray, true: np.ndarray, alignments: Sequence[str]
) -> Iterator[list[np.ndarray]]:
    """The distances of some heads, (chunk, v) float32, one array per alignment."""
    if predicted.shape != true.shape:
        raise ValueError(
            f"Predicted values of shape {predicted.shape} and true ones of shape {true.shape} came "
            "in. The same shape was expected. Correct the call."
        )
    for start in range(0, len(true), _CHUNK):
        # Double precision, as the points lie far from the origin and close to each other.
        ours, theirs = (
            surface.points(values[start : start + _CHUNK]).astype(np.float64)
            for values in (predicted, true)
        )
        yield [
            (
                np.linalg.norm(aligned(ours, theirs, alignment) - theirs, axis=-1)
                * (100 / surface.inter_ocular_distance)
            ).astype(np.float32)
            for alignment in alignments
        ]
