"""What is known of planted people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from regression.datasets.proportion_labels import photos_at_rest, proportion_labels
from regression.datasets.real_photos import RealFace
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES

UNKNOWN = np.full(14, np.nan)


def face(
    person: int, measured: float, collection: str, by_hand: float | None, smiles: bool = False
) -> RealFace:
    """A face whose measured ratios are all one number, and its hand-placed ones another."""
    features = np.zeros(len(ENCODING_FEATURES) + len(LANDMARK_FEATURES), np.float32)
    features[len(ENCODING_FEATURES) :] = measured
    placed = UNKNOWN if by_hand is None else np.full(14, by_hand)
    name = f"{collection}/{person}"
    return RealFace(Path(f"{name}.jpg"), collection, name, smiles, features, features, placed)


def test_points_placed_by_hand_on_faces_at_rest_are_the_labels() -> None:
    faces = [face(n, 9.0, "studio", float(n)) for n in range(5)]
    faces += [face(n, 9.0, "studio", 100.0, smiles=True) for n in range(5)]
    labels, weights = proportion_labels([*faces, face(7, 9.0, "studio", None, smiles=True)])
    for number in range(5):
        np.testing.assert_allclose(labels[f"studio/{number}"], number - 2.0)
    assert weights == {f"studio/{number}": 1.0 for number in range(5)}


def test_large_collections_without_them_count_less_and_have_their_own_average() -> None:
    studio = [face(n, 9.0, "studio", float(n)) for n in range(3)]
    press = [face(n, 50.0 + n, "press", None, smiles=True) for n in range(21)]
    few = [face(n, 70.0, "few", None) for n in range(3)]
    labels, weights = proportion_labels([*studio, *press, *few])
    assert len(labels) == len(weights) == 24
    for number in range(21):
        np.testing.assert_allclose(labels[f"press/{number}"], number - 10.0)
    assert 0 < weights["press/0"] < weights["studio/0"]


def test_photos_at_rest_are_preferred() -> None:
    faces = [
        face(0, 1.0, "a", None),
        face(0, 2.0, "a", None, smiles=True),
        face(1, 3.0, "a", None, smiles=True),
    ]
    assert photos_at_rest(faces) == [faces[0], faces[2]]
