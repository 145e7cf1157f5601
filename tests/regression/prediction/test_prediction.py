from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.prediction.prediction import Failure, PhotoPredictions
from tests.regression.predictions import make_prediction


@pytest.mark.parametrize("field", ["values", "lower", "upper", "told"])
def test_one_entry_per_slider_is_expected(field):
    prediction = make_prediction("a.jpg")
    with pytest.raises(ValueError, match=f"has {field} of shape"):
        replace(prediction, **{field: getattr(prediction, field)[:-1]})


def test_a_value_outside_its_interval_is_refused():
    prediction = make_prediction("a.jpg")
    replace(prediction, lower=prediction.values, upper=prediction.values)
    for changes in (
        {"lower": prediction.values + np.float32(1e-6)},
        {"upper": prediction.values - np.float32(1e-6)},
        {"lower": np.full_like(prediction.values, np.nan)},
        {"values": np.full_like(prediction.values, np.nan)},
    ):
        with pytest.raises(ValueError, match="outside their intervals"):
            replace(prediction, **changes)


def test_an_encoding_has_128_numbers_and_is_not_printed():
    prediction = make_prediction("a.jpg", encoding=np.full(128, 0.123, np.float32))
    assert "0.123" not in repr(prediction)
    with pytest.raises(ValueError, match="encoding of shape"):
        replace(prediction, encoding=np.zeros(127, np.float32))


def test_a_photo_gives_faces_or_says_why_not():
    path = Path("a.jpg")
    face, failure = make_prediction("a.jpg"), Failure(path, "No face was found.")
    PhotoPredictions(path, None, (face,), None)
    PhotoPredictions(path, None, (), failure)
    for faces, why in (((face,), failure), ((), None)):
        with pytest.raises(ValueError, match="Faces or a failure"):
            PhotoPredictions(path, None, faces, why)
