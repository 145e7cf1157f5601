from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from regression.evaluation import AVERAGE, MEASURED, evaluate, figures_table, write_figures
from regression.real_photos import RealFace
from regression.tables import TableError
from rig.landmark_head import LandmarkHead
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import PROPORTION_NAMES, RATIOS, measure


@pytest.fixture(scope="module")
def faces(head: LandmarkHead) -> list[RealFace]:
    """30 people whose landmarks are a head's, seen with noise; half of the photos smile."""
    random = np.random.default_rng(2)
    made = []
    for number in range(30):
        values = np.clip(random.normal(0, 0.3, len(head.sliders)), -1, 1)
        ratios = measure(head.landmarks(values))
        for expressive in (False, True):
            features = np.zeros(len(ENCODING_FEATURES) + len(LANDMARK_FEATURES), np.float32)
            features[:128] = random.normal(size=128)
            features[128 : 128 + len(RATIOS)] = ratios + random.normal(0, 2e-3, len(RATIOS))
            by_hand = np.full(14, np.nan) if expressive else ratios[:14]
            photo = Path(f"studio/{number:03d}_{expressive}.jpg")
            made.append(
                RealFace(photo, "studio", str(number), expressive, features, features, by_hand)
            )
    return made


def test_landmarks_agree_the_average_face_does_not(
    faces: list[RealFace], models: Path, tmp_path: Path
) -> None:
    figures = evaluate(faces, models, ("landmarks", "encoding"), folds=3)
    assert list(figures) == [AVERAGE, MEASURED, "landmarks", "encoding"]
    for kind in ("neutral", "smiling"):
        assert figures[AVERAGE][kind].mean == 0
        assert figures[MEASURED][kind].mean > 0.9
        assert figures["landmarks"][kind].mean > 0.5
        # These encodings are noise: a person on both sides of a split would make them agree.
        assert abs(figures["encoding"][kind].mean) < 0.3
        assert {row[kind].people for row in figures.values()} == {30}

    table = figures_table(figures)
    assert f"| landmarks | {figures['landmarks']['neutral'].mean:.3f} |" in table
    markdown, numbers = write_figures(figures, tmp_path)
    assert markdown.read_text(encoding="utf-8").strip() == table
    with numbers.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 2 * (len(PROPORTION_NAMES) + 1)
    assert {path.name for path in tmp_path.iterdir()} == {"agreement.md", "agreement.csv"}


def test_too_few_people_are_refused(faces: list[RealFace], models: Path) -> None:
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces[:6], models, ("landmarks",), folds=2)
    with pytest.raises(TableError, match="people with hand-placed points"):
        evaluate(faces, models, ("landmarks",), folds=5, leave_out_collections=True)
