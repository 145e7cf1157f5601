from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rig.rig import Rig, RigError, Slider


def small_rig(slider_count: int = 3, vertex_count: int = 5) -> Rig:
    random = np.random.default_rng(0)
    return Rig(
        name="small",
        licence="CC0-1.0",
        sliders=tuple(Slider(f"group/slider-{number}", -1, 1) for number in range(slider_count)),
        neutral=random.normal(size=(vertex_count, 3)),
        triangles=np.array([[0, 1, 2], [2, 3, 4]]),
        negative=random.normal(size=(slider_count, vertex_count, 3)),
        positive=random.normal(size=(slider_count, vertex_count, 3)),
        parts=np.array([0, 1]),
    )


@pytest.mark.parametrize(("minimum", "maximum"), [(-1.0, 1.0), (0.0, 1.0), (-3.0, 0.5)])
def test_unit_values_cover_the_range_and_come_back(minimum: float, maximum: float) -> None:
    slider = Slider("nose/width", minimum, maximum)
    assert slider.from_unit(0) == minimum
    assert slider.from_unit(1) == maximum
    values = np.linspace(minimum, maximum, 7)
    np.testing.assert_allclose(slider.from_unit(slider.to_unit(values)), values, atol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"minimum": 1.0, "maximum": 1.0},
        {"minimum": 2.0, "maximum": 1.0},
        {"neutral": 5.0},
        {"minimum": float("nan")},
        {"name": ""},
        {"name": "two words"},
    ],
)
def test_a_slider_without_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RigError):
        Slider(**({"name": "a/b", "minimum": -1.0, "maximum": 1.0} | wrong))  # type: ignore[arg-type]


def test_a_slider_writes_at_least_itself() -> None:
    assert Slider("a/b", 0, 1).modifiers == ("a/b",)


def test_neutral_values_give_the_neutral_mesh(rig: Rig) -> None:
    np.testing.assert_array_equal(rig.vertices(np.zeros(len(rig.sliders))), rig.neutral)


def test_vertices_are_linear_for_each_sign(rig: Rig) -> None:
    random = np.random.default_rng(1)
    signs = random.choice([-1, 1], len(rig.sliders))
    first, second = random.uniform(0, 1, (2, len(rig.sliders))) * signs

    def offsets(values: np.ndarray) -> np.ndarray:
        return rig.vertices(values).astype(float) - rig.neutral

    np.testing.assert_allclose(offsets(first * 0.3), offsets(first) * 0.3, atol=1e-5)
    np.testing.assert_allclose(offsets(first + second), offsets(first) + offsets(second), atol=1e-5)


def test_each_slider_adds_the_offsets_of_its_sign(rig: Rig) -> None:
    for index in range(len(rig.sliders)):
        for value, offsets in ((1.0, rig.positive[index]), (-1.0, rig.negative[index])):
            values = np.zeros(len(rig.sliders))
            values[index] = value
            np.testing.assert_allclose(
                rig.vertices(values), rig.neutral + offsets, rtol=0, atol=1e-6
            )


def test_many_heads_at_once_equal_one_at_a_time(rig: Rig) -> None:
    values = np.random.default_rng(2).uniform(-1, 1, (4, len(rig.sliders)))
    together = rig.vertices(values)
    assert together.shape == (4, *rig.neutral.shape)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, np.stack([rig.vertices(row) for row in values]), atol=1e-5)


@pytest.mark.parametrize("shape", [(2,), (4,), (2, 4), (1, 1, 3), ()])
def test_values_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RigError, match="shape"):
        small_rig().vertices(np.zeros(shape))


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(RigError, match="not finite"):
        small_rig().vertices([0, np.nan, 0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"neutral": np.zeros((5, 2))},
        {"neutral": np.full((5, 3), np.inf)},
        {"positive": np.zeros((3, 4, 3))},
        {"negative": np.zeros((2, 5, 3))},
        {"triangles": np.array([[0, 1, 5], [0, 1, 2]])},
        {"triangles": np.array([[0, 1, -1], [0, 1, 2]])},
        {"parts": np.array([0, 1, 0])},
        {"parts": np.array([0, 2])},
        {"sliders": (Slider("a/a", 0, 1), Slider("a/b", 0, 1), Slider("a/a", 0, 1))},
        {"source_vertices": np.arange(4)},
        {"regions": {"lips": np.zeros(4)}},
        {"regions": {"lips": np.full(5, 1.5)}},
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RigError, match="small"):
        replace(small_rig(), **wrong)  # type: ignore[arg-type]


def test_a_rig_cannot_be_changed_by_accident() -> None:
    rig = small_rig()
    with pytest.raises(ValueError, match="read-only"):
        rig.neutral[0, 0] = 1
