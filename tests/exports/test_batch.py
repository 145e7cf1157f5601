"""What was predicted is on disk, whatever comes after."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from exports.batch import predict_into
from regression import Predictor
from regression.datasets.samples import shipped_samples
from vision.photos import find_photos


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(model="landmarks", rendered=True)


def test_people_of_a_folder_come_with_the_faces(predictor: Predictor, tmp_path: Path) -> None:
    photos = find_photos([shipped_samples()])[:3]
    results = predict_into(tmp_path, predictor, photos, overlay=False, group="folder")
    assert len(results.predictions) == 3
    assert [len(person.members) for person in results.people] == [3]
    assert pandas.read_csv(tmp_path / "predictions.csv")["person"].nunique() == 1
    assert pandas.read_csv(tmp_path / "people.csv")["photo_count"].tolist() == [3]
    assert predict_into(tmp_path, predictor, photos, overlay=False).people == ()
    assert "person" not in pandas.read_csv(tmp_path / "predictions.csv").columns


def test_a_grouping_that_fails_leaves_the_predictions(predictor: Predictor, tmp_path: Path) -> None:
    photos = find_photos([shipped_samples()])[:2]
    with pytest.raises(ValueError, match="with_encodings"):
        predict_into(tmp_path, predictor, photos, overlay=False, group="person")
    assert len(pandas.read_csv(tmp_path / "predictions.csv")) == 2
