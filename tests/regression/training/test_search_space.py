"""What KerasTuner proposes: the same again for the same seed and scores, and as many as asked."""

from __future__ import annotations

import math

import pytest

from regression.training.presets import Preset
from regression.training.search_space import (
    METHODS,
    Proposal,
    Proposer,
    TuningError,
    most_rounds,
    planned_shares,
    preset_of,
)
from vision.features import ROUTES

# KerasTuner asks for the thread's name in the old way.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner")


def asked(method: str, count: int, rounds: int, scores: list[float | None]) -> list[Proposal]:
    """All proposals of a new oracle that is told these scores, from the first on again."""
    proposer = Proposer(method, count, rounds, 3, "fused")
    found: list[Proposal] = []
    while (proposal := proposer.propose()) is not None:
        found.append(proposal)
        proposer.tell(scores[len(found) % len(scores)])
    return found


@pytest.mark.parametrize("method", METHODS)
def test_the_same_scores_give_the_same_proposals_however_many_are_asked_for(method: str) -> None:
    # This is what going on with a search, also with more trials, rests on.
    rounds = most_rounds(method, 13)
    scores = [0.5, None, 0.3, 0.9, 0.1]
    some, more = (asked(method, count, rounds, scores) for count in (13, 29))
    assert len(some) == 13
    assert len(more) == 29
    assert more[:13] == some


def test_hyperband_carries_the_best_of_the_short_trials_through_all_epochs() -> None:
    scores: list[float | None] = [float(math.sin(number) + 2) for number in range(14)]
    found = asked("hyperband", 13, most_rounds("hyperband", 13), scores)
    assert [round(9 * one.share) for one in found] == [1] * 9 + [3] * 3 + [9]
    told = [scores[(number + 1) % 14] or 0.0 for number in range(13)]
    first, second = (
        sorted(range(9), key=told.__getitem__),
        sorted(range(9, 12), key=told.__getitem__),
    )
    assert [one.promoted for one in found[9:]] == [*first[:3], second[0]]
    for one in found[9:]:
        assert one.promoted is not None
        assert one.values == found[one.promoted].values


def test_a_search_of_failures_ends() -> None:
    assert len(asked("hyperband", 13, 9, [None])) == 13


@pytest.mark.parametrize("method", METHODS)
def test_the_planned_shares_are_those_of_the_proposals(method: str) -> None:
    rounds = most_rounds(method, 20)
    shares = planned_shares(method, 20, rounds, 3, "fused")
    assert shares == [one.share for one in asked(method, 20, rounds, [0.2, 0.7, 0.1])]


@pytest.mark.parametrize("route", ROUTES)
def test_every_proposal_is_a_preset_and_noise_is_only_on_what_the_route_reads(route: str) -> None:
    proposer = Proposer("random", 60, 1, 0, route)
    presets: list[Preset] = []
    while (proposal := proposer.propose()) is not None:
        presets.append(preset_of(proposal.values, "a", "A.", 7))
        proposer.tell(1.0)
    assert {len(preset.units) for preset in presets} == {0, 1, 2, 3, 4}
    assert {preset.optimizer for preset in presets} == {"sgd", "adam", "adamax", "adamw"}
    assert all(64 <= width <= 1024 for preset in presets for width in preset.units)
    assert any(preset.encoding_noise for preset in presets) == (route != "landmarks")
    assert any(preset.landmark_noise for preset in presets) == (route != "encoding")
    assert {preset.epochs for preset in presets} == {7}


@pytest.mark.parametrize(("method", "fewest"), [("hyperband", 4), ("random", 1)])
def test_too_few_trials_are_refused_with_the_number_that_is_enough(
    method: str, fewest: int
) -> None:
    most_rounds(method, fewest)
    with pytest.raises(TuningError, match=f"At least {fewest + 1} were expected"):
        most_rounds(method, fewest - 1)
