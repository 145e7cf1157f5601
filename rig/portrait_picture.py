"""A picture of a head with given slider values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from rig.paint import vertex_colours
from rig.portrait import frame_head
from rig.render import Renderer
from rig.rig import Rig

_DISTANCE = 15.0  # decimetres, a portrait photographer's distance
_BACKGROUND = (0.80, 0.83, 0.86)


def draw_portraits(
    rig: Rig, values: Iterable[npt.ArrayLike], side: int = 512, yaw: float = 0.0
) -> Iterator[npt.NDArray[np.uint8]]:
    """Draws one (side, side, 3) uint8 picture for each (s,) slider values in rig units.

    All are framed as the neutral head, so that sizes compare. yaw: degrees, see rig.camera.

    Raises RenderError where rendering is not possible.
    """
    camera = frame_head(rig).camera(_DISTANCE, yaw)
    colours = vertex_colours(rig)
    with Renderer(side, side) as renderer:
        for head in values:
            yield renderer.render(
                rig.vertices(head), rig.triangles, colours, camera, background=_BACKGROUND
            )
