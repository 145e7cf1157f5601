"""Reads a report's file back, as a browser would: its blocks of data and what it refers to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


@dataclass
class Report(HTMLParser):
    """What stands in a report.

    Attributes:
        blocks: the JSON of each script of data, by the script's class.
        pictures: base64 of each face's picture, by the script's id.
        addresses: of everything that a browser would fetch.
        scripts: how many scripts run.
    """

    blocks: dict[str, list[Any]] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    scripts: int = 0
    _script: dict[str, str] | None = None
    _text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        wanted = ("src", "srcset", "data", "poster", *(["href"] if tag != "a" else []))
        self.addresses += [given[name] for name in wanted if name in given]
        if tag == "script":
            self._script, self._text = given, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag != "script" or self._script is None:
            return
        form = self._script.get("type", "")
        if form == "application/json":
            self.blocks.setdefault(self._script["class"], []).append(json.loads(self._text))
        elif form == "text/plain":
            self.pictures[self._script["id"]] = self._text
        else:
            self.scripts += 1
        self._script = None


def read_report(path: Path) -> Report:
    report = Report()
    report.feed(path.read_text(encoding="utf-8"))
    report.close()
    return report
