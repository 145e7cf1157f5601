"""Photos of planted people whose errors are known: independent, or the same in all photos."""

from __future__ import annotations

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.evaluation.several_photos import SeveralPhotos, several_photos_of
from regression.measures.agreement import head_proportions
from rig.landmark_head import LandmarkHead
from tests.regression.evaluated import planted_faces

PEOPLE = 60


def found(head: LandmarkHead, shared: float, people: int = PEOPLE) -> SeveralPhotos | None:
    """Of values with normal errors of 0.06 of the range, a part of whose variance is shared."""
    random = np.random.default_rng(0)
    faces = planted_faces(head, people)
    sliders = len(head.sliders)
    truths = np.repeat(random.uniform(0.3, 0.7, (people, sliders)), 2, axis=0)
    common = np.repeat(random.normal(size=(people, sliders)), 2, axis=0)
    own = random.normal(size=truths.shape)
    values = truths + 0.06 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
    measured = [
        RealFace(
            face.photo,
            face.collection,
            face.person,
            face.expressive,
            face.features,
            face.mirrored_features,
            face.hand_placed if face.expressive else proportions,
        )
        for face, proportions in zip(faces, head_proportions(head, truths), strict=True)
    ]
    told = np.arange(sliders) < sliders // 2
    return several_photos_of(values, truths, told, measured, head)


def test_independent_errors_average_out(head: LandmarkHead) -> None:
    one = found(head, shared=0.0)
    assert one is not None
    assert (one.people, one.photos) == (PEOPLE, 2.0)
    assert one.gain.low > 0
    assert one.one.value == pytest.approx(np.mean([e.value for e in one.single.values()]))
    assert one.gain.value == pytest.approx(one.together.value - one.one.value)
    narrower = one.together_interval.width / one.one_interval.width
    assert narrower == pytest.approx(np.sqrt(0.5), abs=0.05)
    for interval in (one.one_interval, one.together_interval):
        assert 0.87 < interval.coverage < 0.96


def test_errors_in_common_stay(head: LandmarkHead) -> None:
    one = found(head, shared=1.0)
    assert one is not None
    assert one.gain.value == pytest.approx(0, abs=1e-9)
    assert one.together_interval.width == pytest.approx(one.one_interval.width, rel=1e-3)


def test_few_people_give_no_figure(head: LandmarkHead) -> None:
    assert found(head, shared=0.5, people=9) is None
