"""Planted faces: frames of a person, scattered about a mean, must give back what the mean gives."""

from __future__ import annotations

import numpy as np
import pytest

from regression.models.model_files import TrainedModel, load_model, shipped_models
from regression.prediction.face_accumulator import FaceAccumulator, UsedFrame
from vision.features import ENCODING_FEATURES, ROUTES

RATE = 25.0


@pytest.fixture(scope="module")
def models() -> dict[str, TrainedModel]:
    return {route: load_model(shipped_models(), route) for route in ROUTES}


@pytest.fixture(scope="module")
def person() -> np.ndarray:
    """(209,) a likely person's features: the mean that the fused model was fitted about."""
    from regression.models.moments_file import load_moments

    return load_moments(shipped_models(), "fused").features.astype(np.float32)


def frames(person, count: int, scatter: float = 0.0, weight: float = 1.0, looks: int = 1, seed=0):
    generator = np.random.default_rng(seed)
    landmarks = person[len(ENCODING_FEATURES) :]
    for number in range(count):
        noise = generator.normal(0, scatter, landmarks.shape) * np.abs(landmarks)
        seen = (landmarks + noise).astype(np.float32)
        yield UsedFrame(seen, weight, (number % looks, 0, 0, 0), number / RATE)


def accumulated(person, *arguments, **options) -> FaceAccumulator:
    accumulator = FaceAccumulator()
    for frame in frames(person, *arguments, **options):
        accumulator.add(frame)
        accumulator.add_encoding(person[: len(ENCODING_FEATURES)], frame.weight)
    return accumulator


@pytest.mark.parametrize("route", ROUTES)
def test_equal_frames_say_what_one_says(models, person, route: str) -> None:
    model = models[route]
    estimate = accumulated(person, 40).estimate(model)
    chosen = {
        "encoding": person[: len(ENCODING_FEATURES)],
        "landmarks": person[len(ENCODING_FEATURES) :],
        "fused": person,
    }[route]
    np.testing.assert_allclose(estimate.values, model.predict(chosen[None])[0], atol=1e-5)
    assert estimate.frames == estimate.encodings == 40


def test_a_route_waits_for_what_it_needs(models, person) -> None:
    accumulator = FaceAccumulator()
    assert all(accumulator.estimate(model) is None for model in models.values())
    accumulator.add(next(frames(person, 1)))
    assert accumulator.estimate(models["landmarks"]) is not None
    assert accumulator.estimate(models["fused"]) is None
    accumulator.add_encoding(person[: len(ENCODING_FEATURES)], 1.0)
    assert accumulator.estimate(models["fused"]) is not None


def test_noise_averages_out(models, person) -> None:
    model = models["landmarks"]
    truth = accumulated(person, 1).estimate(model).values
    errors = [
        np.mean(
            [
                np.abs(accumulated(person, count, 0.05, seed=seed).estimate(model).values - truth)
                for seed in range(6)
            ]
        )
        for count in (2, 32, 512)
    ]
    # A quarter each time, were it not for chance.
    assert errors[0] > 2.5 * errors[1] > 2.5 * 2.5 * errors[2]


def test_frames_of_little_weight_move_the_estimate_little(models, person) -> None:
    model = models["landmarks"]
    other = person + np.float32(0.1) * np.abs(person)
    heavy, light = accumulated(person, 20), accumulated(person, 20)
    for number, frame in enumerate(frames(other, 20)):
        seconds = 2 + number / RATE
        heavy.add(UsedFrame(frame.features, 1.0, frame.look, seconds))
        light.add(UsedFrame(frame.features, 0.05, frame.look, seconds))
    before = accumulated(person, 20).estimate(model).values
    moved = [np.abs(one.estimate(model).values - before).mean() for one in (heavy, light)]
    assert moved[1] < 0.2 * moved[0]


def widths(accumulator: FaceAccumulator, model: TrainedModel) -> np.ndarray:
    estimate = accumulator.estimate(model)
    return (estimate.upper - estimate.lower)[estimate.told]


@pytest.mark.parametrize("route", ROUTES)
def test_intervals_shrink_with_frames_and_with_looks(models, person, route: str) -> None:
    model = models[route]
    first, later = (widths(accumulated(person, count), model) for count in (1, 250))
    looked = widths(accumulated(person, 250, looks=9), model)
    assert (later <= first + 1e-6).all()
    assert later.mean() < 0.92 * first.mean()
    assert looked.mean() < later.mean()


def test_intervals_of_one_look_end_as_the_photo_route_s(models, person) -> None:
    model = models["fused"]
    estimate = accumulated(person, 3000).estimate(model)
    lower, upper = model.bounds(estimate.values[None])
    photo = (upper - lower)[0][model.told]
    live = (estimate.upper - estimate.lower)[model.told]
    np.testing.assert_allclose(live, photo, rtol=0.03)


def test_a_person_who_varies_more_is_less_certain(models, person) -> None:
    model = models["landmarks"]
    steady, restless = FaceAccumulator(), FaceAccumulator()
    for number in range(300):
        for accumulator, scatter in ((steady, 0.0), (restless, 0.3)):
            sway = np.float32(1 + scatter * np.sin(number / 20))
            features = person[len(ENCODING_FEATURES) :] * sway
            accumulator.add(UsedFrame(features, 1.0, (0, 0, 0, 0), number / RATE))
    assert widths(restless, model).mean() > 1.05 * widths(steady, model).mean()


def test_untold_sliders_stay_unknown(models, person) -> None:
    estimate = accumulated(person, 10).estimate(models["landmarks"])
    assert (estimate.lower[~estimate.told] == 0).all()
    assert (estimate.upper[~estimate.told] == 1).all()


def test_memory_does_not_grow(models, person) -> None:
    import tracemalloc

    accumulator = FaceAccumulator()
    sizes = []
    tracemalloc.start()
    for number in range(20_000):
        features = person[len(ENCODING_FEATURES) :]
        look = (number % 5000, 0, 0, 0)
        accumulator.add(UsedFrame(features, 1.0, look, number / RATE))
        accumulator.add_encoding(person[: len(ENCODING_FEATURES)], 1.0)
        if number % 5000 == 4999:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[-1] < sizes[0] + 100_000


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.5, float("nan")])
def test_weights_that_are_none_are_refused(person, weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        FaceAccumulator().add(UsedFrame(person[128:], weight, (0, 0, 0, 0), 0.0))


def test_time_that_jumps_back_is_no_harm(models, person) -> None:
    accumulator = FaceAccumulator()
    for seconds in (5.0, 5.1, 0.0, 0.1, 0.1):
        accumulator.add(UsedFrame(person[128:], 1.0, (0, 0, 0, 0), seconds))
    assert np.isfinite(accumulator.estimate(models["landmarks"]).lower).all()
