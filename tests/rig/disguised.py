"""MakeHuman's head, or the tiny one in its format, as files of rigs that the program does not know.

Landmarks, axes, units and sliders of both are known, so that what is found can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from exports.glb_file import HeadMesh, write_rig_glb
from rig.makehuman import EXPRESSIONS, face_modifiers, load_makehuman
from rig.makehuman_files import read_target
from rig.makehuman_head import read_head
from rig.paint import vertex_colours
from rig.rig import Rig

MAKEHUMAN_EYES = 57.1
"""Millimetres between the middles of MakeHuman's eyes, by its landmarks."""

X_UP = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float64)
"""From a rig's axes to a file's in which up is +x and the face looks to +y."""

Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float64)
"""The same for up +z, front -y."""

UNITS = {
    "browDown_L": "eyebrows-left-down",
    "browDown_R": "eyebrows-right-down",
    "browInnerUp": "eyebrows-left-inner-up",
    "eyeBlink_L": "eye-left-closure",
    "eyeBlink_R": "eye-right-closure",
    "jawOpen": "mouth-open",
    "mouthPucker": "mouth-compression",
    "noseSneer_L": "nose-left-elevation",
    "noseSneer_R": "nose-right-elevation",
}
"""What stands for ARKit's expressions in MakeHuman; files that are not there are passed over."""


@dataclass(frozen=True, eq=False)
class Disguised:
    """A head as somebody's file has it.

    mesh: in the file's own axes and units.
    rig: what it was made of.
    rotation, per_decimetre, shift: from the rig's coordinates to the file's.
    head_vertices: how many of the vertices are of the head; shells over the eyes follow.
    """

    mesh: HeadMesh
    rig: Rig
    rotation: np.ndarray
    per_decimetre: float
    shift: np.ndarray
    head_vertices: int

    def hide(self, points: np.ndarray) -> np.ndarray:
        """The rig's points (..., 3) in the file's coordinates."""
        return np.asarray(points @ self.rotation.T * self.per_decimetre + self.shift)

    def write_glb(self, path: Path) -> Path:
        write_rig_glb(path, self.mesh)
        return path

    def write_objects(self, folder: Path) -> Path:
        """A folder of .obj files: neutral.obj with colours and parts, and one per target."""
        folder.mkdir(parents=True)
        mesh = self.mesh
        points = np.c_[mesh.vertices, mesh.colours]
        lines = ["v " + " ".join(f"{number:.7g}" for number in row) for row in points]
        for number, name in enumerate(mesh.part_names):
            lines.append(f"usemtl {name}")
            lines += ["f {} {} {}".format(*row) for row in mesh.triangles[mesh.parts == number] + 1]
        (folder / "neutral.obj").write_text("\n".join(lines) + "\n")
        for name, offsets in mesh.targets.items():
            moved = mesh.vertices + offsets
            text = "".join("v {:.7g} {:.7g} {:.7g}\n".format(*row) for row in moved)
            (folder / f"{name}.obj").write_text(text)
        return folder


def camel_case(name: str) -> str:
    """nose-scale-horiz-incr -> NoseScaleHorizIncr"""
    return "".join(word.capitalize() for word in name.split("-"))


def stranger(folder: Path) -> Disguised:
    """The head of a MakeHuman data folder with a target for each side and end of each slider, in
    CamelCase, in inches, x up, with the colours that pictures of MakeHuman's have."""
    rig = load_makehuman(folder)
    paths = {
        name: folder / "targets" / modifier.group / f"{name}.target"
        for twins in face_modifiers(folder).values()
        for modifier in twins
        for name in (modifier.negative, modifier.positive)
        if name is not None
    }
    paths |= {
        f"expression-{path.stem}": path for path in sorted((folder / EXPRESSIONS).glob("*.target"))
    }
    offsets = {camel_case(name): part for name, part in _of_head(folder, paths).items()}
    count = len(rig.neutral)
    return _disguised("stranger", rig, offsets, X_UP, 100 / 25.4, (1.0, 2.0, 3.0), count)


