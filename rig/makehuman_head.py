"""Which part of MakeHuman's body makes the head, and how base offsets carry over to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rig.makehuman_files import DoubleArray, Mesh, Proxy, read_mesh, read_proxy
from rig.rig import FloatArray, RigError

BASE_MESH = "3dobjs/base.obj"
EYES = ("eyes/high-poly/high-poly.mhclo", "eyes/high-poly/high-poly.obj")
PARTS = ("skin", "eye", "teeth")
NECK_JOINT = "joint-l-clavicle"
TEETH = ("helper-upper-teeth", "helper-lower-teeth")


@dataclass(frozen=True)
class Head:
    """What of the base mesh and of the eyes makes the head.

    kept: sorted base vertices; faces: (part, corners as base vertices); kept_eyes: sorted eye
    vertices; eye_faces: corners as eye vertices.
    """

    base: Mesh
    eyes: Proxy
    kept: npt.NDArray[np.int64]
    faces: list[tuple[str, tuple[int, ...]]]
    kept_eyes: npt.NDArray[np.int64]
    eye_faces: list[tuple[int, ...]]

    @property
    def vertex_count(self) -> int:
        """v: the base vertices kept, then the eyes'."""
        return len(self.kept) + len(self.kept_eyes)

    def offsets(self, base_offsets: npt.NDArray[np.floating[Any]]) -> FloatArray:
        """Offsets of the base mesh (b, 3) as offsets of the head's vertices (v, 3)."""
        eyes = self.eyes.follow(base_offsets.astype(np.float64))[self.kept_eyes]
        return np.concatenate([base_offsets[self.kept], eyes], dtype=np.float32)

    def place(self, base_vertices: DoubleArray) -> FloatArray:
        """The head's vertices (v, 3) on a shaped base mesh (b, 3)."""
        eyes = self.eyes.fit(base_vertices)[self.kept_eyes]
        return np.concatenate([base_vertices[self.kept], eyes], dtype=np.float32)

    def triangles(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """The head's faces as triangles (t, 3), and the part (t,) of each."""
        compact = np.full(len(self.base.vertices), -1)
        compact[self.kept] = np.arange(len(self.kept))
        compact_eyes = np.full(len(self.eyes.references), -1)
        compact_eyes[self.kept_eyes] = len(self.kept) + np.arange(len(self.kept_eyes))
        faces = [(part, compact[list(face)]) for part, face in self.faces]
        faces += [("eye", compact_eyes[list(face)]) for face in self.eye_faces]
        triangles = [
            (PARTS.index(part), face[0], face[corner], face[corner + 1])
            for part, face in faces
            for corner in range(1, len(face) - 1)
        ]
        table = np.array(triangles, np.int32).reshape(-1, 4)
        return table[:, 1:], table[:, 0].astype(np.uint8)


def read_head(folder: Path) -> Head:
    """Read the base mesh and the eyes, and keep what makes the head.

    Of the body, the faces whose corners all lie above the collar bones' joints, so that pictures
    show neck and shoulders where they would; the teeth; of the eyes, all but the clear cornea.
    """
    base = read_mesh(folder / BASE_MESH)
    joint = base.group_vertices(NECK_JOINT)
    if not len(joint) or "body" not in base.faces:
        raise RigError(
            f"{folder / BASE_MESH} has no group `body` or no group `{NECK_JOINT}`. "
            "Expected MakeHuman's base mesh hm08. Fetch it with `fpp rig fetch makehuman`, or name "
            "another with --rig PATH."
        )
    floor = base.vertices[joint, 1].mean()
    faces = [
        ("skin", face) for face in base.faces["body"] if base.vertices[list(face), 1].min() > floor
    ]
    faces += [("teeth", face) for group in TEETH for face in base.faces.get(group, [])]
    kept = np.unique([index for _, face in faces for index in face]).astype(int)

    eyes = read_proxy(folder / EYES[0], len(base.vertices))
    eye_mesh = read_mesh(eyes.mesh_file)
    if len(eye_mesh.vertices) != len(eyes.references):
        raise RigError(
            f"{eyes.mesh_file} has {len(eye_mesh.vertices)} vertices, {folder / EYES[0]} places "
            f"{len(eyes.references)}. Expected as many. Fetch the data anew with "
            "`fpp rig fetch makehuman`, or name another copy with --rig PATH."
        )
    inner = _without_outer_shells(eye_mesh)
    eye_faces = [face for group in eye_mesh.faces.values() for face in group if inner[face[0]]]
    kept_eyes = np.unique([index for face in eye_faces for index in face]).astype(int)
    return Head(base, eyes, kept, faces, kept_eyes, eye_faces)


def _without_outer_shells(mesh: Mesh) -> npt.NDArray[np.bool_]:
    """(v,) False for the vertices of connected pieces that enclose another: the corneas."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(mesh.vertices)
    edges = np.array(
        [pair for faces in mesh.faces.values() for face in faces for pair in pairwise(face)]
    ).reshape(-1, 2)
    links = csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    pieces, piece_of = connected_components(links, directed=False)
    low = np.array([mesh.vertices[piece_of == piece].min(axis=0) for piece in range(pieces)])
    high = np.array([mesh.vertices[piece_of == piece].max(axis=0) for piece in range(pieces)])
    encloses = [
        any(
            (low[outer] < low[inner]).all() and (high[outer] > high[inner]).all()
            for inner in range(pieces)
        )
        for outer in range(pieces)
    ]
    return np.asarray(~np.array(encloses, bool)[piece_of])
