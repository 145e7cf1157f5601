"""What an install trusts: every package pinned by hash, from no address, and with a licence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def requirements() -> dict[str, str]:
    """Name -> everything that requirements.txt says of it."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S+?)(==.*?)(?=^\S+==|\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(entries)


def test_every_package_has_one_version_and_hashes(requirements):
    assert len(requirements) > 50
    for name, rest in requirements.items():
        assert re.match(r"==[\w.]+( ; sys_platform == '\w+')? \\\n", rest), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), name


def test_no_address_is_recorded():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|@ |^-|^ +--(?!hash=)", text, re.MULTILINE)


def test_what_would_break_or_bloat_the_install_is_left_out(requirements):
    unwanted = {"dlib", "opencv-python", "jax", "jaxlib", "sentencepiece", "sounddevice"}
    assert unwanted.isdisjoint(requirements)


def test_everything_declared_is_pinned_or_replaced(requirements):
    replaced = {"opencv-python": "opencv-contrib-python"}
    with open(ROOT / "pyproject.toml", "rb") as stream:
        project = tomllib.load(stream)
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["app"],
        *project["project"]["optional-dependencies"]["cluster"],
        *project["project"]["optional-dependencies"]["synthesis"],
        *project["dependency-groups"]["pinned"],
        *project["dependency-groups"]["dev"],
    ]
    names = [re.split(r"[\s<>=;\[]", requirement)[0] for requirement in declared]
    assert [name for name in names if replaced.get(name, name) not in requirements] == []


def test_the_licence_of_every_package_is_listed(requirements):
    table = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, -]+) \| \S", table, re.MULTILINE)
    listed = {name for row in rows for name in row.split(", ")}
    assert sorted(requirements.keys() - listed) == []
