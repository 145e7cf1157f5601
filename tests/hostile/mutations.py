"""Damage to files: what decoders meet by accident and what attackers write on purpose."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np

_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WORDS = (
    *(b"-1", b"0", b"1e308", b"1e999", b"nan", b"inf", b"99999999999999999999", b"1.5"),
    *(b"null", b"[]", b"{}", b'""', b'"x"', b"true", b"[[[[]]]]", b"\xff\xfe", b"\0"),
)
_TOKEN = re.compile(rb'-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|"[^"\n]{0,80}"|[A-Za-z_]{2,40}')
_MOST_DAMAGES = 4


def mutated(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """The content with one to four damages; `others` is what parts are taken from."""
    if content[:2] == b"PK" and random.random() < 0.8:
        return _in_archive(content, random, others)
    if content[:4] == b"\x89PNG" and random.random() < 0.5:
        return _in_chunk(content, random, others)
    return _damaged(content, random, others)


def _damaged(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    kinds: tuple[Callable[..., bytes], ...] = _EVERYWHERE
    if b"\0" not in content[:2000]:
        kinds = (*_EVERYWHERE, _word, _word, _word, _lines)
    for _ in range(min(_MOST_DAMAGES, int(random.geometric(0.6)))):
        kind = kinds[int(random.integers(len(kinds)))]
        content = kind(content, random, others)
    return content


def _place(content: bytes, random: np.random.Generator) -> int:
    """Anywhere, half of the time near the start, where headers are."""
    end = len(content) if random.random() < 0.5 else min(len(content), 300)
    return int(random.integers(end + 1))


def _bits(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(int(random.geometric(0.3))):
        place = _place(content, random)
        if place < len(changed):
            changed[place] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _number(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """A length, offset or count becomes another."""
    place = _place(content, random)
    value = _NUMBERS[int(random.integers(len(_NUMBERS)))]
    form = ("<B", "<H", ">H", "<I", ">I")[int(random.integers(5))]
    packed = struct.pack(form, value % (1 << 8 * struct.calcsize(form)))
    return content[:place] + packed + content[place + len(packed) :]


def _truncated(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    return content[: _place(content, random)]


def _range(content: bytes, random: np.random.Generator) -> tuple[int, int]:
    start = _place(content, random)
    return start, start + int(1 + (len(content) // 4) ** random.random())


def _zeroed(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    start, stop = _range(content, random)
    return content[:start] + bytes(len(content[start:stop])) + content[stop:]


def _removed(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    start, stop = _range(content, random)
    return content[:start] + content[stop:]


def _repeated(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    start, stop = _range(content, random)
    return content[:stop] + content[start:stop] * int(random.integers(1, 4)) + content[stop:]


def _spliced(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    other = others[int(random.integers(len(others)))]
    start, stop = _range(other, random)
    place = _place(content, random)
    return content[:place] + other[start:stop] + content[place:]


def _word(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """A number, string or name of a text becomes another."""
    found = [match.span() for match in _TOKEN.finditer(content[: 1 << 16])]
    if not found:
        return content
    start, stop = found[int(random.integers(len(found)))]
    return content[:start] + _WORDS[int(random.integers(len(_WORDS)))] + content[stop:]


def _lines(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    lines = content.split(b"\n")
    one, other = random.integers(len(lines), size=2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


_EVERYWHERE = (_bits, _bits, _number, _number, _number, _truncated, _zeroed, _removed) + (
    _repeated,
    _spliced,
)


def _in_archive(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """A member of a zip file is damaged, and the checksums fit again."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[int(random.integers(len(members)))]
    kind = random.random()
    if kind < 0.1:
        del members[name]
    elif kind < 0.2:
        members[name] = members[list(members)[int(random.integers(len(members)))]]
    else:
        members[name] = _damaged(members[name], random, [*members.values()])
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return stream.getvalue()


def _in_chunk(content: bytes, random: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """A chunk of a PNG is damaged, and its checksum fits again."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append(content[place + 4 : place + 8 + length])
        place += 12 + length
    chosen = int(random.integers(len(chunks)))
    chunks[chosen] = chunks[chosen][:4] + _damaged(chunks[chosen][4:], random, others)
    parts = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    ]
    return content[:8] + b"".join(parts)
