"""Where to put the camera for a portrait of a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rig.camera import Camera
from rig.rig import FloatArray, Rig, RigError

# From the eyes up to the crown over from the eyes down to the chin, of MakeHuman's neutral head.
_EYE_HEIGHT = 1.0116


@dataclass(frozen=True)
class Framing:
    """What a portrait shows.

    centre: (x, y, z) the point in the middle of the picture, mesh units.
    height: how much of the rig's height the picture shows, mesh units.
    """

    centre: tuple[float, float, float]
    height: float

    def camera(
        self, distance: float, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
    ) -> Camera:
        """A camera at that distance (mesh units) whose picture is `height` tall at the centre.

        yaw, pitch, roll: degrees, as in `rig.camera.Camera`.
        """
        field_of_view = 2 * np.degrees(np.arctan(self.height / 2 / distance))
        return Camera(self.centre, distance, float(field_of_view), yaw, pitch, roll)


def frame_head(rig: Rig, vertices: FloatArray | None = None) -> Framing:
    """Frames a head by its eyes and its chin, or its eyes and its crown.

    Regions "eyes_middle" and "chin" (rig.face_regions) go first: hair, hats and bodies do not move
    them. A rig without them is framed by its region "pupil" and its highest point.

    vertices: (v, 3), the head in its present shape; the neutral one when left out.

    Raises RigError for a rig that has neither.
    """
    vertices = rig.neutral if vertices is None else vertices
    if {"eyes_middle", "chin"} <= set(rig.regions):
        eyes, chin = (
            np.average(vertices, axis=0, weights=rig.regions[name])
            for name in ("eyes_middle", "chin")
        )
        eye_height = _EYE_HEIGHT * float(np.hypot(*(eyes - chin)[:2]))
        across = float(eyes[0])
    elif "pupil" in rig.regions:
        eyes = vertices[rig.regions["pupil"] > 0.5].mean(axis=0)
        crown = float(vertices[:, 1].max())
        eye_height = float(crown - eyes[1])
        across = 0.0
    else:
        raise RigError(
            f"Rig {rig.name} has no region 'pupil' and no regions 'eyes_middle' and 'chin'. "
            "Expected one or the others, to find the face by its eyes. Load it with a loader that "
            "names the eyes."
        )
    centre = (across, float(eyes[1]) - 0.35 * eye_height, float(eyes[2]) - 0.5 * eye_height)
    return Framing(centre, 3.1 * eye_height)
