from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.evaluation.comparison import compare
from regression.prediction.prediction import Prediction
from rig.rig import Slider

SLIDERS = (Slider("a/two-sided", -1, 1), Slider("b/one-sided", 0, 1), Slider("c/untold", -1, 1))
NEUTRAL = np.array([0.5, 0.0, 0.5])
TRUE = {
    "one.png": np.array([0.9, 0.2, 0.1], np.float32),
    "two.png": np.array([0.4, 0.7, 0.9], np.float32),
}


def predict(photo: str, values: np.ndarray, face_number: int = 1) -> Prediction:
    return Prediction(
        photo=Path("somewhere") / photo,
        face_number=face_number,
        box=(0, 0, 1, 1),
        face_size_pixels=1,
        face_size_millimetres=1,
        yaw=0,
        pitch=0,
        roll=0,
        quality=(),
        model="fused",
        rig="rig",
        slider_names=tuple(slider.name for slider in SLIDERS),
        values=np.asarray(values, np.float32),
        lower=np.full(len(SLIDERS), -1, np.float32),
        upper=np.full(len(SLIDERS), 2, np.float32),
        told=np.array([True, True, False]),
        landmarks=np.zeros((478, 3), np.float32),
    )


def test_perfect_predictions_have_no_error_and_correlate_fully():
    comparison = compare([predict(*item) for item in TRUE.items()], TRUE, SLIDERS)
    assert comparison.heads == ("one.png", "two.png")
    assert comparison.slider_names == ("a/two-sided", "b/one-sided")
    assert comparison.error == pytest.approx(0, abs=1e-7)
    assert comparison.correlation == pytest.approx(1)
    assert comparison.error_of_average == pytest.approx((0.4 + 0.2 + 0.1 + 0.7) / 4)


def test_the_average_face_has_the_error_of_the_average_and_no_correlation():
    comparison = compare([predict(name, NEUTRAL) for name in TRUE], TRUE, SLIDERS)
    assert comparison.error == pytest.approx(comparison.error_of_average)
    assert np.isnan(comparison.correlation)


def test_correlation_is_of_the_differences_from_neutral():
    # Halfway between neutral and the truth, or mirrored about neutral.
    halfway = [predict(name, (NEUTRAL + values) / 2) for name, values in TRUE.items()]
    mirrored = [predict(name, 2 * NEUTRAL - values) for name, values in TRUE.items()]
    assert compare(halfway, TRUE, SLIDERS).correlation == pytest.approx(1)
    assert compare(mirrored, TRUE, SLIDERS).correlation == pytest.approx(-1)


def test_the_most_extreme_sliders_come_first_and_untold_ones_never():
    comparison = compare([predict(*item) for item in TRUE.items()], TRUE, SLIDERS)
    names = [[slider.name for slider in comparison.most_extreme(head, 5)] for head in (0, 1)]
    assert names == [["a/two-sided", "b/one-sided"], ["b/one-sided", "a/two-sided"]]
    assert comparison.most_extreme(1, 1)[0].true == pytest.approx(0.7)


def test_only_largest_faces_of_known_photos_count():
    known = predict("one.png", TRUE["one.png"])
    others = [predict("one.png", NEUTRAL, face_number=2), predict("stranger.png", NEUTRAL)]
    comparison = compare([known, *others], TRUE, SLIDERS)
    assert comparison.heads == ("one.png",)
    with pytest.raises(ValueError, match="None of 1 predictions"):
        compare([replace(known, photo=Path("stranger.png"))], TRUE, SLIDERS)
