"""Brings what people type into one shape: width, case, traditional characters, invisible signs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

LONGEST = 400  # characters of a question that are read; the rest of a longer text is ignored

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0e\ufe0f\u00ad]")
_SPACES = re.compile(r"\s+")
_UNIT = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[^\W\d_a-z]")
_ALIKE_START = re.compile("^([zcs])h")  # zh, ch, sh are typed as z, c, s
_ALIKE_END = re.compile("ng$")  # and -ng as -n
_PUNCTUATION = re.compile(r"[^\w]+|_+")


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    lines = Path(__file__).with_name("traditional.txt").read_text(encoding="utf-8").splitlines()
    pairs = (pair for line in lines if not line.startswith("#") for pair in line.split())
    return {ord(pair[0]): pair[1] for pair in pairs}


def with_traditional(signs: frozenset[str]) -> frozenset[str]:
    """These characters and the traditional ones that are written as them."""
    return signs | {chr(code) for code, simple in _simplified().items() if simple in signs}


def normalise(text: str) -> str:
    """NFKC, lower case, simplified characters, no invisible signs, single spaces; any length."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_simplified())
    return _SPACES.sub(" ", text.lower()).strip()


def without_punctuation(text: str, filling: str = " ") -> str:
    """Normalised text with every run of signs and emoji replaced by `filling`."""
    return _PUNCTUATION.sub(filling, text)


def units(text: str) -> list[str]:
    """The smallest things that carry meaning: a Chinese character, a Latin word, a number."""
    return _UNIT.findall(text)


@lru_cache(maxsize=1)
def _sounds() -> dict[int, str]:
    """Each common character to a sign for its syllable; syllables that southern keyboards mix up share one."""
    lines = Path(__file__).with_name("sounds.txt").read_text(encoding="utf-8").splitlines()
    starts = [(mark[:-1], mark[-1]) for line in lines if not line.startswith("#") for mark in line.split()]
    places = [(first.encode("gb2312"), syllable) for syllable, first in starts]
    signs: dict[str, str] = {}
    table: dict[int, str] = {}
    at = 0
    for row in range(0xB0, 0xD8):
        for column in range(0xA1, 0xFA if row == 0xD7 else 0xFF):
            code = bytes((row, column))
            if at + 1 < len(places) and places[at + 1][0] <= code:
                at += 1
            alike = _ALIKE_END.sub("n", _ALIKE_START.sub(r"\1", places[at][1]))
            table[ord(code.decode("gb2312"))] = signs.setdefault(alike, chr(0xE000 + len(signs)))
    return table


def sounded(text: str) -> str:
    """The text with every common Chinese character replaced by a sign for how it sounds."""
    return text.translate(_sounds())
