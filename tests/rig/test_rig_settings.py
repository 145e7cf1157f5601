from __future__ import annotations

import re
from pathlib import Path

import pytest

from rig.rig import RigError
from rig.rig_settings import RigSettings, find_settings, load_settings, matches

DOCUMENT = Path(__file__).parents[2] / "docs" / "rig-settings.md"

EVERYTHING = """
[rig]
name = "anna"
licence = "CC-BY-4.0"
up = "z"
front = "-Y"
millimetres_per_unit = 10

[sliders]
expression = ["mouth_corner_*"]
shape = ["smile_lines", "Key ?"]
leave_out = ["*_draft"]
twins = false
opposites = [["_thin", "_fat"]]

[ranges]
"identity*" = [-2, 2]
"nose_*" = [0, 1.5]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "head.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, EVERYTHING)) == RigSettings(
        name="anna",
        licence="CC-BY-4.0",
        up="z",
        front="-y",
        millimetres_per_unit=10.0,
        expression=("mouth_corner_*",),
        shape=("smile_lines", "Key ?"),
        leave_out=("*_draft",),
        ranges=(("identity*", (-2.0, 2.0)), ("nose_*", (0.0, 1.5))),
        twins=False,
        opposites=(("_thin", "_fat"),),
    )


def test_nothing_said_is_the_default(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "")) == RigSettings()
    assert RigSettings().twins


def test_the_file_lies_beside_the_head_or_in_the_folder(tmp_path: Path) -> None:
    head = tmp_path / "head.glb"
    assert find_settings(head) == RigSettings()
    written(tmp_path, EVERYTHING)
    assert find_settings(head).name == "anna"
    assert find_settings(tmp_path) == RigSettings()
    (tmp_path / "rig.toml").write_text('[rig]\nname = "folder"')
    assert find_settings(tmp_path).name == "folder"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[rigg]", ("'rigg'", "rig, sliders, ranges")),
        ("name = 'x'", ("'name'", "rig, sliders, ranges")),
        ("rig = 3", ("rig is 3", "a table")),
        ("ranges = []", ("ranges is []", "a table")),
        ("[rig]\nnmae = 'x'", ("'nmae'", "[rig]", "millimetres_per_unit")),
        ("[rig]\nname = 3", ("rig.name is 3", "text")),
        ("[rig]\nname = ' '", ("rig.name", "text")),
        ("[rig]\nup = 'w'", ("rig.up is 'w'", "x, -x, y, -y, z, -z")),
        ("[rig]\nfront = 2", ("rig.front is 2", "x, -x")),
        ("[rig]\nup = 'y'\nfront = '-y'", ("rig.front", "another axis")),
        ("[rig]\nmillimetres_per_unit = 0", ("millimetres_per_unit is 0", "above 0")),
        ("[rig]\nmillimetres_per_unit = inf", ("millimetres_per_unit is inf", "above 0")),
        ("[rig]\nmillimetres_per_unit = true", ("millimetres_per_unit is True", "above 0")),
        ("[sliders]\nshape = 'nose*'", ("sliders.shape is 'nose*'", "a list")),
        ("[sliders]\nexpression = [3]", ("sliders.expression", "a list")),
        ("[sliders]\ntwins = 'no'", ("sliders.twins is 'no'", "true or false")),
        ("[sliders]\nopposites = [['a']]", ("sliders.opposites is ['a']", "pairs")),
        ("[sliders]\nopposites = [['a', 'A']]", ("sliders.opposites", "pairs")),
        ("[sliders]\nopposites = 'a'", ("sliders.opposites is 'a'", "pairs")),
        ("[ranges]\n'a*' = 2", ('ranges."a*" is 2', "[lowest, highest]")),
        ("[ranges]\na = [1, 2]", ('ranges."a"', "0 between")),
        ("[ranges]\na = [0, 0]", ('ranges."a"', "0 between")),
        ("[ranges]\na = [-1, nan]", ('ranges."a"', "0 between")),
        ("[ranges]\na = [-1, 0, 1]", ('ranges."a"', "0 between")),
        ("[rig\n", ("cannot be read", "TOML")),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RigError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert str(path) in message
    assert "xpected" in message
    for part in parts:
        assert part in message


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "head.toml"
    with pytest.raises(RigError, match="cannot be read"):
        load_settings(path)
    path.write_bytes(b"\xff\xfe[rig]")
    with pytest.raises(RigError, match="cannot be read"):
        load_settings(path)


def test_patterns_ignore_the_case_and_take_spaces_for_underscores() -> None:
    assert matches("JawOpen", "jaw*")
    assert matches("Key_5", "key ?")
    assert not matches("JawOpen", "jaw")
    assert not matches("nose", "*_*")


def test_the_example_of_the_document_is_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    settings = load_settings(written(tmp_path, found[1]))
    defaults = RigSettings()
    unsaid = [key for key, value in vars(defaults).items() if getattr(settings, key) == value]
    assert unsaid in ([], ["twins"])
