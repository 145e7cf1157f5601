"""People whose faces follow from known sliders, as different cameras see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import head_proportions
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import RATIOS, measure

ENCODINGS = len(ENCODING_FEATURES)


@dataclass(frozen=True)
class Camera:
    """What a camera does to encodings and ratios: times `scale`, plus `shift` of their spreads."""

    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, eq=False)
class Population:
    """Photos called IMG_0001.jpg and so on in a mixed order.

    Attributes:
        faces: all said to be of one person, as the files' names have it.
        owners: (n,) who is on each photo.
        labels: by owner, true sliders 0..1 and proportions.
    """

    faces: list[RealFace]
    owners: list[str]
    labels: dict[str, np.ndarray]


def planted_people(
    head: LandmarkHead, told: np.ndarray, people: int, photos: int, camera: Camera, seed: int
) -> Population:
    """`photos` photos of each person, who differ in told sliders.

    Half of an encoding follows from the sliders, half is the person's own: those of strangers are
    0.7 apart and more, those of one person 0.1.
    """
    random, rules = np.random.default_rng(seed), np.random.default_rng(0)
    rule = rules.normal(size=(int(told.sum()), ENCODINGS)) / np.sqrt(told.sum())
    spreads = np.r_[np.full(ENCODINGS, 0.05), np.full(len(RATIOS), 0.005)]
    shift = camera.shift * spreads * rules.normal(size=len(spreads))
    low, high = np.array([(slider.minimum, slider.maximum) for slider in head.sliders]).T
    order = random.permutation(people * photos)
    made = Population([], [], {})
    for number in range(people):
        sliders = np.clip(np.where(told, random.normal(0, 0.3, len(told)), 0.0), low, high)
        units = (sliders - low) / (high - low)
        owner = f"owner {number}"
        made.labels[owner] = np.r_[units, head_proportions(head, units[None])[0]]
        encoding = 0.15 * sliders[told] @ rule + random.normal(0, 0.045, ENCODINGS)
        seen = np.r_[encoding, measure(head.landmarks(sliders))]
        for photo in range(photos):
            features = np.zeros(ENCODINGS + len(LANDMARK_FEATURES), np.float32)
            noise = 0.1 * spreads * random.normal(size=len(spreads))
            features[: len(seen)] = camera.scale * seen + shift + noise
            path = Path(f"IMG_{order[number * photos + photo]:04d}.jpg")
            unknown = np.full(14, np.nan)
            made.faces.append(RealFace(path, "x", "x/IMG", False, features, features, unknown))
            made.owners.append(owner)
    return made
