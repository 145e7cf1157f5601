"""What a morph target's name says: shape of a face, an expression, or neither.

Geometry does not tell a wide mouth from a smile. Names do, in a dozen conventions, and where they
do not the user can (rig.rig_settings). What is asked for first decides; the order is that of the
tables below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rig.rig_settings import RigSettings, matches
from rig.target_names import plain_words, words_of

SHAPE, EXPRESSION, LEFT_OUT = "shape", "expression", "left out"

PERSONAL = "named after age, gender or descent, which this project does not infer from a photo"


@dataclass(frozen=True)
class TargetKind:
    """What a target is for.

    kind: SHAPE, EXPRESSION or LEFT_OUT.
    why: what decided, for people.
    two_sided: whether it takes negative values by itself, as numbered modes do.
    """

    kind: str
    why: str
    two_sided: bool = False


@dataclass(frozen=True)
class _Rule:
    """pattern: regular expression, searched in a name's words: lower case, singular, one space
    between, without left and right (`sided`: with them)."""

    kind: str
    why: str
    pattern: str
    sided: bool = False
    two_sided: bool = False


def _any(words: str) -> str:
    """A pattern for each of some words (or of some sequences, words joined by _)."""
    return rf"\b(?:{'|'.join(word.replace('_', ' ') for word in words.split())})\b"


_ARKIT = """
    brow_down brow_inner_up brow_outer_up cheek_puff cheek_squint eye_blink eye_look_down
    eye_look_in eye_look_out eye_look_up eye_squint jaw_forward jaw_open
    mouth_close mouth_dimple mouth_frown mouth_funnel mouth_lower_down mouth_press
    mouth_pucker mouth_roll_lower mouth_roll_upper mouth_shrug_lower
    mouth_shrug_upper mouth_smile mouth_stretch mouth_upper_up nose_sneer tongue_out
"""

_PERSONAL_WORDS = """
    age aged aging ageing old older elder elderly senior adult young younger youth child children
    childlike kid teen teenager baby infant toddler male female man men woman women boy girl
    masculine feminine masculinity femininity gender sex african asian caucasian european ethnic
    ethnicity race racial latino latina hispanic nubian negroid mongoloid arab arabic indian
    chinese japanese korean nordic oriental descent
"""

_BODY_WORDS = """
    body breast bust waist hip muscle muscular fitness belly stomach torso chest arm forearm leg
    hand finger thumb foot toe thigh calf calves knee elbow wrist ankle glute buttock shoulder
    pelvis abdomen abs genital nipple bodybuilder
"""

_SIZE_WORDS = """
    width height length depth size scale volume thickness distance spacing separation position
    trans translation angle angle_\\d rot rotation rotate decr incr decrease increase mass bone
    prominence prominent proportion ratio line laughline fold crease dimples wrinkles concave
    convex compression_compress compression_uncompress push_\\d cleft hump bump philtrum
    prognathism septum septumangle epicanthus temple bag lobe
"""

_ACTION_WORDS = """
    smile smiling grin smirk frown scowl blink wink squint sneer snarl pucker puff puffed suck
    funnel shrug dimpler press presser pressor tighten tightener stretch stretcher roll raise raiser
    lowerer depressor puller wrinkle wrinkler flare dilate dilatation dilation dilator constrict
    slide chew swallow bite
    lick blow kiss whistle yawn scream shout talk speak pout grimace furrow scrunch squeeze open
    opened lookup lookdown opening close closed closing closure shut gaze look slit eversion
    purse pursed pursing
    retraction platysma parling part_later lip_part lip_seal lip_together lip_towards cornerpuller
    joy happy happiness sad sadness sorrow angry anger rage fear afraid scared surprise surprised
    disgust disgusted contempt laugh laughing cry crying pain fun relaxed sleepy bored confused
    shock shocked neutral flirting
"""

_LOOK_WORDS = """
    wide wider narrow narrower big bigger small smaller large larger long longer short shorter
    tall broad thick thicker thin thinner fat full fuller fullness flat round square oval pointed
    sharp soft deep shallow hollow gaunt chubby heavy slant tilt bulge hook hooked arch arched
    curve curved bridge shape high low profile shift move offset openness
"""

# Whole names: the sounds of VRM, Preston Blair and MikuMikuDance.
_SOUNDS = """
    a e i o u aa ih ou ee oh ah eh uh oo mbp ai fv wq etc rest cdgknrsthyz sil pp ff th dd kk ch ss
    nn rr あ い う え お ん まばたき 笑い ウィンク なごみ びっくり 怒り 困る にこり じと目 真面目
