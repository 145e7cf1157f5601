"""Which route knows which sliders, in words, from the figures.

Two routes are compared slider by slider on the same held-out heads: the difference of their squared
errors, in parts of the slider's variance, which is the difference of their R2. A bootstrap over
heads (regression.measures.bootstrap) draws both together. One knows a slider better than the other
when the 95 % interval of the difference leaves out 0 and the better one explains something at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regression.measures.bootstrap import Estimate, people_weights

KNOWN_R2 = 0.2
"""From here on a slider counts as known."""

_SOMETHING = 0.05  # R2 below which being the better one is not worth a word
_INTERVAL = (2.5, 97.5)
_EXAMPLES = 4
_FAMILIES = 3
_TINY = 1e-8


@dataclass(frozen=True, eq=False)
class Difference:
    """R2 of `first` less that of `second`. s sliders, f families.

    Attributes:
        first, second: routes.
        sliders: (s, 3) difference and its 95 % interval.
        families: by family, the mean over its sliders.
        mean: over all sliders.
        better, worse: (s,) bool, where the first, and where the second, knows the slider better.
    """

    first: str
    second: str
    sliders: np.ndarray
    families: Mapping[str, Estimate]
    mean: Estimate
    better: np.ndarray
    worse: np.ndarray


def family_of(slider: str) -> str:
    """The part of the face that a slider belongs to: "nose" of "nose/nose-hump-decr|incr"."""
    return slider.partition("/")[0] if "/" in slider else "sliders"


def families_of(names: Sequence[str]) -> dict[str, np.ndarray]:
    """(s,) bool by family, in the order in which they come."""
    found = [family_of(name) for name in names]
    return {family: np.array([one == family for one in found]) for family in dict.fromkeys(found)}


def explained(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(s,) R2 of columns (n, s); 0 where the true values do not vary."""
    variance = true.astype(np.float64).var(axis=0)
    errors = np.square(predicted.astype(np.float64) - true).mean(axis=0)
    return np.where(variance > _TINY, 1.0 - errors / np.maximum(variance, _TINY), 0.0)


def difference_between(
    first: str,
    second: str,
    predictions: Mapping[str, np.ndarray],
    true: np.ndarray,
    names: Sequence[str],
    people: Sequence[str],
) -> Difference:
    """Compares two routes on the same heads.

    Args:
        predictions: by route, (n, s) 0..1.
        true: (n, s).
        names: (s,) of the sliders.
        people: (n,) rows of one person are drawn together.

    Raises:
        ValueError: shapes that do not fit.
    """
    ours, theirs = predictions[first], predictions[second]
    if not (ours.shape == theirs.shape == true.shape == (len(people), len(names))):
        raise ValueError(
            f"Predictions of shapes {ours.shape} and {theirs.shape} came in for true values of "
            f"shape {true.shape}, {len(people)} people and {len(names)} sliders. Equal numbers "
            "were expected. Compare the same rows."
        )
    exact = true.astype(np.float64)
    variance = exact.var(axis=0)
    squares = (np.square(theirs - exact) - np.square(ours - exact)) / np.maximum(variance, _TINY)
    squares[:, variance <= _TINY] = 0.0
    weights = people_weights(people)
    drawn = weights @ squares / weights.sum(axis=1, keepdims=True)
    low, high = np.percentile(drawn[1:], _INTERVAL, axis=0)
    r2 = [explained(exact, side) for side in (ours, theirs)]
    return Difference(
        first,
        second,
        np.stack([drawn[0], low, high], axis=1),
        {name: _estimate(drawn[:, ours]) for name, ours in families_of(names).items()},
        _estimate(drawn),
        (low > 0) & (r2[0] >= _SOMETHING),
        (high < 0) & (r2[1] >= _SOMETHING),
    )


def _estimate(drawn: np.ndarray) -> Estimate:
    means = drawn.mean(axis=1)
    low, high = np.percentile(means[1:], _INTERVAL)
    return Estimate(float(means[0]), float(low), float(high))


def route_words(
    predictions: Mapping[str, np.ndarray],
    true: np.ndarray,
    names: Sequence[str],
    people: Sequence[str],
) -> list[str]:
    """Paragraphs of Markdown that say which of the routes knows which sliders.

    Args:
        predictions: by route, of "landmarks", "encoding" and "fused" all that are there; (n, s).
        true: (n, s), names: (s,), people: (n,).
    """
    r2 = {route: explained(true, rows) for route, rows in predictions.items()}
    paragraphs = [_known(r2, names)]
    if {"landmarks", "encoding"} <= set(predictions):
        single = difference_between("landmarks", "encoding", predictions, true, names, people)
        paragraphs += [*_two_sides(single, r2, names), _by_family(single)]
    for other in ("landmarks", "encoding"):
        if {"fused", other} <= set(predictions):
            both = difference_between("fused", other, predictions, true, names, people)
            paragraphs.append(_fused(both, len(names)))
    paragraphs.append(_unknown(r2, names))
    return paragraphs


