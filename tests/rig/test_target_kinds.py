"""Names of rigs in use, and of MakeHuman's in disguise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rig.makehuman import EXPRESSIONS, MODIFIERS, face_modifiers
from rig.makehuman_files import read_modifiers
from rig.rig_settings import RigSettings
from rig.target_kinds import EXPRESSION, LEFT_OUT, PERSONAL, SHAPE, target_kind
from rig.target_names import left_twins, minus_twins


def words_in(text: str) -> list[str]:
    return text.split()


ARKIT = words_in(
    """
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight
    eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight
    eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight
    mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft
    mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight
    mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft
    noseSneerRight tongueOut
"""
)

OTHER_EXPRESSIONS = words_in(
    """
    Fcl_ALL_Joy Fcl_ALL_Neutral Fcl_MTH_A Fcl_MTH_Small Fcl_MTH_Large Fcl_EYE_Close_L Fcl_BRW_Angry
    Fcl_EYE_Iris_Hide joy Angry sorrow fun aa ih ou ee oh A I U E O blink blink_l Blink_R lookUp
    surprised relaxed MBP FV WQ viseme_aa viseme_PP viseme_sil vrc.v_aa vrc.v_nn V_Open V_Explosive
    V_Dental_Lip V_Tight_O V_Wide V_Lip_Open AU01 au12_l AU_25 facs_AU4
    Mouth_Smile_L Mouth_Smile_Sharp_R Mouth_Frown_L Mouth_Blow_L Mouth_Pucker_Up_L Mouth_Funnel_Up_R
    Mouth_Roll_In_Upper_L Mouth_Roll_Out_Lower_R Mouth_Push_Upper_L Mouth_Pull_Lower_R Mouth_Up
    Mouth_Down Mouth_L Mouth_R Mouth_Upper_L Mouth_Lower_R Mouth_Shrug_Upper Mouth_Drop_Lower
    Mouth_Up_Upper_L Mouth_Down_Lower_R Mouth_Chin_Up Mouth_Close Mouth_Contract Mouth_Tighten_L
    Eye_Blink_L Eye_Squint_R Eye_Wide_L Eye_L_Look_L Eye_R_Look_Down Brow_Drop_L Brow_Raise_Inner_L
    Brow_Raise_Outer_R Brow_Compress_L Cheek_Raise_L Cheek_Suck_R Cheek_Puff_L Nose_Sneer_L
    Nose_Nostril_Dilate_L Jaw_Open Jaw_L Jaw_R Jaw_Forward Jaw_Backward Jaw_Up Tongue_Wide
    Tongue_Out Tongue_Tip_Up eCTRLMouthSmile eCTRLvW eCTRLMouthOpen Genesis8Male__eCTRLShock_HD
    facs_bs_MouthSmileL facs_ctrl_EyesBlink CTRL_expressions_browDownL
    CTRL_expressions_mouthLipsPurseDL CTRL_expressions_noseWrinkleR Expressions_mouthSmileL_max
    EyeBlink_L BrowsD_L BrowsU_C JawFwd JawChew MouthFrown_R LipsFunnel LipsUpperUp ChinLowerRaise
    Sneer Puff EyeOpen_L EyeDown_L LipCornerPullerL LipSuckLB UpperLipRaiserR BrowLowererL DimplerL
    smile Smile_Big big_smile frown mouth_open MouthOpenWide mouthOpen eyes_closed eyesClosed
    eyelid_close_L sad happy disgust anger fear pucker snarl kiss exp_003 expression12 Exp00
    mouth_corner_up mouth_oo NasalDilationLeft lipsPursed EyeConstrict
    browsUp brow_raise_L eye_wide_open eyesWideOpen jaw_drop jawopen eyeblinkleft mouthsmileright
    brows_angry EyesLookUp head_jawOpen Head.jawOpen blendShape1.eyeBlink_L jawOpen.001 まばたき あ