def statistical(folder: Path, modes: int = 30) -> Disguised:
    """The head of a MakeHuman data folder as scans of many people would give it: numbered modes of
    deviation 1, some of ARKit's expressions, one grey part with shells over the eyes, in
    centimetres, z up."""
    rig = load_makehuman(folder)
    mean, directions = _modes(rig, modes)
    units = {name: folder / EXPRESSIONS / f"{unit}.target" for name, unit in UNITS.items()}
    offsets = _of_head(folder, {name: path for name, path in units.items() if path.is_file()})
    offsets |= {f"identity{number:03d}": mode for number, mode in enumerate(directions)}
    count = len(rig.neutral)
    shells, triangles, origin = _eye_shells(rig, rig.neutral + mean)
    rig = replace(
        rig,
        neutral=np.concatenate([rig.neutral + mean, shells]),
        triangles=np.concatenate([rig.triangles, triangles]),
        parts=np.zeros(len(rig.triangles) + len(triangles), np.uint8),
        part_names=("face",),
        **{
            name: np.concatenate([getattr(rig, name), getattr(rig, name)[:, origin]], axis=1)
            for name in ("negative", "positive")
        },
        source_vertices=np.zeros(0, np.int32),
        regions={},
        colours=np.full((len(rig.neutral) + len(shells), 3), 0.6, np.float32),
    )
    offsets = {name: np.concatenate([part, part[origin]]) for name, part in offsets.items()}
    return _disguised("statistical", rig, offsets, Z_UP, 10.0, (3.0, 100.0, -50.0), count)


def _of_head(folder: Path, paths: dict[str, Path]) -> dict[str, np.ndarray]:
    """What files of offsets do to the head of load_makehuman, each (v, 3)."""
    head = read_head(folder)
    count = len(head.base.vertices)
    return {name: head.offsets(read_target(path, count)) for name, path in paths.items()}


def _disguised(
    name: str,
    rig: Rig,
    targets: dict[str, np.ndarray],
    rotation: np.ndarray,
    per_decimetre: float,
    shift: tuple[float, float, float],
    head_vertices: int,
) -> Disguised:
    def turn(points: np.ndarray) -> np.ndarray:
        return np.asarray(points @ rotation.T * per_decimetre, np.float32)

    mesh = HeadMesh(
        name,
        "test only",
        turn(rig.neutral) + np.float32(shift),
        rig.triangles,
        rig.parts,
        rig.part_names,
        {target: turn(offsets) for target, offsets in targets.items()},
        rig.colours if len(rig.colours) else vertex_colours(rig),
    )
    return Disguised(mesh, rig, rotation, per_decimetre, np.array(shift), head_vertices)


def _modes(rig: Rig, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean (v, 3) of random heads' offsets and their strongest modes (m, v, 3)."""
    random = np.random.default_rng(7)
    low, high = np.array([(slider.minimum, slider.maximum) for slider in rig.sliders]).T
    shape = (12 * count, len(rig.sliders))
    values = random.normal(0, 0.45, shape) * (random.random(shape) < 0.5)
    heads = (rig.vertices(np.clip(values, low, high)) - rig.neutral).reshape(len(values), -1)
    mean = heads.mean(axis=0)
    apart = heads - mean
    strength, combined = np.linalg.eigh(apart @ apart.T)
    strongest = combined[:, np.argsort(-strength)[:count]]
    modes = (strongest.T @ apart) / np.sqrt(len(values))
    return mean.reshape(-1, 3), modes.reshape(count, -1, 3)


def _eye_shells(rig: Rig, neutral: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A second, larger front for each eyeball: vertices (n, 3), triangles, and whose copies."""
    triangles = rig.triangles[rig.parts == rig.part_names.index("eye")]
    origin, corners = np.unique(triangles, return_inverse=True)
    vertices = neutral[origin].astype(np.float64)
    for side in (vertices[:, 0] < 0, vertices[:, 0] >= 0):
        middle = (vertices[side].min(axis=0) + vertices[side].max(axis=0)) / 2
        vertices[side] = middle + 1.04 * (vertices[side] - middle)
    corners = corners.reshape(-1, 3)
    depth = vertices[:, 2]
    front = depth[corners].mean(axis=1) > (depth.min() + depth.max()) / 2
    return vertices, corners[front] + len(neutral), origin
