"""A trained network is the same in Keras, in its files, and in LiteRT."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression.datasets.tables import Examples, examples_from_table, read_table
from regression.models.fingerprints import sign
from regression.models.linear import fit_linear, join_experts
from regression.models.model_files import (
    InferenceNetwork,
    ModelError,
    load_keras,
    load_model,
    read_card,
    save_network,
)
from regression.models.network import NetworkSettings
from regression.training.network_training import TrainingSettings, train_network
from rig.landmark_head import LandmarkHead
from rig.rig import RigError
from vision.features import encoding_width, feature_names

ROUTES = ("landmarks", "fused")


@pytest.fixture(scope="module")
def networks(head: LandmarkHead) -> dict[str, Any]:
    made = {}
    for route in ROUTES:
        random = np.random.default_rng(1)
        count, sliders = len(feature_names(route)), len(head.sliders)
        scale = random.uniform(0.01, 100, count)
        features = (random.normal(size=(300, count)) * scale + 3).astype(np.float32)
        mixing = random.normal(size=(count, sliders)) / count**0.5
        values = np.clip(0.5 + 0.3 * ((features - 3) / scale) @ mixing, 0, 1).astype(np.float32)
        rows = Examples(features, values, np.arange(300).astype(str), np.ones(300, np.float32))
        settings = TrainingSettings(epochs=3, batch_size=32)
        rendered = train_network(rows, NetworkSettings((24,)), settings, encoding_width(route))
        model = join_experts(fit_linear(rows, np.ones(count)), rendered)
        inputs = np.hstack([features, np.ones((300, 1), np.float32)])
        made[route] = (model, inputs, np.asarray(model(inputs, training=False)))
    return made


@pytest.fixture(scope="module")
def written(
    networks: dict[str, Any], models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A models folder with both routes, of which every third slider is told."""
    folder = tmp_path_factory.mktemp("models") / "new"
    for route, (model, _, _) in networks.items():
        save_network(model, folder, route)
    shutil.copyfile(models / "head.npz", folder / "head.npz")
    names = load_head_names(models)
    for route in ROUTES:
        card = {"route": route, "told_sliders": names[::3]}
        (folder / f"{route}.json").write_text(json.dumps(card))
    sign(folder)
    return folder


def load_head_names(models: Path) -> list[str]:
    with np.load(models / "head.npz") as file:
        return [slider["name"] for slider in json.loads(str(file["description"]))["sliders"]]


@pytest.fixture
def copied(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "models"))


@pytest.mark.parametrize("route", ROUTES)
def test_the_keras_file_is_the_network_normalisation_and_all(
    networks: dict[str, Any], written: Path, route: str
) -> None:
    """Loaded by plain Keras in its safe mode, which runs no code of ours."""
    import keras

    _, features, values = networks[route]
    assert values.std(axis=0).min() > 0
    loaded = keras.models.load_model(written / f"{route}.keras", safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(features, training=False)), values)


@pytest.mark.parametrize("route", ROUTES)
def test_litert_gives_what_keras_gives_for_any_number_of_faces(
    networks: dict[str, Any], written: Path, route: str
) -> None:
    _, features, values = networks[route]
    network = InferenceNetwork((written / f"{route}.tflite").read_bytes())
    assert network.shape == (features.shape[1], values.shape[1])
    for rows in (1, 7, 7, 300, 1, 0):
        predicted = network(features[:rows])
        assert predicted.shape == (rows, values.shape[1])
        np.testing.assert_allclose(predicted, values[:rows], atol=1e-4)


def test_an_answer_is_not_overwritten_by_the_next(networks: dict[str, Any], written: Path) -> None:
    _, features, _ = networks["landmarks"]
    network = InferenceNetwork((written / "landmarks.tflite").read_bytes())
    first = network(features[:2])
    before = first.copy()
    network(features[2:4])
    np.testing.assert_array_equal(first, before)


