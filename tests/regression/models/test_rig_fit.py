"""People are made from known heads, seen by a detector with habits; the fit must see through it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.measures.agreement import agreement, head_proportions
from regression.models.perspective import PORTRAIT_DISTANCE, seen_from
from regression.models.rig_fit import RigFit
from rig.landmark_head import LandmarkHead, save_landmark_head
from rig.rig import RigError
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, RATIOS, measure

SELFIE_DISTANCE = 2.6  # face heights: 30 centimetres
NOTHING_BY_HAND = np.full(len(PROPORTIONS), np.nan)


@pytest.fixture(scope="module")
def told(head: LandmarkHead) -> np.ndarray:
    return np.arange(len(head.sliders)) % 2 == 0


def random_heads(head: LandmarkHead, told: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(count, s) rig units."""
    low = np.array([slider.minimum for slider in head.sliders])
    random = np.random.default_rng(seed)
    return told * np.clip(random.normal(0, 0.3, (count, len(low))), low, 1)


def smiles(head: LandmarkHead, count: int, seed: int) -> np.ndarray:
    strengths = np.zeros((count, len(head.expression_names)))
    for unit, most in (("mouth-corner-puller", 0.6), ("mouth-open", 0.3), ("eye-left-slit", 0.5)):
        column = head.expression_names.index(unit)
        strengths[:, column] = np.random.default_rng(seed).uniform(0.3, 1, count) * most
    return strengths


def features_of(
    head: LandmarkHead,
    values: np.ndarray,
    expression: np.ndarray | None = None,
    distance: float = PORTRAIT_DISTANCE,
) -> np.ndarray:
    """(n, 81) as a photo shows them, by a detector that pulls widths to the average by half."""
    ratios = measure(seen_from(head.landmarks(values, expression), distance))
    average = measure(seen_from(head.landmarks(np.zeros(values.shape[1])), distance))
    pulled = [PROPORTION_NAMES.index(name) for name in ("jaw_width", "chin_width", "nose_width")]
    ratios[:, pulled] = (ratios[:, pulled] + average[pulled]) / 2
    rest = np.tile([110.0, 2.0, 1.0], (len(values), 1))
    return np.concatenate([ratios, rest], axis=1)


def people(
    head: LandmarkHead, values: np.ndarray, by_hand: bool = True, collection: str = "studio"
) -> list[RealFace]:
    """Two photos of each, neutral and smiling."""
    faces = []
    placed = measure(head.landmarks(values), PROPORTIONS)
    for expressive in (False, True):
        strengths = smiles(head, len(values), seed=5) if expressive else None
        for number, row in enumerate(features_of(head, values, strengths)):
            features = np.concatenate([np.zeros(len(ENCODING_FEATURES)), row]).astype(np.float32)
            points = placed[number] if by_hand and not expressive else NOTHING_BY_HAND
            name = f"{collection}/{number:03d}"
            photo = Path(f"{name}_{int(expressive)}.jpg")
            faces.append(RealFace(photo, collection, name, expressive, features, features, points))
    return faces


@pytest.fixture(scope="module")
def faces(head: LandmarkHead, told: np.ndarray) -> list[RealFace]:
    return people(head, random_heads(head, told, 60, seed=0))


@pytest.fixture(scope="module")
def fit(faces: list[RealFace], head: LandmarkHead, told: np.ndarray) -> RigFit:
    return RigFit.from_people(faces, head, told)


@pytest.fixture(scope="module")
def unseen(head: LandmarkHead, told: np.ndarray) -> np.ndarray:
    return random_heads(head, told, 40, seed=1)


def found_agreement(fit: RigFit, values: np.ndarray, true: np.ndarray) -> float:
    return agreement(
        head_proportions(fit.head, values), measure(fit.head.landmarks(true), PROPORTIONS)
    ).mean


def test_people_who_were_not_in_training_get_their_proportions(
    fit: RigFit, head: LandmarkHead, told: np.ndarray, unseen: np.ndarray
) -> None:
    values = fit.values(features_of(head, unseen))
    assert values.dtype == np.float32
    assert ((values >= 0) & (values <= 1)).all()
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    np.testing.assert_allclose(values[:, ~told], np.tile(neutral, (len(values), 1))[:, ~told])
    assert found_agreement(fit, values, unseen) > 0.95


def test_the_average_person_gets_about_the_neutral_head(
    fit: RigFit, faces: list[RealFace], head: LandmarkHead
) -> None:
    rows = [f.mean_features[len(ENCODING_FEATURES) :] for f in faces if not f.expressive]
    (values,) = fit.values(np.mean(rows, axis=0)[None, : len(LANDMARK_FEATURES)])
    neutral = np.array([slider.to_unit(slider.neutral) for slider in head.sliders])
    np.testing.assert_allclose(values, neutral, atol=0.1)


def test_a_detector_that_pulls_to_the_average_is_corrected(
    fit: RigFit, head: LandmarkHead, unseen: np.ndarray
) -> None:
    """Half the amplitude of jaws comes in, the whole comes out."""
    values = fit.values(features_of(head, unseen))
    without = replace(
        fit,
        coefficients=np.eye(len(fit.centre), len(PROPORTIONS)),
        centre=0 * fit.centre,
        offset=-fit.average[: len(PROPORTIONS)],
    )
    true = measure(head.landmarks(unseen), PROPORTIONS)
    jaw = PROPORTION_NAMES.index("jaw_width")
    slopes = [
        np.polyfit(true[:, jaw], head_proportions(head, found)[:, jaw], 1)[0]
        for found in (values, without.values(features_of(head, unseen)))
    ]
    assert abs(slopes[0] - 1) < 0.2
    assert slopes[1] < 0.7


