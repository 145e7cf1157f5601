"""Planted drift comes back; conditions.csv is read by its conventions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.real_photos import RealFace
from regression.datasets.tables import TableError
from regression.measures.drift import Drift, drift_of, read_conditions

NAMES = [f"slider {number}" for number in range(10)]
DISTANCES = (30.0, 60.0, 240.0)


def face(path: Path, person: str) -> RealFace:
    features = np.zeros(3, np.float32)
    return RealFace(path, "studio", person, False, features, features, np.full(14, np.nan))


def series(people: int = 30) -> tuple[list[RealFace], dict[Path, float], np.ndarray]:
    """Each person at three distances; sliders vary by 1 between people and not within."""
    sliders = np.random.default_rng(0).normal(size=(people, len(NAMES)))
    faces, at, values = [], {}, []
    for number, own in enumerate(sliders / sliders.std(axis=0, ddof=1)):
        for distance in DISTANCES:
            path = Path(f"/photos/{number:02d}_{distance:g}.jpg")
            faces.append(face(path, str(number)))
            at[path] = distance
            values.append(own)
    return faces, at, np.array(values)


def by_value(found: list[Drift]) -> dict[float, Drift]:
    return {one.low: one for one in found}


def test_planted_drift_comes_back_in_units_of_the_spread_between_people() -> None:
    faces, at, values = series()
    near = np.array([at[one.photo] == 30 for one in faces])
    values[near] += 0.5
    values[near, 3] += 1.5
    found = by_value(drift_of(values, NAMES, faces, {"distance_centimetres": at}))
    assert sorted(found) == [30, 60]
    assert found[60].movement.value == 0
    assert found[30].movement.value == pytest.approx(np.sqrt((9 * 0.25 + 4) / 10))
    assert (found[30].most_moved, found[30].photos, found[30].people) == ("slider 3", 30, 30)
    assert found[30].most_moved_by == pytest.approx(2)
    assert {one.reference for one in found.values()} == {240}


def test_movement_that_differs_between_people_has_no_direction_but_an_interval() -> None:
    faces, at, values = series(200)
    near = np.array([at[one.photo] == 30 for one in faces])
    values[near] += 0.5 * np.random.default_rng(1).normal(size=(200, len(NAMES)))
    one = by_value(drift_of(values, NAMES, faces, {"distance": at}))[30]
    assert one.movement.value == pytest.approx(0.5, rel=0.1)
    assert one.movement.low < one.movement.value < one.movement.high
    assert abs(one.most_moved_by) < 0.2


def test_the_reference_is_the_farthest_photo_or_the_smallest_angle() -> None:
    faces, at, values = series()
    angles = {path: {30.0: -20.0, 60.0: 5.0, 240.0: 30.0}[value] for path, value in at.items()}
    found = drift_of(values, NAMES, faces, {"Distance_m": at, "yaw_degrees": angles})
    references = {(one.condition, one.low): one.reference for one in found}
    assert references == {
        ("Distance_m", 30): 240,
        ("Distance_m", 60): 240,
        ("yaw_degrees", -20): 5,
        ("yaw_degrees", 30): 5,
    }


def test_many_values_are_put_into_bins_that_hold_every_photo_once() -> None:
    faces, at, values = series(40)
    random = np.random.default_rng(0)
    angles = {path: 0.0 if at[path] == 240 else random.normal(0, 20) for path in at}
    found = drift_of(values, NAMES, faces, {"yaw_degrees": angles})
    assert len(found) == 5
    assert sum(one.photos for one in found) == 80
    assert all(one.low < one.high for one in found)
    assert all(one.high < other.low for one, other in zip(found, found[1:], strict=False))


def test_equal_values_stay_in_one_bin() -> None:
    faces, at, values = series(40)
    steps = {path: float(i % 12) // 2 * 7 if i % 3 else 0.0 for i, path in enumerate(at)}
    steps |= {path: 100 + i for i, path in enumerate(list(at)[:6])}
    found = drift_of(values, NAMES, faces, {"pitch": steps})
    assert all(one.high < other.low for one, other in zip(found, found[1:], strict=False))


def test_photos_without_a_value_a_prediction_or_a_reference_are_left_out() -> None:
    faces, at, values = series()
    del at[faces[0].photo]
    values[3] = np.nan
    lonely = face(Path("/photos/lonely_30.jpg"), "lonely")
    at[lonely.photo] = 30
    found = by_value(
        drift_of(np.vstack([values, values[:1]]), NAMES, [*faces, lonely], {"distance": at})
    )
    assert found[30].photos == 28
    assert found[60].photos == 30
    assert drift_of(values, NAMES, faces, {"distance": {}}) == []


def test_two_people_have_no_interval() -> None:
    faces, at, values = series(2)
    for one in drift_of(values, NAMES, faces, {"distance": at}):
        assert np.isnan([one.movement.low, one.movement.high]).all()


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a_1.jpg", "a_2.jpg"):
        (folder / name).touch()
    (folder / "conditions.csv").write_text(text, encoding="utf-8")


def test_conditions_are_read_from_the_folder_and_its_collections(tmp_path: Path) -> None:
    write(tmp_path / "one", "photo,distance_cm,camera\na_1.jpg,40,old\na_2.jpg,,new\n")
    write(tmp_path / "two", "\ufeffyaw,photo,distance_cm\n-1.5,a_1.jpg, 90 \n")
    write(tmp_path, "photo,yaw\none/a_2.jpg,3\n")
    expected = {
        "distance_cm": {tmp_path / "one/a_1.jpg": 40.0, tmp_path / "two/a_1.jpg": 90.0},
        "yaw": {tmp_path / "one/a_2.jpg": 3.0, tmp_path / "two/a_1.jpg": -1.5},
    }
    assert read_conditions(tmp_path) == expected
    assert read_conditions(tmp_path, ("one",)) == {"distance_cm": {tmp_path / "one/a_1.jpg": 40.0}}
    assert read_conditions(tmp_path / "nowhere") == {}


def test_photos_are_found_however_their_path_is_written(tmp_path: Path) -> None:
    write(tmp_path / "one", "photo,distance\na_1.jpg,40\n../one/a_2.jpg,90\n")
    faces = [face(tmp_path / "one" / ".." / "one" / f"a_{i}.jpg", "a") for i in (1, 2)]
    faces.append(face(tmp_path / "b_1.jpg", "b"))
    values = np.random.default_rng(0).normal(size=(3, len(NAMES)))
    (one,) = drift_of(values, NAMES, faces, read_conditions(tmp_path))
    assert (one.low, one.reference) == (40, 90)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,distance\na_1.jpg,4\n", "A column 'photo'"),
        ("", "columns none"),
        ("photo,distance\nb.jpg,4\n", "b.jpg, where there is no file"),
        ("photo,distance\n,4\n", "where there is no file"),
        ("photo,distance\na_1.jpg,4\na_2.jpg,1oo\n", "'1oo' in column 'distance'"),
        ("photo,distance\na_1.jpg,4\na_2.jpg,nan\n", "'nan' in column 'distance'"),
    ],
)
def test_a_file_that_breaks_the_conventions_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path / "one", text)
    with pytest.raises(TableError, match=re.escape(message)):
        read_conditions(tmp_path)
