"""A small face in MakeHuman's data format, made from formulas, for tests without MakeHuman.

It is a head with eyes, nose, lips and brows, mirror-symmetric about x = 0, about 1.7 dm tall like
MakeHuman's, with one of each kind of slider that the loader must tell apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

COLUMNS = 48  # around the head; a multiple of 4 puts vertices on the mirror plane
ROWS = 56
EYE_CENTRE = np.array([0.31, 7.30, 0.85])
EYE_RADIUS = 0.15
MOUTH = np.array([0.0, 6.72, 1.2])
DEFAULTS = [
    "african-female-young",
    "african-male-young",
    "asian-female-young",
    "asian-male-young",
    "caucasian-female-young",
    "caucasian-male-young",
    "universal-female-young-averagemuscle-averageweight",
    "universal-male-young-averagemuscle-averageweight",
]
SYMMETRIC_SLIDERS = (
    "head/head-oval",
    "head/head-scale-horiz-decr|incr",
    "eyes/l-eye-scale-decr|incr",
    "nose/nose-scale-depth-decr|incr",
    "mouth/mouth-lowerlip-volume-decr|incr",
    "mouth/mouth-upperlip-volume-decr|incr",
    "mouth/mouth-dimples-in|out",
    "cheek/l-cheek-bones-decr|incr",
    "chin/chin-width-decr|incr",
)
EXPRESSIONS = ("eye-left-closure", "mouth-open")

Formula = Callable[[np.ndarray], np.ndarray]


def write_tiny_makehuman(folder: Path) -> Path:
    """Write the data folder (about 60 small files) and return it."""
    vertices, groups = _base()
    _write_mesh(folder / "3dobjs" / "base.obj", vertices, groups)
    _write_eyes(folder / "eyes" / "high-poly", vertices, groups)
    _write_modifiers(folder / "modifiers" / "modeling_modifiers.json")

    def target(path: str, formula: Formula) -> None:
        _write_target(folder / "targets" / f"{path}.target", formula(vertices))

    for name in DEFAULTS:
        target(f"macrodetails/{name}", lambda v: 0.01 * _toward_side(v))
    target("head/head-oval", lambda v: -0.1 * _toward_side(v) * _near(v, (0, 8, 0), 0.8))
    for sign, low_high in ((-1, ("decr", "in")), (1, ("incr", "out"))):
        decr, sideways = low_high
        target(f"head/head-scale-horiz-{decr}", lambda v, s=sign: s * 0.15 * _toward_side(v))
        target(f"head/head-trans-{sideways}", lambda v, s=sign: s * _along(v, 0, 0.2))
        target(
            f"nose/nose-scale-depth-{decr}",
            lambda v, s=sign: s * _along(v, 2, 0.12) * _near(v, (0, 7.05, 1.35), 0.15),
        )
        for lip, height in (("upper", 0.05), ("lower", -0.06)):
            centre = MOUTH + [0, height, 0]
            target(
                f"mouth/mouth-{lip}lip-volume-{decr}",
                lambda v, s=sign, c=centre: s * _along(v, 2, 0.05) * _near(v, c, (0.2, 0.045, 1)),
            )
        target(
            f"mouth/mouth-dimples-{sideways}",
            lambda v, s=sign: s * _along(v, 2, 0.04) * _near_pair(v, (0.3, 6.72, 1.1), 0.08),
        )
        target(
            f"chin/chin-width-{decr}",
            lambda v, s=sign: s * 0.3 * _toward_side(v) * _near(v, (0, 6.35, 1.0), 0.3),
        )
        for side, which in ((1, "l"), (-1, "r")):
            eye = EYE_CENTRE * [side, 1, 1]
            target(
                f"eyes/{which}-eye-scale-{decr}",
                lambda v, s=sign, c=eye: s * 0.25 * (v - c) * _near(v, c, 0.16),
            )
            target(
                f"cheek/{which}-cheek-bones-{decr}",
                lambda v, s=sign, k=side: (
                    s * _along(v, 0, 0.08 * k) * _near(v, (0.55 * k, 6.95, 0.8), 0.2)
                ),
            )
    units = "expression/units/caucasian"
    target(
        f"{units}/mouth-open",
        lambda v: _along(v, 1, -0.15) * _near(v, (0, 6.5, 1.1), 0.2),
    )
    for side, which in ((1, "left"), (-1, "right")):
        lid = EYE_CENTRE * [side, 1, 1] + [0, 0.12, 0.1]
        target(
            f"{units}/eye-{which}-closure",
            lambda v, c=lid: _along(v, 1, -0.1) * _near(v, c, 0.06),
        )
    return folder


def _base() -> tuple[np.ndarray, dict[str, list[list[int]]]]:
    """Vertices (b, 3) and faces per group."""
    vertices: list[np.ndarray] = []
    groups: dict[str, list[list[int]]] = {}

    def add(name: str, points: np.ndarray, faces: list[list[int]]) -> None:
        first = sum(len(part) for part in vertices)
        vertices.append(points)
        groups.setdefault(name, []).extend([[first + corner for corner in f] for f in faces])

    add("body", *_skin())
    for side, name in ((1, "helper-l-eye"), (-1, "helper-r-eye")):
        add(name, *_ball(EYE_CENTRE * [side, 1, 1], EYE_RADIUS, side))
    add("joint-l-clavicle", *_ball(np.array([0.3, 5.3, 0.2]), 0.03, 1))
    add("joint-r-clavicle", *_ball(np.array([-0.3, 5.3, 0.2]), 0.03, -1))
    for name, height in (("helper-upper-teeth", 0.02), ("helper-lower-teeth", -0.08)):
        strip = np.array(
            [[x, y, 0.7] for y in (0.0, 0.05) for x in (-0.2, -0.1, 0.0, 0.1, 0.2)]
        ) + [0, MOUTH[1] + height, 0]
        add(name, strip, [[i, i + 1, i + 6, i + 5] for i in range(4)])
    return np.concatenate(vertices), groups


def _skin() -> tuple[np.ndarray, list[list[int]]]:
    """A closed surface of revolution from below the collar bones to the crown, shaped to a face."""
    heights = np.concatenate([np.linspace(4.9, 6.1, 8), np.linspace(6.2, 8.15, ROWS - 8)])
    # Half width and half depth of the head by height.
    width = np.interp(
        heights,
        [4.9, 5.3, 5.8, 6.1, 6.3, 6.6, 7.0, 7.5, 7.9, 8.08, 8.15],
        [1.6, 1.2, 0.5, 0.46, 0.45, 0.56, 0.68, 0.73, 0.6, 0.35, 0.02],
    )
    depth = np.interp(
        heights,
        [4.9, 5.3, 5.8, 6.1, 6.3, 6.6, 7.0, 7.5, 7.9, 8.08, 8.15],
        [0.6, 0.55, 0.5, 0.5, 0.85, 0.92, 0.95, 0.98, 0.78, 0.45, 0.02],
    )
    # Columns lie closer together at the front.
    turn = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    angle = turn - 0.45 * np.sin(turn)
    x = width[:, None] * np.sin(angle)
    z = 0.15 + depth[:, None] * np.cos(angle)
    y = np.broadcast_to(heights[:, None], x.shape)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    points[np.abs(points[:, 0]) < 1e-9, 0] = 0
    front = points[:, 2] > 0.3

    def bump(centre: tuple[float, float], size: tuple[float, float], height: float) -> None:
        distance = ((np.abs(points[:, 0]) - centre[0]) / size[0]) ** 2
        distance += ((points[:, 1] - centre[1]) / size[1]) ** 2
        points[:, 2] += height * np.exp(-distance) * front

    bump((0.0, 7.15), (0.07, 0.22), 0.16)  # ridge of the nose
    bump((0.0, 6.98), (0.12, 0.09), 0.12)  # its tip
    bump((0.1, 6.96), (0.07, 0.06), 0.08)  # its wings
    bump((0.31, 7.52), (0.25, 0.08), 0.06)  # brows
    bump((0.31, 7.30), (0.13, 0.055), -0.12)  # eye sockets
    bump((0.0, 6.77), (0.17, 0.035), 0.07)  # upper lip
    bump((0.0, 6.66), (0.15, 0.045), 0.08)  # lower lip
    bump((0.0, 6.38), (0.2, 0.12), 0.08)  # chin
    faces = [
        [
            row * COLUMNS + column,
            row * COLUMNS + (column + 1) % COLUMNS,
            (row + 1) * COLUMNS + (column + 1) % COLUMNS,
            (row + 1) * COLUMNS + column,
        ]
        for row in range(ROWS - 1)
        for column in range(COLUMNS)
    ]
    return points, faces


def _ball(centre: np.ndarray, radius: float, side: int) -> tuple[np.ndarray, list[list[int]]]:
    """A ball whose pole looks forward; `side` -1 gives the mirror image of 1, vertex by vertex."""
    rings, spokes = 14, 16
    points = [[0.0, 0.0, 1.0]]
    for ring in range(1, rings):
        down = np.pi * (ring / rings) ** 1.4  # finer towards the iris
        for spoke in range(spokes):
            around = 2 * np.pi * spoke / spokes
            points.append(
                [np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), np.cos(down)]
            )
    points.append([0.0, 0.0, -1.0])
    faces = []
    for spoke in range(spokes):
        after = (spoke + 1) % spokes
        faces.append([0, 1 + spoke, 1 + after])
        for ring in range(rings - 2):
            first = 1 + ring * spokes
            faces.append(
                [first + spoke, first + spokes + spoke, first + spokes + after, first + after]
            )
        last = 1 + (rings - 2) * spokes
        faces.append([last + spoke, len(points) - 1, last + after])
    if side < 0:
        faces = [face[::-1] for face in faces]
    return centre + radius * np.array(points) * [side, 1, 1], faces


def _write_eyes(folder: Path, base: np.ndarray, groups: dict[str, list[list[int]]]) -> None:
    """Eyes as a proxy: each ball on the helper eye, and a slightly larger ball as its cornea."""
    points: list[np.ndarray] = []
    faces: list[list[int]] = []
    lines: list[str] = []
    for name in ("helper-l-eye", "helper-r-eye"):
        indices = np.unique(np.concatenate([np.array(face) for face in groups[name]]))
        centre = base[indices].mean(axis=0)
        for scale in (1.0, 1.04):
            first = sum(len(part) for part in points)
            points.append(base[indices])
            faces += [[first + corner - indices[0] for corner in f] for f in groups[name]]
            for index in indices:
                offset = (scale - 1) * (base[index] - centre)
                # Three references that share the weight, as in MakeHuman's own files.
                numbers = f"0.5 0.25 0.25 {offset[0]:.5f} {offset[1]:.5f} {offset[2]:.5f}"
                lines.append(f"{index} {index} {index} {numbers}")
    order = np.argsort(base[:, 0])
    width = base[order[-1], 0] - base[order[0], 0]
    header = [
        "# a comment",
        "name TinyEyes",
        "obj_file high-poly.obj",
        f"x_scale {order[0]} {order[-1]} {width:.6f}",
        "verts 0",
    ]
    folder.mkdir(parents=True)
    (folder / "high-poly.mhclo").write_text("\n".join([*header, *lines]) + "\n")
    scaled = [part * (1.04 if number % 2 else 1.0) for number, part in enumerate(points)]
    for number, part in enumerate(scaled):
        part += points[number].mean(axis=0) - part.mean(axis=0)
    _write_mesh(folder / "high-poly.obj", np.concatenate(scaled), {"eyes": faces})


def _write_modifiers(path: Path) -> None:
    def both(target: str, low: str = "decr", high: str = "incr") -> dict[str, str]:
        return {"target": target, "min": low, "max": high}

    content = {
        "head": [
            {"target": "head-oval"},
            both("head-scale-horiz"),
            both("head-trans", "in", "out"),
        ],
        "eyes": [both("r-eye-scale"), both("l-eye-scale")],
        "nose": [both("nose-scale-depth")],
        "mouth": [
            both("mouth-lowerlip-volume"),
            both("mouth-upperlip-volume"),
            both("mouth-dimples", "in", "out"),
        ],
        "cheek": [both("l-cheek-bones"), both("r-cheek-bones")],
        "chin": [both("chin-width")],
        "torso": [both("torso-scale-depth")],
        "macrodetails": [{"macrovar": "Gender"}, {"macrovar": "Age"}],
    }
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps([{"group": name, "modifiers": entries} for name, entries in content.items()])
    )


def _write_mesh(path: Path, vertices: np.ndarray, groups: dict[str, list[list[int]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    lines.append("vt 0.5 0.5")
    for name, faces in groups.items():
        lines.append(f"g {name}")
        lines += ["f " + " ".join(f"{corner + 1}/1" for corner in face) for face in faces]
    path.write_text("\n".join(lines) + "\n")


def _write_target(path: Path, offsets: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 5e-5)
    lines = ["# a comment", "# basemesh tiny"]
    lines += ["{} {:.4f} {:.4f} {:.4f}".format(index, *offsets[index]) for index in moved]
    path.write_text("\n".join(lines) + "\n")


def _toward_side(vertices: np.ndarray) -> np.ndarray:
    return vertices * [1, 0, 0]


def _along(vertices: np.ndarray, axis: int, amount: float) -> np.ndarray:
    return np.broadcast_to(amount * np.eye(3)[axis], vertices.shape)


def _near(
    vertices: np.ndarray, centre: object, size: float | tuple[float, float, float]
) -> np.ndarray:
    distance = (vertices - np.asarray(centre)) / size
    return np.exp(-(distance**2).sum(axis=1))[:, None]


def _near_pair(vertices: np.ndarray, centre: tuple[float, float, float], size: float) -> np.ndarray:
    folded = vertices * [1, 1, 1]
    folded[:, 0] = np.abs(folded[:, 0])
    return _near(folded, centre, size)
