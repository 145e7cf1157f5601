"""Morph targets' names taken apart: words, left and right, less and more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

_TOKEN = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+|[+-]$|[^\W\d_a-zA-Z]+")

# Written without a boundary before what follows (eCTRLvW).
_PREFIXES = re.compile(r"eCTRL|PHM|FHM|JCM|MCM")

# Of the object or the program, not of the target.
_OBJECT = re.compile(r"^genesis\s*\d*(?:_?(?:fe)?male)?_+", re.IGNORECASE)
_COPY = re.compile(r"\.\d{3}$")
_NAMESPACE = re.compile(r"^.*[.:|](?=\w{3,}$)")
_FILLER = {"blendshape", "blendshapes", "blend", "morph", "morphs", "ctrl", "bs", "key", "hd"}

_LEFT = {"left": "left", "l": "left", "lf": "left", "lft": "left", "lt": "left", "lb": "left"}
_RIGHT = {"right": "right", "r": "right", "rt": "right", "rgt": "right", "rb": "right"}
_SIDES = _LEFT | _RIGHT | {"dl": "left", "ul": "left", "dr": "right", "ur": "right"}

_LEFT_OF = {
    "right": ("left",),
    "r": ("l",),
    "rt": ("lt", "lf", "l"),
    "rgt": ("lft",),
    "rb": ("lb",),
    "dr": ("dl",),
    "ur": ("ul",),
}

_SAME = {
    "brows": "brow",
    "eyebrow": "brow",
    "eyebrows": "brow",
    "dn": "down",
    "dwn": "down",
    "fwd": "forward",
}

_SINGULAR = {
    *("expressions", "visemes", "eyes", "eyelids", "lids", "lips", "cheeks", "cheekbones"),
    *("nostrils", "ears", "lines", "laughlines", "bones", "angles", "folds", "bags", "creases"),
    *("breasts", "hips", "muscles", "arms", "legs", "hands", "fingers", "toes", "thighs"),
    *("shoulders", "buttocks", "glutes", "genitals", "nipples", "knees", "elbows", "temples"),
    *("corners", "humps", "bumps", "lobes"),
}

OPPOSITES = (
    ("decr", "incr"),
    ("decrease", "increase"),
    ("dec", "inc"),
    ("down", "up"),
    ("dn", "up"),
    ("in", "out"),
    ("inward", "outward"),
    ("inwards", "outwards"),
    ("backward", "forward"),
    ("backwards", "forwards"),
    ("back", "forward"),
    ("back", "front"),
    ("bwd", "fwd"),
    ("concave", "convex"),
    ("compress", "uncompress"),
    ("less", "more"),
    ("small", "big"),
    ("small", "large"),
    ("smaller", "bigger"),
    ("smaller", "larger"),
    ("narrow", "wide"),
    ("narrow", "broad"),
    ("narrower", "wider"),
    ("thin", "thick"),
    ("thin", "fat"),
    ("thin", "full"),
    ("thinner", "thicker"),
    ("short", "long"),
    ("short", "tall"),
    ("shorter", "longer"),
    ("shorter", "taller"),
    ("low", "high"),
    ("lower", "higher"),
    ("shallow", "deep"),
    ("near", "far"),
    ("close", "apart"),
    ("soft", "sharp"),
    ("weak", "strong"),
    ("light", "heavy"),
    ("hollow", "full"),
    ("shrink", "grow"),
    ("neg", "pos"),
    ("negative", "positive"),
    ("minus", "plus"),
    ("min", "max"),
    ("-", "+"),
)
"""Words of two targets that push the same thing to and fro, minus first."""

FORMS = (("flat", "round"), ("square", "round"), ("pointed", "triangle"), ("pointed", "round"))
"""Words that may be two ends of one thing or two things, minus first."""

_MINUS_ENDINGS = ("_NEGATIVE_", "_negative", "_neg", "-neg", "_minus", "-minus", "-", "Negative")


def words_of(name: str) -> tuple[str, ...]:
    """A name's words: lower case, plurals and spellings made one, sides as left and right.

    What is of the object (`Head.jawOpen`, `blendShape1.jawOpen`) or says nothing is left out.
    """
    cut = _OBJECT.sub("", _COPY.sub("", name))
    cut = _NAMESPACE.sub("", cut)
    cut = _PREFIXES.sub(lambda match: f" {match[0].lower()} ", cut)
    words: list[str] = []
    for token in _TOKEN.findall(cut):
        word = token.lower()
        if word in _SINGULAR:
            word = word[:-1]
        if word == "shape" and words and words[-1] == "blend":
            words.pop()
            continue
        words.append(_SIDES.get(word, _SAME.get(word, word)))
    kept = tuple(word for word in words if word not in _FILLER)
    return kept or tuple(words)


def plain_words(name: str) -> tuple[str, ...]:
    """words_of without left and right."""
    return tuple(word for word in words_of(name) if word not in ("left", "right"))


def left_twins(name: str) -> tuple[str, ...]:
    """What the left twin of a target may be called; nothing for a name that tells no right side.

    Of several side words (`Eye_R_Look_R`) all are swapped, or any.
    """
    places = []
    for match in _TOKEN.finditer(name):
        word = match[0].lower()
        if word in _LEFT_OF:
            places.append((match.start(), match.end(), _LEFT_OF[word]))
        elif word.endswith("right") and len(word) > 7:  # mouthsmileright
            places.append((match.end() - 5, match.end(), ("left",)))
    names: list[str] = []
    for chosen in product((True, False), repeat=len(places)):
        if not any(chosen):
            continue
        swapped = [place for place, swap in zip(places, chosen, strict=True) if swap]
        for lefts in product(*(place[2] for place in swapped)):
            twin = name
            for (start, end, _), left in reversed(list(zip(swapped, lefts, strict=True))):
                twin = twin[:start] + _in_case_of(name[start:end], left) + twin[end:]
            names.append(twin)
    return tuple(names)


def minus_twins(
    name: str, extra: tuple[tuple[str, str], ...] = ()
) -> tuple[tuple[str, str, bool], ...]:
    """Of a target that may be the plus side of a pair: name of the minus side, of both together,
    and whether the words are opposites for sure (not FORMS).

    extra: pairs of endings or words, minus first, that go before those of OPPOSITES.
    """
    return tuple(dict.fromkeys(_minus_twins(name, extra)))


def _minus_twins(name: str, extra: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str, bool]]:
    endings = [pair for pair in extra if not pair[1].isalnum()]
    for minus, plus in endings:
        if name.lower().endswith(plus.lower()):
            stem, ending = name[: -len(plus)], name[-len(plus) :]
            yield stem + minus, f"{stem}{minus}|{ending.lstrip('_-. ') or ending}", True
    for match in reversed(list(_TOKEN.finditer(name))):
        before, word, after = name[: match.start()], match[0], name[match.end() :]
        for pairs, sure in (((*extra, *OPPOSITES), True), (FORMS, False)):
            for minus, plus in pairs:
                if word.lower() == plus.lower():
                    spelled = _in_case_of(word, minus)
                    yield before + spelled + after, f"{before}{spelled}|{word}{after}", sure
    for ending in _MINUS_ENDINGS:
        yield name + ending, f"{name}{ending}|{name}", True


def _in_case_of(example: str, word: str) -> str:
    """The word in capitals, capitalised or small, as the example is."""
    write: Callable[[str], str] = str.lower
    if example.isupper():
        write = str.upper if len(example) > 1 or len(word) == 1 else str.capitalize
    elif example[:1].isupper():
        write = str.capitalize
    return write(word)
