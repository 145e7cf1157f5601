"""A report as a list of blocks, written as Markdown with pictures beside it, or as one HTML file.

Text is Markdown of a small kind: `code`, **strong**, [links](to). The HTML holds its pictures and
its style and loads nothing from elsewhere.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regression.measures.markdown import markdown_table, write_text


@dataclass(frozen=True)
class Heading:
    """A section's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of short texts."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first column names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A PNG that stands beside the report.

    Attributes:
        path: the file.
        alternative: what it shows, for those who do not see it.
    """

    path: Path
    alternative: str


@dataclass(frozen=True, eq=False)
class Tile:
    """A small picture with its caption; pixels (height, width, 3) uint8."""

    pixels: np.ndarray
    caption: str


@dataclass(frozen=True, eq=False)
class Tiles:
    """Rows of small pictures, one row per face; `sheet` is all of them in one file."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Tile, ...], ...]
    sheet: Picture


Block = Heading | Text | Points | Table | Picture | Tiles

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --line: #d9d9d9;
  --soft: #f4f4f2; --accent: #0b5c8a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e3; --paper: #16181a;
  --line: #3a3d40; --soft: #202326; --accent: #7cc0e8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 72rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
p, li { max-width: 46rem; }
h1 { font-size: 1.7rem; line-height: 1.2; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .4rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
code { font: .9em ui-monospace, monospace; background: var(--soft); padding: 0 .2em;
  border-radius: 3px; }
a { color: var(--accent); }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
th { background: var(--soft); font-weight: 600; vertical-align: bottom; min-width: 4.5rem; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
  background: var(--paper); }
th:first-child { background: var(--soft); }
img.figure { max-width: 100%; height: auto; background: #fff; border-radius: 6px; margin: .6rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .6rem;
  margin: .4rem 0 1.4rem; }
.tiles figure { margin: 0; }
.tiles img { width: 100%; height: auto; background: #fff; border-radius: 6px; display: block; }
.tiles figcaption { font-size: .78rem; line-height: 1.3; margin-top: .25rem; }
"""


def write_markdown(blocks: Sequence[Block], path: Path) -> Path:
    """Writes the blocks as Markdown; pictures are named as they lie from there."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {block.text}")
        elif isinstance(block, Text):
            parts.append(block.text)
        elif isinstance(block, Points):
            parts.append("\n".join(f"- {line}" for line in block.lines))
        elif isinstance(block, Table):
            parts.append(markdown_table(block.head, block.rows))
        else:
            shown = block.sheet if isinstance(block, Tiles) else block
            place = Path(os.path.relpath(shown.path, path.parent)).as_posix()
            parts.append(f"![{shown.alternative}]({place})")
    return write_text(path, "\n\n".join(parts) + "\n")


def write_html(blocks: Sequence[Block], path: Path, title: str) -> Path:
    """Writes the blocks as one HTML file that needs no other."""
    body = "\n".join(_html(block) for block in blocks)
    return write_text(
        path,
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n",
    )


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{inline(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        return f"<p>{inline(block.text)}</p>"
    if isinstance(block, Points):
        return "<ul>" + "".join(f"<li>{inline(line)}</li>" for line in block.lines) + "</ul>"
    if isinstance(block, Table):
        head = "".join(f"<th>{inline(cell)}</th>" for cell in block.head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>"
            for row in block.rows
        )
        return (
            f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    if isinstance(block, Picture):
        return _image(block.path.read_bytes(), "png", block.alternative, "figure")
    galleries = []
    for tiles in block.rows:
        figures = "".join(
            f"<figure>{_image(_jpeg(tile.pixels), 'jpeg', f'{title}: {tile.caption}', 'tile')}"
            f"<figcaption><strong>{inline(title)}</strong><br>{inline(tile.caption)}</figcaption>"
            "</figure>"
            for title, tile in zip(block.titles, tiles, strict=True)
        )
        galleries.append(f'<div class="tiles">{figures}</div>')
    return "\n".join(galleries)


def inline(text: str) -> str:
    """Markdown within a line as HTML; everything else is escaped."""
    escaped = html.escape(text.replace("\\|", "|"))
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    escaped = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', escaped)


def _image(content: bytes, kind: str, alternative: str, style: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<img class="{style}" alt="{html.escape(alternative)}" '
        f'src="data:image/{kind};base64,{data}">'
    )


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
