"""What people read for a slider: "nose: width" for "nose/nose-scale-horiz-decr|incr"."""

from __future__ import annotations

import re
from functools import lru_cache

# Parts of MakeHuman's names, and what they do. Longer ones first.
_MEANINGS = {
    "back-scale-depth": "depth of the back",
    "scale-horiz": "width",
    "scale-vert": "height",
    "scale-depth": "depth",
    "point-width": "width of the tip",
    "nostrils-width": "width of the nostrils",
    "nostrils-angle": "nostrils",
    "width1": "width at the top",
    "width2": "width in the middle",
    "width3": "width at the bottom",
    "height1": "height, inner side",
    "height2": "height, middle",
    "height3": "height, outer side",
    "push1": "inner side",
    "push2": "outer side",
    "corner1": "inner corner",
    "corner2": "outer corner",
    "eyefold-angle": "fold, angle",
    "eyefold": "fold",
    "laugh-lines": "laugh lines",
    "ext": "ends",
    "septumangle": "septum angle",
    "invertedtriangular": "inverted triangle",
    "prominent": "prominence",
    "compression": "",
    "point": "tip",
    "scale": "size",
    "trans": "",
    "rot": "turned",
}
# Parts of a part: "upper lip: height", not "mouth: upper lip height".
_FAMILIES = {"lowerlip": "lower lip", "upperlip": "upper lip", "cupidsbow": "cupid's bow"}
_MEANING = re.compile(r"(?<![a-z])(" + "|".join(_MEANINGS) + r")(?![a-z0-9])")

# Ends that say no more than less and more.
_PLAIN_ENDS = {("decr", "incr"), ("less", "more"), ("min", "max")}
_ENDS = {"compress": "compressed", "uncompress": "long", "backward": "back", "forward": "front"}


@lru_cache(maxsize=4096)
def slider_label(name: str) -> str:
    """A slider's name as people read it: the part of the face, a colon, and what changes there.

    Ends that have names of their own are told, the lower one first: "nose: down / up". Works for
    any rig's names: "jawOpen" becomes "jaw open".
    """
    family, slash, rest = name.rpartition("/")
    stem, ends = _split_ends(rest)
    if slash:
        family = family.rpartition("/")[2]
        stem = re.sub(r"^[lr]-", "", stem)
        stem = re.sub(rf"^{re.escape(family.removesuffix('s'))}s?(-|$)", "", stem, flags=re.I)
        first, _, further = stem.partition("-")
        if first in _FAMILIES:
            family, stem = _FAMILIES[first], further
        stem = _MEANING.sub(lambda found: _MEANINGS[found[0]], stem)
    what = " ".join(part for part in (_words(stem).strip(", "), ends) if part)
    if not family:
        return what or name
    return f"{_words(family)}: {what}" if what else _words(family)


def _split_ends(name: str) -> tuple[str, str]:
    """ "nose-trans-down|up" -> "nose-trans" and "down / up"; "" where the ends say nothing."""
    start, bar, high = name.rpartition("|")
    if not (bar and start and high):
        return name, ""
    stem, _, low = re.sub(r"[-_. ](?=[^-_. ]*$)", "\n", start).rpartition("\n")
    if (low.lower(), high.lower()) in _PLAIN_ENDS:
        return stem or start, ""
    return stem, f"{_words(_ENDS.get(low, low))} / {_words(_ENDS.get(high, high))}"


def _words(text: str) -> str:
    """Words in lower case, of a name in camel case or with dashes, dots or underscores."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return " ".join(re.split(r"[\s_.|-]+", apart)).strip().lower()
