"""The recipe's choices: which sliders are told, and what the maps hold to without evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regression.datasets.tables import Examples
from regression.models.linear import moments_of
from regression.models.settling import PROPORTION_COUNT
from regression.training.recipe import NEVER_TOLD, Recipe, solve_map, told_sliders
from rig.landmark_head import LandmarkHead
from vision.features import feature_names
from vision.ratios import PROPORTION_NAMES


def test_sliders_named_after_age_or_descent_are_never_told(head: LandmarkHead) -> None:
    told = told_sliders(np.ones(len(head.sliders)), head.slider_names)
    assert {n for n, t in zip(head.slider_names, told, strict=True) if not t} == set(NEVER_TOLD)
    assert not told_sliders(np.full(len(told), 0.19), head.slider_names).any()


@pytest.mark.parametrize("landmarker", ["face_mesh", "face_landmarker"])
@pytest.mark.parametrize("route", ["landmarks", "fused"])
def test_without_evidence_a_proportion_is_what_was_measured(route: str, landmarker: str) -> None:
    """Targets that follow from nothing, and penalties that let nothing be learned."""
    random = np.random.default_rng(0)
    names = feature_names(route, landmarker)
    features = random.normal(size=(200, len(names))).astype(np.float32)
    targets = np.zeros((200, 3 + PROPORTION_COUNT), np.float32)
    rows = Examples(features, targets, np.arange(200).astype(str), np.ones(200, np.float32))
    heavy = {
        name: 1e6 for name in vars(Recipe()) if name.endswith("_penalty") and "unknown" not in name
    }
    fitted = solve_map(route, moments_of(rows), replace(Recipe(), **heavy), landmarker)
    outputs = fitted(features)
    prefix = "" if landmarker == "face_mesh" else "face_landmarker_"
    for number, name in enumerate(PROPORTION_NAMES):
        measured = features[:, names.index(f"{prefix}ratio_{name}")]
        np.testing.assert_allclose(
            outputs[:, 3 + number], measured - measured.mean(), atol=1e-3, err_msg=name
        )
    np.testing.assert_allclose(outputs[:, :3], 0, atol=1e-6)


def test_an_encoding_counts_less_for_what_landmarks_say_all_about() -> None:
    random = np.random.default_rng(1)
    names = feature_names("fused")
    features = random.normal(size=(400, len(names))).astype(np.float32)
    targets = np.tile(features[:, :1], (1, 2 + PROPORTION_COUNT))
    rows = Examples(features, targets, np.arange(400).astype(str), np.ones(400, np.float32))
    found = solve_map("fused", moments_of(rows), Recipe()).coefficients[0]
    eyes, nose = (
        found[PROPORTION_NAMES.index(name) - PROPORTION_COUNT]
        for name in ("eye_width", "nose_width")
    )
    assert 0 < eyes < nose / 2