def test_only_whole_files_are_left(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == {
        "head.npz",
        *(f"{route}.{suffix}" for route in ROUTES for suffix in ("keras", "tflite", "json")),
    }


@pytest.mark.parametrize("route", ROUTES)
def test_a_loaded_model_predicts_told_sliders_and_leaves_the_others_neutral(
    networks: dict[str, Any], written: Path, route: str
) -> None:
    _, inputs, values = networks[route]
    features = inputs[:, :-1]
    model = load_model(written, route)
    assert model.route == model.card["route"] == route
    assert model.told.sum() == len(range(0, len(model.head.sliders), 3))
    predicted = model.predict(features)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(
        predicted[:, model.told], np.clip(values, 0, 1)[:, model.told], atol=1e-4
    )
    neutral = [slider.to_unit(slider.neutral) for slider in model.head.sliders]
    assert set(neutral) == {0.0, 0.5}
    np.testing.assert_array_equal(
        predicted[:, ~model.told], np.tile(neutral, (len(predicted), 1))[:, ~model.told]
    )
    far = model.predict(features * 1000)
    assert far.min() == 0
    assert far.max() == 1
    assert model.predict(features[:0]).shape == (0, len(neutral))


@pytest.mark.parametrize("shape", [(81,), (2, 80), (2, 128), (1, 2, 3)])
def test_features_of_another_route_are_refused(written: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="was expected for the route 'landmarks'"):
        load_model(written, "landmarks").predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize("name", ["head.npz", "fused.json", "fused.tflite"])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelError, match=f"has no file {name}. .* expected"):
        load_model(copied, "fused")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere has no file head.npz"):
        load_model(tmp_path / "nowhere", "fused")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fused.json", b""),
        ("fused.json", b"[]"),
        ("fused.json", b"{}"),
        ("fused.json", b'{"told_sliders": 3}'),
        ("fused.json", b"\xff\xfe"),
        ("fused.tflite", b""),
        ("fused.tflite", b"no network"),
    ],
)
def test_a_damaged_file_is_refused(copied: Path, name: str, content: bytes) -> None:
    (copied / name).write_bytes(content)
    if name == "fused.tflite":
        with pytest.raises(ModelError, match=r"fused\.tflite is not the file its model card names"):
            load_model(copied, "fused")
        sign(copied)
    with pytest.raises(ModelError, match="'fused' in .* cannot be read|does not name the SHA-256"):
        load_model(copied, "fused")


def load_keras_of(folder: Path, route: str) -> Any:
    return load_keras(folder, route, read_card(folder, route))


@pytest.mark.parametrize("name", ["head.npz", "fused.tflite", "fused.keras"])
def test_one_changed_bit_is_noticed(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    load = load_keras_of if name.endswith("keras") else load_model
    with pytest.raises(ModelError, match=f"{name} is not the file its model card names"):
        load(copied, "fused")


def test_every_shipped_file_is_the_one_its_card_names(models: Path, tmp_path: Path) -> None:
    there = Path(shutil.copytree(models, tmp_path / "models"))
    assert sign(there) == []


def test_a_network_of_another_route_is_refused(copied: Path) -> None:
    shutil.copyfile(copied / "landmarks.tflite", copied / "fused.tflite")
    sign(copied)
    with pytest.raises(ModelError, match=r"fused\.tflite takes"):
        load_model(copied, "fused")


def test_a_damaged_head_is_refused(copied: Path) -> None:
    (copied / "head.npz").write_bytes(b"PK")
    sign(copied)
    with pytest.raises(RigError, match=r"head\.npz"):
        load_model(copied, "fused")


def test_saving_again_replaces_the_network(networks: dict[str, Any], copied: Path) -> None:
    model, features, values = networks["landmarks"]
    (copied / "landmarks.tflite").write_bytes(b"old")
    save_network(model, copied, "landmarks")
    np.testing.assert_allclose(
        InferenceNetwork((copied / "landmarks.tflite").read_bytes())(features), values, atol=1e-4
    )
    assert not [path for path in copied.iterdir() if "partial" in path.name]


@pytest.mark.parametrize("route", ["encoding", "landmarks", "fused"])
def test_the_shipped_models_are_whole(models: Path, head: LandmarkHead, route: str) -> None:
    """Keras and LiteRT agree on faces that neither has learned from, and beat the average."""
    import keras

    table = read_table(models.parent / "data" / "test" / "faces.parquet")
    test = examples_from_table(table, route, head.slider_names)
    model = load_model(models, route)
    network = keras.models.load_model(models / f"{route}.keras", safe_mode=True)
    for rendered in (False, True):
        flag = np.full((len(test), 1), not rendered, np.float32)
        inputs = np.hstack([test.features, flag])
        outputs = np.asarray(network(inputs, training=False))
        if rendered:
            outputs = outputs[:, : len(model.told)]
        predicted = model.predict(test.features, rendered)
        expected = model.settler.finish(outputs)
        if rendered:
            expected = np.clip(outputs, 0, 1)
        np.testing.assert_allclose(predicted, expected, atol=1e-3)
    error = np.square(predicted - test.sliders).mean(axis=0)
    average = np.square(test.sliders - test.sliders.mean(axis=0)).mean(axis=0)
    # What a card says is told is told, on faces that had no part in saying so.
    assert (error < 0.8 * average)[model.rendered_told].all()
    assert model.rendered_told.sum() >= (30 if route == "fused" else 15)
