"""The whole way from tables to a models folder, on few faces and for one epoch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from regression import Predictor
from regression.datasets.tables import TableError, read_table, write_table
from regression.models.model_files import load_model
from regression.prediction.prediction import Prediction
from regression.training.model_making import MakingPlan, make_models


@pytest.fixture(scope="module")
def data(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundredth of the shipped tables."""
    folder = tmp_path_factory.mktemp("data")
    for name, rows in (("train", 600), ("test", 100)):
        table = read_table(models.parent / "data" / name / "faces.parquet")
        write_table(table.head(rows), folder / name / "faces.parquet")
    return folder


def plan(data: Path, out: Path, photos: Path | None = None) -> MakingPlan:
    return MakingPlan(
        out=out,
        routes=("landmarks",),
        data=data,
        photos=photos,
        collections=(),
        task_file=None,
        head=None,
        folds=5,
        epochs=3,
    )


def test_a_models_folder_is_made_that_predicts(
    data: Path, tmp_path: Path, portrait_path: Path
) -> None:
    lines = list(make_models(plan(data, tmp_path / "models")))
    assert any("sliders can be told" in line for line in lines)
    card = json.loads((tmp_path / "models" / "landmarks.json").read_text(encoding="utf-8"))
    assert card["data"] == {"rendered_faces": 600, "real_photos": []}
    assert card["held_out_renders"]["faces"] == 100
    assert card["agreement_on_unseen_people"] == {}
    text = (tmp_path / "models" / "landmarks.md").read_text(encoding="utf-8")
    assert "# Model card: landmarks" in text
    (face,) = Predictor(tmp_path / "models", "landmarks").predict([portrait_path])
    assert isinstance(face, Prediction)
    assert list(face.told) == [name in card["told_sliders"] for name in face.slider_names]


def test_the_same_plan_gives_the_same_model(data: Path, tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        list(make_models(plan(data, tmp_path / name)))
        made.append(load_model(tmp_path / name, "landmarks"))
    features = np.random.default_rng(0).normal(size=(5, 81)).astype(np.float32)
    np.testing.assert_array_equal(made[0].predict(features), made[1].predict(features))
    # Keras writes the time into its file, so that it is never twice the same.
    one, other = ({k: v for k, v in model.card.items() if k != "files"} for model in made)
    assert one == other


def test_missing_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"train/faces\.parquet holds no table"):
        list(make_models(plan(tmp_path / "nothing", tmp_path / "models")))