"""
)

SHAPES = words_in(
    """
    identity000 identity099 id_01 shape_12 Shape000 pc3 PC_07 mode7 beta_0 head_identity003 eigen_4
    nose_width nose_size noseWidth_big eye_size eyes_big eyes_small eye_narrow mouth_wide
    mouth_width MouthNarrow lips_thick lip_thin jaw_width jaw_square chin_long chinShort cheek_full
    face_round face_narrow HeadLong forehead_high brow_height browHeight ear_size noseBridgeHeight
    nose_long nose_hooked PHMMouthWidth PHMMouthWidth_NEGATIVE_ PHMEarsElfLong
    FHMAlien PHMNoseBridgeHeight eye_distance eyes_spacing EyeSlant nose_tip_up chin_forward
    lips_fullness cheekbones_prominent
    Mouth_LowerlipVolume_max Nose_SizeX_min Eyes_Size_max Chin_Prominence_min mouth-angles-up
    nose-volume-incr mouth-laugh-lines-in eye-push1-in mouth-philtrum-volume-decr eyebrows-angle-up
    cheek-volume-incr chin-jaw-drop-incr mouth-scale-horiz-decr frown_line_depth
"""
)

NOTHING_SAID = ["target_017", "morph12", "Key_5", "Key 5", "x17", "blendShape_3", "cottage", "foo"]

BODY_AND_CORRECTIVES = words_in(
    """
    corrective_12 jawOpen_corrective pJCMHandDwn_70_L JCM_elbow facs_cbs_mouthCornerDownL
    breast_size BreastsLarge waist_thin Body_Heavy bodyMuscular muscle_incr fitness legs_long
    arm_width hips_wide pose_corrective_003 Head_Turn_L head_tilt_R
"""
)

PERSONAL_NAMES = words_in(
    """
    age Age old young_face headAge head-age-decr face_old child baby male female Female_Face
    faceMale african asian caucasian AsianFace ethnic_1 gender femininity forehead-nubian-incr
    Genesis8Female__PHMOlder old_smile
