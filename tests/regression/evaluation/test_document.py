"""A report is whole in both its forms, and holds what was put into it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regression.evaluation.document import (
    Block,
    Heading,
    Picture,
    Points,
    Table,
    Text,
    Tile,
    Tiles,
    inline,
    write_html,
    write_markdown,
)

_EMPTY = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects text and pictures, and watches that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def blocks(tmp_path: Path) -> list[Block]:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    path = tmp_path / "pictures" / "one.png"
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)
    return [
        Heading("Title <of> it", 1),
        Text("Less < more & `nose|wide`, see [there](docs/there.md)."),
        Points(("**first** thing", "second thing")),
        Table(("model", "figure"), (("`fused`", "0.5"), ("`a\\|b`", "1 < 2"))),
        Picture(path, 'a "picture"'),
        Tiles(("photo", "head"), ((Tile(pixels, "3 %"), Tile(pixels, "4 %")),), Picture(path, "s")),
    ]


def test_the_html_needs_no_other_file(tmp_path: Path, blocks: list[Block]) -> None:
    text = write_html(blocks, tmp_path / "report.html", "A & B").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    assert len(reader.pictures) == 3  # one picture and two tiles
    assert all(
        (one["src"] or "").startswith("data:image/") and one["alt"] for one in reader.pictures
    )
    assert not re.search(r"<script|<link|https?:|url\(|@import", text)
    for words in ("Title <of> it", "Less < more & nose|wide, see there.", "a|b", "1 < 2", "3 %"):
        assert words in reader.words


def test_the_markdown_names_pictures_as_they_lie_from_it(
    tmp_path: Path, blocks: list[Block]
) -> None:
    path = write_markdown(blocks, tmp_path / "report.md")
    named = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert named == ["pictures/one.png"] * 2
    assert all((path.parent / name).is_file() for name in named)
    assert not list(tmp_path.glob("*.partial"))


def test_nothing_in_a_text_becomes_html() -> None:
    assert inline("<b onclick='x'>&</b>") == "&lt;b onclick=&#x27;x&#x27;&gt;&amp;&lt;/b&gt;"