def _known(r2: Mapping[str, np.ndarray], names: Sequence[str]) -> str:
    counts = [f"`{route}` {int((rows >= KNOWN_R2).sum())}" for route, rows in r2.items()]
    return (
        f"Sliders that a route knows, with an R2 of {KNOWN_R2} or more, of {len(names)}: "
        f"{', '.join(counts)}."
    )


def _two_sides(found: Difference, r2: Mapping[str, np.ndarray], names: Sequence[str]) -> list[str]:
    """What each of two routes knows better than the other."""
    paragraphs = []
    for first, second, better, sign in (
        (found.first, found.second, found.better, 1),
        (found.second, found.first, found.worse, -1),
    ):
        if not better.any():
            paragraphs.append(f"`{first}` knows no slider better than `{second}`.")
            continue
        order = np.argsort(-sign * found.sliders[:, 0], kind="stable")
        examples = [
            f"{spoken(names[i])} ({r2[first][i]:.2f} against {r2[second][i]:.2f})"
            for i in order[better[order]][:_EXAMPLES]
        ]
        paragraphs.append(
            f"`{first}` knows {_count(better)} better than `{second}`, "
            f"{_in_families(better, names)}. The largest differences of R2: {'; '.join(examples)}."
        )
    undecided = ~(found.better | found.worse)
    paragraphs.append(
        f"For the other {int(undecided.sum())} sliders the two cannot be told apart, or neither "
        f"explains {100 * _SOMETHING:.0f} % of the variance. Of {len(names)} such comparisons "
        f"about {0.05 * len(names):.0f} would seem decided by chance alone."
    )
    return paragraphs


def _by_family(found: Difference) -> str:
    sides: dict[str, list[str]] = {found.first: [], found.second: []}
    open_ones = []
    for family, one in found.families.items():
        if one.low > 0:
            sides[found.first].append(f"{family} ({one.text(2, sign=True)})")
        elif one.high < 0:
            turned = Estimate(-one.value, -one.high, -one.low)
            sides[found.second].append(f"{family} ({turned.text(2, sign=True)})")
        else:
            open_ones.append(family)
    parts = [f"`{route}` is ahead in {_joined(ahead)}" for route, ahead in sides.items() if ahead]
    if open_ones:
        parts.append(f"undecided are {_joined(open_ones)}")
    return (
        "By part of the face, as the mean difference of R2 with its 95 % interval: "
        f"{'; '.join(parts)}."
    )


def _fused(found: Difference, count: int) -> str:
    against = found.mean.text(3, sign=True)
    return (
        f"`{found.first}` knows {_count(found.better)} of {count} better than `{found.second}` "
        f"and {int(found.worse.sum())} worse; its mean R2 differs by {against}."
    )


def _unknown(r2: Mapping[str, np.ndarray], names: Sequence[str]) -> str:
    best = np.max([*r2.values()], axis=0)
    unknown = best < KNOWN_R2
    if not unknown.any():
        return "Every slider is known by some route."
    return (
        f"No route knows {_count(unknown)}, {_in_families(unknown, names)}: a picture from the "
        "front does not show them, or they hardly move the face."
    )


def _in_families(chosen: np.ndarray, names: Sequence[str]) -> str:
    """As in `most of them in nose (5 of 21) and eyes (4 of 18)`."""
    families = families_of(names)
    counts = {
        name: (int((chosen & ours).sum()), int(ours.sum())) for name, ours in families.items()
    }
    order = sorted((name for name in counts if counts[name][0]), key=lambda name: -counts[name][0])
    shown = [f"{name} ({counts[name][0]} of {counts[name][1]})" for name in order[:_FAMILIES]]
    return f"{'most of them ' if len(order) > _FAMILIES else ''}in {_joined(shown)}"


def _count(chosen: np.ndarray) -> str:
    number = int(chosen.sum())
    return f"{number} slider{'' if number == 1 else 's'}"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def spoken(slider: str) -> str:
    """A slider's name as code in Markdown, without its family, safe in tables."""
    name = slider.partition("/")[2] or slider
    return f"`{name.replace('|', '/')}`"
