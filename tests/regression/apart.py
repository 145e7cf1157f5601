"""What tests call in processes of their own, which import this module by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from regression.datasets import synthesis
from regression.datasets.synthesis import SynthesisPlan
from rig.makehuman import load_makehuman
from rig.paint import vertex_colours
from rig.portrait import frame_head
from rig.render import Light, Renderer

Pose = tuple[float, float, float]


def open_renderer() -> None:
    Renderer(8, 8).close()


def render_poses(rig_folder: Path, poses: list[Pose], side: int = 512) -> np.ndarray:
    """Pictures (n, side, side, 3) of the neutral head, by yaw, pitch and roll."""
    rig = load_makehuman(rig_folder)
    framing, colours = frame_head(rig), vertex_colours(rig)
    light = Light(direction=(0.2, 0.4, 1.0))
    with Renderer(side, side) as renderer:
        return np.stack(
            [
                renderer.render(
                    rig.neutral, rig.triangles, colours, framing.camera(12.0, *pose), light
                )
                for pose in poses
            ]
        )


class SmallChunks(SynthesisPlan):
    """A plan that makes the processes it is sent to work in chunks of two faces."""

    SIZE = 2

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (self.rig_folder, self.out, self.faces, self.seed, self.prior)


def _unpack(*fields: Any) -> SmallChunks:
    synthesis.CHUNK = SmallChunks.SIZE
    return SmallChunks(*fields)
