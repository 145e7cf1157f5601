"""The pictures are there, can be opened, and show what was measured."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression.evaluation.evaluate import MEASURED, Evaluation
from regression.evaluation.plots import write_plots
from tests.regression.evaluated import planted_evaluation

# Orange and blue of the models that are drawn (regression.evaluation.plots).
FUSED, LANDMARKS = (213, 94, 0), (0, 114, 178)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return planted_evaluation()


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def places(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Columns of the pixels of a colour."""
    return np.nonzero((np.abs(picture.astype(int) - colour) < 12).all(axis=2))[1]


def test_all_pictures_are_written_and_the_same_again(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    written = write_plots(evaluation, tmp_path / "one")
    assert [path.name for path in written] == [
        "agreement.png",
        "slopes.png",
        "scatter.png",
        "drift.png",
    ]
    assert sorted((tmp_path / "one").iterdir()) == sorted(written)
    again = write_plots(evaluation, tmp_path / "two")
    for path, other in zip(written, again, strict=True):
        assert min(pixels(path).shape[:2]) > 300
        assert path.read_bytes() == other.read_bytes()


def test_a_smaller_slope_is_drawn_further_to_the_left(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    write_plots(evaluation, tmp_path)
    slopes = pixels(tmp_path / "slopes.png")
    left = slopes[: int(0.9 * len(slopes)), : slopes.shape[1] // 2]  # no legend, the first panel
    assert places(left, LANDMARKS).mean() < places(left, FUSED).mean() - 50


def test_pictures_of_one_kind_of_photo_and_without_drift(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    neutral = dataclasses.replace(
        evaluation,
        agreements={m: {"neutral": r["neutral"]} for m, r in evaluation.agreements.items()},
        proportions={
            m: np.where([[face.expressive] for face in evaluation.faces], np.nan, rows)
            for m, rows in evaluation.proportions.items()
        },
        drift={},
    )
    names = {path.name for path in write_plots(neutral, tmp_path)}
    assert names == {"agreement.png", "slopes.png", "scatter.png"}
    with_both = pixels(write_plots(evaluation, tmp_path / "both")[0])
    assert pixels(tmp_path / "agreement.png").shape[1] < with_both.shape[1]


def test_baselines_alone_can_be_drawn(evaluation: Evaluation, tmp_path: Path) -> None:
    alone = dataclasses.replace(
        evaluation,
        models=(MEASURED,),
        agreements={MEASURED: evaluation.agreements[MEASURED]},
        proportions={MEASURED: evaluation.proportions[MEASURED]},
        drift={},
    )
    for path in write_plots(alone, tmp_path):
        assert len(np.unique(pixels(path))) > 10
