"""Find the face-mesh landmarks on a rig's head: render it, detect, look what lies underneath."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.datasets.workers import call_apart
from rig.correspondence import Correspondence, correspond
from rig.landmark_head import LandmarkHead, extract_landmark_head
from rig.makehuman import load_expressions, load_makehuman
from rig.portrait import frame_head
from rig.rig import RigError
from vision.faces import LANDMARK_COUNT
from vision.mesh_topology import CHIN_BOTTOM, MIRRORED
from vision.pose import pupil_midpoint

_PICTURES = 24
_SIDE = 768
_DISTANCE = 20.0  # decimetres: far enough that perspective hides nothing of the face


@dataclass(frozen=True, eq=False)
class RigMapping:
    """What was found.

    Attributes:
        head: the rig's landmarks as a function of its sliders.
        correspondence: where they lie on the rig's surface.
        detected: (478, 3) float64, the landmarks that the detector sees on the neutral head, in
            pixels, made mirror-symmetric about x = 0.
    """

    head: LandmarkHead
    correspondence: Correspondence
    detected: np.ndarray


def map_rig(rig_folder: Path) -> RigMapping:
    """Maps the landmarks of a MakeHuman rig, by pictures of it under several lights and colours.

    Raises:
        RigError: the rig cannot be read, or no face is found on it.
        rig.render.RenderError: nothing can be rendered here.
    """
    pictures = call_apart(_render_neutral, rig_folder)
    detected = call_apart(_detect, pictures)
    rig = load_makehuman(rig_folder)
    camera = frame_head(rig).camera(_DISTANCE)
    correspondence = correspond(rig, detected, MIRRORED, camera, _SIDE, _SIDE)
    centred = detected - [_SIDE / 2, 0.0, 0.0]
    twins = centred[MIRRORED] * [-1, 1, 1]
    head = extract_landmark_head(rig, correspondence, *load_expressions(rig_folder, rig))
    return RigMapping(head, correspondence, (centred + twins) / 2)


def canonical_landmarks(detected: np.ndarray) -> np.ndarray:
    """Detected landmarks in the frame of `vision.pose.NormalisedFace`, (478, 3) float32.

    Args:
        detected: (478, 3) of a face seen straight from the front, in any units.
    """
    if detected.shape != (LANDMARK_COUNT, 3):
        raise ValueError(
            f"Landmarks of shape {detected.shape} came in; ({LANDMARK_COUNT}, 3) was expected. "
            "Pass RigMapping.detected."
        )
    centred = detected - pupil_midpoint(detected)
    return (centred / np.linalg.norm(centred[CHIN_BOTTOM, :2])).astype(np.float32)


def save_canonical_face(mapping: RigMapping, path: Path) -> None:
    """Writes the file that `vision.pose.canonical_face` reads."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.save(file, canonical_landmarks(mapping.detected))
    os.replace(partial, path)


def _render_neutral(rig_folder: Path) -> np.ndarray:
    """(pictures, 768, 768, 3) uint8."""
    from regression.datasets.random_heads import random_colours, random_light
    from rig.render import Renderer

    rig = load_makehuman(rig_folder)
    camera = frame_head(rig).camera(_DISTANCE)
    random = np.random.default_rng(0)
    with Renderer(_SIDE, _SIDE) as renderer:
        return np.stack(
            [
                renderer.render(
                    rig.neutral,
                    rig.triangles,
                    random_colours(rig, random),
                    camera,
                    random_light(random),
                )
                for _ in range(_PICTURES)
            ]
        )


def _detect(pictures: np.ndarray) -> np.ndarray:
    """(478, 3) float64, the median over pictures."""
    from vision.landmarks import FaceLandmarker

    found: list[np.ndarray] = []
    with FaceLandmarker(1) as landmarker:
        for picture in pictures:
            found.extend(face.landmarks for face in landmarker.detect(picture))
    if len(found) < len(pictures) / 2:
        raise RigError(
            f"A face was found in {len(found)} of {len(pictures)} pictures of the neutral head. "
            "Expected at least half. Check that the rig has a face, eyes and a front."
        )
    return np.median(np.array(found, dtype=np.float64), axis=0)
