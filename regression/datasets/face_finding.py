"""Find the face on any head mesh, whatever its axes and units: look from all sides, detect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from regression.datasets.face_axes import straightened
from regression.datasets.face_placement import FacePlacement, place_face
from regression.datasets.head_views import (
    View,
    VisibleMesh,
    framings,
    view_rotations,
    visible_mesh,
)
from regression.datasets.seen_face import SeenFace, closer_view, is_near, relief_likeness
from regression.datasets.view_pictures import LIGHTS, detect_faces, render_views
from regression.datasets.workers import Workers, workers
from rig.rig import RigError
from rig.rig_settings import RigSettings
from rig.source_head import SourceHead
from vision.faces import LANDMARK_COUNT

_LOOK_SIDE, _SIDE = 256, 768  # pixels of pictures to search a face in, and to measure it in
_CANDIDATES = 4
_ROUNDS = 3
_SETTLED = 2.0  # degrees of turning after which there is no further round
_RELIEF, _SURE = 0.3, 0.75  # see relief_likeness; paint makes a face of anything


def find_face(head: SourceHead, settings: RigSettings | None = None) -> FacePlacement:
    """Finds the face of a head and makes its axes and scale known.

    The head is drawn from the six directions of its axes and in four positions each, framed by
    what its targets move. The views that show an upright face are gone on with: turned by the
    pose that the detector sees, larger, and at last painted (lips, brows, eyes) and lit in 16 ways.

    Raises:
        RigError: no face is found.
        rig.render.RenderError: nothing can be rendered here.
    """
    settings = settings or RigSettings()
    mesh, inside_out, middle = visible_mesh(head)
    rotations = view_rotations(settings)
    tried = 0
    with workers(1, 1) as (renderer, detector):
        for framed in framings(mesh, rotations):
            tried += len(framed)
            faces: list[SeenFace] = []
            for view in _candidates(renderer, detector, mesh, framed):
                refined = _refined(renderer, detector, mesh, view)
                if refined is not None and refined.relief > _RELIEF:
                    faces.append(refined)
                    if refined.relief > _SURE:
                        break
            for face in sorted(faces, key=lambda face: -face.relief):
                placement = place_face(renderer, detector, mesh, face, _SIDE, settings)
                if placement is not None:
                    shells = np.zeros(len(head.triangles), bool)
                    shells[~head.hidden] = placement.shells
                    return replace(
                        placement,
                        origin=placement.origin + middle,
                        inside_out=inside_out,
                        shells=shells,
                    )
    raise RigError(
        f"No face was found on {head.path}, in {tried} views of it from "
        f"{'all sides' if len(rotations) > 1 else 'the side that the settings name'}. A head with "
        "eyes, nose and mouth was expected. Export the head without body, hair and glasses, with "
        "its materials or textures, or say in a settings file beside it which axis is `up` and "
        "which is `front`."
    )


def _candidates(
    renderer: Workers, detector: Workers, mesh: VisibleMesh, views: Sequence[View]
) -> list[View]:
    """Views that show a face which is not turned far away, the best first."""
    pictures = renderer.submit(render_views, mesh, views, _LOOK_SIDE, (0, 1)).result()
    found = (
        detector.submit(detect_faces, pictures).result().reshape(len(views), -1, LANDMARK_COUNT, 3)
    )
    scored: list[tuple[float, View]] = []
    for view, faces in zip(views, found, strict=True):
        near = faces[[is_near(face) for face in faces]]
        if len(near):
            relief = relief_likeness(mesh, view, np.median(near, axis=0), _LOOK_SIDE)
            scored.append((-relief * len(near), closer_view(mesh, view, near, _LOOK_SIDE)))
    scored.sort(key=lambda entry: entry[0])
    return [view for _, view in scored[:_CANDIDATES]]


def _refined(
    renderer: Workers, detector: Workers, mesh: VisibleMesh, view: View
) -> SeenFace | None:
    """The face straight from the front; None where there is none."""
    for _ in range(_ROUNDS):
        faces = _look(renderer, detector, mesh, view)
        if faces is None:
            return None
        before = view.rotation
        view = closer_view(mesh, view, faces, _SIDE)
        turned = Rotation.from_matrix(view.rotation @ before.T).magnitude()
        if np.degrees(turned) < _SETTLED:
            break
    straight = straightened(view.rotation)
    view = replace(view, rotation=straight)
    faces = _look(renderer, detector, mesh, view)
    if faces is None:
        return None
    seen = np.median(faces, axis=0)
    return SeenFace(view, seen, relief_likeness(mesh, view, seen, _SIDE))


def _look(
    renderer: Workers, detector: Workers, mesh: VisibleMesh, view: View
) -> npt.NDArray[np.float64] | None:
    """The faces (n, 478, 3) seen in large pictures; None for few or ones turned away."""
    lights = tuple(range(LIGHTS))
    pictures = renderer.submit(render_views, mesh, [view], _SIDE, lights).result()
    faces = detector.submit(detect_faces, pictures).result()
    faces = faces[[is_near(face) for face in faces]]
    return faces if len(faces) >= 2 else None
