"""Each family of sliders: planted on a rendered head, found again in the values of the networks.

The heads have one slider moved, the others neutral. No network was trained on any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from regression.datasets.tables import examples_from_table, read_table
from regression.models.model_files import load_model

ROOT = Path(__file__).parents[3]
FAMILIES = ("head", "eyebrows", "eyes", "nose", "mouth", "chin", "cheek")


@dataclass(frozen=True, eq=False)
class Planted:
    """Heads with one slider moved each: n of them, those sliders told by the model.

    names: (n,) of the moved slider; true, found, low, high: (n,) of its value; neutral: (n,).
    """

    names: np.ndarray
    true: np.ndarray
    found: np.ndarray
    low: np.ndarray
    high: np.ndarray
    neutral: np.ndarray


@pytest.fixture(scope="module", params=FAMILIES)
def planted(request: pytest.FixtureRequest) -> Planted:
    """The heads of one family."""
    model = load_model(ROOT / "models", "fused")
    table = read_table(ROOT / "data" / "planted" / "faces.parquet")
    examples = examples_from_table(table, "fused", model.head.slider_names)
    moved = np.abs(examples.sliders - model.settler.neutral).argmax(axis=1)
    names = np.array(model.head.slider_names)[moved]
    family = np.char.startswith(names, f"{request.param}/")
    rows = np.flatnonzero(family & model.rendered_told[moved])
    values = model.predict(examples.features, rendered=True)
    low, high = model.bounds(values, rendered=True)
    at = rows, moved[rows]
    neutral = model.settler.neutral[moved[rows]]
    return Planted(names[rows], examples.sliders[at], values[at], low[at], high[at], neutral)


def test_planted_values_lie_in_their_intervals(planted: Planted) -> None:
    held = (planted.true >= planted.low) & (planted.true <= planted.high)
    assert len(held) >= 6
    assert held.mean() >= 0.8, f"missed: {sorted(planted.names[~held])}"


def test_planted_values_are_recovered(planted: Planted) -> None:
    """The value itself follows the planted one."""
    apart = planted.true - planted.neutral, planted.found - planted.neutral
    assert np.corrcoef(*apart)[0, 1] > 0.5
