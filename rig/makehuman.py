"""MakeHuman's head as a rig, read from MakeHuman's data folder (CC0).

Only what shapes a face: the body mesh above the neck, MakeHuman's high-polygon eyes, and the face
sliders that keep the face symmetric. The macro sliders (gender, age, ethnic group, ...) stay where
MakeHuman starts them: their default targets are part of the neutral mesh, so that a .mhm file with
our sliders alone gives the same head in MakeHuman.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rig import makehuman_regions as regions
from rig.makehuman_files import DoubleArray, Modifier, read_modifiers, read_target
from rig.makehuman_head import BASE_MESH, EYES, PARTS, Head, read_head
from rig.rig import FloatArray, Rig, RigError, Slider

FACE_GROUPS = (
    "head",
    "forehead",
    "eyebrows",
    "eyes",
    "nose",
    "mouth",
    "ears",
    "chin",
    "cheek",
)
MODIFIERS = "modifiers/modeling_modifiers.json"
EXPRESSIONS = "targets/expression/units/caucasian"

LIP_TARGETS = ("mouth-upperlip-volume-incr", "mouth-lowerlip-volume-incr")

# MakeHuman starts at gender 0.5, age 25 ("young"), a third of each ethnic group, average muscle and
# weight: these targets with these weights (apps/human.py and the targets' names).
DEFAULT_TARGETS = {
    f"targets/macrodetails/{kind}.target": weight
    for gender in ("female", "male")
    for kind, weight in (
        (f"african-{gender}-young", 1 / 6),
        (f"asian-{gender}-young", 1 / 6),
        (f"caucasian-{gender}-young", 1 / 6),
        (f"universal-{gender}-young-averagemuscle-averageweight", 1 / 2),
    )
}

# A slider counts as symmetric when the mirrored offsets differ from the offsets by less than this
# share of their size. Sideways sliders reach 2; the worst symmetric one stays below 0.2.
_ASYMMETRY_LIMIT = 0.6


def load_makehuman(data_folder: Path) -> Rig:
    """Read MakeHuman's head.

    data_folder: MakeHuman's `data` folder (or its parent), with targets in text form.
    The vertices are those of the body above the neck (in base.obj's order; `source_vertices` names
    them), then the eyes'. Sliders are in MakeHuman's own order; left/right twins are one slider
    under the left twin's name (`eyes/l-eye-scale-decr|incr`) that writes both; sliders that push
    the face sideways are left out. Raises RigError naming the file that is missing or broken.
    """
    folder = data_root(data_folder)
    head = read_head(folder)
    base = head.base.vertices
    neutral_base = base.copy()
    for target, weight in DEFAULT_TARGETS.items():
        neutral_base += weight * read_target(folder / target, len(base))
    mirror = _mirror_of(base)

    sliders: list[Slider] = []
    negative: list[FloatArray] = []
    positive: list[FloatArray] = []
    for name, twins in face_modifiers(folder).items():
        low, high = np.zeros(base.shape, np.float32), np.zeros(base.shape, np.float32)
        for twin in twins:
            high += read_target(_target(folder, twin.group, twin.positive), len(base))
            if twin.negative is not None:
                low += read_target(_target(folder, twin.group, twin.negative), len(base))
        if max(_asymmetry(low, mirror), _asymmetry(high, mirror)) > _ASYMMETRY_LIMIT:
            continue
        minimum = 0.0 if twins[0].negative is None else -1.0
        sliders.append(Slider(name, minimum, 1.0, 0.0, tuple(twin.name for twin in twins)))
        negative.append(head.offsets(low))
        positive.append(head.offsets(high))

    triangles, parts = head.triangles()
    neutral = head.place(neutral_base)
    source = np.concatenate([head.kept, np.full(len(head.kept_eyes), -1)]).astype(np.int32)
    empty = np.zeros((0, head.vertex_count, 3), np.float32)
    return Rig(
        name="makehuman",
        licence="CC0-1.0",
        sliders=tuple(sliders),
        neutral=neutral,
        triangles=triangles,
        negative=np.stack(negative) if negative else empty,
        positive=np.stack(positive) if positive else empty,
        parts=parts,
        part_names=PARTS,
        source_vertices=source,
        regions=_regions(folder, head, neutral, triangles, parts),
    )


def load_expressions(data_folder: Path, rig: Rig) -> tuple[tuple[str, ...], FloatArray]:
    """MakeHuman's expression units: names, and offsets (e, v, 3) float32 at full strength.

    `rig` is what load_makehuman gave for the same folder. Twins (`eye-left-closure`,
    `eye-right-closure`) are merged into one unit under the left name. Raises RigError.
    """
    folder = data_root(data_folder)
    head = read_head(folder)
    if len(rig.neutral) != head.vertex_count:
        raise RigError(
            f"The rig {rig.name} has {len(rig.neutral)} vertices, the head in {folder} another "
            "number. Expected the rig that load_makehuman reads there. Load both from one folder."
        )
    units: dict[str, list[Path]] = {}
    for path in sorted((folder / EXPRESSIONS).glob("*.target")):
        units.setdefault(path.stem.replace("-right-", "-left-"), []).append(path)
    if not units:
        raise RigError(
            f"{folder / EXPRESSIONS} holds no expression units. Expected MakeHuman's .target "
            "files. Fetch the data anew with `fpp rig fetch makehuman`, or name a copy with "
            "--rig PATH."
        )
    vertex_count = len(head.base.vertices)
    offsets = [
        head.offsets(np.sum([read_target(path, vertex_count) for path in paths], axis=0))
        for paths in units.values()
    ]
    return tuple(units), np.stack(offsets)


def data_root(folder: Path) -> Path:
    """MakeHuman's data folder for the folder itself or its parent.

    Raises RigError where neither holds the base mesh.
    """
    for candidate in (folder, folder / "data"):
        if (candidate / BASE_MESH).is_file():
            return candidate
    raise RigError(
        f"{folder} is not MakeHuman's data folder: {BASE_MESH} is missing. Expected the folder "
        "`data` of MakeHuman's sources, or its parent. Fetch it with `fpp rig fetch makehuman`, "
        "or name another with --rig PATH."
    )


def face_modifiers(folder: Path) -> dict[str, tuple[Modifier, ...]]:
    """Slider name -> the modifiers it writes, for all face groups, sideways ones included."""
    modifiers = [
        modifier for modifier in read_modifiers(folder / MODIFIERS) if modifier.group in FACE_GROUPS
    ]
    names = {modifier.name for modifier in modifiers}
    sliders: dict[str, list[Modifier]] = {}
    for modifier in modifiers:
        left = modifier.name.replace("/r-", "/l-")
        sliders.setdefault(left if left in names else modifier.name, []).append(modifier)
    return {name: tuple(twins) for name, twins in sliders.items()}


def needed_files(folder: Path) -> tuple[str, ...]:
    """All files, relative to the data folder, that load_makehuman and load_expressions read."""
    targets = [
        _target(Path(), modifier.group, target).as_posix()
        for twins in face_modifiers(folder).values()
        for modifier in twins
        for target in (modifier.negative, modifier.positive)
        if target is not None
    ]
    units = [f"{EXPRESSIONS}/{path.name}" for path in (folder / EXPRESSIONS).glob("*.target")]
    return tuple(sorted({BASE_MESH, MODIFIERS, *EYES, *DEFAULT_TARGETS, *targets, *units}))


def _target(folder: Path, group: str, name: str) -> Path:
    return folder / "targets" / group / f"{name}.target"


def _mirror_of(base: DoubleArray) -> npt.NDArray[np.int64]:
    """For each vertex, the vertex nearest to its reflection at x = 0."""
    from scipy.spatial import cKDTree

    _, mirror = cKDTree(base).query(base * [-1, 1, 1])
    return np.asarray(mirror, np.int64)


def _asymmetry(offsets: FloatArray, mirror: npt.NDArray[np.int64]) -> float:
    """How far offsets differ from their mirror image, 0 (none) .. 2 (opposite)."""
    size = float(np.linalg.norm(offsets))
    reflected = offsets[mirror] * np.array([-1, 1, 1], np.float32)
    return float(np.linalg.norm(offsets - reflected)) / size if size else 0.0


def _regions(
    folder: Path,
    head: Head,
    neutral: FloatArray,
    triangles: npt.NDArray[np.int32],
    parts: npt.NDArray[np.uint8],
) -> dict[str, FloatArray]:
    """Weights for painting, each (v,)."""
    skin = triangles[parts == PARTS.index("skin")]
    eye = triangles[parts == PARTS.index("eye")]
    moves = [
        head.offsets(read_target(_target(folder, "mouth", name), len(head.base.vertices)))
        for name in LIP_TARGETS
    ]
    lips = regions.lips(moves, skin)
    joint = head.base.group_vertices("joint-mouth")
    centre = head.base.vertices[joint].mean(axis=0) if len(joint) else None
    teeth = np.zeros(len(neutral), np.float32)
    teeth[np.unique(triangles[parts == PARTS.index("teeth")])] = 1
    return {
        "lips": lips,
        "mouth_inside": regions.mouth_inside(neutral, skin, lips, centre),
        "teeth": teeth,
        "brows": regions.brows(neutral, skin, eye),
        **regions.eyes(neutral, eye),
    }
