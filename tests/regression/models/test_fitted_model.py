"""The shipped rig fit loads, predicts within its ranges, and refuses damaged files by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from regression.models.fingerprints import sign
from regression.models.fitted_model import FittedModel, load_fit
from regression.models.model_files import ModelError
from vision.features import LANDMARK_FEATURES, landmark_features
from vision.pose import canonical_face, normalise


@pytest.fixture(scope="module")
def model(models: Path) -> FittedModel:
    return load_fit(models)


@pytest.fixture
def copied(models: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("head.npz", "fit.npz", "fit.json"):
        shutil.copyfile(models / name, folder / name)
    return folder


def test_values_lie_in_their_intervals(model: FittedModel) -> None:
    face = landmark_features(normalise(400 * canonical_face()))
    noise = np.random.default_rng(0).normal(1, 0.03, (4, len(LANDMARK_FEATURES)))
    values = model.predict((face * noise).astype(np.float32))
    lower, upper = model.bounds(values)
    assert ((lower <= values) & (values <= upper)).all()
    assert (values.std(axis=0)[model.told] > 0).mean() > 0.9
    neutral = np.array([slider.to_unit(slider.neutral) for slider in model.head.sliders])
    np.testing.assert_array_equal(values[:, ~model.told], np.tile(neutral, (4, 1))[:, ~model.told])
    np.testing.assert_array_equal((upper - lower)[:, ~model.told], 1)


def test_a_nearer_camera_means_another_head(model: FittedModel) -> None:
    face = landmark_features(normalise(400 * canonical_face()))[None]
    far, near, unknown = (
        model.predict(face, distances=np.array([distance])) for distance in (13.0, 3.0, np.nan)
    )
    np.testing.assert_array_equal(far, unknown)
    assert np.abs(near - far).max() > 0.02


def test_rendered_heads_are_refused(model: FittedModel) -> None:
    with pytest.raises(ModelError, match="made for photographs"):
        model.predict(np.zeros((1, len(LANDMARK_FEATURES))), rendered=True)


@pytest.mark.parametrize("name", ["head.npz", "fit.npz", "fit.json"])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelError, match=f"has no file {name}"):
        load_fit(copied)


@pytest.mark.parametrize("name", ["fit.npz", "fit.json"])
@pytest.mark.parametrize("content", [b"", b"nothing", b"[]"])
def test_a_damaged_file_is_refused(copied: Path, name: str, content: bytes) -> None:
    (copied / name).write_bytes(content)
    if name != "fit.json":
        with pytest.raises(ModelError, match=r"fit\.npz is not the file its model card names"):
            load_fit(copied)
        sign(copied)
    with pytest.raises(ModelError, match="cannot be read"):
        load_fit(copied)


def test_a_card_without_fingerprints_is_refused_until_it_has_them(copied: Path) -> None:
    path = copied / "fit.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    del card["files"]
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="does not name the SHA-256 of head.npz"):
        load_fit(copied)
    assert sign(copied) == [path]
    load_fit(copied)
    assert sign(copied) == []
