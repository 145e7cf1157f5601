"""Colours of rigs with and without their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rig.paint import Colour, vertex_colours
from rig.rig import Rig

SKIN, WHITE = np.array([0.7, 0.5, 0.4]), np.array([0.95, 0.95, 0.93])


def coloured(rig: Rig, **regions: np.ndarray) -> Rig:
    """The rig with skin of a little noise and white eyes."""
    random = np.random.default_rng(0)
    eye = rig.regions["sclera"] + rig.regions["iris"] + rig.regions["pupil"] > 0
    colours = np.where(eye[:, None], WHITE, SKIN + random.normal(0, 0.02, rig.neutral.shape))
    return replace(rig, colours=np.clip(colours, 0, 1), regions=regions)


@pytest.mark.parametrize("skin", [(0.9, 0.7, 0.6), (0.3, 0.2, 0.15), (0.7, 0.5, 0.4)])
def test_own_skin_takes_the_asked_colour_and_keeps_its_pattern(rig: Rig, skin: Colour) -> None:
    own = coloured(rig)
    found = vertex_colours(own, skin=skin)
    eye = (own.colours == WHITE.astype(np.float32)).all(axis=1)
    assert eye.any()
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(np.median(found[~eye], axis=0), skin, atol=0.02)
    pattern = np.corrcoef(found[~eye, 0], own.colours[~eye, 0])[0, 1]
    assert pattern > 0.9
    # White eyes follow the skin much less than skin does.
    change = np.abs(found - own.colours).mean(axis=1)
    assert change[eye].max() < 0.03 + 0.5 * np.abs(np.array(skin) - SKIN).mean()


def test_own_skin_in_its_own_colour_stays_as_it_is(rig: Rig) -> None:
    own = coloured(rig)
    red, green, blue = (float(part) for part in np.median(own.colours, axis=0))
    np.testing.assert_allclose(vertex_colours(own, skin=(red, green, blue)), own.colours, atol=1e-6)


def test_regions_are_painted_over_own_colours(rig: Rig) -> None:
    own = coloured(rig, lips=rig.regions["lips"])
    lips = (0.9, 0.1, 0.1)
    found = vertex_colours(own, skin=(0.5, 0.4, 0.3), lips=lips)
    full = rig.regions["lips"] == 1
    assert full.any()
    np.testing.assert_allclose(found[full], np.tile(lips, (full.sum(), 1)), atol=1e-6)
    without = vertex_colours(coloured(rig), skin=(0.5, 0.4, 0.3))
    bare = rig.regions["lips"] == 0
    np.testing.assert_array_equal(found[bare], without[bare])


def test_the_soft_edge_of_an_eye_is_between_eye_and_skin(rig: Rig) -> None:
    half = {name: 0.5 * rig.regions[name] for name in ("sclera", "iris", "pupil")}
    skin = (0.6, 0.4, 0.3)
    found = vertex_colours(replace(rig, regions=half), skin=skin, sclera=(0.9, 0.9, 0.9))
    white = rig.regions["sclera"] == 1
    assert white.any()
    np.testing.assert_allclose(
        found[white], np.tile([0.75, 0.65, 0.6], (white.sum(), 1)), atol=1e-6
    )
