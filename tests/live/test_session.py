"""People before a camera: photos that move, in turn, through all that a live session does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from live.session import LiveSession, load_routes
from live.state import LiveState
from live.video.frames import Frame
from regression import Predictor
from regression.models.model_files import ModelError, TrainedModel, shipped_models
from regression.prediction.prediction import Prediction
from tests.conftest import SAMPLES
from tests.live.videos import moving_photo
from vision.encodings import FaceEncoder
from vision.features import ROUTES
from vision.photos import read_photo

RATE = 25.0
SECONDS = 5.0


@pytest.fixture(scope="module")
def models() -> dict[str, TrainedModel]:
    return load_routes(shipped_models())


@pytest.fixture(scope="module")
def two_people(portrait_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Two real photos; without ../shared a real one and a rendered head."""
    others = request.getfixturevalue("portrait_paths")[1:2]
    return [portrait_path, *others]


def frames_of(pictures: Iterable[np.ndarray]) -> Iterator[Frame]:
    for number, pixels in enumerate(pictures, start=1):
        yield Frame(pixels, number, (number - 1) / RATE, 0.0)


def in_turn(paths: Sequence[Path], seconds: float = SECONDS) -> Iterator[Frame]:
    return frames_of(
        picture
        for seed, path in enumerate(paths)
        for picture in moving_photo(read_photo(path).pixels, round(seconds * RATE), seed=seed)
    )


def watch(
    models: dict[str, TrainedModel], encoder: FaceEncoder | None, frames: Iterable[Frame], **options
) -> tuple[list[LiveState], list[LiveState]]:
    """All states, and the portraits of everybody at the end."""
    with LiveSession(models, encoder, **{"encode_every": 5, **options}) as session:
        states = [session.step(frame) for frame in frames]
        portraits = session.take_departed()
        last = session.portrait()
    return states, portraits + ([last] if last else [])


def by_person(states: list[LiveState]) -> dict[int, list[LiveState]]:
    people: dict[int, list[LiveState]] = {}
    for state in states:
        if state.estimate is not None:
            people.setdefault(state.person, []).append(state)
    return people


@pytest.mark.parametrize("route", ROUTES)
def test_two_people_in_turn(models, encoder, two_people, route: str) -> None:
    """Converges, restarts at the second person, and ends where the photo route says."""
    states, portraits = watch(models, encoder, in_turn(two_people), model=route)
    people = by_person(states)
    assert list(people) == [1, 2]
    # The second sat down in the middle; three encodings, every fifth frame, tell.
    switched = next(number for number, state in enumerate(states) if state.person == 2)
    assert SECONDS * RATE < switched < SECONDS * RATE + 20
    photographed = [first_face(route, path) for path in two_people]
    for seen, photo in zip(people.values(), photographed, strict=True):
        values = np.array([state.estimate.values for state in seen])[:, photo.told]
        quarter = len(values) // 4
        spread = [np.ptp(part, axis=0).mean() for part in (values[:quarter], values[-quarter:])]
        assert spread[1] < spread[0] / 3
        inside = (photo.lower[photo.told] <= values[-1]) & (values[-1] <= photo.upper[photo.told])
        assert inside.all()
        begin, end = (
            (state.estimate.upper - state.estimate.lower)[photo.told].mean()
            for state in (seen[0], seen[-1])
        )
        assert end < 0.95 * begin
    assert [portrait.person for portrait in portraits] == [1, 2]


def first_face(route: str, path: Path) -> Prediction:
    prediction = next(iter(Predictor(model=route).predict([path])))
    assert isinstance(prediction, Prediction)
    return prediction


def test_a_person_s_portrait_is_their_own_best_frame(models, encoder, two_people) -> None:
    states, portraits = watch(models, encoder, in_turn(two_people, 3.0))
    middle = 3.0 * RATE
    assert portraits[0].frame.number <= middle < portraits[1].frame.number
    for portrait in portraits:
        own = [state.weight for state in states if state.person == portrait.person]
        assert portrait.weight == pytest.approx(max(own), abs=0.05)
    # No frame of the second is in what the first's frames say.
    assert portraits[0].estimate.frames <= middle


def test_the_same_video_gives_the_same_twice(models, encoder, two_people) -> None:
    runs = [watch(models, encoder, in_turn(two_people, 1.5))[0][-1].estimate for _ in range(2)]
    np.testing.assert_array_equal(runs[0].values, runs[1].values)
    np.testing.assert_array_equal(runs[0].lower, runs[1].lower)


def test_a_thread_encodes_as_well(models, encoder, two_people) -> None:
    states, _ = watch(models, encoder, in_turn(two_people[:1], 3.0), encode_every=None)
    estimate = states[-1].estimate
    assert estimate.model == "fused"
    assert estimate.encodings >= 3
    assert {state.person for state in states} == {1}