"""
)

NOT_PERSONAL = ["image_width", "package", "cottage", "smile_manage", "threshold_nose", "eyes_bold"]

DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda name: name,
    "snake_case": lambda name: name.replace("-", "_"),
    "CAPITALS": lambda name: name.replace("-", "_").upper(),
    "CamelCase": lambda name: "".join(word.capitalize() for word in name.split("-")),
    "a control's": lambda name: "CTRL_" + name.replace("-", "_"),
    "Maya's": lambda name: "blendShape1." + name.replace("-", "_"),
    "in a group": lambda name: f"face/{name}",
}


@pytest.mark.parametrize("name", ARKIT)
def test_arkit_names_are_expressions_in_any_spelling(name: str) -> None:
    short = re.sub("Left$", "_L", re.sub("Right$", "_R", name))
    snake = re.sub("([A-Z])", r"_\1", name).lower()
    spellings = (name, short, snake, snake.upper(), name[0].upper() + name[1:], name.lower())
    for spelled in (*spellings, f"blendShape1.{name}", f"Head_{short}", f"A38_{snake}"):
        assert target_kind(spelled).kind == EXPRESSION, spelled


@pytest.mark.parametrize("name", OTHER_EXPRESSIONS)
def test_expressions_of_other_conventions(name: str) -> None:
    assert target_kind(name).kind == EXPRESSION


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    assert target_kind(name).kind == SHAPE
    assert "nothing" not in target_kind(name).why


@pytest.mark.parametrize("name", NOTHING_SAID)
def test_names_without_a_meaning_count_as_shape_and_say_so(name: str) -> None:
    kind = target_kind(name)
    assert kind.kind == SHAPE
    assert "says nothing" in kind.why
    assert not kind.two_sided


@pytest.mark.parametrize("name", BODY_AND_CORRECTIVES)
def test_bodies_and_correctives_are_left_out(name: str) -> None:
    assert target_kind(name).kind == LEFT_OUT
    assert target_kind(name).why != PERSONAL


@pytest.mark.parametrize("name", PERSONAL_NAMES)
def test_age_gender_and_descent_are_left_out(name: str) -> None:
    assert target_kind(name).kind == LEFT_OUT
    assert target_kind(name).why == PERSONAL


@pytest.mark.parametrize("name", NOT_PERSONAL)
def test_letters_inside_other_words_mean_nothing(name: str) -> None:
    assert target_kind(name).why != PERSONAL


def test_only_numbered_modes_are_two_sided() -> None:
    two_sided = [name for name in (*SHAPES, *NOTHING_SAID) if target_kind(name).two_sided]
    assert two_sided == SHAPES[:11]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_makehumans_sliders_are_shapes(real_folder: Path, disguise: str) -> None:
    sliders = {
        modifier.name for twins in face_modifiers(real_folder).values() for modifier in twins
    }
    names = [
        target
        for modifier in read_modifiers(real_folder / MODIFIERS)
        if modifier.name in sliders
        for target in (modifier.negative, modifier.positive)
        if target
    ]
    assert len(names) > 200
    for name in names:
        kind = target_kind(DISGUISES[disguise](name))
        if "age" in name.split("-") or "nubian" in name:
            assert kind.why == PERSONAL, name
        else:
            assert kind.kind == SHAPE, (name, kind)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_makehumans_units_are_expressions(real_folder: Path, disguise: str) -> None:
    paths = list((real_folder / EXPRESSIONS).glob("*.target"))
    assert paths
    for path in paths:
        kind = target_kind(DISGUISES[disguise](path.stem))
        assert kind.kind == EXPRESSION, (path.stem, kind)


def test_the_users_patterns_go_first() -> None:
    settings = RigSettings(
        expression=("nose_*",), shape=("JawOpen", "old*"), leave_out=("*_draft", "key 5")
    )
    assert target_kind("nose_width", settings).kind == EXPRESSION
    assert target_kind("jawopen", settings).kind == SHAPE
    assert target_kind("old_face", settings).kind == SHAPE
    assert target_kind("nose_width_draft", settings).kind == LEFT_OUT
    assert target_kind("Key_5", settings).kind == LEFT_OUT
    assert '"nose_*"' in target_kind("nose_width", settings).why
    assert target_kind("mouthSmile", settings).kind == EXPRESSION


@pytest.mark.parametrize(
    ("right", "left"),
    [
        ("eyeBlinkRight", "eyeBlinkLeft"),
        ("eyeBlink_R", "eyeBlink_L"),
        ("eyeBlink.R", "eyeBlink.L"),
        ("blink-r", "blink-l"),
        ("r-eye-scale-decr", "l-eye-scale-decr"),
        ("eyes/r-eye-scale", "eyes/l-eye-scale"),
        ("right_ear", "left_ear"),
        ("RightEar", "LeftEar"),
        ("REar", "LEar"),
        ("eye-right-closure", "eye-left-closure"),
        ("browDownR", "browDownL"),
        ("mouthFunnelDR", "mouthFunnelDL"),
        ("Eye_R_Look_R", "Eye_L_Look_L"),
        ("EYE_RIGHT", "EYE_LEFT"),
        ("mouthsmileright", "mouthsmileleft"),
        ("rt_brow", "lf_brow"),
    ],
)
def test_left_twins(right: str, left: str) -> None:
    assert left in left_twins(right)
    assert right not in left_twins(right)
    assert right not in left_twins(left)


def test_names_without_a_right_side_have_no_left_twin() -> None:
    for name in ("nose", "bright", "browUp", "mouthOpen", "mirror", "upright"):
        assert left_twins(name) == ()


@pytest.mark.parametrize(
    ("plus", "minus", "both"),
    [
        ("nose_width_incr", "nose_width_decr", "nose_width_decr|incr"),
        ("NoseWidthIncr", "NoseWidthDecr", "NoseWidthDecr|Incr"),
        ("NOSE_UP", "NOSE_DOWN", "NOSE_DOWN|UP"),
        ("big_eyes", "small_eyes", "small|big_eyes"),
        ("ear-shape-triangle", "ear-shape-pointed", "ear-shape-pointed|triangle"),
        (
            "nose-compression-uncompress",
            "nose-compression-compress",
            "nose-compression-compress|uncompress",
        ),
        ("nose+", "nose-", "nose-|+"),
        ("PHMMouthWidth", "PHMMouthWidth_NEGATIVE_", "PHMMouthWidth_NEGATIVE_|PHMMouthWidth"),
    ],
)
def test_opposites(plus: str, minus: str, both: str) -> None:
    assert (minus, both) in [names[:2] for names in minus_twins(plus)]


def test_opposites_of_the_user() -> None:
    extra = (("_klein", "_gross"), ("schmal", "breit"))
    assert minus_twins("nase_gross", extra)[0][:2] == ("nase_klein", "nase_klein|gross")
    assert minus_twins("naseBreit", extra)[0][:2] == ("naseSchmal", "naseSchmal|Breit")
    assert minus_twins("breit_nase", extra)[0][:2] == ("schmal_nase", "schmal|breit_nase")