def test_a_smile_is_dropped(fit: RigFit, head: LandmarkHead, unseen: np.ndarray) -> None:
    smiling = features_of(head, unseen, smiles(head, len(unseen), seed=6))
    values = fit.values(smiling)
    assert found_agreement(fit, values, unseen) > 0.9
    # Uncorrected too: a head that cannot smile takes the smile for a shape.
    mute = replace(fit, head=replace(head, expression_names=(), expressions=head.expressions[:0]))
    rest = features_of(head, unseen)
    moved = [
        np.abs(one.fitted_ratios(smiling) - one.fitted_ratios(rest)) / fit.tolerances
        for one in (fit, mute)
    ]
    assert moved[0].mean() < 0.6 * moved[1].mean()


def test_a_selfie_needs_its_distance(fit: RigFit, head: LandmarkHead, unseen: np.ndarray) -> None:
    """From 30 cm, another nose and another jaw; they come back when the distance is known."""
    near = features_of(head, unseen, distance=SELFIE_DISTANCE)
    portrait = head_proportions(head, fit.values(features_of(head, unseen)))
    known = np.full(len(unseen), SELFIE_DISTANCE)
    missed = [
        np.abs(head_proportions(head, fit.values(near, distances)) - portrait).mean(axis=0)
        for distances in (known, None)
    ]
    for name in ("nose_width", "face_width", "jaw_width", "mouth_width"):
        column = PROPORTION_NAMES.index(name)
        assert missed[0][column] < 0.35 * missed[1][column], name
    assert missed[0].mean() < 0.35 * missed[1].mean()


def test_an_unknown_distance_is_a_portraits(
    fit: RigFit, head: LandmarkHead, unseen: np.ndarray
) -> None:
    features = features_of(head, unseen[:4])
    unknown = fit.values(features, np.array([np.nan, PORTRAIT_DISTANCE, np.nan, 2.6]))
    np.testing.assert_allclose(unknown[:3], fit.values(features)[:3], atol=1e-3)
    assert np.abs(unknown[3] - fit.values(features)[3]).max() > 0.05


def test_one_by_one_or_together(fit: RigFit, head: LandmarkHead, unseen: np.ndarray) -> None:
    features = features_of(head, unseen[:5])
    together = fit.values(features)
    np.testing.assert_array_equal(together, fit.values(features))
    alone = np.concatenate([fit.values(row[None]) for row in features])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert fit.values(features[:0]).shape == (0, len(head.sliders))


def test_collections_without_hand_placed_points_help_and_do_not_shift(
    faces: list[RealFace], head: LandmarkHead, told: np.ndarray, unseen: np.ndarray
) -> None:
    others = people(head, random_heads(head, told, 30, seed=2), by_hand=False, collection="press")
    both = RigFit.from_people([*faces, *others], head, told)
    np.testing.assert_allclose(
        both.average, RigFit.from_people(faces, head, told).average, atol=1e-6
    )
    assert found_agreement(both, both.values(features_of(head, unseen)), unseen) > 0.93


def test_without_hand_placed_points_nothing_is_corrected(
    faces: list[RealFace], head: LandmarkHead, told: np.ndarray, unseen: np.ndarray
) -> None:
    bare = [replace(face, hand_placed=NOTHING_BY_HAND) for face in faces]
    fit = RigFit.from_people(bare, head, told)
    features = features_of(head, unseen)
    found = head_proportions(head, fit.values(features))
    assert agreement(found, features[:, : len(PROPORTIONS)]).mean > 0.97


def test_a_saved_fit_is_loaded_with_the_same_values(
    fit: RigFit, head: LandmarkHead, unseen: np.ndarray, tmp_path: Path
) -> None:
    fit.save(tmp_path / "fit.npz")
    features = features_of(head, unseen[:3])
    loaded = RigFit.load(tmp_path / "fit.npz", head)
    np.testing.assert_array_equal(loaded.values(features), fit.values(features))
    with pytest.raises(RigError, match=r"head\.npz"):
        RigFit.load(tmp_path / "fit.npz")
    save_landmark_head(head, tmp_path / "head.npz")
    beside = RigFit.load(tmp_path / "fit.npz")
    np.testing.assert_allclose(beside.values(features), fit.values(features), atol=1e-3)
    assert {path.name for path in tmp_path.iterdir()} == {"fit.npz", "head.npz"}


def test_files_that_cannot_be_used_are_refused_by_name(
    fit: RigFit, head: LandmarkHead, told: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "fit.npz"
    with pytest.raises(RigError, match=r"fit\.npz .* expected"):
        RigFit.load(path, head)
    fit.save(path)
    whole = path.read_bytes()
    with pytest.raises(RigError, match="another rig"):
        RigFit.load(path, head.with_sliders(told))
    for damaged in (b"", whole[: len(whole) // 2], b"a fit"):
        path.write_bytes(damaged)
        with pytest.raises(RigError, match=r"fit\.npz .* expected"):
            RigFit.load(path, head)
    replace(fit, average=fit.average[:-1]).save(path)
    with pytest.raises(RigError, match="another version"):
        RigFit.load(path, head)
    replace(fit, average=np.full(len(RATIOS), np.nan)).save(path)
    with pytest.raises(RigError, match="no sense"):
        RigFit.load(path, head)


def test_wrong_calls_are_refused(fit: RigFit, head: LandmarkHead, told: np.ndarray) -> None:
    good = np.zeros((2, len(LANDMARK_FEATURES)))
    for features, distances in (
        (good[:, :-1], None),
        (np.full_like(good, np.nan), None),
        (good, np.ones(3)),
    ):
        with pytest.raises(ValueError, match="expected"):
            fit.values(features, distances)
    with pytest.raises(ValueError, match="expected"):
        RigFit.from_people([], head, told)
