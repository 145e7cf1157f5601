"""Presets are what their names say, survive files, and give models that need nothing of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.model_files import save_network
from regression.training.network_training import predict_values
from regression.training.presets import (
    LOSSES,
    PRESETS,
    SLIDER_WEIGHTS,
    Preset,
    PresetError,
    build_model,
    error_scales,
    find_preset,
    load_preset,
    save_preset,
    slider_effects,
)
from rig.landmark_head import LandmarkHead

ENCODING = 6  # of the 10 features
EFFECTS = np.array([1.0, 2.0, 0.5, 0.0, 3.0])


def planted(rows: int, seed: int = 0) -> Examples:
    """Ten features on different scales; five sliders that follow from them, on different scales."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(rows, 10))
    mixing = np.random.default_rng(99).normal(size=(10, 5)) / 10**0.5
    values = np.clip(0.5 + hidden @ mixing * [0.15, 0.1, 0.1, 0.05, 0.01], 0, 1)
    return Examples(
        (hidden * 10.0 ** np.arange(-4, 6) + 3).astype(np.float32),
        values.astype(np.float32),
        np.arange(rows).astype(str),
        np.ones(rows, np.float32),
    )


@pytest.fixture(scope="module")
def train() -> Examples:
    return planted(400)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_file_and_is_found_by_its_path(name: str, tmp_path: Path) -> None:
    save_preset(PRESETS[name], tmp_path / "mine.json")
    assert load_preset(tmp_path / "mine.json") == PRESETS[name] == find_preset(name)
    assert find_preset(str(tmp_path / "mine.json")) == PRESETS[name]


def test_a_preset_of_the_working_folder_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tuned = replace(PRESETS["dense"], name="tuned", units=(96,))
    save_preset(tuned, Path("presets") / "tuned.json")
    assert find_preset("tuned") == tuned


def test_what_is_no_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"no preset 'densest'\. One of mean, linear, .*Name"):
        find_preset("densest")
    path = tmp_path / "bad.json"
    for text in ("{", "[]", "{}", '{"name": "a", "description": "", "width": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PresetError, match=r"bad\.json cannot be read as a preset"):
            load_preset(path)


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "rmse"},
        {"units": (0,)},
        {"dropout": 1.0},
        {"batch_size": 0},
        {"epochs": 1.5},
        {"learning_rate": float("nan")},
        {"learning_rate": 0.0},
        {"momentum": -0.1},
        {"activation": "relu"},  # the shortcut network has gelu
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    (field,) = values
    with pytest.raises(PresetError, match=rf"'dense' has ({field}|shortcut)"):
        replace(PRESETS["dense"], **values)


@pytest.mark.parametrize("name", PRESETS)
def test_every_model_is_saved_without_anything_of_ours(
    name: str, train: Examples, tmp_path: Path
) -> None:
    import keras

    model = build_model(PRESETS[name], train, ENCODING)
    save_network(model, tmp_path, "encoding")
    loaded = keras.models.load_model(tmp_path / "encoding.keras", safe_mode=True)
    np.testing.assert_array_equal(
        predict_values(loaded, train.features), predict_values(model, train.features)
    )


def test_the_networks_are_those_of_the_descriptions() -> None:
    random = np.random.default_rng(0)
    rows = Examples(
        random.normal(size=(20, 128)).astype(np.float32),
        random.random((20, 50)).astype(np.float32),
        np.arange(20).astype(str),
        np.ones(20, np.float32),
    )
    widths = (128, 256, 512, 1024, 2048, 50)
    dense = sum(one * other + other for one, other in zip(widths, widths[1:], strict=False))
    study = build_model(PRESETS["study"], rows, 128)
    assert sum(int(np.prod(weight.shape)) for weight in study.trainable_weights) == dense
    settings = study.optimizer.get_config()
    assert type(study.optimizer).__name__ == "SGD"
    assert settings["nesterov"]
    assert (settings["clipnorm"], settings["global_clipnorm"]) == (None, None)
    assert study.loss == "mse"
    linear = build_model(PRESETS["linear"], rows, 128)
    assert [tuple(weight.shape) for weight in linear.trainable_weights] == [(128, 50), (50,)]
    assert PRESETS["study"].batch_size == 1
    assert PRESETS["study"].epochs == 200


def test_the_mean_is_the_training_rows_mean(train: Examples) -> None:
    values = predict_values(build_model(PRESETS["mean"], train, ENCODING), planted(30, 1).features)
    np.testing.assert_allclose(values, np.tile(train.sliders.mean(axis=0), (30, 1)), atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weights", SLIDER_WEIGHTS)
def test_every_loss_with_every_weight_learns(train: Examples, loss: str, weights: str) -> None:
    import keras

    keras.utils.set_random_seed(1)
    preset = replace(
        PRESETS["linear"], loss=loss, slider_weights=weights, batch_size=40, learning_rate=0.05
    )
    model = build_model(replace(preset, epochs=6), train, ENCODING, EFFECTS)
    model.fit(train.features, train.sliders, batch_size=40, epochs=6, verbose=0)
    test = planted(100, 1)
    errors = predict_values(model, test.features) - test.sliders
    assert (np.square(errors).mean(axis=0) < 0.2 * test.sliders.var(axis=0)).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_what_their_names_say(train: Examples, loss: str) -> None:
    """Of the mean's predictions, by numpy."""
    preset = replace(PRESETS["mean"], loss=loss, slider_weights="spread", batch_size=50)
    model = build_model(preset, train, ENCODING)
    measured = model.evaluate(train.features, train.sliders, batch_size=50, verbose=0)[0]
    units = (train.sliders - train.sliders.mean(axis=0)) / train.sliders.std(axis=0)
    sizes = np.abs(units)
    expected = {
        "mse": np.square(units).mean(),
        "mae": sizes.mean(),
        "mse+mae": (np.square(units) + sizes).mean(),
        "huber": np.where(sizes < 1, np.square(units) / 2, sizes - 0.5).mean(),
    }
    assert measured == pytest.approx(expected[loss], rel=0.02)  # a spread has a least size


def test_weights_by_the_surface_are_in_proportion_to_the_effect(train: Examples) -> None:
    scales = error_scales("surface", train.sliders, EFFECTS)
    np.testing.assert_allclose(scales[1] / scales[[0, 2, 4]], [2, 4, 2 / 3], rtol=1e-5)
    assert 0 < scales[3] < scales[2]
    with pytest.raises(PresetError, match="'surface'"):
        error_scales("surface", train.sliders, np.zeros(5))
    with pytest.raises(PresetError, match="'surface'"):
        build_model(replace(PRESETS["linear"], slider_weights="surface"), train, ENCODING)


def test_a_sliders_effect_is_the_way_its_points_go(head: LandmarkHead) -> None:
    effects = slider_effects(head)
    assert effects.shape == (len(head.sliders),)
    neutral = np.array([slider.neutral for slider in head.sliders])
    for number in (0, 20, 60):
        ways = 0.0
        for end in (head.sliders[number].minimum, head.sliders[number].maximum):
            values = neutral.copy()
            values[number] = end
            moved = head.landmarks(values) - head.landmarks(neutral)
            ways += float(np.sqrt(np.square(moved).sum(axis=1).mean()))
        assert effects[number] == pytest.approx(ways, rel=1e-4)


def test_a_preset_needs_a_name_and_a_description_only() -> None:
    assert Preset("plain", "Nothing special.").kind == "dense"