"""

_RULES = (
    _Rule(LEFT_OUT, "corrects other targets", _any("corrective correction jcm mcm cbs psd")),
    _Rule(LEFT_OUT, "corrects poses", r"\bpose (?:corrective|space)\b|^pose \d+$"),
    _Rule(LEFT_OUT, PERSONAL, _any(_PERSONAL_WORDS)),
    _Rule(EXPRESSION, "a sound", rf"^(?:{'|'.join(_SOUNDS.split())})$", sided=True),
    _Rule(EXPRESSION, "named as a sound", rf"{_any('viseme phoneme lipsync')}|^(?:vrc )?v [a-z]"),
    _Rule(EXPRESSION, "a VRoid expression", r"\bfcl (?:all|brw|eye|mth|ha)\b"),
    _Rule(EXPRESSION, "a facial action unit", r"\bau \d+\b"),
    _Rule(EXPRESSION, "named as an expression", _any("ectrl facs expression expr exp emotion emo")),
    _Rule(EXPRESSION, "of the tongue", _any("tongue")),
    _Rule(EXPRESSION, "an ARKit expression", _any(_ARKIT)),
    _Rule(EXPRESSION, "an ARKit expression", r"\b(?:jaw|mouth) (?:left|right)$", sided=True),
    _Rule(EXPRESSION, "an ARKit expression", r"\beye wide (?:left|right)\b", sided=True),
    _Rule(
        EXPRESSION,
        "an ARKit expression",
        rf"(?:(?:{'|'.join(_ARKIT.replace('_', '').split())})(?:left|right|l|r)?"
        r"|(?:eyewide|jaw|mouth)(?:left|right|l|r))$",
    ),
    _Rule(LEFT_OUT, "shapes the body", _any(_BODY_WORDS)),
    _Rule(
        LEFT_OUT, "turns the head", r"\b(?:head|neck) (?:turn|tilt|nod|shake|yaw|pitch|roll|look)\b"
    ),
    _Rule(SHAPE, "a Daz head morph", _any("phm fhm")),
    _Rule(
        SHAPE,
        "a numbered mode",
        r"^(?:(?:head|face|mesh|model|neutral|mean) )*(?:identity|ident|id|shape|pc|pca|pca pc|"
        r"principal component|component|comp|mode|beta|basis|base|eigen|eigenface|latent|"
        r"coefficient|coeff|identity pc|shape pc|shape mode) \d+$",
        two_sided=True,
    ),
    _Rule(SHAPE, "the name tells a measure or a part", _any(_SIZE_WORDS)),
    _Rule(EXPRESSION, "the name tells an action or emotion", _any(_ACTION_WORDS)),
    _Rule(
        EXPRESSION,
        "the name tells a movement",
        r"\bbrow (?:(?:inner|outer|extern|middle|mid|center|centre|in|out|lateral) )*"
        r"(?:up|down|raise|drop|lower|compress|squeeze|d|u)\b"
        r"|\b(?:eye ?)?lid (?:(?:upper|lower|top|bottom) )?(?:up|down|lower|lift)\b"
        r"|\bjaw (?:drop|back|backward|down|up|fwd|side|in|out|clench|protrude)\b"
        r"|\bmouth (?:(?:upper|lower|corner) )?(?:push|pull|contract|drop|compress)\b"
        r"|\bmouth corner (?:up|down|depress|lift|raise)$"
        r"|^mouth (?:a|ah|aa|e|ee|eh|i|ih|o|oh|oo|ou|u|uh)$"
        r"|\b(?:mouth|lip) (?:upper (?:up|close)|lower (?:down|close)|chin up|protr?usion|press"
        r"|depression|elevation|compression|up upper|down lower|upward|tight)\b"
        r"|^mouth (?:up|down|upper|lower)$|\bbrow compress(?:ion)?\b"
        r"|\bnose (?:elevation|depression|compression)\b|\bcorner (?:pull|depress)\b"
        r"|\bcheek (?:lift|inflate)\b|\blip (?:bite|suck|corner)\b",
    ),
    _Rule(
        EXPRESSION,
        "the name tells a look",
        r"^eye (?:(?:up|down|in|out) (?:left|right)|(?:left|right) (?:up|down|in|out))$",
        sided=True,
    ),
    _Rule(SHAPE, "the name tells a form", _any(_LOOK_WORDS)),
    _Rule(
        SHAPE,
        "the name tells a part of the face",
        _any(
            "head face forehead brow eye nose nostril mouth lip upperlip lowerlip ear chin jaw "
            "cheek cheekbone eyefold cupidsbow skull neck"
        ),
    ),
)


def target_kind(name: str, settings: RigSettings | None = None) -> TargetKind:
    """What a target is for, by the user's patterns, then by its name.

    A name that says nothing counts as shape, and the reason says so.
    """
    if settings is not None:
        asked = (
            (LEFT_OUT, "leave_out", settings.leave_out),
            (EXPRESSION, "expression", settings.expression),
            (SHAPE, "shape", settings.shape),
        )
        for kind, key, patterns in asked:
            for pattern in patterns:
                if matches(name, pattern):
                    by_name = _by_name(name)
                    two_sided = by_name.two_sided and kind == SHAPE
                    return TargetKind(kind, f'"{pattern}" under {key} in the settings', two_sided)
    return _by_name(name)


@lru_cache(maxsize=4096)
def _by_name(name: str) -> TargetKind:
    sided = " ".join(words_of(name))
    plain = " ".join(plain_words(name))
    for rule in _RULES:
        found = re.search(rule.pattern, sided if rule.sided else plain)
        if found:
            return TargetKind(rule.kind, _reason(rule, found[0].strip()), rule.two_sided)
    return TargetKind(SHAPE, "the name says nothing, so taken as shape")


def _reason(rule: _Rule, found: str) -> str:
    return rule.why if rule.why == PERSONAL else f"{rule.why} ({found})"