def test_the_routes_stand_side_by_side(models, encoder, two_people) -> None:
    with LiveSession(models, encoder, encode_every=5) as session:
        session.compare = True
        for frame in in_turn(two_people[:1], 1.0):
            state = session.step(frame)
    assert set(state.estimates) == {"fused", "encoding", "landmarks"}
    assert not np.allclose(state.estimates["encoding"].values, state.estimates["landmarks"].values)


def test_switching_the_model_keeps_what_was_seen(models, encoder, two_people) -> None:
    with LiveSession(models, encoder, "landmarks", encode_every=5) as session:
        seen = []
        for frame in in_turn(two_people[:1], 1.6):
            state = session.step(frame)
            if frame.number % 10 == 0:
                seen.append((state.model, state.estimate.frames))
                session.next_model()
    assert [model for model, _ in seen] == ["landmarks", "fused", "encoding", "landmarks"]
    counts = [frames for _, frames in seen]
    assert counts == sorted(counts)
    assert counts[-1] > 30


def test_a_key_begins_anew_with_the_same_person(models, encoder, two_people) -> None:
    with LiveSession(models, encoder, encode_every=5) as session:
        for frame in in_turn(two_people[:1], 1.0):
            before = session.step(frame)
        session.restart()
        session.restart()  # nothing was seen since
        for frame in frames_of(moving_photo(read_photo(two_people[0]).pixels, 10)):
            after = session.step(
                Frame(frame.pixels, before.frame.number + frame.number, 2 + frame.seconds, 0.0)
            )
    assert (before.person, after.person) == (1, 2)
    assert after.estimate.frames <= 10 < before.estimate.frames


def test_a_face_that_comes_and_goes_is_one_person(models, encoder, two_people) -> None:
    empty = np.full((480, 640, 3), 120, np.uint8)
    seen = list(moving_photo(read_photo(two_people[0]).pixels, 45))
    states, _ = watch(
        models, encoder, frames_of([empty] * 5 + seen[:20] + [empty] * 20 + seen[20:])
    )
    assert states[0].person == 0
    assert states[0].face is None
    assert states[30].face is None
    assert states[30].estimate is not None  # what was seen before is not forgotten
    assert states[30].values is None
    assert states[-1].person == 1
    assert states[-1].estimate.frames > 25


def test_without_an_encoder_landmarks_go_on(models, two_people) -> None:
    states, portraits = watch(models, None, in_turn(two_people, 1.0), model="landmarks")
    assert states[-1].estimate.frames > 40
    assert len(portraits) == 1


def test_frame_values_jump_less_than_unsmoothed_ones(models, encoder, two_people) -> None:
    noisy = moving_photo(read_photo(two_people[0]).pixels, 60, noise=6.0)
    states, _ = watch(models, encoder, frames_of(noisy), model="landmarks")
    smoothed = np.array([state.values for state in states if state.values is not None])
    model = models["landmarks"]
    from vision.features import landmark_features
    from vision.pose import normalise

    features = [landmark_features(normalise(s.face.landmarks)) for s in states if s.face]
    own = model.predict(np.array(features, np.float32))
    jumps = [np.abs(np.diff(one[:, model.told], axis=0)).mean() for one in (smoothed, own)]
    assert jumps[0] < 0.8 * jumps[1]
    assert np.abs(smoothed - own)[:, model.told].mean() < 0.02


def test_a_second_face_is_followed_when_it_is_picked(models, encoder) -> None:
    from tests.live.states import sample_pixels

    pixels = sample_pixels(1, 2)
    with LiveSession(models, encoder, encode_every=5, rendered=True) as session:
        before = [session.step(frame) for frame in frames_of([pixels] * 8)][-1]
        assert len(before.faces) == 2
        other = 1 - before.chosen
        assert session.pick(other)
        assert not session.pick(2)
        after = [session.step(Frame(pixels, 9 + n, 1 + n / RATE, 0.0)) for n in range(8)][-1]
    assert (before.person, after.person) == (1, 2)
    middles = [(state.face.box[0] + state.face.box[2]) / 2 for state in (before, after)]
    assert abs(middles[0] - middles[1]) > 150


def test_rendered_heads_come_out_as_their_pictures_do(models, encoder) -> None:
    path = SAMPLES / "head_3.png"
    states, _ = watch(models, encoder, in_turn([path], 1.0), rendered=True)
    photo = next(iter(Predictor(rendered=True).predict([path])))
    estimate = states[-1].estimate
    inside = (photo.lower <= estimate.values) & (estimate.values <= photo.upper)
    assert inside[photo.told].mean() > 0.95


def test_models_that_are_not_there_are_named(models, encoder, tmp_path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_routes(tmp_path)
    with pytest.raises(ModelError, match="'fit'"):
        LiveSession(models, encoder, "fit")
    with pytest.raises(ModelError, match="face_landmarker"):
        load_routes(shipped_models() / "face_landmarker")
